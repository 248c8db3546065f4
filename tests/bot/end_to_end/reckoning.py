"""The second reckoning: what every chat must be told, from what the feeds served and who followed what.

The rules of the domain page ("How a status moves", "What is pushed by default") written once more, as simply as the
invented press allows, without the product's code. Covered are rules 1 to 6, 8 and 11: newer wins, one report is enough,
trust, the rumor's ladder, reopening, what undoes an agreement, contested deals, old entries of a first fetch; and that
a copy, a mention and a bystander move nothing. Not covered, because this press does not write it: settled facts,
background, the quiet timer and people's decisions.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from end_to_end.press import Entry, Outlet, Report, Tracked
from matcher.vocabulary import Kind, Stage, Status, Trust

EVERYTHING = "everything"
NEVER = datetime.min.replace(tzinfo=UTC)
DAY = timedelta(days=1)
SAME_STORY = 14 * DAY
LADDERS = (
    (Stage.SPECULATION, Stage.TALKS, Stage.OFFER, Stage.NEAR),
    (Stage.DENIED, Stage.REJECTED, Stage.CALLED_OFF, Stage.BLOCKED, Stage.TERMINATED),
    (Stage.AGREED, Stage.COMPLETED),
)
RANK = {stage: rank for ladder in LADDERS for rank, stage in enumerate(ladder)}
LOUD = {Stage.OFFER, Stage.NEAR, Stage.COMPLETED, Stage.CALLED_OFF, Stage.BLOCKED, Stage.TERMINATED}
REOPENS = {Stage.TALKS, Stage.OFFER, Stage.NEAR, Stage.AGREED, Stage.COMPLETED}
UNDOES = {Stage.TERMINATED, Stage.BLOCKED, Stage.CALLED_OFF}
WORDS = {
    Stage.SPECULATION: "RUMORED · speculation",
    Stage.TALKS: "RUMORED · in talks",
    Stage.OFFER: "RUMORED · offer made",
    Stage.NEAR: "RUMORED · close to a deal",
    Stage.DENIED: "DENIED · a party says there is nothing",
    Stage.REJECTED: "DENIED · offer turned down",
    Stage.CALLED_OFF: "DENIED · called off",
    Stage.BLOCKED: "DENIED · blocked by an authority",
    Stage.TERMINATED: "DENIED · signed deal ended",
    Stage.AGREED: "FINALIZED · agreed",
    Stage.COMPLETED: "FINALIZED · completed",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A feed's document that reached the program whole, newest item first."""

    at: datetime
    outlet: Outlet
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Followed:
    """A chat follows a deal (by its slug), a party, or everything; or does so no longer."""

    chat: int
    target: str
    follows: bool = True


Event = Served | Followed


@dataclass(frozen=True, slots=True)
class Expected:
    """A message that a chat must get: how it begins, and why."""

    deal: str
    lines: tuple[str, ...]
    at: datetime
    because: str
    """The headline that moved the deal."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A claim, as it is remembered."""

    origin: str
    outlet: str
    stage: Stage
    confirms: bool
    by_party: bool
    believed: bool
    moment: datetime
    words: str

    @property
    def alone_is_not_enough(self) -> bool:
        """An unvetted feed alone cannot set ``denied`` or ``finalized``."""
        return not self.believed and self.stage.status is not Status.RUMORED


@dataclass(slots=True)
class Story:
    """Where a deal stands."""

    deal: Tracked
    stage: Stage | None = None
    confirmed: bool = False
    origins: set[str] = field(default_factory=set)
    moment: datetime = NEVER
    heard: list[Heard] = field(default_factory=list)

    @property
    def status(self) -> Status | None:
        return self.stage.status if self.stage else None


