"""The command line. Every error is one plain sentence on standard error, with an exit code other than 0."""

import asyncio
import re
import shlex
import sys
from collections.abc import Awaitable, Callable, Container, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urldefrag

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy.exc import DBAPIError
from telegram.error import InvalidToken

from bot import demo as story
from bot import live, logs, trace
from bot.app import Newsroom, Surroundings, utc_now
from bot.errors import AlreadyRunningError
from bot.evaluate import run_evaluation
from bot.explain import ExplainError, run_explanation
from bot.labelled import LabelledSetError, sets_in
from bot.language import span
from bot.messages import feed_words
from bot.messages.standing import standing
from bot.replay import ReplayError, prepared, run_replay
from bot.settings import SettingsError, load
from bot.trace import TraceError
from feeds import rhythm
from feeds.adding import AlreadyPolled, Choice, NoFeedError
from feeds.archive import plain
from feeds.opml import BadOpml, FeedLine, export_opml, import_feeds, is_web_address, sift_opml, write_opml
from feeds.schedule import FASTEST, LONGEST_PAUSE
from matcher.classifier import WeightsError
from matcher.cues import CueError
from matcher.vocabulary import Article, Kind, Trust
from models import ambiguity, imports
from models import deal as deals
from models import feed as feeds
from models.backup import BackupError, back_up
from models.database import Database, DatabaseBusyError
from models.feed import Feed
from models.feed_yield import Yield, yields
from models.watchlist import (
    WatchlistError,
    new_deal,
    read_watchlist_file,
)

try:
    from uvloop import run as run_loop  # a poll costs two thirds of what it costs on asyncio's own loop
except ImportError:  # not made for every platform
    from asyncio import run as run_loop  # type: ignore[assignment]  # it has one argument less, which is not used

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Follows business deals by the news.",
)
deals_app = typer.Typer(no_args_is_help=True, help="The deals that are tracked.")
feeds_app = typer.Typer(no_args_is_help=True, help="The feeds that are polled.")
db_app = typer.Typer(no_args_is_help=True, help="The database file.")
app.add_typer(deals_app, name="deals")
app.add_typer(feeds_app, name="feeds")
app.add_typer(db_app, name="db")

out = Console()
err = Console(stderr=True)

InFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
OutFile = Annotated[Path | None, typer.Argument(dir_okay=False, help="The file to write; without it, standard output.")]


KNOWN = (
    AlreadyRunningError,
    BackupError,
    BadOpml,
    CueError,
    DatabaseBusyError,
    ExplainError,
    LabelledSetError,
    NoFeedError,
    ReplayError,
    SettingsError,
    TraceError,
    WatchlistError,
    WeightsError,
)
"""Errors whose message is written for the user."""


class CommandError(Exception):
    """The command cannot be done; the message says why and what to do."""


def main() -> None:
    """The entry point. Known errors become one sentence; Ctrl-C is an ordinary end."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except asyncio.CancelledError:  # SIGTERM
        raise SystemExit(0) from None
    except InvalidToken:
        _fail("Telegram does not know this token. Copy it again from @BotFather into HEARSAY_TOKEN in .env.")
    except (*KNOWN, CommandError) as error:
        _fail(str(error))
    except DBAPIError as error:
        _fail(f"The database cannot be used: {error.orig}. Check HEARSAY_DATABASE, its folder and the disk.")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror}. Check the path, its permissions and the space on the disk.")


@app.command()
def run(
    *, or_demo: Annotated[bool, typer.Option("--or-demo", help="Without a token, play the demo instead.")] = False
) -> None:
    """Run the bot: poll the feeds, push changes, answer commands."""
    settings = load()
    if settings.token is None and or_demo:
        logs.configure("WARNING", [])
        run_loop(story.play(settings, out, seconds=STORY_SECONDS))
        return
    if settings.token is None:
        raise CommandError(
            "There is no token. Talk to @BotFather in Telegram, send /newbot, and put the token into .env as "
            "HEARSAY_TOKEN=… . To try Hearsay without one, run: hearsay demo"
        )
    logs.configure(settings.log_level, [settings.token.get_secret_value()])
    run_loop(live.serve(settings, settings.token, lambda text: err.print(text, soft_wrap=True)))


STORY_SECONDS = 45.0


@app.command()
def demo(
    *, seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long the story plays.")] = STORY_SECONDS
) -> None:
    """Play the bundled story in this terminal, with a throw-away database."""
    logs.configure("WARNING", [])
    run_loop(story.play(load(), out, seconds=seconds))


@app.command()
def chat() -> None:
    """Talk to the bot in this terminal, over the real database."""
    logs.configure("WARNING", [])
    run_loop(live.talk(load(), out))


@app.command()
def backup(file: Annotated[Path, typer.Argument(dir_okay=False, help="The new file to write.")]) -> None:
    """Copy the database to a new file. The bot may run meanwhile."""
    database = load().database
    with err.status("Copying…"):
        back_up(database, file)
    log = f"{database}-wal and {database}-shm"
    out.print(
        f"{file}: a whole copy of {database}, checked.\n"
        f"To restore it: stop the bot, delete {log} if they are there, copy {file} to {database}, start the bot.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def replay(
    archive: InFile,
    watchlist: Annotated[Path, typer.Option("--deals", exists=True, dir_okay=False, help="The watchlist (TOML).")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON Lines instead of a timeline.")] = False,
    database: Annotated[
        Path | None, typer.Option(help="Keep the result in this new database file instead of a throw-away one.")
    ] = None,
) -> None:
    """Run an archive (JSON Lines) through the matcher, with the archive's own time."""
    logs.configure("WARNING", [])
    bad_lines = run_loop(run_replay(archive, watchlist, database, out, err, as_json=json))
    if bad_lines:
        raise CommandError(f"{bad_lines} line{'s' if bad_lines > 1 else ''} could not be read; the rest was replayed.")


