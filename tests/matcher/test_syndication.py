"""Syndication: what is a copy of a text, and what only tells the same."""

import pytest

from matcher.syndication import Story, first_copy

TEXT = (
    "Telvara has approached Northgate about a combination that would create the country's second-largest maker of "
    "heat pumps, said two people who were told of the plan. The boards have met twice since August."
)
STORY = Story.of("Telvara approaches Northgate over merger", TEXT, "")


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Telvara approaches Northgate over merger", TEXT),
        ("Heat-pump giants: Telvara courts Northgate", TEXT.replace("country's", "nation’s").replace("said", "say")),
        ("Telvara woos Northgate", TEXT[: len(TEXT) // 2] + "…"),
        ("Telvara approaches Northgate over merger - Reuters", ""),
    ],
    ids=["word for word", "edited, under a new headline", "cut short", "only the headline, with the outlet behind it"],
)
def test_a_text_taken_over_is_a_copy(title: str, summary: str) -> None:
    """The same text is a copy, slightly edited, cut short or under another headline too."""
    assert first_copy(Story.of(title, summary, ""), [STORY]) == 0


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (
            "Telvara approaches Northgate over merger",
            (
                "Northgate has been sounded out by its larger rival Telvara, a person close to one of them said on "
                "Tuesday. A tie-up could face a long review by the competition authority, lawyers warned."
            ),
        ),
        ("Telvara in merger approach to Northgate", ""),
        ("Telvara approaches Norvane over merger", ""),
    ],
    ids=["a text of its own", "a headline of its own", "about another company"],
)
def test_the_same_news_told_independently_is_no_copy(title: str, summary: str) -> None:
    """A report of one's own about the same matter counts for itself, however alike the headlines are."""
    assert first_copy(Story.of(title, summary, ""), [STORY]) is None


def test_the_first_of_several_copies_is_found() -> None:
    """Where a text went round, the earliest carrier is the one it is traced to."""
    other = Story.of("Telvara opens plant", "", "")
    assert first_copy(STORY, [other, STORY, STORY]) == 1