class Reckoning:
    """Goes through what happened, in order, and notes what each chat must be told."""

    def __init__(self, deals: Sequence[Tracked], owner: int) -> None:
        self.expected: dict[int, list[Expected]] = defaultdict(list)
        self.changes = 0
        self._owner = owner
        self._stories = {deal.slug: Story(deal) for deal in deals}
        self._targets: dict[int, set[str]] = defaultdict(set)
        self._known: dict[str, dict[str, str]] = defaultdict(dict)

    def go_through(self, events: Sequence[Event]) -> "Reckoning":
        for event in events:
            if isinstance(event, Followed):
                targets = self._targets[event.chat]
                targets.add(event.target) if event.follows else targets.discard(event.target)
            else:
                self._read(event)
        return self

    def _read(self, served: Served) -> None:
        """What is new in the document, or has a new headline since, oldest first. An edit speaks when it is seen."""
        known = self._known[served.outlet.url]
        first_fetch = not known
        news = []
        for entry in reversed(served.entries):
            if known.get(entry.guid) != entry.title:
                moment = served.at if entry.guid in known else min(entry.published, served.at)
                news.append((moment, entry))
                known[entry.guid] = entry.title
        for moment, entry in sorted(news, key=lambda item: item[0]):
            if entry.report:
                quietly = first_fetch and served.at - moment > 2 * DAY
                self._hear(
                    self._stories[entry.report.deal.slug], entry, entry.report, moment, served.at, quietly=quietly
                )

    def _hear(
        self, story: Story, entry: Entry, report: Report, moment: datetime, at: datetime, *, quietly: bool
    ) -> None:
        before = (story.stage, story.confirmed)
        recent = [_as_of(story, h) for h in story.heard if h.moment >= moment - SAME_STORY]
        raw = _claim(entry, report, moment, sorted(recent, key=lambda h: h.moment))
        story.heard.append(raw)
        claim = _as_of(story, raw)
        if not _counts(story, claim, recent) or not _leads_on(story, claim, recent):
            return
        if _steps(story, claim):
            agreeing = [h for h in recent if _agrees(story, h, claim)]
            if claim.alone_is_not_enough and not agreeing:
                lines = (f"Held: {WORDS[claim.stage]}", story.deal.title)
                self.expected[self._owner].append(Expected(story.deal.slug, lines, at, entry.title))
                return
            story.stage, story.confirmed, story.moment = claim.stage, claim.confirms, moment
            story.origins = {claim.origin, *(h.origin for h in agreeing if h.stage is claim.stage)}
        else:
            story.confirmed |= claim.confirms
            story.origins.add(claim.origin)
        headline = _headline(before, story)
        if headline and not quietly:
            self._tell(story, (headline, *_weight(story, [*recent, claim])), at, entry.title)

    def _tell(self, story: Story, lines: tuple[str, ...], at: datetime, because: str) -> None:
        self.changes += 1
        about = {story.deal.slug, *story.deal.parties, EVERYTHING}
        for chat, targets in self._targets.items():
            if targets & about:
                self.expected[chat].append(Expected(story.deal.slug, lines, at, because))


def _claim(entry: Entry, report: Report, moment: datetime, recent: Sequence[Heard]) -> Heard:
    """What an entry claims. Where it credits nobody, its origin is whoever had these words first."""
    outlet, words = entry.outlet.name, entry.title.removesuffix(f", {report.credit} reports")
    first = next((h.origin for h in recent if h.words == words and h.moment <= moment), outlet)
    believed = entry.outlet.trust is not Trust.UNVETTED
    confirms = report.confirms and believed
    return Heard(report.credit or first, outlet, report.stage, confirms, report.confirms, believed, moment, words)


def _as_of(story: Story, heard: Heard) -> Heard:
    """Whether something had been signed names the end of a deal."""
    stage = heard.stage
    if stage is Stage.TERMINATED and story.stage not in (
        Stage.AGREED,
        Stage.COMPLETED,
        Stage.TERMINATED,
        Stage.BLOCKED,
        None,
    ):
        stage = Stage.CALLED_OFF
    elif stage is Stage.CALLED_OFF and story.status is Status.FINALIZED:
        stage = Stage.TERMINATED
    return Heard(
        heard.origin, heard.outlet, stage, heard.confirms, heard.by_party, heard.believed, heard.moment, heard.words
    )


