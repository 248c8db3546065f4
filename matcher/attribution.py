"""Who speaks: the speaker behind a claim, and the outlet that reported it first."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from matcher.cues import CueError
from matcher.text import fold
from matcher.vocabulary import Speaker


@dataclass(frozen=True, slots=True)
class Credit:
    """Who is credited in a stretch of text: a kind of speaker, an outlet, both or neither."""

    speaker: Speaker | None = None
    outlet: str | None = None

    def __or__(self, other: "Credit") -> "Credit":
        """What this credit leaves open is taken from the other one."""
        return Credit(self.speaker or other.speaker, self.outlet or other.outlet)

    @property
    def first_hand(self) -> bool:
        """Whether those speak whose word it is; what an outlet was credited with before is not theirs."""
        return self.speaker in (Speaker.PARTY, Speaker.FILING, Speaker.AUTHORITY)

    @property
    def second_hand(self) -> bool:
        """Whether only another outlet or unnamed people say so."""
        return not self.first_hand and (bool(self.outlet) or self.speaker in (Speaker.SOURCES, Speaker.OUTLET))

    def unless_from(self, carrier: str) -> "Credit":
        """The same without the outlet where it is only the carrying one, named at the end of its own headline."""
        return Credit(self.speaker) if self.outlet == outlet_name(carrier) else self


NOBODY = Credit()
_AP = "ap"
_OUTLETS = resources.files("matcher") / "cues" / "outlets.toml"


def parse_outlets(text: str) -> dict[str, str]:
    """Every spelling of an outlet, folded, with the outlet's name. Raises :class:`CueError` for a shared spelling."""
    names: dict[str, str] = {}
    for name, aliases in tomllib.loads(text)["outlets"].items():
        for spelling in {fold(alias) for alias in (name, *aliases)}:
            if (other := names.setdefault(spelling, name)) != name:
                raise CueError(f"outlets.toml: {spelling!r} stands under {other!r} and {name!r}; keep one.")
    return names


@cache
def _outlets() -> dict[str, str]:
    return parse_outlets(_OUTLETS.read_text(encoding="utf-8"))


@cache
def _any_outlet() -> str:
    return "(?:the )?(" + "|".join(re.escape(name) for name in sorted(_outlets(), key=len, reverse=True)) + ")"


# What stands behind the last dash or colon of a headline, and who speaks there.
_TITLE_SPEAKERS = {
    Speaker.SOURCES: r"(?:\w+ )?sources?|source says|insiders?|people",
    Speaker.FILING: r"(?:\w+ )?filings?|prospectus|sec filing|court filing|document|regulatory filing",
    Speaker.PARTY: r"(?:co(?:mpany)?|ceo|cfo|coo|chairman|exec(?:utive)?s?|spokes(?:man|woman|person)|statement|head|"
    r"president|founder|memo|board|chief)",
    Speaker.AUTHORITY: r"(?:\w+ )?(?:officials?|minister|ministry|regulators?|government|govt|watchdog|court|judge)",
    Speaker.ANALYST: r"analysts?|brokerages?|analyst says",
    Speaker.OUTLET: r"(?:\w+ )?(?:reports?|newspapers?|papers?|media|magazine|tv|website|blog|agency)",
}
_SPEAKER_SUFFIX = "|".join(f"(?P<{speaker.name}>{words})" for speaker, words in _TITLE_SPEAKERS.items())


_REPORTS = "(?:reports?|reported|says|said|writes|wrote|has learned)"

# Characters at the end of a headline in which a credit is looked for; it keeps the cost of long texts linear.
_LONGEST_CREDIT = 80


@cache
def _suffix() -> re.Pattern[str]:
    outlet = _any_outlet()
    return re.compile(
        rf"(?:\s*[|]\s*|\s+-+\s*|\s*-+\s+|:\s+|(?<=[\w'\"])-|,\s)"
        rf"(?:(?:reports?: |report by |source )?{outlet}(?: reports?| says| sources?| report says)?"
        rf"|(?P<body>(?:{_SPEAKER_SUFFIX}))(?:(?: to| in| by|:| -) {outlet})?)"
        rf"(?:\s?,\s?citing (?:{outlet}|(?P<unnamed>[\w ]+)))?\s*$"
    )


