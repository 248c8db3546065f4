"""Folding and sentences: what is found in folded text can be quoted from the text itself."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.text import fold, sentences


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    """A text has as many characters folded as before, whatever they are."""
    assert len(fold(text)) == len(text)


@given(st.text(min_size=1))
def test_folding_leaves_no_plain_capitals(text: str) -> None:
    """Capital letters are free to stand for parties in masked sentences."""
    assert not any("A" <= character <= "Z" for character in fold(text))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("AT&T’s Chief", "at&t's chief"),
        ("Börse – Zürich", "borse - zurich"),
        ("“Nestlé”", '"nestle"'),
        ("a\u00a0b", "a b"),
        ("İSTANBUL", "istanbul"),
    ],
)
def test_look_alikes_fold_to_plain_characters(written: str, folded: str) -> None:
    """Typographic quotes, dashes, hard spaces and accents do not matter."""
    assert fold(written) == folded


def _split(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


def test_sentences_end_at_full_stops_and_paragraphs() -> None:
    """A full stop before a capital ends a sentence, and so does an empty line."""
    text = "Telvara spoke. Northgate did not!\n\nA heading\n\nThe end"
    assert _split(text) == ["Telvara spoke.", "Northgate did not!", "A heading", "The end"]


def test_abbreviations_do_not_end_a_sentence() -> None:
    """Legal forms, titles, initials and countries keep their full stops."""
    text = "Telvara Inc. Chairman J. Smith met Mr. Jones in the U.S. Senate. They talked."
    assert _split(text) == ["Telvara Inc. Chairman J. Smith met Mr. Jones in the U.S. Senate.", "They talked."]


def test_a_paragraph_ends_even_behind_an_abbreviation() -> None:
    """An empty line is stronger than an abbreviation."""
    assert _split("He lives in the U.S.\n\nShe does not.") == ["He lives in the U.S.", "She does not."]


@given(st.text(alphabet=st.sampled_from("aB .!?\n\"'é。")))
def test_sentences_cover_the_text_in_order(text: str) -> None:
    """Sentences do not overlap, follow each other, and leave out nothing but white space."""
    spans = list(sentences(text))
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert "".join("".join(_split(text)).split()) == "".join(text.split())
