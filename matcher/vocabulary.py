"""The words of the project, as values.

Statuses and stages follow the professional databases (SDC, Zephyr, FactSet): a *status* is what a subscriber sees,
a *stage* is the finer step inside it. Every value here is immutable and knows nothing of where it is stored.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before everything: the moment of what has not happened yet."""


class Status(StrEnum):
    """What a subscriber sees. A deal without any report has no status (``None``)."""

    RUMORED = "rumored"
    DENIED = "denied"
    FINALIZED = "finalized"


class Stage(StrEnum):
    """The step inside a status. Each stage belongs to exactly one status."""

    SPECULATION = "speculation"
    """Considering, interest, an option to buy."""
    TALKS = "talks"
    OFFER = "offer"
    """A bid or proposal was made, raised, lowered or extended."""
    NEAR = "near"
    """Advanced talks, exclusivity, agreement in principle, letter of intent."""
    QUIET = "quiet"
    """Rumored, and nothing new for twelve months. Set by the timer, never by an article."""

    DENIED = "denied"
    """A party says there is nothing."""
    REJECTED = "rejected"
    """An offer was turned down."""
    CALLED_OFF = "called_off"
    """Talks ended or a bid was withdrawn; nothing had been signed."""
    BLOCKED = "blocked"
    """An authority finally forbids it."""
    TERMINATED = "terminated"
    """A signed deal or a running partnership ended."""

    AGREED = "agreed"
    """A definitive agreement was signed or announced."""
    COMPLETED = "completed"
    """Closed; a partnership: launched, on sale, in effect."""

    @property
    def status(self) -> Status:
        """The status this stage belongs to."""
        return _STATUS_OF[self]


_STATUS_OF = {
    Stage.SPECULATION: Status.RUMORED,
    Stage.TALKS: Status.RUMORED,
    Stage.OFFER: Status.RUMORED,
    Stage.NEAR: Status.RUMORED,
    Stage.QUIET: Status.RUMORED,
    Stage.DENIED: Status.DENIED,
    Stage.REJECTED: Status.DENIED,
    Stage.CALLED_OFF: Status.DENIED,
    Stage.BLOCKED: Status.DENIED,
    Stage.TERMINATED: Status.DENIED,
    Stage.AGREED: Status.FINALIZED,
    Stage.COMPLETED: Status.FINALIZED,
}


class Kind(StrEnum):
    """What the parties may do together."""

    ACQUISITION = "acquisition"
    MERGER = "merger"
    STAKE = "stake"
    JOINT_VENTURE = "joint-venture"
    PARTNERSHIP = "partnership"
    """Carry, supply, license or distribute something together."""


class Role(StrEnum):
    """The side a party takes in a deal, where the watchlist says so."""

    ACQUIRER = "acquirer"
    TARGET = "target"
    PARTNER = "partner"


class Speaker(StrEnum):
    """Who stands behind a claim."""

    PARTY = "party"
    FILING = "filing"
    AUTHORITY = "authority"
    """A regulator, a court, a government."""
    SOURCES = "sources"
    """Unnamed people."""
    OUTLET = "outlet"
    """The outlet itself; no other attribution is visible."""
    ANALYST = "analyst"
    OTHER = "other"
    """A rival, a union, a politician, a lawyer."""


class Trust(StrEnum):
    """How far a feed is believed."""

    OFFICIAL = "official"
    """A party's, a regulator's or a press wire's own feed."""
    TRUSTED = "trusted"
    UNVETTED = "unvetted"
    """Cannot set ``denied`` or ``finalized`` alone."""


