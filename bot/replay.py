"""Replays an archive and prints what would have been said: a timeline to read, or the JSON Lines of the domain page."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bot.messages.standing import headline, weight
from feeds.archive import BadLine, read_lines, replay
from feeds.intake import Taken
from matcher.vocabulary import NEVER, Article, Stage
from models import imports, migration
from models.article import Claim, Mention
from models.change import Change
from models.database import Database
from models.watchlist import WatchlistDeal, read_watchlist_file

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The time of import: no starting point lies in an archive's future."""

PROGRESS_STEP = 1 << 18
"""Bytes between two moves of the progress bar: moving it at every line costs as much as reading the line."""


class ReplayError(Exception):
    """The replay cannot start."""


async def run_replay(
    archive: Path, watchlist: Path, database: Path | None, out: Console, err: Console, *, as_json: bool
) -> int:
    """Replay ``archive`` and print it; progress and bad lines go to ``err``. Returns the number of bad lines.

    ``database`` is a new file that keeps the result; without it, the result is thrown away.
    """
    deals = read_watchlist_file(watchlist)
    bad_lines = 0

    def articles(lines: Iterator[bytes]) -> Iterator[Article]:
        nonlocal bad_lines
        for line in read_lines(lines):
            if isinstance(line, BadLine):
                bad_lines += 1
                err.print(f"line {line.number}: {line.reason}", markup=False, soft_wrap=True)
            else:
                yield line

    async with prepared(database, deals) as place:
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            file = progress.open(archive, "rb", buffering=0, description="Replay")
            with BufferedReader(file, PROGRESS_STEP) as lines:  # type: ignore[type-var]  # rich declares too little
                async for taken in replay(place, articles(lines)):
                    _show(taken, out, as_json=as_json)
    return bad_lines


@asynccontextmanager
async def prepared(path: Path | None, deals: Iterable[WatchlistDeal]) -> AsyncIterator[Database]:
    """A new database with these deals, ready for an archive; without a path it is thrown away in the end.

    Raises :class:`ReplayError` if there is something at the path already.
    """
    with _place(path) as file:
        await asyncio.to_thread(migration.upgrade, file)
        async with Database(file) as database:
            async with database.write() as session:
                await imports.import_deals(session, [_before_any_article(deal) for deal in deals], FOREVER)
            yield database


def _before_any_article(entry: WatchlistDeal) -> WatchlistDeal:
    """A starting point without a date holds from the beginning of the archive, not from today."""
    return replace(entry, since=NEVER) if entry.stage and entry.since is None else entry


@contextmanager
def _place(path: Path | None) -> Iterator[Path]:
    if path is None:
        with TemporaryDirectory(prefix="hearsay-replay-") as folder:
            yield Path(folder) / "replay.db"
    elif path.exists():
        raise ReplayError(f"{path} exists already. Name a new file for --database.")
    else:
        yield path


def _show(taken: Taken, out: Console, *, as_json: bool) -> None:
    if not as_json:
        for change in taken.changes:
            out.print(_timeline(change), markup=False, soft_wrap=True, highlight=False)
        return
    for row in in_time_order(taken):
        out.file.write(json.dumps(row, ensure_ascii=False) + "\n")


def in_time_order(taken: Taken) -> list[dict[str, Any]]:
    """One JSON object for each row; what articles say at one moment comes before what changed because of it."""
    timed = [
        *((claim.article.first_seen_at, 0, _claim(claim, taken.named[claim])) for claim in taken.claims),
        *((mention.article.first_seen_at, 0, _mention(mention)) for mention in taken.mentions),
        *((change.at, 1, _change(change)) for change in taken.changes),
    ]
    return [row for _, _, row in sorted(timed, key=lambda item: item[:2])]


def _claim(claim: Claim, stage: Stage) -> dict[str, Any]:
    return {
        "type": "claim",
        "article": claim.article.ref,
        "deal": claim.deal.slug,
        "status": stage.status,
        "stage": stage,
        "speaker": claim.speaker,
        "origin": claim.origin or None,
        "quote": claim.quote,
        "certainty": round(claim.certainty, 3),
        "background": claim.background,
        "settled": claim.settled,
    }


def _mention(mention: Mention) -> dict[str, Any]:
    return {"type": "mention", "article": mention.article.ref, "deal": mention.deal.slug}


def _change(change: Change) -> dict[str, Any]:
    return {
        "type": "change",
        "deal": change.deal.slug,
        "at": change.at.isoformat(),
        "kind": change.kind,
        "from": change.from_status,
        "to": change.status,
        "stage": change.stage,
        "confirmed": change.confirmed,
        "articles": [claim.article.ref for claim in change.claims],
    }


def _timeline(change: Change) -> str:
    because = change.claims[-1].article.title if change.claims else "nothing new for a year"
    what = f"{headline(change)} ({weight(confirmed=change.confirmed, sources=change.sources)})"
    return f"{change.at:%Y-%m-%d %H:%M}  {change.deal.slug}: {what}\n                  {because}"
