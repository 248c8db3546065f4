"""What SECURITY.md says of the token: it is found nowhere but where its owner put it, in the settings."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from builders import NOON, a_follower, track
from leaks import TOKEN, Scan, spellings
from standin.faults import Drop, Garbled, blocked, flooded, unavailable
from standin.telegram import Telegram
from tally import Tally

from matcher.vocabulary import ChangeKind, Stage
from models import milestone, outbox
from models.change import Change
from models.database import Database
from models.subscription import Moves

ROOT = Path(__file__).parent.parent
NOWHERE = "http://127.0.0.1:1"
WRONG = "654321:BBno-such_token_for_a-bot_9876543210"
FAULTS = (flooded(1), unavailable(500), *Drop, Garbled.WITHOUT_RESULT, blocked())

BREAKS = """
import sys, threading, warnings
from bot import live
from bot.cli import main

class Lost(Exception):
    pass

def fail(address):
    raise Lost(f"no answer from {address}")

async def serve(settings, token, say):
    address = f"{settings.telegram_url}bot{token.get_secret_value()}/getMe"
    warnings.warn(address)
    thread = threading.Thread(target=fail, args=[address])
    thread.start()
    thread.join()
    fail(address)

live.serve = serve
sys.argv = ["hearsay", "run"]
main()
"""
"""A program that breaks in every way at once, each time with the token on its lips."""

EXPORTS = """
from bot.cli import app

for command in ("backup copy.db", "deals export", "feeds export", "outbox --all", "trace --letter 1"):
    app(command.split(), standalone_mode=False)
"""


class Runs:
    """Processes of the program in one folder; what they print goes into files there."""

    def __init__(self, folder: Path, database: Path) -> None:
        self._folder = folder
        self._database = database

    @asynccontextmanager
    async def start(
        self, *command: str, output: IO[bytes] | int, url: str, token: str = TOKEN
    ) -> AsyncIterator[Process]:
        """A process that says all it can, killed on leaving."""
        settings = {
            "HEARSAY_TOKEN": token,
            "HEARSAY_DATABASE": str(self._database),
            "HEARSAY_TELEGRAM_URL": url,
            "HEARSAY_LOG_LEVEL": "DEBUG",
            "PYTHONWARNINGS": "always",
        }
        search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=os.environ | settings | {"PYTHONPATH": search}, cwd=self._folder,
            stdout=output, stderr=STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @asynccontextmanager
    async def bot(self, name: str, url: str) -> AsyncIterator[None]:
        """The bot."""
        with self.file(name).open("wb") as output:
            async with self.start("-m", "bot", output=output, url=url):
                yield

    async def bot_until_it_says(self, words: bytes, name: str, url: str) -> None:
        """The bot, until it logs these words."""
        with self.file(name).open("wb") as output:
            async with self.start("-m", "bot", output=PIPE, url=url) as process, asyncio.timeout(60):
                assert process.stdout
                async for line in process.stdout:
                    output.write(line)
                    if words in line:
                        return

    async def done(self, name: str, *command: str, url: str = NOWHERE, token: str = TOKEN) -> int:
        """The exit code of a process that ends by itself."""
        with self.file(name).open("wb") as output:
            async with self.start(*command, output=output, url=url, token=token) as process, asyncio.timeout(60):
                return await process.wait()

    def file(self, name: str) -> Path:
        return self._folder / name


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        telegram.token = TOKEN
        yield telegram


@pytest.fixture
def runs(tmp_path: Path, database: Database) -> Runs:
    return Runs(tmp_path, database.path)


@pytest.mark.chaos
async def test_the_token_is_nowhere(
    database: Database, telegram: Telegram, runs: Runs, tmp_path: Path, tally: Tally
) -> None:
    """Whatever happens to the bot, at the most talkative level: not in its log, its database, or what it exports."""
    url = telegram.base_url.removesuffix("/bot")
    await fill_the_outbox(database, len(FAULTS))
    await telegram.update("message", {"message_id": "none", "text": 7})
    telegram.fail("getUpdates", Drop.BEFORE_APPLYING)
    telegram.fail("sendMessage", *FAULTS)
    async with runs.bot("faults.log", url):
        for met in range(len(FAULTS)):
            await telegram.called("sendMessage", met + 1)
            tally.fault(FAULTS[met].kind)
        await telegram.until_confirmed()
    await runs.bot_until_it_says(b"cannot be reached", "unreached.log", NOWHERE)
    wrong = await runs.done("wrong.log", "-m", "bot", url=url, token=WRONG)
    crash = await runs.done("crash.log", "-c", BREAKS, url=url)
    exports = await runs.done("exports.out", "-c", EXPORTS)
    scan = Scan(spellings(TOKEN) | spellings(WRONG))
    assert list(scan.in_folder(tmp_path)) == []
    # All of it was there to be found:
    assert scan.files >= 8
    assert (wrong, crash, exports) == (1, 1, 0)
    assert "/bot[token]" in runs.file("faults.log").read_text()
    assert "does not know this token" in runs.file("wrong.log").read_text()
    assert runs.file("crash.log").read_text().count("/bot[token]/getMe") >= 3


async def fill_the_outbox(database: Database, chats: int) -> None:
    """One letter for each chat. The bot is no longer new: it must not poll the public feeds of the starter list."""
    async with database.write() as session:
        await milestone.reach(session, milestone.STARTERS)
        deal = await track(session)
        for chat in range(1, chats + 1):
            await a_follower(session, chat, deal)
        change = Change(
            deal=deal, at=NOON, kind=ChangeKind.STATUS, from_stage=None, stage=Stage.TALKS,
            confirmed=False, sources=1, contested=False, quiet=False, claims=[],
        )  # fmt: skip
        session.add(change)
        await session.flush()
        await outbox.post_change(session, change, deal, Moves.STATUS)


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/guarantees.md"])
def test_links_lead_somewhere(page: str) -> None:
    """What these pages refer to is there."""
    path = ROOT / page
    targets = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (path.parent / target).exists()] == []
