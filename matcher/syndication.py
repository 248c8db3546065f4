"""Syndication: the same text in many outlets is one report, and its origin is the outlet that had it first.

Nothing is hashed or indexed: an article is compared only with those that made a claim about the same deal within days,
so there are never more than a few hundred, and RapidFuzz compares them one by one.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz import fuzz

from matcher.attribution import headline_credit
from matcher.text import fold

# Of 4,564 pairs of items about one deal in two outlets within three days, all with texts this much alike had been taken
# from one source, and below 60 % hardly any.
_SAME_TEXT = 70.0

# A feed may cut a text short: then one is the beginning of the other.
_SAME_PART = 92.0

# Headlines are short and written to one pattern; two that say the same are alike without being copies. A raised bid
# differs from the first in its figure alone.
_SAME_HEADLINE = 95.0

# Characters below which a text says too little to tell.
_TELLING = 80

# Characters that are compared: an edited copy differs most at its end.
_COMPARED = 2_000

_FIGURE = re.compile(r"\d+")


class Story(NamedTuple):
    """What is compared of an article: its headline proper, and the beginning of its text, folded."""

    headline: str
    text: str

    @classmethod
    def of(cls, title: str, summary: str, body: str) -> "Story":
        """The story of an article with these parts."""
        folded = fold(title)
        end, _ = headline_credit(title, folded)
        return cls(folded[:end], fold(max(summary, body, key=len)[:_COMPARED]))


def first_copy(story: Story, earlier: Iterable[Story]) -> int | None:
    """The place, among earlier stories, of the first that has the same text, perhaps slightly edited; or None."""
    return next((place for place, other in enumerate(earlier) if _is_copy(story, other)), None)


def _is_copy(story: Story, other: Story) -> bool:
    shorter = min(len(story.text), len(other.text))
    if shorter < _TELLING:
        same_figures = _FIGURE.findall(story.headline) == _FIGURE.findall(other.headline)
        return same_figures and fuzz.ratio(story.headline, other.headline, score_cutoff=_SAME_HEADLINE) > 0
    return (
        fuzz.ratio(story.text, other.text, score_cutoff=_SAME_TEXT) > 0
        or fuzz.ratio(story.text[:shorter], other.text[:shorter], score_cutoff=_SAME_PART) > 0
    )
