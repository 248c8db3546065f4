"""A process that writes to a database until it is killed, as a test sees it, and what must be there afterwards."""

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from builders import a_deal, track
from writing_process import COUNTER

from models.database import Database

SCRIPT = Path(__file__).with_name("writing_process.py")


class Writing:
    """What was committed so far, as far as it was told."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._input, self._output = process.stdin, process.stdout
        self._pid = 0
        self.told: list[str] = []

    @classmethod
    @asynccontextmanager
    async def on(cls, database: Database) -> AsyncIterator["Writing"]:
        """The process, ready to write to this database."""
        async with database.write() as session:
            (await track(session, a_deal(COUNTER))).title = "0"
        search = os.pathsep.join(filter(None, (str(SCRIPT.parents[1]), os.environ.get("PYTHONPATH"))))
        process = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, database.path, stdin=PIPE, stdout=PIPE, env=os.environ | {"PYTHONPATH": search}
        )
        writing = cls(process)
        try:
            yield writing
        finally:
            await writing.kill()
            writing._input.close()
            await process.wait()

    async def begin(self) -> None:
        """Let it write."""
        self._input.write(b"go\n")
        self._pid = int(await self._line())

    async def tells(self, count: int) -> None:
        """Wait until it has told of so many more commits."""
        for _ in range(count):
            self.told.append(await self._line())
            assert self.told[-1] != "dead"

    async def kill(self) -> None:
        """End it without warning, and take in what it told until then."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = 0
            while (line := await self._line()) != "dead":
                self.told.append(line)

    async def _line(self) -> str:
        async with asyncio.timeout(60):
            return (await self._output.readline()).decode().strip()


def missing(path: Path, told: Iterable[str]) -> set[str]:
    """What was told of, but is not so in the file. The file must be whole, and hold nothing that was rolled back."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        titles = dict(connection.execute("SELECT slug, title FROM deal"))
        followed = dict(connection.execute("SELECT slug, since FROM deal JOIN subscription ON deal_id = deal.id"))
        updates = {str(number) for (number,) in connection.execute("SELECT update_id FROM inbox")}
    assert "never-wanted" not in titles
    holds = {
        "deal": lambda slug: slug in followed,
        "count": lambda count: int(titles[COUNTER]) >= int(count),
        "update": lambda number: number in updates,
        "forgotten": lambda number: number not in updates,
    }
    return {line for line in told if not holds[line.split()[0]](line.split()[1])}
