"""Deals and parties as rows, and the ways to find them."""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, ForeignKey, Select, UniqueConstraint, case, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from matcher import vocabulary
from matcher.vocabulary import NEVER, Kind, Role, Stage, Standing, Status
from models.base import Base

SUGGESTIONS = 3
"""Deals that are offered when nothing fits what was typed."""
CONNECTORS = frozenset({"and", "with", "vs", "versus", "the", "deal", "talks", "merger", "takeover", "bid", "about"})
"""Words that people put around the names of parties."""
AT_ONCE = 500
"""Deals that are read in one go where all of them are."""
LONGEST_QUERY = 10
"""Words of a search that are looked at; no deal is asked for with more."""


class Deal(Base):
    """A tracked deal and where it stands."""

    __tablename__ = "deal"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own) - a merged deal's id is not reused

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    kind: Mapped[Kind]
    keywords: Mapped[list[str]]
    revision: Mapped[int] = mapped_column(index=True)
    """Grows whenever the words of some deal change (not its status), or whether it is archived; the matcher is built
    anew then."""

    stage: Mapped[Stage | None] = mapped_column(default=None)
    confirmed: Mapped[bool] = mapped_column(default=False)
    origins: Mapped[list[str]] = mapped_column(default=list)
    moment: Mapped[datetime] = mapped_column(default=NEVER)
    day_only: Mapped[bool] = mapped_column(default=False)
    last_heard: Mapped[datetime] = mapped_column(default=NEVER, index=True)
    contested: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None] = mapped_column(default=None)
    """When somebody decided that its news is read no more. What was learned is kept."""

    parties: Mapped[list["Party"]] = relationship(
        order_by="Party.position", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
    merged: Mapped[list["Merged"]] = relationship(
        back_populates="into", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
    """Those that it goes on for."""

    @property
    def standing(self) -> Standing:
        """Where the deal stands, as the value that decisions are made on."""
        return Standing(
            stage=self.stage,
            confirmed=self.confirmed,
            origins=frozenset(self.origins),
            moment=self.moment,
            day_only=self.day_only,
            last_heard=self.last_heard,
            contested=self.contested,
        )

    @standing.setter
    def standing(self, standing: Standing) -> None:
        self.stage = standing.stage
        self.confirmed = standing.confirmed
        self.origins = sorted(standing.origins)
        self.moment = standing.moment
        self.day_only = standing.day_only
        self.last_heard = standing.last_heard
        self.contested = standing.contested

    @property
    def status(self) -> Status | None:
        """What a subscriber sees."""
        return self.stage.status if self.stage else None

    @property
    def slugs(self) -> set[tuple[str, Kind]]:
        """The short names that lead to it, each with the kind of the deal that it was given to. Needs ``merged``."""
        return {(self.slug, self.kind), *((merged.slug, merged.kind) for merged in self.merged)}

    @property
    def value(self) -> vocabulary.Deal:
        """The deal as the matcher knows it. Needs the parties loaded."""
        return vocabulary.Deal(
            slug=self.slug,
            title=self.title,
            kind=self.kind,
            parties=tuple(party.value for party in self.parties),
            keywords=tuple(self.keywords),
        )

    def describe(self, deal: vocabulary.Deal, revision: int) -> bool:
        """Take over the words of a watchlist entry; say whether anything changed. Needs the parties loaded."""
        if self.parties and self.value == deal:
            return False
        self.title, self.kind, self.keywords = deal.title, deal.kind, list(deal.keywords)
        self.parties = [Party.of(party, position) for position, party in enumerate(deal.parties)]
        self.revision = revision
        return True


class Merged(Base):
    """A deal that went into another one: what leads to it, such as an old button, leads to the one that goes on."""

    __tablename__ = "merged"

    deal_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The id that it had."""
    slug: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    kind: Mapped[Kind]
    into_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), index=True)
    """The deal that goes on: after several mergers in a row, the last."""

    into: Mapped[Deal] = relationship(back_populates="merged", lazy="raise")


class Party(Base):
    """One side of one deal. The same company has a row in each of its deals, because its names may differ there."""

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    aliases: Mapped[list[str]]
    ticker: Mapped[str | None]
    role: Mapped[Role | None]
    requires: Mapped[list[str]]
    excludes: Mapped[list[str]]

    spellings: Mapped[list["Spelling"]] = relationship(cascade="all, delete-orphan", passive_deletes=True, lazy="raise")

    @classmethod
    def of(cls, party: vocabulary.Party, position: int) -> "Party":
        """The row of a party, with every spelling it can be asked for by."""
        names = (*party.names, *filter(None, [party.ticker]))
        keys = {spelling_key(spelled) for name in names for spelled in (name, name.replace("&", " and "))}
        return cls(
            position=position,
            name=party.name,
            aliases=list(party.aliases),
            ticker=party.ticker,
            role=party.role,
            requires=list(party.requires),
            excludes=list(party.excludes),
            spellings=[Spelling(key=key) for key in sorted(keys)],
        )

    @property
    def value(self) -> vocabulary.Party:
        """The party as the matcher knows it."""
        return vocabulary.Party(
            name=self.name,
            aliases=tuple(self.aliases),
            ticker=self.ticker,
            role=self.role,
            requires=tuple(self.requires),
            excludes=tuple(self.excludes),
        )


class Spelling(Base):
    """One way to type a party's name, so that looking a party up is an index search."""

    __tablename__ = "spelling"
    __table_args__ = (UniqueConstraint("party_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the deals that fit best, or else those that come near to what was typed."""

    deals: Sequence[Deal] = ()
    suggestions: Sequence[Deal] = ()


def spelling_key(name: str) -> str:
    """How spellings are compared: letters and digits only, so "AT&T", "at & t" and "ATT" are one."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if c.isalnum())


async def by_slug(session: AsyncSession, slug: str) -> Deal | None:
    """The deal of exactly this slug, archived or not; if it was merged, the one that goes on."""
    found = await session.scalar(select(Deal).where(Deal.slug == slug))
    return found or await session.scalar(_going_on().where(Merged.slug == slug))


async def by_id(session: AsyncSession, deal_id: int) -> Deal | None:
    """The deal of this id, archived or not; if it was merged, the one that goes on."""
    return await session.get(Deal, deal_id) or await session.scalar(_going_on().where(Merged.deal_id == deal_id))


def _going_on() -> Select[Deal]:
    """The deals that others were merged into, the latest merger first: a slug may have been given again, and merged."""
    return select(Deal).join(Merged, Merged.into_id == Deal.id).order_by(Merged.deal_id.desc()).limit(1)


async def merged_slugs(session: AsyncSession) -> dict[str, str]:
    """The slugs of all deals that were merged, each with that of the deal that goes on."""
    query = select(Merged.slug, Deal.slug).join(Deal, Deal.id == Merged.into_id).order_by(Merged.deal_id)
    query = query.where(Merged.slug != Deal.slug)  # a deal may have come back by its name, and got the other
    return dict((await session.execute(query)).all())


async def described(session: AsyncSession, deal_id: int) -> Deal | None:
    """The deal of this id with its parties and their spellings: all that is needed to describe it anew."""
    parties = selectinload(Deal.parties).selectinload(Party.spellings)
    return await session.get(Deal, deal_id, options=[parties], populate_existing=True)


async def find(session: AsyncSession, query: str) -> Found:
    """Find deals by slug, or by party names in any order and spelling. An archived one is found by its slug only.

    Every typed word must belong to a party's name, stand in the deal's title, or join two parties; of the deals that
    fit, those are returned whose parties take most of the words.
    """
    exact = await by_slug(session, query.strip().casefold())
    if exact:
        return Found([exact])
    words = [word for word in re.split(r"[\s,;+/–—-]+", query.strip()) if spelling_key(word)][:LONGEST_QUERY]
    named = await _named_parties(session, words)
    live = select(Deal).where(Deal.id.in_(named), Deal.archived_at.is_(None))
    deals = (await session.scalars(live.order_by(Deal.slug))).all()
    fitting = [deal for deal in deals if _is_all_of(words, named[deal.id], deal)]
    if fitting:
        most = max(len(named[deal.id]) for deal in fitting)
        return Found([deal for deal in fitting if len(named[deal.id]) == most])
    near = sorted(deals, key=lambda deal: -len(named[deal.id]))[:SUGGESTIONS]
    return Found(suggestions=near or await suggest(session, query))


async def find_party(session: AsyncSession, query: str) -> str | None:
    """The name of the party that is spelled so, as its deals call it; None if there is none."""
    return await session.scalar(
        select(Party.name)
        .join(Spelling, Spelling.party_id == Party.id)
        .where(Spelling.key == spelling_key(query))
        .group_by(Party.name)
        .order_by(func.count().desc(), Party.name)
    )


async def suggest(session: AsyncSession, query: str) -> Sequence[Deal]:
    """Deals whose slug or parties look most like what was typed, best first; none that is archived."""
    live = Deal.archived_at.is_(None)
    named = select(Party.name, Party.deal_id).join(Deal, Deal.id == Party.deal_id).where(live)
    spelled = union_all(select(Deal.slug.label("name"), Deal.id).where(live), named).subquery()
    # All in two values: as rows of their own, the names of 10,000 deals would hold up everybody for 50 ms.
    columns = select(func.json_group_array(spelled.c.name), func.json_group_array(spelled.c.id))
    names, owners = map(json.loads, (await session.execute(columns)).one())
    folded = [name.casefold() for name in names]
    best = _alike(query, folded, fuzz.ratio, 75) or _alike(query, folded, fuzz.WRatio, 60)
    ids = list(dict.fromkeys(owners[place] for _, _, place in best))[:SUGGESTIONS]
    deals = await session.scalars(select(Deal).where(Deal.id.in_(ids)))
    return sorted(deals, key=lambda deal: ids.index(deal.id))


def _alike(query: str, names: Sequence[str], scorer: Callable[..., float], least: int) -> list[tuple[str, float, int]]:
    """The names most like the query, with their scores and places. ``WRatio`` looks for parts, too, and takes long."""
    return process.extract(query.casefold(), names, scorer=scorer, limit=5 * SUGGESTIONS, score_cutoff=least)


async def all_deals(session: AsyncSession) -> Sequence[Deal]:
    """Every deal whose news is read, by slug, with its parties: none that is archived."""
    live = select(Deal).where(Deal.archived_at.is_(None)).options(selectinload(Deal.parties))
    return (await session.scalars(live.order_by(Deal.slug))).all()


async def values(session: AsyncSession) -> Sequence[vocabulary.Deal]:
    """The same deals as the matcher knows them; read some at a time, since thousands would hold up whoever asks."""
    query = select(Deal).where(Deal.archived_at.is_(None)).options(selectinload(Deal.parties)).order_by(Deal.slug)
    return [deal.value async for deal in await session.stream_scalars(query.execution_options(yield_per=AT_ONCE))]


async def page(
    session: AsyncSession, status: Status | None, offset: int, limit: int, *conditions: ColumnElement[bool]
) -> tuple[Sequence[Deal], int]:
    """Some deals, those with a status first and grouped by it, then by slug; and how many there are in all.

    Archived ones are not among them.
    """
    group = case(*((Deal.stage.in_(_stages(s)), rank) for rank, s in enumerate(Status)), else_=len(Status))
    query = select(Deal).where(Deal.archived_at.is_(None), *conditions)
    if status:
        query = query.where(Deal.stage.in_(_stages(status)))
    total = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = await session.scalars(query.order_by(group, Deal.slug).offset(offset).limit(limit))
    return rows.all(), total


async def watchlist_version(session: AsyncSession) -> tuple[int, int]:
    """How many deals there are, and the latest revision.

    Differs whenever a deal was added, removed, described anew, archived or brought back.
    """
    row = (await session.execute(select(func.count(Deal.id), func.max(Deal.revision)))).one()
    return row[0], row[1] or 0


async def next_revision(session: AsyncSession) -> int:
    """What to give a deal of which the running matchers must hear. No deal ever had it before."""
    return (await watchlist_version(session))[1] + 1


def _stages(status: Status) -> list[Stage]:
    return [stage for stage in Stage if stage.status is status]


async def _named_parties(session: AsyncSession, words: Sequence[str]) -> dict[int, set[int]]:
    """For each deal of which some party is named, the places of the words that name its parties."""
    spans: dict[str, range] = {}
    for length in range(1, len(words) + 1):
        for start in range(len(words) - length + 1):
            spans[spelling_key("".join(words[start : start + length]))] = range(start, start + length)
    rows = await session.execute(
        select(Party.deal_id, Spelling.key).join(Party, Spelling.party_id == Party.id).where(Spelling.key.in_(spans))
    )
    named: dict[int, set[int]] = {}
    for deal_id, key in rows:
        named.setdefault(deal_id, set()).update(spans[key])
    return named


def _is_all_of(words: Sequence[str], named: set[int], deal: Deal) -> bool:
    title = {spelling_key(word) for word in deal.title.split()}
    return all(
        place in named or spelling_key(word) in title or word.casefold() in CONNECTORS
        for place, word in enumerate(words)
    )
