"""A database as years of use leave it, made in minutes: straight into the tables, the search index by the program.

Articles are shared out as in life: a deal has a hundred on the average, most have some dozens, a few have thousands
(Zipf's law). What is said of a deal is said within some months, four fifths of it are copies, and every tenth article
only mentions it. Headlines about no deal are kept for 90 days, so there are fewer of them.
"""

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Any, Self

from benchmarks import newsroom
from matcher.vocabulary import Trust
from models import feed, imports, migration, search
from models.database import Database
from models.watchlist import WatchlistDeal

SKEW = 0.6
"""The exponent of Zipf's law: of 10,000 deals with a million articles the largest has 10,000, the median one 60."""
YEARS = 9.5
"""Back to the first article: a million of them is one every five minutes."""
NEWSWORTHY = 0.1
"""Of that time a deal is in the news."""
KEPT_DAYS = 90
FEEDS = 20
COPIES = 5
"""One claim in so many is no copy, and one of these in so many moves its deal."""
MENTIONS = 10
"""One article in so many claims nothing."""
FOLLOWED = 3
"""Deals by each subscriber, beside the largest, which all follow."""
MOST_FOLLOWED = 200
"""Deals by the first subscriber."""

_STAGES = ("talks", "offer", "near", "agreed", "called_off")
_ORIGINS = ("Bloomberg", "Reuters", "The Wall Street Journal", "Financial Times", "The Information", "Nikkei", "CNBC")
_OUTLETS = tuple(f"The {place} {name}" for place in ("Morning", "Evening", "Daily", "Weekly", "Northern", "Coastal")
                 for name in ("Ledger", "Courier", "Herald", "Tribune", "Observer", "Post"))  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is stored."""

    articles: int = 1_000_000
    headlines: int = 500_000
    """Without those of the articles."""
    deals: int = 10_000
    subscribers: int = 10_000

    def over(self, divisor: int) -> Self:
        """A smaller one of the same proportions."""
        return type(self)(*(max(part // divisor, 10) for part in vars(self).values()))

    @property
    def articles_of_deals(self) -> Sequence[int]:
        """Each deal's share, the largest first."""
        weights = [rank**-SKEW for rank in range(1, self.deals + 1)]
        ends = [round(self.articles * part / sum(weights)) for part in accumulate(weights)]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def build(path: Path, size: Size, feeds: Sequence[str], step: Callable[[str], None]) -> None:
    """Make the database, which polls these ``feeds``; ``step`` is told what is being done."""
    step("years: the deals")
    migration.upgrade(path)
    asyncio.run(_track(path, size, feeds))
    _fill(path, size, step)
    step("years: the search index")
    asyncio.run(_index(path))


async def _track(path: Path, size: Size, feeds: Sequence[str]) -> None:
    async with Database(path) as database, database.write() as session:
        wanted = [WatchlistDeal(deal) for deal in newsroom.deals(size.deals)]
        await imports.import_deals(session, wanted, newsroom.DAWN)
        for number, address in enumerate(feeds):
            await feed.add(session, address, f"The Daily Ledger {number}", Trust.TRUSTED)


async def _index(path: Path) -> None:
    async with Database(path) as database, database.write() as session:
        await search.index_new(session)


