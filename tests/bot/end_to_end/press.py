"""The invented press: deals with their storylines, and what every outlet publishes about them, from one seed.

::

    storyline      the steps of a deal, days apart: rumour, talks, offer, denial, agreement …
      → Report     somebody finds out: a stage, on whose word, first printed where
        → Entry    how an outlet prints it: the first print, copies, the same item in another feed, edited headlines
    noise          mentions, analysts, and news of other companies
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, product

from end_to_end.headlines import CREDITS, NOTHING_SAID, Headline, headlines
from matcher.vocabulary import Kind, Stage, Trust

START = datetime.fromisoformat("2026-03-02T06:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KINDS = (Kind.ACQUISITION, Kind.ACQUISITION, Kind.MERGER, Kind.STAKE, Kind.PARTNERSHIP, Kind.JOINT_VENTURE)

FOLLOWS: dict[Stage | None, tuple[Stage, ...]] = {
    None: (Stage.SPECULATION, Stage.TALKS, Stage.OFFER, Stage.AGREED),
    Stage.SPECULATION: (Stage.TALKS, Stage.DENIED, Stage.OFFER),
    Stage.TALKS: (Stage.OFFER, Stage.NEAR, Stage.DENIED, Stage.CALLED_OFF, Stage.AGREED),
    Stage.OFFER: (Stage.NEAR, Stage.REJECTED, Stage.AGREED, Stage.CALLED_OFF),
    Stage.NEAR: (Stage.AGREED, Stage.CALLED_OFF, Stage.DENIED, Stage.TALKS),
    Stage.DENIED: (Stage.TALKS, Stage.OFFER, Stage.AGREED, Stage.SPECULATION),
    Stage.REJECTED: (Stage.OFFER, Stage.CALLED_OFF),
    Stage.CALLED_OFF: (Stage.TALKS, Stage.SPECULATION, Stage.AGREED),
    Stage.AGREED: (Stage.COMPLETED, Stage.TERMINATED, Stage.BLOCKED, Stage.TALKS, Stage.CALLED_OFF),
    Stage.COMPLETED: (Stage.TERMINATED, Stage.TALKS),
    Stage.TERMINATED: (Stage.TALKS, Stage.SPECULATION),
    Stage.BLOCKED: (Stage.OFFER,),
}
"""What the press may say next. Some of it moves nothing: interest after a denial, talks about a deal that is done."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A deal of the watchlist."""

    slug: str
    title: str
    kind: Kind
    parties: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outlet:
    """Somebody with a feed."""

    name: str
    url: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody found out. However many print it, it is one report."""

    number: int
    deal: Tracked
    stage: Stage
    confirms: bool
    credit: str = ""
    """The agency that has it, where the headline says so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of one feed. An edited one has the ``guid`` of what it was."""

    outlet: Outlet
    guid: str
    title: str
    appears: datetime
    """When it is in the feed."""
    published: datetime
    """What it says of itself; earlier for late news."""
    report: Report | None = None
    """What it says; None if it says nothing of a deal."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the world is."""

    articles: int
    deals: int
    outlets: int
    days: int


@dataclass
class Press:
    """Everything that is published, in the order of appearance."""

    dice: random.Random
    size: Size
    deals: list[Tracked] = field(default_factory=list)
    outlets: list[Outlet] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self.outlets = [_outlet(number) for number in range(self.size.outlets)]
        self._believed = [outlet for outlet in self.outlets if outlet.trust is Trust.TRUSTED]
        self._unvetted = [outlet for outlet in self.outlets if outlet.trust is Trust.UNVETTED]
        self.deals = list(self._tracked())
        self._print_old_news()
        for deal in self.deals:
            _Storyline(self, deal).write()
        self._fill_up()
        self.entries.sort(key=lambda entry: (entry.appears, entry.outlet.url, entry.guid))

    def print(
        self,
        outlet: Outlet,
        title: str,
        appears: datetime,
        report: Report | None = None,
        published: datetime | None = None,
    ) -> Entry:
        """A new item in an outlet's feed."""
        guid = f"{outlet.name}-{next(self._numbers)}"
        entry = Entry(outlet, guid, title, appears, published or appears, report)
        self.entries.append(entry)
        return entry

    def number(self) -> int:
        return next(self._numbers)

    def outlet(self, *others: Outlet) -> Outlet:
        """A believed outlet that is none of these."""
        return self.dice.choice([outlet for outlet in self._believed if outlet not in others])

    def unvetted(self) -> Outlet:
        return self.dice.choice(self._unvetted)

    def _tracked(self) -> Iterator[Tracked]:
        """Every eighth deal shares its first party with the one before."""
        names = _company_names(self.dice)
        first = ""
        for number in range(self.size.deals):
            first = first if number % 8 == 7 else next(names)
            parties = (first, next(names))
            kind = KINDS[number % len(KINDS)]
            yield Tracked("-".join(parties).lower(), f"{parties[0]} and {parties[1]}", kind, parties)

    def _print_old_news(self) -> None:
        """What each feed has when it is first read: nothing new, but some deals begin with a status by it."""
        for outlet in self.outlets:
            self.print(outlet, "Oslo opens a library", START - 20 * DAY)
        for deal in self.deals[::10]:
            report = Report(self.number(), deal, Stage.TALKS, confirms=False)
            title = _title(headlines()[deal.kind][Stage.TALKS][0], deal)
            self.print(self.outlet(), title, START - 10 * DAY, report)

    def _fill_up(self) -> None:
        """News that moves nothing, up to the number of articles that was asked for."""
        for number in range(self.size.articles - len(self.entries)):
            when = self.moment(0, self.size.days)
            title = f"Harbour town {number} plants {self.dice.randint(2, 900)} trees along its river"
            if number % 3 == 0:
                deal = self.dice.choice(self.deals)
                title = self.dice.choice(NOTHING_SAID).format(a=deal.parties[0], b=deal.parties[1])
            elif number % 3 == 1:
                title = f"{self.dice.choice(self.deals).parties[0]} hires {self.dice.randint(2, 900)} people in Turku"
            self.print(self.dice.choice(self.outlets), title, when)

    def moment(self, first: float, last: float) -> datetime:
        """A full minute between two days."""
        return START + timedelta(minutes=round(self.dice.uniform(first, last) * 24 * 60))


