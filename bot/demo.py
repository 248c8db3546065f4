"""The bundled story, played fast: the whole program with the terminal in Telegram's place.

A feed server on loopback publishes each article when the story's clock reaches it, and the program really polls it over
HTTP. One clock drives poller, scheduler and courier. The terminal chat follows everything from the start.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

from rich.console import Console
from sqlalchemy import select

from bot.app import Clock, Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from bot.terminal import CHAT, TOKEN, TerminalWire, read_input
from feeds.addresses import PrivateHosts
from feeds.archive import read_lines
from matcher.vocabulary import Article, Trust
from models import feed, imports, migration, owner
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.outbox import Letter
from models.subscriber import Wire
from models.subscription import EVERYTHING
from models.watchlist import read_watchlist

STORY: Final = Path(__file__).parent.parent / "examples" / "story"
LINGER: Final = timedelta(hours=3)
"""How long the story stays with an article before it skips to the next."""
PATIENCE: Final = timedelta(hours=2)
"""After which the story waits for the bot: so long after an article its feed was due, as a rule."""
PACE: Final = Pace(poll=0.2, deliver=0.1)


class StoryClock:
    """Story time for real time: every article gets the same real time, however long the pause after it was.

    It stays with an article for :data:`LINGER`, then skips over the quiet days to the next one. It can be stopped.
    """

    def __init__(self, moments: Sequence[datetime], seconds: float, real: Callable[[], float] = time.monotonic) -> None:
        beat = seconds / len(moments)
        self._real, self._began = real, real()
        self._stopped: float | None = None
        self._points: list[tuple[float, datetime]] = [(0.0, moments[0] - LINGER)]
        for number, moment in enumerate(moments, 1):
            later = moments[number] if number < len(moments) else moment + 2 * LINGER
            self._points += [(number * beat, moment), ((number + 0.8) * beat, min(moment + LINGER, later))]
        self.end = moments[-1] + LINGER

    def __call__(self) -> datetime:
        """The time in the story, aware UTC. After the end it goes on at the real pace."""
        elapsed = (self._real() if self._stopped is None else self._stopped) - self._began
        place = bisect_right(self._points, elapsed, key=lambda point: point[0])
        start, moment = self._points[place - 1]
        if place == len(self._points):
            return moment + timedelta(seconds=elapsed - start)
        stop, later = self._points[place]
        return moment + (later - moment) * ((elapsed - start) / (stop - start))

    def stop(self) -> None:
        """Let no time pass in the story from now on."""
        self._stopped = self._real()

    def go_on(self) -> None:
        """Let time pass again, where it stopped."""
        if self._stopped is not None:
            self._began += self._real() - self._stopped
            self._stopped = None


async def play(settings: Settings, console: Console, *, seconds: float) -> None:
    """Play the story. With a terminal, talk on afterwards until /quit; without one, return at the end."""
    articles = _story()
    clock = StoryClock([article.moment for article in articles], seconds)
    clock.stop()  # until there is somebody to tell the story to
    with TemporaryDirectory(prefix="hearsay-demo-") as folder, _news_stand(articles, clock) as address:
        path = Path(folder) / "story.db"
        await asyncio.to_thread(migration.upgrade, path)
        async with Database(path) as database:
            await _set_the_stage(database, articles, address, clock())
            await _perform(settings, console, database, articles, clock)


def _story() -> list[Article]:
    with (STORY / "articles.jsonl").open("rb") as lines:
        return [article for article in read_lines(lines) if isinstance(article, Article)]


async def _set_the_stage(database: Database, articles: Sequence[Article], address: str, now: datetime) -> None:
    watchlist = read_watchlist((STORY / "watchlist.toml").read_text(encoding="utf-8"))
    async with database.write() as session:
        await imports.import_deals(session, watchlist, now)
        for outlet in sorted({article.outlet for article in articles}):
            await feed.add(session, f"{address}/{quote(outlet)}", outlet, Trust.TRUSTED)
        subscriber = await subscribers.meet(session, CHAT, Wire.TERMINAL, now)
        await subscriptions.follow(session, subscriber, EVERYTHING, now)
        await owner.appoint(session, CHAT)


async def _perform(
    settings: Settings, console: Console, database: Database, articles: Sequence[Article], clock: StoryClock
) -> None:
    wire = TerminalWire(console, lambda: clock().timestamp(), first_update=1)
    around = Surroundings(
        wire=Wire.TERMINAL,
        telegram=wire,
        private=PrivateHosts.parse("127.0.0.1"),  # where the story's own server is
        gap=timedelta(0),
        clock=clock,
        limits=None,
        edits=False,
        pace=PACE,
    )
    program = Program(settings, TOKEN, database, around)
    _introduce(console)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(program.run())
        talking = tasks.create_task(read_input(wire, program.inbox.idle))
        telling = tasks.create_task(_tell(console, articles, clock, database))
        leaving = tasks.create_task(wire.quit.wait())
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            await program.poller.poll_due()
            await program.jobs.deliver()
            console.print("The story is over.", style="bold")
            if not talking.done():
                console.print("Ask on, for example /history huawei-att. Leave with /quit.\n")
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            await wire.taken()
            await program.inbox.idle()
        for task in (serving, talking, telling, leaving):
            task.cancel()


def _introduce(console: Console) -> None:
    console.print("Hearsay, demo. No token is set, so this terminal takes Telegram's place.", style="bold")
    console.print(
        "It plays December 2017 and January 2018: will American carriers sell Huawei's and Xiaomi's phones?\n"
        "Grey lines are articles as they appear; the rest is what the bot sends you. You follow everything.\n"
        "Type a command, such as /status huawei-att or /help. Type a button's number to press it. Leave with /quit.\n"
    )


async def _tell(console: Console, articles: Sequence[Article], clock: StoryClock, database: Database) -> None:
    """Show each headline as the story reaches it; on a slow machine the story waits for the bot."""
    for article in articles:
        clock.go_on()
        await _reached(clock, article.moment)
        console.print(f"{article.moment:%Y-%m-%d %H:%M}  {article.outlet}: {article.title}", style="dim")
        await _reached(clock, article.moment + PATIENCE)
        clock.stop()
        await _served(database, clock())
    clock.go_on()
    await _reached(clock, clock.end)


async def _served(database: Database, now: datetime) -> None:
    """Wait until the bot has looked at every feed that is due, and told all that it had to tell."""
    letters = select(Letter.id).where(Letter.sent_at.is_(None), Letter.abandoned_at.is_(None))
    while True:
        async with database.read() as session:
            if not await feed.due(session, now) and not await session.scalar(letters.limit(1)):
                return
        await asyncio.sleep(0.05)


async def _reached(clock: Clock, moment: datetime) -> None:
    while clock() < moment:  # noqa: ASYNC110 (a clock has no event to wait for)
        await asyncio.sleep(0.05)


@contextmanager
def _news_stand(articles: Sequence[Article], clock: Clock) -> Iterator[str]:
    """A feed server on loopback, one feed per outlet, with what the story's clock has reached. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now, outlet = clock(), unquote(self.path.lstrip("/"))
            body = _rss(outlet, [a for a in articles if a.outlet == outlet and a.moment <= now])
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            unchanged = self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", "0" if unchanged else str(len(body)))
            self.end_headers()
            if not unchanged:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal belongs to the chat."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _rss(outlet: str, articles: Sequence[Article]) -> bytes:
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    ET.SubElement(channel, "title").text = outlet
    for article in articles:
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "guid", isPermaLink="false").text = article.id
        ET.SubElement(item, "title").text = article.title
        ET.SubElement(item, "link").text = article.url
        ET.SubElement(item, "description").text = article.summary
        ET.SubElement(item, "pubDate").text = format_datetime(article.moment.astimezone(UTC))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