@app.command()
def evaluate(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Labelled sets, or folders of them; without any, examples/labelled.")
    ] = None,
    *,
    errors: Annotated[int, typer.Option(min=0, help="Show up to so many mistakes of each set.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per set.")] = False,
) -> None:
    """Score the matcher on labelled news: what a change of the rules does, before and after."""
    logs.configure("WARNING", [])
    sets = [found for folder in folders or [live.EXAMPLES / "labelled"] for found in sets_in(folder)]
    run_loop(run_evaluation(sets, out, err, errors=errors, as_json=json))


@app.command()
def explain(
    headline: Annotated[str, typer.Argument(help="The headline, in quotes.")],
    *,
    slug: Annotated[str, typer.Option("--deal", help="The deal's short name; may be left out if there is one.")] = "",
    watchlist: Annotated[
        Path | None,
        typer.Option("--deals", exists=True, dir_okay=False, help="A watchlist (TOML) instead of the database."),
    ] = None,
    summary: Annotated[str, typer.Option(help="The article's summary.")] = "",
    body: Annotated[str, typer.Option(help="The article's text.")] = "",
    outlet: Annotated[str, typer.Option(help="The outlet that carries the article.")] = "",
    published: Annotated[
        str,
        typer.Option(
            metavar="DATE-TIME", help="UTC, unless it has an offset; now if left out. Earlier years are past."
        ),
    ] = "",
) -> None:
    """Show step by step how the matcher reads a headline: what a cue does."""
    title, summary, body, outlet = map(plain, (headline, summary, body, outlet))
    if not title.strip():
        raise CommandError('The headline is empty. Write it in quotes: hearsay explain "Alpha to buy Beta" --deal SLUG')
    logs.configure("WARNING", [])
    moment = _moment(published) if published else utc_now()
    article = Article("article", title, moment, outlet=outlet, summary=summary, body=body)

    async def show(database: Database) -> None:
        await run_explanation(database, slug, article, out)

    if watchlist:
        run_loop(_with_watchlist(watchlist, show))
    else:
        _with_database(show)


@app.command("outbox")
def show_outbox(
    *, everything: Annotated[bool, typer.Option("--all", help="Show every chat and letter, not the first ten.")] = False
) -> None:
    """Show what waits to be sent, for whom and why, and what was given up."""

    async def show(database: Database) -> None:
        await trace.show_outbox(database, out, utc_now(), limit=None if everything else trace.SHOWN)

    _with_database(show)


