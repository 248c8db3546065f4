"""An archive (JSON Lines) is just another feed, with its own clock.

A line is an article as the domain page describes it; only ``published`` and ``title`` are required. The archive's time
is the latest ``published`` so far: in an archive in time order every article is first seen when it was published, and
a line out of order is seen late, as it would have been by a poller.
"""

import html
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby, islice

from pydantic import BaseModel, ValidationError, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from feeds.intake import Batch, Intake, Taken, take
from feeds.parse import from_html, headline, printable
from matcher.vocabulary import NEVER, Article
from models import ledger
from models.database import Database

BATCH = 2_000
"""Lines per transaction: enough that commits cost little, few enough that progress moves and memory stays small."""


EARLIEST_YEAR = 1900
"""Anything before is a mistake, and too near to the beginning of the calendar to reckon with."""
_END_TAG = re.compile(r"</[a-zA-Z]\w*>")
_EXAMPLE = "2017-12-15T09:30:00+00:00"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no article, by its number (from 1), and why."""

    number: int
    reason: str


class _Line(BaseModel):
    published: datetime | date
    title: str
    id: str = ""
    outlet: str = ""
    url: str = ""
    summary: str = ""
    body: str = ""

    @field_validator("published", mode="before")
    @classmethod
    def _read_date(cls, value: object) -> datetime | date:
        text = value if isinstance(value, str) else ""
        try:
            published = _day_or_moment(text)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"published must be a date and time in quotes, such as {_EXAMPLE}") from error
        if published.year < EARLIEST_YEAR:
            raise ValueError(f"published {text} is before {EARLIEST_YEAR}")
        if isinstance(published, datetime) and published.tzinfo is None:
            raise ValueError(f"published {text} needs an offset, such as {text}+00:00")
        return published

    @field_validator("id", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


def read_lines(lines: Iterable[bytes]) -> Iterator[Article | BadLine]:
    """Read an archive line by line; a line that cannot be read comes back as what is wrong with it."""
    clock = NEVER
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            parsed = _Line.model_validate_json(line)
        except ValidationError as error:
            yield BadLine(number, _reason(error))
            continue
        article = _article(parsed, number, clock)
        clock = article.first_seen
        yield article


async def replay(database: Database, articles: Iterable[Article]) -> AsyncIterator[Taken]:
    """Run articles through the intake, batch by batch, with the archive's time; yield what each batch came to."""
    intake, stream = Intake(), iter(articles)
    while batch := list(islice(stream, BATCH)):
        async with database.write() as session:
            taken = await _replay_weeks(session, intake, batch)
        yield taken


async def _replay_weeks(session: AsyncSession, intake: Intake, batch: Iterable[Article]) -> Taken:
    """Take a batch week by week: often enough for the timer of ``quiet``, which runs at the beginning of each."""
    taken = Taken()
    for _, week in groupby(batch, key=lambda article: article.first_seen.isocalendar()[:2]):
        articles = list(week)
        taken.changes += await ledger.mark_quiet(session, articles[0].first_seen)
        await intake.refresh(session)
        taken += await take(session, await intake.read(session, articles), Batch())
    return taken


def _day_or_moment(text: str) -> datetime | date:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo:
        return moment.astimezone(UTC)
    with suppress(ValueError):
        return date.fromisoformat(text)
    return moment


def _article(line: _Line, number: int, clock: datetime) -> Article:
    day_only = not isinstance(line.published, datetime)
    published = (
        line.published if isinstance(line.published, datetime) else datetime.combine(line.published, time(), UTC)
    )
    title, outlet = plain(line.title), plain(line.outlet)
    return Article(
        id=line.id or f"line-{number}",
        title=headline(title, outlet)[0] if outlet else title,
        summary=plain(line.summary),
        body=plain(line.body),
        first_seen=max(clock, published),
        published=published,
        day_only=day_only,
        outlet=outlet,
        url=line.url,
    )


def plain(text: str) -> str:
    """A text as it is read: without markup and entities, and without what cannot be printed."""
    return printable(from_html(text) if _END_TAG.search(text) else html.unescape(text))


def _reason(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "json_invalid":
            return "it is not JSON"
        case "missing":
            return f"it has no {where}"
        case "model_type" | "model_attributes_type":
            return "it is not a JSON object"
        case _:
            return problem["msg"].removeprefix("Value error, ") if where == "published" else f"{where} must be text"
