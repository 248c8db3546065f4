"""Full-text search over what is stored: the articles about followed deals, and the headlines of all feeds.

SQLite's FTS5 keeps the words; the texts stay where they are (https://sqlite.org/fts5.html, external content tables).
An article or a headline is indexed within seconds of its coming, together with all others that came meanwhile: to index
the fifty entries of one poll by themselves would take longer than to store them. No search waits for that. What is
deleted or revised is taken out by triggers. A migration that rebuilds one of the tables drops its triggers and must
make them anew.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DDL, ColumnElement, String, and_, column, event, or_, select, table, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from models.article import Article
from models.base import Base, UtcDateTime
from models.database import Database
from models.deal import Deal, Party, Spelling, spelling_key
from models.entry import Entry

MOST_WORDS = 10
"""Words of a search that are looked for."""
MOST_FOUND = 1000
"""The newest so many articles that fit are found, and so many headlines."""
SHORTEST_BEGINNING = 3
"""Characters that a word needs before its star: a million headlines have too many words that begin with less."""
_LAST_CHARACTER = "\U0010ffff"

_INDEX = (
    """CREATE VIRTUAL TABLE {table}_words USING fts5(
        {columns}, content='{table}', content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='3')""",
    """CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table}
        WHEN old.id IN (SELECT id FROM {table}_words_docsize)
        BEGIN INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', old.id, {old}); END""",
    """CREATE TRIGGER {table}_words_update AFTER UPDATE OF {columns} ON {table}
        WHEN old.id IN (SELECT id FROM {table}_words_docsize) AND ({changed})
        BEGIN
            INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', old.id, {old});
            INSERT INTO {table}_words (rowid, {columns}) VALUES (new.id, {new});
        END""",
)
"""What makes the index of a table, and keeps it free of what is no longer there."""
_DEALS_COME = """CREATE TRIGGER deal_words_insert AFTER INSERT ON deal
    BEGIN INSERT INTO deal_words (rowid, title) VALUES (new.id, new.title); END"""
"""Deals come seldom, and lists of them must be complete at once."""
_NEW = """INSERT INTO {table}_words (rowid, {columns}) SELECT id, {columns} FROM {table}
    WHERE id > (SELECT coalesce(max(id), 0) FROM {table}_words_docsize)"""
_BEHIND = "SELECT EXISTS (SELECT 1 FROM {table} WHERE id > (SELECT coalesce(max(id), 0) FROM {table}_words_docsize))"
_NEWS = {Article.__tablename__: ("title", "summary", "body"), Entry.__tablename__: ("title",)}


def _filled(template: str, table: str, *columns: str) -> str:
    old, new = ([f"{row}.{column}" for column in columns] for row in ("old", "new"))
    changed = " OR ".join(f"{before} IS NOT {after}" for before, after in zip(old, new, strict=True))
    lists = {"columns": ", ".join(columns), "old": ", ".join(old), "new": ", ".join(new), "changed": changed}
    return template.format(table=table, **lists)


def _make_with_tables() -> None:
    """Wherever the tables are made from the models, their indexes are, too; a migration makes its own."""
    for name, columns in (*_NEWS.items(), (Deal.__tablename__, ("title",))):
        for statement in (*_INDEX, *([_DEALS_COME] if name == Deal.__tablename__ else ())):
            event.listen(Base.metadata.tables[name], "after_create", DDL(_filled(statement, name, *columns)))  # type: ignore[no-untyped-call]


_make_with_tables()

# Articles and headlines ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored article or headline that was found."""

    title: str
    url: str
    """Empty for a headline: only articles about followed deals are kept with their address."""
    outlet: str
    at: datetime
    """When it was published, never later than first seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a search found, newest first, and how much there is."""

    hits: Sequence[Hit]
    total: int
    """How many were found in all."""
    more: bool
    """Whether there are older ones that were not looked at: see :data:`MOST_FOUND`."""
    articles: int
    headlines: int
    """How many were searched."""


def expression(words: str) -> str:
    """What FTS5 is asked for; empty if there is no word to look for.

    All words must occur. ``"price raised"`` belongs together, ``-analyst`` must not occur, ``acqui*`` is the beginning
    of a word. Whatever else is typed is taken as text: nothing is a syntax error.
    """
    clean = words.encode("utf-8", "ignore").decode().replace("\0", " ")
    found = re.findall(r'(-?)(?:"([^"]*)"|(\S+))', clean)
    terms = [(minus, _term(phrase or word)) for minus, phrase, word in found if _has_letters(phrase or word)]
    wanted = [term for minus, term in terms if not minus][:MOST_WORDS]
    unwanted = [term for minus, term in terms if minus][:MOST_WORDS]
    if not wanted:
        return ""
    refused = f" NOT ({' OR '.join(unwanted)})" if unwanted else ""
    return f"({' AND '.join(wanted)}){refused}"


