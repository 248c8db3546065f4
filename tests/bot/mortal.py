"""A bot that takes updates in until it is killed, and is started again."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from standin.telegram import Telegram

from models.database import Database

SCRIPT = Path(__file__).with_name("inbox_process.py")


class Mortal:
    """The bot as a process."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._input, self._output = process.stdin, process.stdout

    @classmethod
    @asynccontextmanager
    async def over(cls, database: Database, telegram: Telegram) -> AsyncIterator["Mortal"]:
        """The bot over this database, ready to start."""
        search = os.pathsep.join(filter(None, (str(SCRIPT.parents[2]), os.environ.get("PYTHONPATH"))))
        settings = {
            "PYTHONPATH": search,
            "SSL_CERT_DIR": str(SCRIPT.parent),  # no certificate to load: nothing is encrypted on loopback
            "HEARSAY_TOKEN": telegram.token,
            "HEARSAY_DATABASE": str(database.path),
            "HEARSAY_TELEGRAM_URL": telegram.base_url.removesuffix("/bot"),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, stdin=PIPE, stdout=PIPE, env=os.environ | settings
        )
        try:
            yield cls(process)
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """It runs, and is killed without warning on leaving."""
        self._input.write(b"go\n")
        process_id = int(await self._line())
        try:
            yield
        finally:
            os.kill(process_id, signal.SIGKILL)
            assert await self._line() == "dead"

    async def _line(self) -> str:
        async with asyncio.timeout(60):
            return (await self._output.readline()).decode().strip()