@app.command("trace", context_settings={"ignore_unknown_options": True})  # a group's id begins with a minus sign
def trace_message(
    chat_id: Annotated[int | None, typer.Argument(metavar="CHAT", help="The id of the chat.")] = None,
    message_id: Annotated[int | None, typer.Argument(metavar="MESSAGE", help="Telegram's id of the message.")] = None,
    *,
    letter: Annotated[int | None, typer.Option(help="A letter's number instead, as hearsay outbox shows it.")] = None,
) -> None:
    """Trace a message back: letter, change, claims, articles, feeds."""
    by_message = chat_id is not None and message_id is not None
    if by_message == (letter is not None):
        raise CommandError(
            "Say which message: hearsay trace CHAT MESSAGE, or which letter: hearsay trace --letter NUMBER"
        )

    async def show(database: Database) -> None:
        if letter is not None:
            await trace.show_letter(database, out, letter)
        elif chat_id is not None and message_id is not None:
            await trace.show_message(database, out, chat_id, message_id)

    _with_database(show)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise CommandError(f'--published "{text}" is no date and time. Write it as 2018-01-08T14:00') from None


async def _with_watchlist(file: Path, work: Callable[[Database], Awaitable[None]]) -> None:
    async with prepared(None, read_watchlist_file(file)) as database:
        await work(database)


@deals_app.command("list")
def list_deals() -> None:
    """Show every deal and where it stands."""

    async def show(database: Database) -> None:
        async with database.read() as session:
            rows = await deals.all_deals(session)
        table = Table(Column("slug", overflow="fold"), "status", "title")
        for deal in rows:
            table.add_row(deal.slug, standing(deal), escape(deal.title))
        out.print(table)

    _with_database(show)


@deals_app.command("add")
def add_deal(
    parties: Annotated[str, typer.Argument(help='The parties, joined by plus signs, for example: "Huawei + AT&T"')],
    *,
    kind: Annotated[Kind, typer.Option(help="What they may do together.")] = Kind.ACQUISITION,
    slug: Annotated[str, typer.Option(help="The deal's short name; made from the parties if left out.")] = "",
    title: Annotated[str, typer.Option(help="The deal's title; made from the parties if left out.")] = "",
    alias: Annotated[
        list[str] | None, typer.Option(help='Another name of a party, for example: "AT&T=AT&T Inc"; may be repeated.')
    ] = None,
) -> None:
    """Track a deal."""
    names = [name.strip() for name in parties.split("+")]
    if len(names) < 2 or not all(names):
        raise CommandError('Name at least two parties, joined by a plus sign, for example: "Huawei + AT&T"')
    aliases = _aliases(alias or [], names)
    entry = new_deal(names, kind, slug=slug, title=title, aliases=aliases)
    deal = entry.deal

    async def add(database: Database) -> None:
        async with database.write() as session:
            known = await deals.by_slug(session, deal.slug)
            if known:
                tracked = "tracked already" if known.slug == deal.slug else f"tracked as {known.slug}, by a merger"
                raise CommandError(f"{deal.slug} is {tracked}. Choose another --slug, or use: hearsay deals import")
            await imports.import_deals(session, [entry], utc_now())
            rows = await deals.all_deals(session)
        out.print(f"{deal.slug}: added")
        _warn(rows, {deal.slug})

    _with_database(add)


@deals_app.command("import")
def import_deals(file: InFile) -> None:
    """Add the deals of a watchlist (TOML), and update those of the same slug."""
    entries = read_watchlist_file(file)

    async def take_over(database: Database) -> None:
        with err.status(f"Importing {len(entries)} deals…"):
            async with database.write() as session:
                results = await imports.import_deals(session, entries, utc_now())
                rows = await deals.all_deals(session)
        for imported in results:
            parted = f" (no more merged into {imported.parted_from})" if imported.parted_from else ""
            out.print(f"{imported.slug}: {imported.effect}{parted}", markup=False)
        _warn(rows, {imported.slug for imported in results if imported.effect is not imports.Effect.UNCHANGED})

    _with_database(take_over)


def _warn(rows: Iterable[deals.Deal], changed: Container[str]) -> None:
    """Say which names of the deals just changed may mean something else, seen beside all the others."""
    for warning in ambiguity.warnings([row.value for row in rows], about=changed):
        err.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)


@deals_app.command("export")
def export_deals(file: OutFile = None) -> None:
    """Write the watchlist as TOML."""

    async def write(database: Database) -> None:
        async with database.read() as session:
            rows = await deals.all_deals(session)
        _write(imports.export_deals(rows), file)

    _with_database(write)


@feeds_app.command("list")
def list_feeds() -> None:
    """Show every feed: how it does, when it is looked at, what came of it, and what is wrong with it."""
    floor = load().check_every

    async def show(database: Database) -> None:
        async with database.read() as session:
            rows = await feeds.all_feeds(session)
            brought = await yields(session, rows)
        for feed in rows:
            _show_feed(feed, brought[feed.id], floor)
        out.print(f"{len(rows)} feed{'s' if len(rows) != 1 else ''}.")

    _with_database(show)


