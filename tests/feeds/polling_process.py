"""A poller as a process of its own, to be killed: for each line on standard input it polls when a feed is due next.

The clock is virtual, and stands in the database: it is the time of the next check. The argument is the database's path.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from builders import NOON
from sqlalchemy import func, select
from world import Parser

from feeds.addresses import PrivateHosts
from feeds.fetch import Fetcher, make_client
from feeds.poll import Poller
from models.database import Database
from models.feed import Feed


async def main(path: Path) -> None:
    now = NOON
    async with Database(path) as database, make_client("Hearsay tests", PrivateHosts.parse("127.0.0.0/8")) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=30), max_bytes=1_000_000)
        poller = Poller(database, fetcher, Parser(), lambda: now, floor=timedelta(hours=1))
        while await asyncio.to_thread(sys.stdin.readline):
            async with database.read() as session:
                due = await session.scalar(select(func.min(Feed.next_check_at, type_=Feed.next_check_at.type)))
            now = max(NOON, due or NOON)
            await poller.poll_due()
            print("polled", flush=True)  # noqa: T201 (whoever started this waits for it)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
