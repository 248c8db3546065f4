"""Deals in the news that nobody tracks yet, found anew each time among the headlines that came last.

headlines of the last month -> possible deals -> one pair under all its spellings -> less those that are known
-> what the matcher reads of each in all headlines -> the most widely reported first
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from rapidfuzz import fuzz
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from matcher import decide
from matcher.dateline import reporter
from matcher.matcher import Matcher
from matcher.parties import Names, spellings
from matcher.spotting import Spot, bundled_spotter, common_words, provisional
from matcher.syndication import Story, first_copy
from matcher.text import fold
from matcher.vocabulary import Article, Claim, Deal, Kind, Party, Report, Standing
from models.deal import Deal as Row
from models.deal import spelling_key

RECENT = timedelta(days=30)
"""What nobody has written of for longer is no news."""
MOST_TELLING = 2_000
"""Headlines that speak of possible deals: the latest are read. A feed of nothing else must not keep the bot busy for
minutes; among the labelled articles, which were gathered around deals, it is one in 27."""
MOST_PAIRS = 500
"""Pairs of names that are compared, those first that most headlines name; for the same reason."""
MOST_REPORTS = 100
"""Of one deal, the latest that are compared with one another; for the same reason."""

# Two spellings this much alike, in per cent, are one name with a slip; shorter names differ in a letter by right.
_SAME_NAME = 90
_SHORT_NAME = 7

# Letters that all spellings of a name begin with.
_BEGINNING = 3


@dataclass(frozen=True, slots=True)
class Spotted:
    """A possible deal, and what speaks for it."""

    names: tuple[str, str]
    kind: Kind
    standing: Standing
    """Where it would stand by what was read."""
    articles: int
    origins: int
    """Independent outlets: copies count for the one that had it first."""
    latest: Article
    """The latest article whose headline brings news of it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, the most widely reported first, and among how many headlines, the first of them when."""

    found: Sequence[Spotted]
    headlines: int
    since: datetime | None


async def known_deals(session: AsyncSession) -> Sequence[Deal]:
    """Every deal that somebody took up, archived ones as well."""
    rows = await session.scalars(select(Row).options(selectinload(Row.parties)))
    return [row.value for row in rows]


def survey(articles: Iterable[Article], known: Sequence[Deal], now: datetime) -> Survey:
    """Look for deals beside the known ones. Takes a second or two: not for the event loop."""
    headlines = (replace(a, summary="", body="") for a in articles if now - a.moment <= RECENT)
    recent = sorted(headlines, key=lambda article: article.moment)
    deals = [pair.deal(f"spotted-{number}") for number, pair in enumerate(_unknown(_pairs(recent), known))]
    found = sorted(_read(deals, recent), key=lambda spotted: (spotted.origins, spotted.latest.moment), reverse=True)
    return Survey(found, len(recent), recent[0].moment if recent else None)


# Which spots are one deal --------------------------------------------------------------------------------------------


class _Pair:
    """Two sides under all their spellings."""

    def __init__(self, names: tuple[str, str], kind: Kind, times: int) -> None:
        self.sides = Counter({names[0]: times}), Counter({names[1]: times})
        self._kinds = Counter({kind: times})

    def takes(self, names: tuple[str, str], kind: Kind, times: int) -> bool:
        """Count the names in, if they are those of this pair, in whichever order."""
        for ordered in (names, names[::-1]):
            if all(map(_is_one_of, ordered, self.sides)):
                for side, name in zip(self.sides, ordered, strict=True):
                    side[name] += times
                self._kinds[kind] += times
                return True
        return False

    def deal(self, slug: str) -> Deal:
        """The deal between the two as it would be tracked, under all their spellings."""
        parties = (Party(_best(side), tuple(sorted(side))) for side in self.sides)
        return provisional(parties, self._kinds.most_common(1)[0][0], slug)


def _pairs(articles: Sequence[Article]) -> Iterator[_Pair]:
    spot, common = bundled_spotter().spot, common_words(article.title for article in articles)
    near: dict[frozenset[str], list[_Pair]] = defaultdict(list)
    spotted = filter(None, (spot(article.title, article.outlet, common) for article in reversed(articles)))
    spots = Counter(reversed([*islice(spotted, MOST_TELLING)]))
    often = dict(spots.most_common(MOST_PAIRS))
    by_length = sorted(filter(often.__contains__, spots), key=lambda spot: len("".join(spot.names)))
    for names, kind in by_length:  # the longer are forms of the shorter
        alike = near[frozenset(spelling_key(name)[:_BEGINNING] for name in names)]
        times = spots[Spot(names, kind)]
        if not any(pair.takes(names, kind, times) for pair in alike):
            alike.append(_Pair(names, kind, times))
    return chain.from_iterable(near.values())


def _is_one_of(name: str, spelled: Iterable[str]) -> bool:
    return any(_same_name(name, other) for other in spelled)


def _same_name(one: str, other: str) -> bool:
    """Whether two names are one: differently spelled, the beginning of the other, or with a slip."""
    if one == other:
        return True
    mine, yours = _forms(one), _forms(other)
    begins = mine.words.startswith(yours.words) or yours.words.startswith(mine.words)
    telling = min(len(mine.key), len(yours.key)) >= _SHORT_NAME
    slip = telling and fuzz.ratio(mine.key, yours.key, score_cutoff=_SAME_NAME) > 0
    return begins or slip or not mine.spellings.isdisjoint(yours.spellings)


class _Forms(NamedTuple):
    """A name as it is compared."""

    words: str
    """Folded, with a blank behind it, so that one is the beginning of another at the end of a word only."""
    key: str
    spellings: set[str]


@lru_cache(2 * MOST_PAIRS)
def _forms(name: str) -> _Forms:
    return _Forms(f"{fold(name)} ", spelling_key(name), spellings(name))


def _best(spelled: Counter[str]) -> str:
    """The spelling that is used most; of two alike one that is not all in capitals, then the shorter."""
    return max(spelled, key=lambda name: (spelled[name], not name.isupper(), -len(name)))


def _unknown(pairs: Iterable[_Pair], known: Sequence[Deal]) -> Iterator[_Pair]:
    names = Names(known)
    for pair in pairs:
        words = " + ".join(chain.from_iterable(pair.sides))
        if not names.together(names.find(words, fold(words)), lambda _: True):
            yield pair


# What is said of each ------------------------------------------------------------------------------------------------


def _read(deals: Sequence[Deal], articles: Sequence[Article]) -> Iterator[Spotted]:
    """Let all headlines act on all deals, as if these had been tracked."""
    matcher, told = Matcher(deals), defaultdict[str, list[tuple[Claim, Article]]](list)
    readings = ((article, matcher.read(article).claims) for article in reversed(articles))
    telling = [*islice((reading for reading in readings if reading[1]), MOST_TELLING)]
    for article, claims in reversed(telling):
        for claim in claims:
            if not claim.background:
                told[claim.deal].append((claim, article))
    return filter(None, (_spotted(deal, told[deal.slug]) for deal in deals))


def _spotted(deal: Deal, told: Sequence[tuple[Claim, Article]]) -> Spotted | None:
    news, latest = [article for claim, article in told if not claim.settled], told[-MOST_REPORTS:]
    reports = [Report(claim, a.id, a.moment, a.day_only, a.trust, reporter(a)) for claim, a in latest]
    standing = Standing()
    for number, report in enumerate(reports):
        standing = decide.decide(deal.kind, standing, report, reports[:number]).standing
    if standing.stage is None or not news:
        return None
    one, other = deal.parties
    origins = _origins(zip(reports, (article for _, article in latest), strict=True))
    return Spotted((one.name, other.name), deal.kind, standing, len({a.id for _, a in told}), len(origins), news[-1])


def _origins(told: Iterable[tuple[Report, Article]]) -> set[str]:
    """Who had something of their own to say."""
    stories, origins = list[Story](), set[str]()
    for report, article in told:
        story = Story.of(article.title, "", "")
        if first_copy(story, stories) is None:
            origins.add(report.origin)
        stories.append(story)
    return origins