def _fill(path: Path, size: Size, step: Callable[[str], None]) -> None:
    dice = random.Random(1)  # noqa: S311 (no secret)
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    subjects = _subjects(size, dice)
    claims = list(_claims(subjects))
    moves = [claim for claim in claims if claim["outcome"] == "moved"]
    followers = _followers(size, dice)
    tables: Sequence[tuple[str, Iterable[Row]]] = (
        ("article", _articles(subjects)),
        ("entry", _entries(size)),
        ("claim", claims),
        ("mention", _mentions(subjects)),
        ("change", _changes(moves)),
        ("change_claim", ({"change_id": claim["id"], "claim_id": claim["id"]} for claim in moves)),
        ("subscriber", _subscribers(size)),
        ("subscription", _subscriptions(followers)),
        ("outbox", _letters(moves, followers)),
        ("card", _cards(moves, followers)),
    )
    for table, rows in tables:
        step(f"years: {table}")
        _insert(database, table, rows)
    standing = "UPDATE deal SET stage = ?, origins = ?, moment = ?, last_heard = ?, contested = ? WHERE id = ?"
    database.executemany(standing, _standings(moves))
    database.commit()
    database.close()


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    some = iter(rows)
    first = next(some)
    statement = f'INSERT INTO "{table}" ({", ".join(first)}) VALUES ({", ".join(f":{name}" for name in first)})'  # noqa: S608
    remaining = chain([first], some)
    while batch := list(islice(remaining, 10_000)):
        database.executemany(statement, batch)
        database.commit()


@dataclass(frozen=True, slots=True)
class _Subject:
    """What an article is about."""

    article: int
    deal: int
    number: int
    """Which of the deal's articles it is."""
    at: str


def _subjects(size: Size, dice: random.Random) -> Sequence[_Subject]:
    """All articles, the oldest first. The largest deals are in the news now."""
    length = YEARS * NEWSWORTHY
    drawn = []
    for deal, count in enumerate(size.articles_of_deals):
        ended = 0.0 if deal < newsroom.FEED_DEALS else dice.uniform(0, YEARS - length)
        drawn += [(-ended - dice.uniform(0, length), deal) for _ in range(count)]
    drawn.sort()
    so_far = [0] * size.deals
    subjects = []
    for article, (years, deal) in enumerate(drawn, 1):
        subjects.append(_Subject(article, deal, so_far[deal], _at(timedelta(days=-365 * years))))
        so_far[deal] += 1
    return subjects


def _articles(subjects: Iterable[_Subject]) -> Iterator[Row]:
    for subject in subjects:
        story = newsroom.report(subject.article, subject.deal)
        yield {
            "id": subject.article,
            "ref": f"https://ledger.example/feed article-{subject.article}",
            "feed_id": subject.article % FEEDS + 1,
            "entry_id": None,
            "outlet": _OUTLETS[subject.article % len(_OUTLETS)],
            "url": f"https://ledger.example/{subject.article}",
            "title": story.title,
            "summary": story.summary,
            "body": "",
            "published_at": subject.at,
            "day_only": False,
            "first_seen_at": subject.at,
            "trust": "trusted",
        }


def _entries(size: Size) -> Iterator[Row]:
    """The headlines of the last months. Those of articles are left out, as if they had gone before."""
    for number in range(1, size.headlines + 1):
        at = _at(timedelta(days=KEPT_DAYS * (1 - number / size.headlines)))
        yield {
            "id": number,
            "feed_id": number % FEEDS + 1,
            "title": newsroom.entry(number, 10**9).title,
            **{f"{part}_mark": _mark(4 * number + n) for n, part in enumerate(("guid", "url", "title", "text"))},
            "published_at": at,
            "first_seen_at": at,
            "left_at": at,
        }


