"""The database as the command line meets it: backups, a full disk, and files that cannot be written."""

import asyncio
import ctypes
import logging
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import HOUR, NOON, a_chat, track
from courier_process import a_deal_in_the_news, article, take_in
from full_disk import no_file_above
from running_bot import ANNA, WATCHLIST, Bot
from standin.faults import Slow
from tally import Tally

from bot import live
from models import subscription as subscriptions
from models.subscription import EVERYTHING

Cli = Callable[..., subprocess.CompletedProcess[str]]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def no_exemption() -> None:
    """Let permissions bind the program even where the tests run as root."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def full_disk() -> None:
    """Let no file grow beyond what the new database has already: as good as a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.fixture
def cli(tmp_path: Path, migrated: Path) -> Cli:
    """The program in a folder of its own, over a database in a folder below."""
    (tmp_path / "data").mkdir()
    shutil.copy(migrated, tmp_path / "data" / "hearsay.db")
    (tmp_path / "deals.toml").write_text(WATCHLIST, encoding="utf-8")

    def run(*arguments: object, under: Callable[[], None] = no_exemption) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from bot.cli import main; main()", *map(str, arguments)]
        return subprocess.run(  # noqa: S603 (our own program)
            program, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False, preexec_fn=under,
            env={"COLUMNS": "300", "HEARSAY_DATABASE": "data/hearsay.db"},
        )  # fmt: skip

    return run


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one plain sentence of an error."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
    return done.stderr


def test_backup_copies_and_says_how_to_restore(cli: Cli, tmp_path: Path) -> None:
    """The file is a database, and the way back stands below."""
    done = cli("backup", "backup.db")

    assert done.returncode == 0, done.stderr
    assert "stop the bot" in done.stdout
    assert "data/hearsay.db-wal" in done.stdout
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        assert connection.execute("SELECT count(*) FROM deal").fetchone() == (0,)


def test_a_backup_that_cannot_be_made_is_said_plainly(cli: Cli, tmp_path: Path) -> None:
    """Where there is nothing to copy it says so, and makes nothing."""
    (tmp_path / "data" / "hearsay.db").unlink()

    assert "no database at data/hearsay.db" in complaint(cli("backup", "backup.db"))
    assert list((tmp_path / "data").iterdir()) == []


def test_a_full_disk_is_said_plainly(cli: Cli) -> None:
    """A command that finds no space says what to check."""
    assert "the disk" in complaint(cli("deals", "import", "deals.toml", under=full_disk))


@pytest.mark.parametrize(("locked", "mode"), [("data/hearsay.db", 0o444), ("data", 0o555)])
def test_a_read_only_database_is_said_plainly(cli: Cli, tmp_path: Path, locked: str, mode: int) -> None:
    """Whether the file or its folder is locked: the path and the reason, and nothing is left that locks it for good."""
    place = tmp_path / locked
    before = place.stat().st_mode
    place.chmod(mode)
    said = complaint(cli("deals", "import", "deals.toml"))
    place.chmod(before)

    assert f"{locked}: Permission denied. Check" in said
    assert [file.name for file in (tmp_path / "data").iterdir() if file.suffix != ".lock"] == ["hearsay.db"]


async def test_the_log_names_sqlite(tmp_path: Path, migrated: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the start it stands in the log which SQLite is in use, and how it stands with the WAL-reset bug."""
    path = tmp_path / "hearsay.db"
    shutil.copy(migrated, path)
    with caplog.at_level(logging.INFO, "bot.live"):
        await (await live.open_database(path)).close()

    (record,) = caplog.records
    assert record.message == "SQLite"
    assert vars(record)["version"] == sqlite3.sqlite_version
    assert vars(record)["wal_reset_bug"]


async def test_a_running_bot_gets_over_a_full_disk(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be stored is not confirmed: it is asked for again, and answered once there is space."""
    monkeypatch.setattr("bot.polling.LONGEST_WAIT", timedelta(milliseconds=10))
    asked = len(bot.telegram.calls("getUpdates"))
    with no_file_above(Path(f"{bot.database.path}-wal").stat().st_size):
        await bot.telegram.user_sends(ANNA, "/help")
        await bot.telegram.called("getUpdates", asked + 3)
        assert bot.telegram.messages(ANNA) == []

    assert "all commands" in (await bot.telegram.sent(ANNA))[0].text


@pytest.mark.chaos
async def test_letters_that_cannot_be_marked_are_not_sent_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tally: Tally
) -> None:
    """On a full disk what was in hand goes out once and nothing after it; with space again the rest does, once each."""
    monkeypatch.setattr("bot.courier.LOOK_AGAIN_SECONDS", 0.01)
    soon, later = range(1, 11), range(11, 21)
    async with bot.database.write() as session:
        await track(session, a_deal_in_the_news(0))
    await _news_for(bot, soon, 0, bot.clock())
    await _news_for(bot, later, 1, bot.clock() + HOUR)
    with no_file_above(Path(f"{bot.database.path}-wal").stat().st_size):
        delivering = asyncio.create_task(bot.program.courier.deliver())
        await _refused(caplog, len(soon))
        bot.clock.advance(hours=1)
        await _refused(caplog, 20 * len(soon))
        told = [call.parameters["chat_id"] for call in bot.telegram.calls("sendMessage")]
        assert set(told) <= set(soon)
        assert len(told) == len(set(told))

    await delivering
    assert [_headlines(bot, chat) for chat in soon] == [["RUMORED · in talks", "RUMORED · offer made"]] * len(soon)
    assert [_headlines(bot, chat) for chat in later] == [["RUMORED · offer made"]] * len(later)
    tally.fault("disk full", 20 * len(soon))


async def test_a_stop_on_a_full_disk_ends(bot: Bot) -> None:
    """Stopped while a letter is under way that cannot be marked then, the bot ends; the letter may come once more."""
    async with bot.database.write() as session:
        await track(session, a_deal_in_the_news(0))
    await _news_for(bot, [1], 0, bot.clock())
    bot.telegram.fail("sendMessage", Slow(after=0.2))
    with no_file_above(Path(f"{bot.database.path}-wal").stat().st_size):
        delivering = asyncio.create_task(bot.program.courier.deliver())
        await bot.telegram.until(lambda: bot.telegram.messages(1))
        bot.program.courier.stop()
        async with asyncio.timeout(20):
            await delivering


async def _news_for(bot: Bot, chats: Iterable[int], number: int, at: datetime) -> None:
    """These chats follow everything from now on, and all that do have a letter."""
    async with bot.database.write() as session:
        for chat in chats:
            await subscriptions.follow(session, await a_chat(session, chat), EVERYTHING, NOON)
    await take_in(bot.database, bot.program.poller.intake, [article(number, at)])


async def _refused(caplog: pytest.LogCaptureFixture, times: int) -> None:
    """Wait until the database has refused a mark so often."""
    async with asyncio.timeout(20):
        while True:
            if sum(record.name == "bot.storing" for record in caplog.records) >= times:
                return
            await asyncio.sleep(0)


def _headlines(bot: Bot, chat: int) -> list[str]:
    return [message.text.splitlines()[0] for message in bot.telegram.messages(chat)]
