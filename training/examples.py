"""The labelled lines, read as the matcher would read them.

A line has four columns, tab separated: label (a status, ``none`` or ``background``), stage (``-`` for none), kind of
deal, and the text with the two parties in square brackets. A headline may have the sentence below it behind ``||``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from matcher.claims import View
from matcher.classifier import NOTHING, Classifier, sort
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Deal, Kind, Party, Stage

FOLDER = Path(__file__).parent
HEADLINES, HEADED, SENTENCES = (FOLDER / name for name in ("headlines.tsv", "headed.tsv", "sentences.tsv"))
BACKGROUND = "background"
"""Label of a sentence that tells of another time; it claims nothing now."""

_WHEN = datetime(2020, 1, 1, tzinfo=UTC)
_UNTRAINED = Classifier({}, dict.fromkeys((NOTHING, *Stage), 0.0))
_BELOW = " || "
_PARTY = re.compile(r"\[([^\]]+)\]")


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


def examples() -> Iterator[Example]:
    """All labelled lines. Raises :class:`ExampleError`."""
    yield from _read(HEADLINES, title=True)
    yield from _read(HEADED, title=True)
    yield from _read(SENTENCES, title=False)


def digest() -> str:
    """What tells whether weights were made from the lines that lie here."""
    return sha256(b"".join(path.read_bytes() for path in (HEADLINES, HEADED, SENTENCES))).hexdigest()[:16]


def _read(path: Path, *, title: bool) -> Iterator[Example]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield _example(*line.split("\t"), title=title)
        except (TypeError, ValueError) as error:
            raise ExampleError(f"{path.name}, line {number}: {error}. Mend the line or take it out.") from error


def _example(label: str, stage: str, kind: str, text: str, *, title: bool) -> Example:
    one, other = dict.fromkeys(_PARTY.findall(text))
    deal = Deal("deal", "", Kind(kind), (Party(one), Party(other)))
    plain = text.replace("[", "").replace("]", "")
    headline, _, below = plain.partition(_BELOW) if title else ("", "", plain)
    article = Article("line", headline, _WHEN, body=below)
    analysis = Matcher([deal], classifier=_UNTRAINED).analysis(article)
    views = (View(number, masked, deal.kind) for number, _, masked in analysis.naming(0, deal))
    found = dict.fromkeys(feature for view in views for feature in analysis.evidence(view))
    outcome = NOTHING if label in (NOTHING, BACKGROUND) else Stage(stage)
    return Example(tuple(found), outcome, sort(deal.kind))