def _show_feed(feed: Feed, brought: Yield, floor: timedelta) -> None:
    """One block of lines, each short enough for a narrow terminal."""
    now = utc_now()
    out.print(feed_words.name(feed), style="bold", markup=False, highlight=False)
    facts = {
        "address": feed.url,
        "state": f"{feed_words.state(feed)} · {feed.trust} · full text {'on' if feed.full_text else 'off'}",
        "last read": feed_words.last_success(feed, now),
        "next look": feed_words.next_look(feed, now),
        "looked at": feed_words.looks(feed, floor, now),
        "pace": feed_words.pace(feed, floor),
        "publishes": feed_words.publishes(feed, now),
        "so far": feed_words.good_for(feed, brought),
        "delay": f"{feed_words.delay(brought.delays)}, from published to pushed",
        "problem": feed_words.problem(feed),
    }
    grid = Table.grid(Column(min_width=len("publishes")), Column(overflow="fold"), padding=(0, 1), pad_edge=True)
    for name, fact in facts.items():
        if fact:
            grid.add_row(f"[dim]{name}[/dim]", escape(fact))
    out.print(grid)
    out.print()


@feeds_app.command("add")
def add_feed(
    address: Annotated[str, typer.Argument(help="The address of a feed, or of a web page that has one.")],
    *,
    title: Annotated[str, typer.Option(help="The outlet's name; the feed's own title if left out.")] = "",
    trust: Annotated[Trust, typer.Option(help="How far the feed is believed.")] = Trust.UNVETTED,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Add the address as it is, without looking, for a feed that is down now.")
    ] = False,
) -> None:
    """Poll a feed from now on. The address of a website will do: its feed is looked for."""
    settings = load()

    async def add(database: Database) -> None:
        if anyway:
            await _add_unseen(database, address, title, trust)
            return
        async with Newsroom(settings, database, Surroundings()) as newsroom:
            with err.status("Looking…"):
                found = await newsroom.adder.add(address, title=plain(title), trust=trust)
        if isinstance(found, AlreadyPolled):
            raise _polled_already(found.url)
        if isinstance(found, Choice):
            raise CommandError(_offer(found))
        entries = f"{found.entries} {'entry' if found.entries == 1 else 'entries'}"
        out.print(f"{found.url}: added, {entries}, {trust}", markup=False, highlight=False, soft_wrap=True)

    logs.configure("ERROR", [])
    _with_database(add)


async def _add_unseen(database: Database, url: str, title: str, trust: Trust) -> None:
    # Through the file format and back: one place knows what a valid address is.
    found = sift_opml(write_opml([FeedLine(urldefrag(url).url if is_web_address(url) else url, title, trust)]))
    if not found.lines:
        raise CommandError("The address must begin with http:// or https://")
    async with database.write() as session:
        if not (await import_feeds(session, found)).added:
            raise _polled_already(url)
    out.print(f"{found.lines[0].url}: added, not looked at yet", markup=False, highlight=False, soft_wrap=True)


def _polled_already(url: str) -> CommandError:
    return CommandError(f"{url} is polled already. See: hearsay feeds list")


def _offer(choice: Choice) -> str:
    commands = [
        f"hearsay feeds add {shlex.quote(link.url)}" + (f"   # {link.title}" * bool(link.title))
        for link in choice.links
    ]
    return "\n".join(["This page offers several feeds. Run the command of the one you mean:", *commands])


@feeds_app.command("pace")
def set_pace(
    url: str, pace: Annotated[str, typer.Argument(help="60s, 5m, 2h, or usual: as Hearsay finds it.")]
) -> None:
    """Set how often a feed is looked at: a fast lane, down to 60 s, or a slow one."""
    length = _pace(pace)
    floor = load().check_every

    def change(feed: Feed) -> str:
        rhythm.set_pace(feed, length, floor, utc_now())
        return feed_words.pace_set(feed, floor, utc_now()) or feed_words.pace(feed, floor)

    _with_feed(url, change)


def _pace(text: str) -> timedelta | None:
    if text == "usual":
        return None
    found = re.fullmatch(r"([0-9]{1,7})(s|m|h|d)", text)
    if not found:
        raise CommandError(f"{text} is no pace. Write 60s, 5m, 2h, 1d or usual.")
    units = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    pace = int(found[1]) * units[found[2]]
    if not FASTEST <= pace <= LONGEST_PAUSE:
        raise CommandError(f"A pace lies between {span(FASTEST)} and {span(LONGEST_PAUSE)}.")
    return pace


