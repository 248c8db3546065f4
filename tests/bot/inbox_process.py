"""The bot, to be killed while it takes updates in: for each line on standard input a child serves until its death.

The settings come by the environment. On standard output stand the child's process id, and "dead" in the end. Forking
spares a hundred starts what every start needs: imports, the tables, the matcher's phrases.
"""

import asyncio
import logging
import os
import sys

from sqlalchemy.orm import configure_mappers

from bot import polling
from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from feeds.intake import Intake
from models.database import Database

polling.LONG_POLL_SECONDS = 1  # an empty answer, after which the offset is dropped, should not be long in coming


async def serve() -> None:
    settings = Settings(_env_file=None)
    assert settings.token
    around = Surroundings(limits=None, polls=False, pace=Pace(poll=3600, deliver=3600, tidy=3600))
    async with Database(settings.database) as database:
        await Program(settings, settings.token.get_secret_value(), database, around).run()


def tell(word: object) -> None:
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


def main() -> None:
    logging.disable()  # what malformed updates and kills leave in the log is no news
    configure_mappers()
    Intake()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(serve())
            finally:
                os._exit(1)
        tell(child)
        os.waitpid(child, 0)
        tell("dead")


if __name__ == "__main__":
    main()