def _claims(subjects: Iterable[_Subject]) -> Iterator[dict[str, Any]]:
    for subject in subjects:
        told = subject.number // COPIES
        if subject.number % MENTIONS == MENTIONS - 1:
            continue
        yield {
            "id": subject.article,
            "article_id": subject.article,
            "deal_id": subject.deal + 1,
            "stage": _STAGES[told // COPIES % len(_STAGES)],
            "speaker": "party" if told % 7 == 6 else "sources",
            "origin": _ORIGINS[told % len(_ORIGINS)],
            "quote": "is in talks to buy it, people familiar with the matter say",
            "field": "title",
            "start": 0,
            "end": 20,
            "certainty": 1.0,
            "rule": "benchmark",
            "background": False,
            "settled": False,
            "moment": subject.at,
            "outcome": _outcome(subject.number),
        }


def _outcome(number: int) -> str:
    """Of the claim in the so manieth article about a deal."""
    told, copy = divmod(number, COPIES)
    if copy:
        return "copy"
    return "moved" if told % COPIES == 0 else "bystander" if told % COPIES == 3 else "supported"


def _mentions(subjects: Iterable[_Subject]) -> Iterator[Row]:
    for subject in subjects:
        if subject.number % MENTIONS == MENTIONS - 1:
            yield {"article_id": subject.article, "deal_id": subject.deal + 1}


def _changes(moves: Iterable[Row]) -> Iterator[Row]:
    for claim in moves:
        yield {
            "id": claim["id"],
            "deal_id": claim["deal_id"],
            "at": claim["moment"],
            "kind": "stage",
            "from_stage": "talks",
            "stage": claim["stage"],
            "confirmed": False,
            "sources": 1,
            "contested": False,
            "quiet": False,
        }


def _subscribers(size: Size) -> Iterator[Row]:
    for number in range(1, size.subscribers + 1):
        yield {"id": number, "chat_id": number, "wire": "telegram", "joined_at": _at(timedelta(0))}


def _followers(size: Size, dice: random.Random) -> Mapping[int, Sequence[int]]:
    """The subscribers of each deal by its id: all of the largest deal, else some of each."""
    followers: dict[int, set[int]] = {deal: set() for deal in range(1, size.deals + 1)}
    followers[1] = set(range(1, size.subscribers + 1))
    for deal in range(2, min(size.deals, MOST_FOLLOWED) + 1):
        followers[deal].add(1)
    for subscriber in range(1, size.subscribers + 1):
        for _ in range(FOLLOWED):
            followers[dice.randrange(size.deals) + 1].add(subscriber)
    return {deal: sorted(chats) for deal, chats in followers.items()}


def _subscriptions(followers: Mapping[int, Sequence[int]]) -> Iterator[Row]:
    for deal, chats in followers.items():
        for subscriber in chats:
            yield {
                "subscriber_id": subscriber,
                "target": f"deal:{deal}",
                "deal_id": deal,
                "party_key": "",
                "party_name": "",
                "since": _at(timedelta(0)),
                "moves": "key",
                "silent": False,
                "words": "",
            }


def _letters(moves: Iterable[Row], followers: Mapping[int, Sequence[int]]) -> Iterator[Row]:
    """All were sent. The largest deal found its followers late: they were told of its last changes only."""
    for claim in moves:
        told = followers[claim["deal_id"]]
        for subscriber in told if len(told) < 100 else told[: 1 + claim["id"] % 300]:
            yield {
                "subscriber_id": subscriber,
                "change_id": claim["id"],
                "created_at": claim["moment"],
                "due_at": claim["moment"],
                "sent_at": claim["moment"],
                "attempts": 1,
                "message_id": claim["id"],
            }


def _cards(moves: Iterable[Row], followers: Mapping[int, Sequence[int]]) -> Iterator[Row]:
    for deal in sorted({claim["deal_id"] for claim in moves}):
        for subscriber in followers[deal]:
            yield {"subscriber_id": subscriber, "deal_id": deal, "message_id": deal, "moved": 0, "shown": 0}


def _standings(moves: Iterable[Row]) -> Iterator[tuple[str, str, str, str, bool, int]]:
    """Each deal stands where its last move left it; one in ten is contested."""
    for deal, claim in {claim["deal_id"]: claim for claim in moves}.items():
        origins = json.dumps([claim["origin"].casefold()])
        yield claim["stage"], origins, claim["moment"], claim["moment"], deal % 10 == 1, deal


def _mark(number: int) -> int:
    return number * 0x9E3779B97F4A7C15 % 2**63


def _at(before: timedelta) -> str:
    return (newsroom.DAWN - before).strftime("%Y-%m-%d %H:%M:%S.%f")