def headline_credit(text: str, folded: str) -> tuple[int, Credit]:
    """Where the headline proper ends, and who is credited behind it ("-WSJ", ": sources", "- report: Bloomberg").

    A chain ("CNBC, citing Dow Jones") goes to its end: the outlet cited is the first reporter.
    """
    match = _suffix().search(folded, max(0, len(folded) - _LONGEST_CREDIT))
    if match is None:
        return len(folded), NOBODY
    named = match.groupdict()
    speaker = next((s for s in _TITLE_SPEAKERS if named[s.name]), None)
    outlets = [group for group in range(1, match.re.groups + 1) if _is_outlet(match, group, text)]
    if named["unnamed"] and "source" in named["unnamed"]:
        speaker = Speaker.SOURCES
    if not outlets and not speaker:
        return len(folded), NOBODY
    return match.start(), Credit(speaker, _outlets()[match[outlets[-1]]] if outlets else None)


def _is_outlet(match: re.Match[str], group: int, text: str) -> bool:
    """Whether the group holds an outlet's name that is written as one: "Focus", not "focus"."""
    return match[group] in _outlets() and not text[match.start(group) : match.end(group)].islower()


@cache
def _credits() -> list[re.Pattern[str]]:
    outlet = _any_outlet()
    return [
        re.compile(pattern)
        for pattern in (
            rf"\bciting (?:a report (?:in|by|from) )?{outlet}\b",
            rf"\baccording to (?:a report (?:in|by|from) )?{outlet}\b",
            rf"\b(?:report|story|article|interview) (?:in|by|from|with) {outlet}\b",
            rf"\b(?:told|tells) {outlet}\b",
            rf"^\W*{outlet}(?: report)?: ",
            rf"(?:^|[\s,;(\"]){outlet}(?: newspaper| magazine| news agency)?(?:'s \w+)?,? (?:\w+ )?{_REPORTS}\b",
            rf"\b(?:reported|reports) (?:by )?{outlet}\b",
            rf", {outlet} {_REPORTS}\b",
        )
    ]


def credited_outlet(text: str, folded: str) -> str | None:
    """The outlet to which a sentence gives the credit ("according to Bloomberg", "told the FT")."""
    for pattern in _credits():
        if (match := pattern.search(folded)) and _is_outlet(match, 1, text):
            return _outlets()[match[1]]
    return None


_OWN_PAGE = re.compile(
    r"\W*(?:(?:inc|corp|plc|ag|group)\W+)?(?:newsroom|news cent(?:er|re)|press(?: release| office| room)?|"
    r"investor relations|ir|media relations|blog|announcement|statement)?\W*"
)


def is_own_page(outlet: str, start: int, end: int) -> bool:
    """Whether an outlet is the own page of the company whose name stands there: "Sky newsroom", not "Sky News"."""
    folded = fold(outlet)
    rest = folded[:start] + folded[end:]
    return folded.strip() not in _outlets() and _OWN_PAGE.fullmatch(rest) is not None


@lru_cache(maxsize=1024)
def is_press_wire(name: str) -> bool:
    """Whether an outlet passes on what companies issue: their press releases and stock exchange announcements."""
    folded = fold(name)
    return any(re.search(rf"\b{re.escape(wire)}\b", folded) for wire in _press_wires())


@cache
def _press_wires() -> tuple[str, ...]:
    return tuple(fold(name) for name in tomllib.loads(_OUTLETS.read_text(encoding="utf-8"))["press_wires"])


def news_agency(name: str) -> str | None:
    """The name under which an outlet is known that may stand in a dateline.

    "(ET)" is Eastern Time, and "(FT)" is more often a ticker than the paper: of two letters only AP is taken for one.
    """
    folded = fold(name).strip()
    return _outlets().get(folded) if len(folded) > len(_AP) or folded == _AP else None


def outlet_name(name: str) -> str:
    """The name under which an outlet is known, or the name as it came."""
    return _outlets().get(fold(name).strip(), name)
