"""The bot, to be killed: for each line on standard input a child is forked that serves until its death.

The settings come by the environment; the argument is how many articles of the news there are. The child takes them in
where the last one was stopped, and delivers meanwhile. On standard output stand the child's process id, then "taken"
for each document that was committed, and "dead" in the end. Forking spares hundreds of starts their imports.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime

import uvloop
from builders import a_deal
from sqlalchemy import func, select
from sqlalchemy.orm import configure_mappers

from bot import logs
from bot.app import Program, Surroundings, utc_now
from bot.jobs import Pace
from bot.settings import Settings
from feeds.intake import Batch, Intake, take
from matcher import vocabulary
from matcher.matcher import Matcher
from matcher.vocabulary import Trust
from models.article import Article
from models.database import Database

MOVES = ("{} in talks to buy {}", "{} makes offer for {}", "{} near deal to buy {}", "{} ends talks to buy {}")
"""What is written of each deal, one after the other. Each moves it, and its followers are told."""
NEW, KNOWN = 2, 2
"""Articles in each document of the feed."""


def a_deal_in_the_news(number: int) -> vocabulary.Deal:
    return a_deal(f"alpha{number}-beta{number}")


def title(number: int) -> str:
    """The headline of an article, which the message about it quotes."""
    deal, move = divmod(number, len(MOVES))
    return MOVES[move].format(f"Alpha{deal}", f"Beta{deal}")


def article(number: int, now: datetime) -> vocabulary.Article:
    return vocabulary.Article(
        id=str(number), title=title(number), first_seen=now, published=now, outlet="Deal Wire",
        url=f"https://deal-wire.example/{number}", trust=Trust.TRUSTED,
    )  # fmt: skip


async def take_in(database: Database, intake: Intake, articles: Sequence[vocabulary.Article]) -> None:
    """Take in a document as the poller does."""
    async with database.write() as session:
        await intake.refresh(session)
        await take(session, await intake.read(session, articles), Batch())


async def take_in_the_news(database: Database, intake: Intake, articles: int) -> None:
    """Read the feed on. Where an earlier run was killed, its last document comes again."""
    async with database.read() as session:
        kept = await session.scalar(select(func.count()).select_from(Article)) or 0
    for first in range(kept, articles, NEW):
        document = range(max(0, first - KNOWN), min(first + NEW, articles))
        await take_in(database, intake, [article(number, utc_now()) for number in document])
        _tell("taken")


def a_program(settings: Settings, database: Database) -> Program:
    """A live bot; only without Telegram's limits, and without feeds."""
    around = Surroundings(limits=None, polls=False, pace=Pace(deliver=0.05))
    return Program(settings, os.environ["HEARSAY_TOKEN"], database, around)


async def serve(settings: Settings, articles: int) -> None:
    async with Database(settings.database) as database:
        program = a_program(settings, database)
        await asyncio.gather(program.run(), take_in_the_news(database, program.poller.intake, articles))


async def warm_up(settings: Settings) -> None:
    """Load and compile what otherwise waits for its first use, once for all children."""
    configure_mappers()
    Matcher([a_deal_in_the_news(0)]).read(article(0, utc_now()))
    a_program(settings, Database(settings.database))


def main(articles: int) -> None:
    settings = Settings(_env_file=None)
    logs.configure("ERROR", [os.environ["HEARSAY_TOKEN"]])
    asyncio.run(warm_up(settings))
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                uvloop.run(serve(settings, articles))
            finally:
                os._exit(1)
        _tell(child)
        os.waitpid(child, 0)
        _tell("dead")


def _tell(word: object) -> None:
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
