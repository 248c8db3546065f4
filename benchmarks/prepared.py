"""A database to poll into: migrated, with a watchlist, in a folder of its own that goes away afterwards."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from matcher.vocabulary import Deal, Trust
from models import feed, imports, migration
from models.database import Database
from models.watchlist import WatchlistDeal


@asynccontextmanager
async def database_with(deals: Sequence[Deal], *feeds: str) -> AsyncIterator[Database]:
    """A database that tracks ``deals`` and polls the given addresses."""
    with TemporaryDirectory(prefix="hearsay-benchmark-") as folder:
        path = Path(folder) / "benchmark.db"
        await asyncio.to_thread(migration.upgrade, path)
        async with Database(path) as database:
            async with database.write() as session:
                await imports.import_deals(session, [WatchlistDeal(deal) for deal in deals], datetime.now(UTC))
                for address in feeds:
                    await feed.add(session, address, "The Daily Ledger", Trust.TRUSTED)
            yield database
