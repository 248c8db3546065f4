"""The command line: what it prints, and how it says no."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import NOON
from standin.feeds import FeedServer
from standin.wire import Response

from matcher.vocabulary import Article

ROOT = Path(__file__).parents[2]
Cli = Callable[..., subprocess.CompletedProcess[str]]
WATCHLIST = """
[[deal]]
slug = "alpha-beta"
title = "Alpha and Beta"
kind = "acquisition"
party = [{ name = "Alpha" }, { name = "Beta" }]
"""
ARTICLES = [
    {
        "id": "1",
        "published": "2017-12-15T10:00:00+00:00",
        "outlet": "Carrier Wire",
        "title": "Alpha in talks to buy Beta",
    },
    {
        "id": "2",
        "published": "2017-12-16T10:00:00+00:00",
        "outlet": "Carrier Wire",
        "title": "Alpha and Beta open a museum",
    },
    {
        "id": "3",
        "published": "2017-12-17T10:00:00Z",
        "outlet": "Daily Circuit",
        "title": "Alpha agrees to buy Beta for $5 billion",
    },
]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program in a folder of its own."""

    def run(*arguments: object, columns: int = 300) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from bot.cli import main; main()", *map(str, arguments)]
        return subprocess.run(  # noqa: S603 (our own program)
            program, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
            env={"COLUMNS": str(columns), "HEARSAY_PRIVATE_HOSTS": "127.0.0.0/8"},
        )  # fmt: skip

    return run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.jsonl"
    path.write_text("".join(json.dumps(article) + "\n" for article in ARTICLES), encoding="utf-8")
    return path


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    path = tmp_path / "deals.toml"
    path.write_text(WATCHLIST, encoding="utf-8")
    return path


def _sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one plain sentence of an error."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
    return done.stderr


def test_replay_prints_json_lines_and_nothing_else(cli: Cli, archive: Path, watchlist: Path) -> None:
    """Standard output holds the rows of the domain page, in time order."""
    done = cli("replay", "--deals", watchlist, archive, "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["type"], row.get("article", row.get("articles"))) for row in rows] == [
        ("claim", "1"),
        ("change", ["1"]),
        ("mention", "2"),
        ("claim", "3"),
        ("change", ["3"]),
    ]
    claim, change = rows[3], rows[4]
    assert claim.keys() == {
        "type", "article", "deal", "status", "stage", "speaker", "origin", "quote", "certainty", "background",
        "settled",
    }  # fmt: skip
    assert change == {
        "type": "change",
        "deal": "alpha-beta",
        "at": "2017-12-17T10:00:00+00:00",
        "kind": "status",
        "from": "rumored",
        "to": "finalized",
        "stage": "agreed",
        "confirmed": change["confirmed"],
        "articles": ["3"],
    }