def _term(word: str) -> str:
    """A word or a phrase as an FTS5 string, which knows no special character but the quotation mark."""
    begins = word.endswith("*") and len(word.rstrip("*")) >= SHORTEST_BEGINNING
    quoted = word.replace('"', '""')
    return f'"{quoted}"*' if begins else f'"{quoted}"'


def _has_letters(word: str) -> bool:
    return any(character.isalnum() for character in word)


async def catch_up(database: Database) -> None:
    """Index what came since the last time, if anything did."""
    async with database.read() as session:
        is_behind = any([await session.scalar(text(_filled(_BEHIND, name))) for name in _NEWS])
    if is_behind:
        async with database.write() as session:
            await index_new(session)


async def index_new(session: AsyncSession) -> None:
    """Index the articles and entries that came since the last time. Writes."""
    for name, columns in _NEWS.items():
        await session.execute(text(_filled(_NEW, name, *columns)))


_SEARCH = text("""
    WITH
    article_hit AS MATERIALIZED (
        SELECT rowid AS id FROM article_words WHERE article_words MATCH :words ORDER BY rowid DESC LIMIT :most),
    entry_hit AS MATERIALIZED (
        SELECT rowid AS id FROM entry_words WHERE entry_words MATCH :words ORDER BY rowid DESC LIMIT :most),
    hit AS (
        SELECT article.id AS article_id, NULL AS entry_id,
            coalesce(min(published_at, first_seen_at), first_seen_at) AS at
        FROM article_hit CROSS JOIN article USING (id)
        UNION ALL
        SELECT NULL, entry.id, coalesce(min(published_at, first_seen_at), first_seen_at)
        FROM entry_hit CROSS JOIN entry USING (id)
        WHERE NOT EXISTS (SELECT 1 FROM article WHERE article.entry_id = entry.id)),
    page AS (
        SELECT *, count(*) OVER () AS total FROM hit ORDER BY at DESC, article_id DESC, entry_id DESC
        LIMIT :limit OFFSET :offset)
    SELECT
        coalesce(article.title, entry.title) AS title,
        coalesce(article.url, '') AS url,
        coalesce(article.outlet, feed.title, '') AS outlet,
        page.at AS at,
        coalesce(page.total, 0) AS total,
        max((SELECT count(*) FROM article_hit), (SELECT count(*) FROM entry_hit)) = :most AS more,
        articles,
        headlines
    FROM (SELECT (SELECT count(*) FROM article) AS articles, (SELECT count(*) FROM entry) AS headlines)
    LEFT JOIN page
    LEFT JOIN article ON article.id = page.article_id
    LEFT JOIN entry ON entry.id = page.entry_id
    LEFT JOIN feed ON feed.id = entry.feed_id
    ORDER BY page.at DESC, page.article_id DESC, page.entry_id DESC
""").columns(column("title", String), column("url", String), column("outlet", String), column("at", UtcDateTime))


async def search(session: AsyncSession, words: str, offset: int, limit: int) -> Found:
    """The stored articles and headlines in which the words occur; an article's own headline is not counted again.

    The words must hold some to look for: :func:`expression` tells.
    """
    wanted = {"words": expression(words), "most": MOST_FOUND, "limit": limit, "offset": offset}
    rows = (await session.execute(_SEARCH, wanted)).all()  # one at least, for the counts
    first = rows[0]
    hits = [Hit(row.title, row.url, row.outlet, row.at) for row in rows if first.total]
    return Found(hits, first.total, bool(first.more), first.articles, first.headlines)


# Deals ---------------------------------------------------------------------------------------------------------------


def about(words: str) -> ColumnElement[bool]:
    """The condition that every word begins a word of the deal's title or the name of one of its parties."""
    clean = words.encode("utf-8", "ignore").decode().replace("\0", " ")
    return and_(true(), *map(_is_in_deal, filter(_has_letters, clean.split()[:MOST_WORDS])))


def _is_in_deal(word: str) -> ColumnElement[bool]:
    index = table("deal_words", column("rowid"), column("deal_words"))
    quoted = word.replace('"', '""')
    titled = select(index.c.rowid).where(index.c.deal_words.op("MATCH")(f'"{quoted}"*'))
    key = spelling_key(word)
    named = (
        select(Party.deal_id)
        .join(Spelling, Spelling.party_id == Party.id)
        .where(Spelling.key >= key, Spelling.key < key + _LAST_CHARACTER)
    )
    return or_(Deal.id.in_(titled), Deal.id.in_(named))


async def heard_last(session: AsyncSession, words: str, limit: int) -> Sequence[Deal]:
    """The deals about which something was heard last, of those that the words fit and that are not archived."""
    fitting = select(Deal).where(about(words), Deal.archived_at.is_(None))
    return (await session.scalars(fitting.order_by(Deal.last_heard.desc()).limit(limit))).all()