class _Storyline:
    """The steps of one deal, and how they are printed."""

    def __init__(self, press: Press, deal: Tracked) -> None:
        self._press = press
        self._dice = press.dice
        self._deal = deal
        self._patterns = headlines()[deal.kind]
        self._used: dict[Stage, int] = {}
        self._credited: set[tuple[Stage, str]] = set()

    def write(self) -> None:
        days, stage = self._press.size.days, None
        when = self._press.moment(0.3, max(0.4, days / 2))
        while when < START + (days - 1) * DAY:
            follows = [step for step in FOLLOWS[stage] if step in self._patterns]
            if not follows:
                return
            stage = self._dice.choice(follows)
            self._report(stage, when)
            if self._dice.random() < 0.5:
                when += timedelta(minutes=self._dice.randint(30, 36 * 60))
                self._report(stage, when)  # somebody else finds out, too
            when += timedelta(minutes=self._dice.randint(8 * 60, 5 * 24 * 60))

    def _report(self, stage: Stage, when: datetime) -> None:
        headline = self._headline(stage)
        credit = self._credit(headline)
        report = Report(self._press.number(), self._deal, stage, headline.confirms, credit)
        title = _title(headline, self._deal) + (f", {credit} reports" if credit else "")
        unvetted = not credit and self._dice.random() < 0.12
        first = self._press.unvetted() if unvetted else self._press.outlet()
        entry = self._print_first(first, title, when, report)
        self._print_copies(entry, report)

    def _headline(self, stage: Stage) -> Headline:
        """Two reports of one thing are never in the same words: they would be one report."""
        patterns = self._patterns[stage]
        turn = self._used[stage] = self._used.get(stage, self._dice.randrange(len(patterns))) + 1
        return patterns[turn % len(patterns)]

    def _credit(self, headline: Headline) -> str:
        """An agency, for some; but once for a stage: what it says again would be a copy."""
        agency = self._dice.choice(CREDITS)
        if not headline.can_credit or self._dice.random() < 0.7 or (headline.stage, agency) in self._credited:
            return ""
        self._credited.add((headline.stage, agency))
        return agency

    def _print_first(self, outlet: Outlet, title: str, when: datetime, report: Report) -> Entry:
        """At once; late with its true date; or as the new headline of an item that said nothing before."""
        way = self._dice.random()
        if way < 0.1:
            return self._press.print(outlet, title, when + 9 * HOUR, report, published=when)
        if way < 0.2:
            dull = self._press.print(outlet, f"Market notes {report.number} of the day", when - 12 * HOUR)
            edited = Entry(outlet, dull.guid, title, when, dull.published, report)
            self._press.entries.append(edited)
            return edited
        return self._press.print(outlet, title, when, report)

    def _print_copies(self, entry: Entry, report: Report) -> None:
        outlets = [entry.outlet]
        for _ in range(self._dice.choice((0, 1, 2, 3))):
            outlets.append(self._press.outlet(*outlets))
            later = entry.appears + timedelta(minutes=self._dice.randint(5, 20 * 60))
            self._press.print(outlets[-1], entry.title, later, report)


def _title(headline: Headline, deal: Tracked) -> str:
    return headline.pattern.format(a=deal.parties[0], b=deal.parties[1])


def _outlet(number: int) -> Outlet:
    """Each at a host of its own; every fifth is not vetted."""
    trust = Trust.UNVETTED if number % 5 == 4 else Trust.TRUSTED
    return Outlet(f"Gazette {number}", f"https://gazette-{number}.example/feed", trust)


def _company_names(dice: random.Random) -> Iterator[str]:
    """Names that nobody has, each made of a beginning, a middle and an ending, so that none is part of another."""
    syllables = product(
        ("Vel", "Tar", "Zor", "Quin", "Bel", "Dra", "Fen", "Gol"), ("mo", "qui", "va", "lu", "dri", "ske")
    )
    endings = ("ria", "net", "dex", "lith", "corp", "gard", "mune", "vis", "tron", "pax")
    names = ["".join(parts) + end for parts in syllables for end in endings]
    dice.shuffle(names)
    yield from names