class Field(StrEnum):
    """The part of an article that words were found in."""

    TITLE = "title"
    SUMMARY = "summary"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Party:
    """A company, club, fund, government or person in a deal, with the names the press uses for it."""

    name: str
    aliases: tuple[str, ...] = ()
    ticker: str | None = None
    """Matches only in ticker dress: ``$T``, ``NYSE:T``, ``(T.N)``, ``<T>``."""
    role: Role | None = None
    requires: tuple[str, ...] = ()
    """An ambiguous name counts only in an article that has one of these words too."""
    excludes: tuple[str, ...] = ()
    """Phrases that contain a name but are not this party. The watchlist file calls them ``not``."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases, the name first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Deal:
    """Something two or more parties may do together."""

    slug: str
    title: str
    kind: Kind
    parties: tuple[Party, ...]
    keywords: tuple[str, ...] = ()
    """Words that may stand for the party an article does not name."""


@dataclass(frozen=True, slots=True)
class Article:
    """One feed entry or archive line, as plain text (no HTML, entities decoded).

    ``published`` is what the publisher says, aware UTC, or None; ``day_only`` marks a date that came without a time.
    ``first_seen`` is when Hearsay met the article, aware UTC. ``outlet`` is the publisher's name.
    """

    id: str
    title: str
    first_seen: datetime
    published: datetime | None = None
    day_only: bool = False
    outlet: str = ""
    url: str = ""
    summary: str = ""
    body: str = ""
    trust: Trust = Trust.TRUSTED

    @property
    def moment(self) -> datetime:
        """When the article speaks: its published time, never later than first seen; first seen if it has no date."""
        if self.published is None:
            return self.first_seen
        return min(self.published, self.first_seen)

    def text(self, part: Field) -> str:
        """The text of one part."""
        return {Field.TITLE: self.title, Field.SUMMARY: self.summary, Field.BODY: self.body}[part]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one article asserts about one deal.

    ``quote`` is the verbatim text ``article.text(field)[start:end]``. ``rule`` is the id of the cue that fired.
    """

    deal: str
    stage: Stage
    speaker: Speaker
    origin: str
    """The outlet that first reported it, by name; the carrying outlet where no other is credited."""
    quote: str
    field: Field
    start: int
    end: int
    certainty: float
    """0 to 1: how sure the matcher is that the article asserts this."""
    rule: str
    background: bool = False
    """History retold, or another time's news; never moves a deal."""
    settled: bool = False
    """The deal taken as a known fact beside other news; gives a first status at most."""

    @property
    def status(self) -> Status:
        """The status of the claimed stage."""
        return self.stage.status


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one article says about the tracked deals.

    ``mentions`` are the slugs of deals whose parties the article names together without claiming anything.
    """

    claims: tuple[Claim, ...] = ()
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A claim together with what a decision needs to know of the article that makes it."""

    claim: Claim
    article: str
    """The id of the article."""
    moment: datetime
    """When the article speaks, aware UTC. See :attr:`Article.moment`."""
    day_only: bool = False
    trust: Trust = Trust.TRUSTED
    outlet: str = ""
    """The outlet whose article it is, whoever carries it."""

    @property
    def repeats(self) -> bool:
        """Whether the article credits another outlet with the claim."""
        return self.origin != fold_name(self.outlet)

    @property
    def origin(self) -> str:
        """The origin's name in the form in which origins are compared."""
        return fold_name(self.claim.origin)


class ChangeKind(StrEnum):
    """What moved."""

    STATUS = "status"
    STAGE = "stage"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a deal stands, and on whose word."""

    stage: Stage | None = None
    confirmed: bool = False
    """A party, a filing or an authority says so."""
    origins: frozenset[str] = frozenset()
    """The independent origins behind the present stage, folded."""
    moment: datetime = NEVER
    """When the claim that rules now was made, aware UTC."""
    day_only: bool = False
    last_heard: datetime = NEVER
    """When anything was last claimed about the deal, aware UTC; the timer of ``quiet`` runs from here."""
    contested: bool = False
    """A party denies what two or more independent origins report, or the reverse."""

    @property
    def status(self) -> Status | None:
        """The status of the present stage."""
        return self.stage.status if self.stage else None


@dataclass(frozen=True, slots=True)
class Change:
    """One move of a deal: from where it stood to where it stands, because of the named articles."""

    kind: ChangeKind
    before: Standing
    after: Standing
    articles: tuple[str, ...] = field(default=())


_NO_WORD = re.compile(r"[\W_]+")


def fold_name(name: str) -> str:
    """A name in the form in which names are compared: case, accents, punctuation and a leading "the" do not count."""
    plain = name.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(c))
    words = _NO_WORD.sub(" ", plain.replace("&", " and ")).split()
    return " ".join(words[1:] if words[:1] == ["the"] and len(words) > 1 else words)