def test_replay_names_an_end_by_what_had_been_signed_then(cli: Cli, tmp_path: Path, watchlist: Path) -> None:
    """Not by what was signed later: a claim and the change that it made agree."""
    told = (
        ("2017-12-15", "Alpha in talks to buy Beta"),
        ("2017-12-20", "Alpha ends talks to buy Beta"),
        ("2018-02-01", "Alpha agrees to buy Beta for $2 billion"),
        ("2018-03-01", "Alpha calls off purchase of Beta"),
    )
    lines = [json.dumps({"published": f"{day}T10:00:00Z", "title": title}) for day, title in told]
    (tmp_path / "ends.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = cli("replay", "--deals", watchlist, tmp_path / "ends.jsonl", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    stages = [row["stage"] for row in rows if row["type"] == "claim"]
    assert stages == ["talks", "called_off", "agreed", "terminated"]
    assert stages == [row["stage"] for row in rows if row["type"] == "change"]


def test_replay_prints_a_timeline(cli: Cli, archive: Path, watchlist: Path) -> None:
    """Without --json it is a timeline to read."""
    done = cli("replay", "--deals", watchlist, archive)
    assert "2017-12-15 10:00  alpha-beta: RUMORED · in talks (reported · 1 source)" in done.stdout
    assert "RUMORED → FINALIZED · agreed" in done.stdout


def test_replay_reports_bad_lines_and_goes_on(cli: Cli, archive: Path, watchlist: Path) -> None:
    """A line that is no article is named by its number, the rest is replayed, and the exit code says so."""
    lines = archive.read_text().splitlines()
    archive.write_text("\n".join([lines[0], "{not json", '{"title": "no date"}', lines[2]]))
    done = cli("replay", "--deals", watchlist, archive, "--json")
    assert done.returncode == 1
    assert "line 2: it is not JSON" in done.stderr
    assert "line 3: it has no published" in done.stderr
    assert sum(json.loads(line)["type"] == "change" for line in done.stdout.splitlines()) == 2


def test_replay_keeps_its_database_when_asked(cli: Cli, archive: Path, watchlist: Path, tmp_path: Path) -> None:
    """--database keeps the result in a new file, and refuses one that exists."""
    kept = tmp_path / "kept.db"
    assert cli("replay", "--deals", watchlist, archive, "--database", kept).returncode == 0
    assert kept.exists()
    assert "exists already" in _sentence(cli("replay", "--deals", watchlist, archive, "--database", kept))


def test_run_without_a_token_says_where_to_get_one(cli: Cli) -> None:
    """No token is an error that names BotFather and the setting."""
    sentence = _sentence(cli("run"))
    assert "@BotFather" in sentence
    assert "HEARSAY_TOKEN" in sentence


def test_a_new_database_starts_with_the_starter_lists(cli: Cli) -> None:
    """The first command finds the starter deals and feeds there."""
    assert "huawei-att" in cli("deals", "list").stdout
    assert "official" in cli("feeds", "list").stdout


def test_deals_go_in_and_out(cli: Cli, watchlist: Path, tmp_path: Path) -> None:
    """A watchlist is imported, exported, and imported again without a change."""
    assert "alpha-beta: added" in cli("deals", "import", watchlist).stdout
    exported = tmp_path / "exported.toml"
    assert cli("deals", "export", exported).returncode == 0
    again = cli("deals", "import", exported).stdout
    assert "alpha-beta: unchanged" in again
    assert "updated" not in again
    assert "added" not in again


def test_a_deal_is_added_by_hand(cli: Cli) -> None:
    """Slug and title come from the parties, other names are taken, and the same slug is refused twice."""
    done = cli("deals", "add", "Gamma + AT&T", "--kind", "partnership", "--alias", "AT&T=AT and T")
    assert "gamma-att: added" in done.stdout
    assert "tracked already" in _sentence(cli("deals", "add", "Gamma + AT&T"))
    assert "does not name a party" in _sentence(cli("deals", "add", "Delta + Epsilon", "--alias", "Zeta=Z Corp"))


def test_a_bad_watchlist_is_refused_whole(cli: Cli, watchlist: Path) -> None:
    """Every problem is named with its place, and nothing of the file is imported."""
    watchlist.write_text(WATCHLIST + WATCHLIST.replace("Beta", "B").replace("kind", "kinds"))
    sentence = _sentence(cli("deals", "import", watchlist))
    assert "alpha-beta" in sentence
    assert "kinds" in sentence
    assert "alpha-beta" not in cli("deals", "list").stdout


def test_feeds_go_in_and_out(cli: Cli, tmp_path: Path) -> None:
    """Feeds are added, exported as OPML, removed, and imported again."""
    url = "https://news.example/feed"
    assert "added" in cli("feeds", "add", url, "--anyway", "--title", "Example News", "--trust", "trusted").stdout
    assert "polled already" in cli("feeds", "add", url).stderr
    assert "polled already" in _sentence(cli("feeds", "add", url, "--anyway"))
    exported = tmp_path / "feeds.opml"
    assert cli("feeds", "export", exported).returncode == 0
    assert "removed" in cli("feeds", "remove", url).stdout
    assert "is not polled" in _sentence(cli("feeds", "remove", url))
    assert f"{url}: added" in cli("feeds", "import", exported).stdout


@pytest.mark.parametrize("url", ["ftp://news.example/feed", "news.example", "javascript:alert(1)", ""])
def test_a_feed_must_be_on_the_web(cli: Cli, url: str) -> None:
    """Anything but an http or https address is refused."""
    assert "must begin with http:// or https://" in _sentence(cli("feeds", "add", url, "--anyway"))


def test_a_feed_is_set_up_by_its_address(cli: Cli) -> None:
    """Pace, full text and trust are set one by one, and the list shows them; a feed that is not there is named."""
    url = "https://news.example/feed"
    cli("feeds", "add", url, "--anyway", "--title", "Example News")
    assert "fast lane, every 60 s" in cli("feeds", "pace", url, "60s").stdout
    assert "every 2 hours" in cli("feeds", "pace", url, "2h").stdout
    assert "usual" in cli("feeds", "pace", url, "usual").stdout
    assert "every 5 minutes" in cli("feeds", "pace", url, "5m").stdout
    assert "full text on" in cli("feeds", "full-text", url, "on").stdout
    assert "official" in cli("feeds", "trust", url, "official").stdout
    assert "within seconds" in cli("feeds", "check", url).stdout
    block = cli("feeds", "list").stdout.partition("Example News")[2]
    assert "new, not read yet · official · full text on" in block
    assert "fast lane, every 5 minutes" in block
    assert "is not polled" in _sentence(cli("feeds", "pace", "https://other.example/", "5m"))


@pytest.mark.parametrize("pace", ["59s", "0m", "31d", "1000h", "fast", "-5m", "5", "٥m"])
def test_a_pace_that_cannot_be_is_refused(cli: Cli, pace: str) -> None:
    """Less than a minute would be rude, more than a month no news; anything else is no pace."""
    assert "pace" in _sentence(cli("feeds", "pace", "https://news.example/feed", "--", pace))


def test_the_list_of_feeds_fits_a_narrow_terminal(cli: Cli) -> None:
    """On 80 columns nothing is wider, and no address is cut."""
    address = f"https://news.example/{'x' * 100}"
    cli("feeds", "add", address, "--anyway", "--title", "Example News " * 10)
    shown = cli("feeds", "list", columns=80).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert address in "".join(line.removeprefix(" address").strip() for line in shown.splitlines())


def test_a_bad_line_of_a_list_is_named_and_the_others_imported(cli: Cli, tmp_path: Path) -> None:
    """One bad address among many does not cost the others."""
    feeds = "".join(f'<outline text="{n}" xmlUrl="https://{n}.example/"/>' for n in ("alpha", "beta"))
    path = tmp_path / "feeds.opml"
    path.write_text(f'<opml version="2.0"><body>{feeds}<outline text="Odd" xmlUrl="ftp://odd.example/"/></body></opml>')
    done = cli("feeds", "import", path)
    assert "https://alpha.example/: added" in done.stdout
    assert "https://beta.example/: added" in done.stdout
    assert "The feed “Odd” has no http:// or https:// address." in done.stderr
    assert "1 of the feeds could not be used" in done.stderr
    assert done.returncode == 1


async def test_add_looks_for_the_feeds_of_a_page(cli: Cli) -> None:
    """Of several feeds, each is offered with the command to run; one by its own address is added with its entries."""
    async with FeedServer() as news:
        news.publish("wire", Article("1", "Alpha and Beta open a museum", NOON, published=NOON))
        links = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{name}">' for name in ("wire", "all"))
        page = f"<html><head>{links}</head><body>News</body></html>".encode()
        news.answer_instead("page", Response(200, page, {"content-type": "text/html"}))
        offer = await asyncio.to_thread(cli, "feeds", "add", news.url("page"))
        assert f"hearsay feeds add {news.url('wire')}" in offer.stderr
        assert f"hearsay feeds add {news.url('all')}" in offer.stderr
        done = await asyncio.to_thread(cli, "feeds", "add", news.url("wire"), "--trust", "trusted")
        assert f"{news.url('wire')}: added, 1 entry, trusted" in done.stdout


def test_a_database_that_is_none_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    """A file that is no database is named, not overwritten."""
    (tmp_path / "hearsay.db").write_text("this is no database, and long enough to be looked at as one " * 20)
    assert "database" in _sentence(cli("deals", "list"))
    assert (tmp_path / "hearsay.db").read_text().startswith("this is no database")


def test_a_database_made_by_upgrade_has_the_starter_lists(cli: Cli) -> None:
    """Whichever command comes first, a new database starts with the starter deals and feeds, once."""
    cli("db", "upgrade")
    assert "huawei-att" in cli("deals", "list").stdout


def test_a_watchlist_that_is_no_text_is_a_sentence(cli: Cli, watchlist: Path) -> None:
    """A file in another encoding is refused with what to do."""
    watchlist.write_bytes(WATCHLIST.replace("Beta", "Bêta").encode("latin-1"))
    assert "save it as UTF-8" in _sentence(cli("deals", "import", watchlist))


def test_one_party_is_no_deal(cli: Cli) -> None:
    """The parties are joined by a plus sign, with or without blanks."""
    assert "huawei-sprint: added" in cli("deals", "add", "Huawei+Sprint").stdout
    assert "at least two parties" in _sentence(cli("deals", "add", "Huawei"))


def test_a_name_that_steers_terminals_is_refused(cli: Cli) -> None:
    """A control character in a name gets into neither the database nor the refusal."""
    sentence = _sentence(cli("deals", "add", "Evil\x1b[31m + Beta"))
    assert r'"Evil\x1b[31m" has characters that cannot be printed; remove them' in sentence
    assert "\x1b" not in sentence
    assert "evil" not in cli("deals", "list").stdout


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [("en.toml", "typo = 1\n", "en.toml has an unknown key 'typo'"), ("en.weights.tsv", "", "make train")],
)
def test_a_mistake_in_the_matchers_data_is_a_sentence(
    cli: Cli, tmp_path: Path, watchlist: Path, name: str, line: str, sentence: str
) -> None:
    """Whoever edits a cue is told what is wrong with it."""
    matcher = shutil.copytree(ROOT / "matcher", tmp_path / "matcher", ignore=shutil.ignore_patterns("__pycache__"))
    data = matcher / "cues" / name
    data.write_text(line + data.read_text(encoding="utf-8") if line else "", encoding="utf-8")
    assert sentence in _sentence(cli("explain", "Alpha to buy Beta", "--deals", watchlist))


def test_db_upgrade_is_repeatable(cli: Cli) -> None:
    """Upgrading an up-to-date file changes nothing."""
    assert cli("db", "upgrade").returncode == 0
    assert "up to date" in cli("db", "upgrade").stdout


def test_chat_talks_over_the_real_database(tmp_path: Path) -> None:
    """The terminal conversation answers piped commands from the database on disk, and subscriptions stay."""
    program = [sys.executable, "-c", "from bot.cli import main; main()", "chat"]
    for typed, expected in (("/subscribe huawei-att\n", "now follows"), ("/subscriptions\n", "Huawei phones on AT&T")):
        done = subprocess.run(  # noqa: S603 (our own program)
            program, input=typed, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True
        )
        assert expected in done.stdout