def _counts(story: Story, claim: Heard, recent: Sequence[Heard]) -> bool:
    """Whether it is newer than what rules, and no copy of what was counted."""
    if claim.moment < story.moment:
        return False
    same = [h for h in recent if h.origin == claim.origin and h.stage is claim.stage]
    if claim.alone_is_not_enough and any(h.alone_is_not_enough for h in same):
        return False
    counted = any(not h.alone_is_not_enough and h.confirms >= claim.confirms for h in same)
    return claim.origin == claim.outlet or not counted


def _leads_on(story: Story, claim: Heard, recent: Sequence[Heard]) -> bool:
    """Whether the deal may go from where it stands to what is claimed."""
    if claim.stage.status is story.status:
        return _steps(story, claim) or claim.stage is story.stage or story.status is Status.DENIED
    if story.stage is Stage.COMPLETED:
        return claim.stage is Stage.TERMINATED and story.deal.kind not in (Kind.ACQUISITION, Kind.MERGER)
    if story.stage is Stage.AGREED:
        return claim.stage in UNDOES if _is_firm(story, claim, recent) else _contradicts_report(story, claim)
    return story.status is not Status.DENIED or claim.stage in REOPENS


def _is_firm(story: Story, claim: Heard, recent: Sequence[Heard]) -> bool:
    """Whether an agreement is confirmed, or stood for two weeks, and no party refuses it."""
    refused = claim.confirms and claim.stage is not Stage.DENIED
    aged = claim.moment - story.moment >= SAME_STORY
    return story.confirmed or (aged and not refused and not _is_contested([*recent, claim]))


def _contradicts_report(story: Story, claim: Heard) -> bool:
    talks_go_on = claim.stage in (Stage.TALKS, Stage.NEAR) and claim.origin not in story.origins
    return claim.stage.status is Status.DENIED or claim.confirms or talks_go_on


def _steps(story: Story, claim: Heard) -> bool:
    """Whether the stage moves: to another status, up, or, in a rumor after three days, down."""
    if claim.stage.status is not story.status or story.stage is None:
        return True
    falls = claim.stage.status is Status.RUMORED and claim.stage not in (Stage.SPECULATION, story.stage)
    return RANK[claim.stage] > RANK[story.stage] or (falls and claim.moment - story.moment >= 3 * DAY)


def _agrees(story: Story, other: Heard, claim: Heard) -> bool:
    """Whether another origin says the same of the deal, since it stands where it does."""
    same = other.stage.status is claim.stage.status and other.stage is not story.stage
    return same and other.origin != claim.origin and other.moment >= story.moment


def _is_contested(heard: Sequence[Heard]) -> bool:
    """Whether a party's last word contradicts what two independent origins say."""
    word = max((h for h in heard if h.by_party), key=lambda h: h.moment, default=None)
    if word is None:
        return False
    against = {h.origin for h in heard if not h.by_party and _contradict(word.stage, h.stage)}
    return len(against) > 1


def _contradict(one: Stage, other: Stage) -> bool:
    sides = {one.status is Status.DENIED, other.status is Status.DENIED}
    return len(sides) > 1 and Stage.DENIED in (one, other)


def _headline(before: tuple[Stage | None, bool], story: Story) -> str:
    """How the message begins; empty if the change is not worth one."""
    stage, confirmed = before
    assert story.stage
    if stage is None:
        return WORDS[story.stage]
    if stage.status is not story.status:
        return f"{stage.status.upper()} → {WORDS[story.stage]}"
    if stage is not story.stage:
        return WORDS[story.stage] if story.stage in LOUD else ""
    return f"Confirmed: {WORDS[story.stage]}" if story.confirmed and not confirmed else ""


def _weight(story: Story, heard: Sequence[Heard]) -> tuple[str, ...]:
    number = len(story.origins)
    reported = f"reported · {number} source{'s' if number > 1 else ''}"
    contested = ("Contested: a party and independent reports contradict each other.",) if _is_contested(heard) else ()
    return (story.deal.title, "confirmed" if story.confirmed else reported, *contested)
