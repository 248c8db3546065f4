"""Articles that concern a tracked deal, what they claim, and what they merely mention."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matcher import vocabulary
from matcher.dateline import reporter
from matcher.decide import Outcome, name_the_end
from matcher.syndication import Story
from matcher.vocabulary import Field, Report, Speaker, Stage, Trust
from models.base import Base
from models.deal import Deal


class Article(Base):
    """The full text of an article, kept for as long as a claim or a mention rests on it."""

    __tablename__ = "article"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    """The id it came with: an archive's own id, or the feed's address, the entry's key and, if edited, its version."""
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feed.id", ondelete="SET NULL"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id", ondelete="SET NULL"), index=True)
    """The feed entry that it came as: the versions of an edited article share one."""
    outlet: Mapped[str]
    url: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    published_at: Mapped[datetime | None]
    day_only: Mapped[bool]
    first_seen_at: Mapped[datetime]
    trust: Mapped[Trust]

    @classmethod
    def of(cls, article: vocabulary.Article, feed_id: int | None = None, entry_id: int | None = None) -> "Article":
        """The row of an article."""
        return cls(
            ref=article.id,
            feed_id=feed_id,
            entry_id=entry_id,
            outlet=article.outlet,
            url=article.url,
            title=article.title,
            summary=article.summary,
            body=article.body,
            published_at=article.published,
            day_only=article.day_only,
            first_seen_at=article.first_seen,
            trust=article.trust,
        )

    @property
    def story(self) -> Story:
        """What tells whether another article is a copy of this one."""
        return Story.of(self.title, self.summary, self.body)


async def kept(session: AsyncSession, refs: Iterable[str]) -> Sequence[str]:
    """Those of the articles that are stored already."""
    return (await session.scalars(select(Article.ref).where(Article.ref.in_(list(refs))))).all()


class Claim(Base):
    """What one article asserts about one deal, and what became of it."""

    __tablename__ = "claim"
    __table_args__ = (Index("ix_claim_deal_id_moment", "deal_id", "moment"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"))
    stage: Mapped[Stage]
    speaker: Mapped[Speaker]
    origin: Mapped[str]
    quote: Mapped[str]
    field: Mapped[Field]
    start: Mapped[int]
    end: Mapped[int]
    certainty: Mapped[float]
    rule: Mapped[str]
    background: Mapped[bool]
    settled: Mapped[bool]
    moment: Mapped[datetime]
    """When the article speaks: its published time, never later than first seen."""
    outcome: Mapped[Outcome]

    article: Mapped[Article] = relationship(lazy="raise")
    deal: Mapped[Deal] = relationship(lazy="raise")

    @classmethod
    def of(cls, claim: vocabulary.Claim, article: Article, deal: Deal, moment: datetime) -> "Claim":
        """The row of a claim; its outcome is set once it is decided."""
        return cls(
            article=article,
            deal=deal,
            stage=claim.stage,
            speaker=claim.speaker,
            origin=claim.origin,
            quote=claim.quote,
            field=claim.field,
            start=claim.start,
            end=claim.end,
            certainty=claim.certainty,
            rule=claim.rule,
            background=claim.background,
            settled=claim.settled,
            moment=moment,
        )

    @property
    def named_stage(self) -> Stage:
        """The stage; an end by what was signed, as the deal stands now. Needs the deal loaded."""
        return self.stage if self.background else name_the_end(self.stage, self.deal.stage)

    def report(self) -> Report:
        """The claim as a decision needs it. Needs the article and the deal loaded."""
        claim = vocabulary.Claim(
            deal=self.deal.slug,
            stage=self.stage,
            speaker=self.speaker,
            origin=self.origin,
            quote=self.quote,
            field=self.field,
            start=self.start,
            end=self.end,
            certainty=self.certainty,
            rule=self.rule,
            background=self.background,
            settled=self.settled,
        )
        return Report(
            claim=claim,
            article=self.article.ref,
            moment=self.moment,
            day_only=self.article.day_only,
            trust=self.article.trust,
            outlet=reporter(self.article),
        )


class Mention(Base):
    """An article that names a deal's parties together and claims nothing."""

    __tablename__ = "mention"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), primary_key=True, index=True)

    article: Mapped[Article] = relationship(lazy="raise")
    deal: Mapped[Deal] = relationship(lazy="raise")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the earlier versions of an article said."""

    claims: Collection[tuple[str, Stage, bool, bool]] = ()
    """Deal, stage, whether background, whether settled. What it said before it turned to another status is left out:
    a page that goes from talks to their end and back to talks says so anew."""
    deals: Collection[str] = ()
    """The slugs of all deals that it spoke of."""


async def earlier(session: AsyncSession, entry_id: int) -> Earlier:
    """What the versions of the article that came as this entry said so far."""
    claimed = (
        select(Deal.slug, Claim.stage, Claim.background, Claim.settled)
        .join(Claim, Claim.deal_id == Deal.id)
        .join(Article, Article.id == Claim.article_id)
        .where(Article.entry_id == entry_id)
        .order_by(Claim.id)
    )
    mentioned = (
        select(Deal.slug)
        .join(Mention, Mention.deal_id == Deal.id)
        .join(Article, Article.id == Mention.article_id)
        .where(Article.entry_id == entry_id)
    )
    claims: set[tuple[str, Stage, bool, bool]] = set()
    for slug, stage, background, settled in await session.execute(claimed):
        if not background and not settled:
            claims = {said for said in claims if said[0] != slug or any(said[2:]) or said[1].status is stage.status}
        claims.add((slug, stage, background, settled))
    return Earlier(claims, {*(await session.scalars(mentioned)), *(slug for slug, *_ in claims)})
