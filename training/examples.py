"""The labelled lines, read as the matcher would read them.

A line has four columns, tab separated: label (a status, ``none`` or ``background``), stage (``-`` for none), kind of
deal, and the text with the two parties in square brackets. A headline may have the sentence below it behind ``||``.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from matcher.claims import View
from matcher.classifier import NOTHING, Classifier, sort
from matcher.matcher import Matcher
from matcher.text import fold
from matcher.vocabulary import Article, Deal, Kind, Party, Stage

FOLDER = Path(__file__).parent
FILES = HEADLINES, HEADED, SENTENCES = [FOLDER / name for name in ("headlines.tsv", "headed.tsv", "sentences.tsv")]
KNOWN_IN = 10
"""Lines. Names of companies are invented for each line, or for a few; Tuesday and Dutch stand in many."""
BACKGROUND = "background"
"""Label of a sentence that tells of another time; it claims nothing now."""

_WHEN = datetime(2020, 1, 1, tzinfo=UTC)
_BELOW = " || "
_PARTY = re.compile(r"\[([^\]]+)\]")
_WORD = re.compile(r"[^\W\d_]\w*(?:['.&]\w+)*")


class ExampleError(ValueError):
    """A line that cannot be trained on. The message names the file and the line, and what to do."""


@dataclass(frozen=True, slots=True)
class Example:
    """What the classifier sees of one line, and what it should say."""

    features: tuple[str, ...]
    outcome: str
    """A stage, or :data:`~matcher.classifier.NOTHING`."""
    sort: str
    """Of deal; see :func:`matcher.classifier.sort`."""


@cache
def known_words() -> frozenset[str]:
    """Words that stand in at least :data:`KNOWN_IN` lines, parties aside. They are no names, capital letter or not."""
    lines = (line for path in FILES for line in path.read_text(encoding="utf-8").splitlines())
    found = Counter(word for line in lines for word in set(_WORD.findall(fold(_PARTY.sub(" ", line)))))
    return frozenset(word for word, count in found.items() if count >= KNOWN_IN)


def examples() -> Iterator[Example]:
    """All labelled lines. Raises :class:`ExampleError`."""
    untrained = Classifier({word: {} for word in known_words()}, dict.fromkeys((NOTHING, *Stage), 0.0))
    for path in FILES:
        yield from _read(path, untrained)


def digest() -> str:
    """What tells whether weights were made from the lines that lie here."""
    return sha256(b"".join(path.read_bytes() for path in FILES)).hexdigest()[:16]


def _read(path: Path, untrained: Classifier) -> Iterator[Example]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield _example(untrained, path, *line.split("\t"))
        except (TypeError, ValueError) as error:
            raise ExampleError(f"{path.name}, line {number}: {error}. Mend the line or take it out.") from error


def _example(untrained: Classifier, path: Path, label: str, stage: str, kind: str, text: str) -> Example:
    one, other = dict.fromkeys(_PARTY.findall(text))
    deal = Deal("deal", "", Kind(kind), (Party(one), Party(other)))
    plain = text.replace("[", "").replace("]", "")
    headline, _, below = ("", "", plain) if path == SENTENCES else plain.partition(_BELOW)
    article = Article("line", headline, _WHEN, body=below)
    analysis = Matcher([deal], classifier=untrained).analysis(article)
    views = (View(number, masked, deal.kind) for number, _, masked in analysis.naming(0, deal))
    found = dict.fromkeys(feature for view in views for feature in analysis.evidence(view))
    outcome = NOTHING if label in (NOTHING, BACKGROUND) else Stage(stage)
    return Example(tuple(found), outcome, sort(deal.kind))