@feeds_app.command("full-text")
def set_full_text(
    url: str, switch: Annotated[Literal["on", "off"], typer.Argument(help="Whether whole articles are read.")]
) -> None:
    """Read the web pages of a feed's articles, too, if they name a party and the site allows it."""

    def change(feed: Feed) -> str:
        feed.full_text = switch == "on"
        return f"full text {switch}"

    _with_feed(url, change)


@feeds_app.command("trust")
def set_trust(url: str, tier: Trust) -> None:
    """Say how far a feed is believed. What it told before stays as it was."""

    def change(feed: Feed) -> str:
        feed.trust = tier
        return tier

    _with_feed(url, change)


@feeds_app.command("check")
def check_feed(url: str) -> None:
    """Have a feed looked at within seconds by the running bot, unless that is too soon."""

    def change(feed: Feed) -> str:
        return feed_words.hastened(feed, rhythm.hasten(feed, utc_now()))

    _with_feed(url, change)


def _with_feed(url: str, change: Callable[[Feed], str]) -> None:
    """Change one feed, and say what came of it."""

    async def work(database: Database) -> None:
        async with database.write() as session:
            feed = await feeds.by_url(session, url)
            if feed is None:
                raise _unknown_feed(url)
            outcome = change(feed)
        out.print(f"{url}: {outcome}", markup=False, highlight=False, soft_wrap=True)

    _with_database(work)


def _unknown_feed(url: str) -> CommandError:
    return CommandError(f"{url} is not polled. See: hearsay feeds list")


@feeds_app.command("remove")
def remove_feed(url: str) -> None:
    """Stop polling a feed. What it told stays."""

    async def remove(database: Database) -> None:
        async with database.write() as session:
            if not await feeds.remove(session, url):
                raise _unknown_feed(url)
        out.print(f"{url}: removed", markup=False)

    _with_database(remove)


@feeds_app.command("import")
def import_list(file: InFile) -> None:
    """Add the feeds of an OPML file; the folder's name is the trust: official, trusted or unvetted."""
    found = sift_opml(file.read_bytes())

    async def take_over(database: Database) -> None:
        async with database.write() as session:
            result = await import_feeds(session, found)
        for url in result.added:
            out.print(f"{url}: added", markup=False, highlight=False, soft_wrap=True)
        for url in result.known:
            out.print(f"{url}: unchanged", markup=False, highlight=False, soft_wrap=True)
        for line in result.unusable:
            err.print(f"{line.url or '-'}: not added. {line.reason}", markup=False, highlight=False, soft_wrap=True)

    _with_database(take_over)
    if found.unusable:
        raise CommandError(f"{len(found.unusable)} of the feeds could not be used; the others were imported.")


@feeds_app.command("export")
def export_feeds(file: OutFile = None) -> None:
    """Write the feeds as OPML."""

    async def write(database: Database) -> None:
        async with database.read() as session:
            data = await export_opml(session)
        _write(data, file)

    _with_database(write)


@db_app.command("upgrade")
def upgrade_database() -> None:
    """Bring the database file to the newest schema."""
    path = load().database
    with err.status("Migrating…"):
        run_loop(_open_and_close(path))
    out.print(f"{path} is up to date.", markup=False)


async def _open_and_close(path: Path) -> None:
    await (await live.open_database(path)).close()


def _with_database(work: Callable[[Database], Awaitable[None]]) -> None:
    async def with_database() -> None:
        async with await live.open_database(load().database) as database:
            await work(database)

    run_loop(with_database())


def _aliases(given: list[str], names: list[str]) -> dict[str, list[str]]:
    aliases: dict[str, list[str]] = {name: [] for name in names}
    for pair in given:
        name, equals, other = pair.partition("=")
        if not equals or name.strip() not in aliases:
            raise CommandError(f'--alias "{pair}" does not name a party. Write it as "{names[0]}=another name".')
        aliases[name.strip()].append(other.strip())
    return aliases


def _write(data: bytes, file: Path | None) -> None:
    if file:
        file.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)


def _fail(sentence: str) -> None:
    err.print(f"[bold red]Error:[/bold red] {escape(sentence)}", soft_wrap=True)
    raise SystemExit(1)
