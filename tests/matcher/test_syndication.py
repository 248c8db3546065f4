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


BID = "Telvara raises its bid for Northgate to ${} a share"


@pytest.mark.parametrize(("price", "copy"), [("31", 0), ("32", None), ("31.50", None)])
def test_headlines_that_differ_in_a_figure_are_no_copies(price: str, copy: int | None) -> None:
    """A raised bid reads like the first but for its price."""
    assert first_copy(Story.of(BID.format(price), "", ""), [Story.of(BID.format("31"), "", "")]) == copy


REST = " ".join(f"In the {n}th place the plan was weighed by a board of {n} members." for n in range(90))
OWN = " ".join(f"Plant {n} makes {n * 7} pumps a day and is older than plant {n + 1}." for n in range(90))


@pytest.mark.parametrize("cut", [100, 150, 1000])
def test_a_text_cut_short_is_a_copy_whichever_came_first(cut: int) -> None:
    """A feed that gives only the beginning carries the same text."""
    whole, beginning = Story.of("Telvara", TEXT + REST, ""), Story.of("Northgate", (TEXT + REST)[:cut], "")
    assert first_copy(beginning, [whole]) == 0
    assert first_copy(whole, [beginning]) == 0


def test_a_text_quoted_further_down_is_no_copy() -> None:
    """Who quotes a report in the midst of a text of one's own does not carry that text."""
    assert first_copy(Story.of("Pump makers", OWN[:600] + TEXT + OWN[600:], ""), [STORY]) is None


def test_only_the_beginnings_are_compared() -> None:
    """Long texts that begin alike are copies, whatever follows; those that only end alike are none."""
    begun = [Story.of(title, REST[:2000] + end, "") for title, end in (("Telvara", REST[2000:]), ("Northgate", OWN))]
    ended = [Story.of(title, start[:2000] + REST[2000:], "") for title, start in (("Telvara", REST), ("Quorum", OWN))]
    assert first_copy(begun[1], begun[:1]) == 0
    assert first_copy(ended[1], ended[:1]) is None
