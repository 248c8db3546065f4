"""A writer to be killed: for each line on standard input a child is forked that writes until its death.

The argument is the database's path. On standard output stand the child's process id, then a line for each thing that
was committed, and "dead" in the end. Forking spares hundreds of starts their imports.
"""

import asyncio
import itertools
import os
import sys
from contextlib import suppress
from pathlib import Path

from builders import DAY, NOON, a_deal, a_follower, track
from sqlalchemy import func, select
from sqlalchemy.orm import configure_mappers

from models import inbox
from models.database import Database
from models.deal import Deal
from models.inbox import IncomingUpdate
from models.subscriber import Wire

COUNTER = "count-up"


class UnwantedError(Exception):
    """Ends a transaction that must leave nothing behind."""


def committed(*words: object) -> None:
    """Acknowledge, as somebody who is told so would take it."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


async def track_deals(database: Database) -> None:
    for number in itertools.count():
        slug = f"deal-{os.getpid()}-{number}"
        async with database.write() as session:
            await a_follower(session, os.getpid() * 1000 + number, await track(session, a_deal(slug)))
        committed("deal", slug)


async def count_up(database: Database) -> None:
    while True:
        async with database.write() as session:
            deal = (await session.scalars(select(Deal).where(Deal.slug == COUNTER))).one()
            deal.title = str(int(deal.title) + 1)
            count = deal.title
        committed("count", count)


async def keep_and_forget_updates(database: Database) -> None:
    """Large rows come, and every other one goes."""
    for number in itertools.count(os.getpid() * 1_000_000, 2):
        kept, gone = ({"update_id": n, "text": "x" * (number * 7919 % 20_000)} for n in (number, number + 1))
        async with database.write() as session:
            await inbox.store(session, Wire.TELEGRAM, [kept, gone], NOON)
        committed("update", kept["update_id"])
        async with database.write() as session:
            (await session.get_one(IncomingUpdate, (gone["update_id"], Wire.TELEGRAM))).handled_at = NOON
        async with database.write() as session:
            await inbox.forget(session, NOON + DAY)
        committed("forgotten", gone["update_id"])


async def think_better_of_it(database: Database) -> None:
    while True:
        with suppress(UnwantedError):
            async with database.write() as session:
                await track(session, a_deal("never-wanted"))
                raise UnwantedError


async def look(database: Database) -> None:
    while True:
        async with database.read() as session:
            await session.scalar(select(func.count()).select_from(Deal))


async def load(path: Path) -> None:
    async with Database(path) as database:
        tasks = (track_deals, count_up, keep_and_forget_updates, think_better_of_it, look)
        await asyncio.gather(*(task(database) for task in tasks))


def main(path: Path) -> None:
    configure_mappers()  # once for all children
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(load(path))
            finally:
                os._exit(1)
        committed(child)
        os.waitpid(child, 0)
        committed("dead")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
