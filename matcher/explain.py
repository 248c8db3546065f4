"""How the matcher comes to what it says of one deal, step by step, as values.

    names -> sentences that speak of the deal -> what decides in each -> claims -> what they would do

Nothing is decided here: each step is asked of the part that decides it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from itertools import islice

from matcher.attribution import NOBODY, Credit
from matcher.claims import LEAST, Analysis, Finding, Manner, View
from matcher.cues import WEIGHED, Rule
from matcher.dateline import reporter
from matcher.decide import Decision, decide, is_key_move
from matcher.matcher import Matcher
from matcher.parties import KEYWORD, Mention, spellings
from matcher.phrases import PARTIES, letter
from matcher.sentence import Part, Sentence, any_has
from matcher.text import Span
from matcher.vocabulary import Article, Claim, Deal, Field, Kind, Party, Report, Stage, Standing

_FURTHER = 3
"""Rules shown that would have fired, had the first one not."""
_REASONS = 5
"""Features shown for and against what the classifier says."""


class Refusal(Enum):
    """Why words that look like a party's name do not count."""

    SMALL_LETTERS = auto()
    EXCLUDED = auto()
    """They stand in a phrase that the watchlist lists under ``not``."""
    INSIDE = auto()
    """They are part of another tracked name."""
    ALONE = auto()
    """No word stands in the article that the watchlist lists under ``requires``."""


class Silence(Enum):
    """Why there is no claim."""

    NOT_NAMED = auto()
    APART = auto()
    """No sentence speaks of the deal."""
    NO_WORD = auto()
    """No sentence says anything that counts."""
    ABOUT_ELSE = auto()
    """A rule says that the title claims nothing: then what the text says is not the news."""


class Place(Enum):
    """Where a credit stands."""

    ENDING = auto()
    """Behind the headline."""
    SENTENCE = auto()
    AROUND = auto()
    """In the sentences around."""


class Reason(Enum):
    """Why a finding is settled or background rather than news."""

    RULE = auto()
    """The rule speaks of a known fact."""
    CIRCUMSTANCE = auto()
    """It stands in the clause of circumstances."""
    OTHER_TIME = auto()
    """The sentence says that it tells of another time."""


@dataclass(frozen=True, slots=True)
class Named:
    """Words that were read as a party of the deal, or as one of its keywords; or refused as such."""

    field: Field
    words: str
    party: Party | None
    """None for a keyword."""
    letter: str
    """What the rules see."""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """Who is named."""

    read: tuple[Named, ...]
    refused: tuple[Named, ...]
    missing: tuple[Party, ...]
    """The parties that are not named, or not so that it counts."""
    others: tuple[str, ...]
    """Words read as names of other tracked deals."""
    together: bool
    """Whether the names suffice to read the article for the deal."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A rule that a clause fulfils: its first phrase that does, and the words, as the rules see them."""

    rule: Rule
    phrase: str
    words: str


@dataclass(frozen=True, slots=True)
class Credited:
    """Somebody who is credited, where, and by which words (empty for the sentences around)."""

    credit: Credit
    place: Place
    words: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What decided in a sentence, and what would have decided next."""

    finding: Finding
    fit: Fit | None
    """None if the classifier decided."""
    learned: bool
    """Whether its certainty is the classifier's; else it is the rule's own."""
    further: tuple[Fit, ...]
    reason: Reason | None
    words: str
    """The words that tell of another time, where that is the reason."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A rule that fired, and was not heard: the words speak against it."""

    fit: Fit
    certainty: float | None
    """How sure to be of it beside such words; None if it claims nothing, and clear words say otherwise."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the classifier makes of a sentence."""

    stage: Stage
    """The likeliest stage of the likeliest status."""
    stage_probability: float
    status_probability: float
    nothing: float
    """The probability that nothing is claimed."""
    needed: float
    """The least probability of a status for it to count."""
    in_favour: tuple[tuple[str, float], ...]
    """The weightiest features for the stage, with their weights, heaviest first."""
    against: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in a masked sentence, and the party that it stands for."""

    letter: str
    party: Party | None
    """None for a keyword."""


@dataclass(frozen=True, slots=True)
class SentenceExplanation:
    """One sentence that speaks of the deal."""

    sentence: Sentence
    masked: str
    legend: tuple[Letter, ...]
    main: str
    """The main clause, as the rules see it."""
    aside: str
    """The circumstances; blank if there are none."""
    credited: tuple[Credited, ...]
    decided: tuple[Decided, ...]
    dropped: Dropped | None
    weighed: Weighing | None
    """Only where no rule has a say."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a claim would do to the deal, if nothing else had been heard."""

    claim: Claim
    decision: Decision
    pushed: bool


@dataclass(frozen=True, slots=True)
class Filed:
    """The dateline of a part, which is no news."""

    field: Field
    words: str
    agency: str | None
    """Who filed the text, where the dateline says so by a known name."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the matcher comes to what it says of one deal in one article."""

    names: Naming
    filed: tuple[Filed, ...]
    sentences: tuple[SentenceExplanation, ...]
    claims: tuple[Claim, ...]
    silence: Silence | None
    """Why there is no claim; None if there is one."""
    effects: tuple[Effect, ...]


def explain(matcher: Matcher, index: int, article: Article, standing: Standing) -> Explanation:
    """Explain what the matcher reads of the deal with this index, which stands so."""
    deal = matcher.deals[index]
    parts = matcher.parts(article)
    names = _names(matcher, index, parts)
    if not names.together:
        return Explanation(names, (), (), (), Silence.NOT_NAMED, ())
    analysis = matcher.analysis(article)
    sentences = tuple(_Reader(matcher, analysis, index).sentences())
    claims = tuple(analysis.claims(index, deal))
    effects = tuple(_effect(deal.kind, standing, article, claim) for claim in claims)
    return Explanation(names, tuple(_filed(parts)), sentences, claims, None if claims else _silence(sentences), effects)


def _filed(parts: Iterable[Part]) -> Iterator[Filed]:
    for part in parts:
        if line := part.dateline:
            yield Filed(part.field, part.text[line.start : line.end].strip(), line.agency)


def _silence(sentences: Sequence[SentenceExplanation]) -> Silence:
    if not sentences:
        return Silence.APART
    rules = [decided.finding.rule for sentence in sentences for decided in sentence.decided]
    return Silence.ABOUT_ELSE if any(rule.stage for rule in rules) else Silence.NO_WORD


def _effect(kind: Kind, standing: Standing, article: Article, claim: Claim) -> Effect:
    report = Report(claim, article.id, article.moment, article.day_only, article.trust, reporter(article))
    decision = decide(kind, standing, report)
    pushed = decision.change is not None and not decision.quiet and is_key_move(decision.change)
    return Effect(claim, decision, pushed)


# Names ---------------------------------------------------------------------------------------------------------------


def _names(matcher: Matcher, index: int, parts: Sequence[Part]) -> Naming:
    deal = matcher.deals[index]
    mentions = [mention for part in parts for mention in part.mentions]

    has = partial(any_has, parts)
    numbers = {m.seats.parties[index] for m in mentions if index in m.seats.parties}
    lacking = matcher.names.lacking(index, numbers, has)
    read = (named for part in parts for named in _read(part, index, deal, lacking))
    overlooked = (named for part in parts for named in _overlooked(part, index, deal))
    distinct = dict.fromkeys((*read, *overlooked))
    return Naming(
        read=tuple(named for named in distinct if not named.refusal),
        refused=tuple(named for named in distinct if named.refusal),
        missing=tuple(p for number, p in enumerate(deal.parties) if number not in numbers - lacking),
        others=tuple(dict.fromkeys(_others(parts, index))),
        together=index in matcher.names.together(mentions, has),
    )


def _read(part: Part, index: int, deal: Deal, lacking: set[int]) -> Iterator[Named]:
    for mention in part.mentions:
        number = mention.seats.parties.get(index)
        if number is not None:
            party = None if number == KEYWORD else deal.parties[number]
            refusal = Refusal.ALONE if number in lacking else None
            yield Named(part.field, part.text[mention.start : mention.end], party, letter(number), refusal)


def _overlooked(part: Part, index: int, deal: Deal) -> Iterator[Named]:
    """Words that are spelled like a party's name, and yet were not read as one."""
    for number, party in enumerate(deal.parties):
        for match in _spelled(party).finditer(part.folded):
            span = Span(*match.span())
            other = _mention_at(part.mentions, span)
            if other is None or index not in other.seats.parties:
                words, inside = part.text[slice(*span)], other is not None and other[:2] != span
                yield Named(part.field, words, party, letter(number), _refusal(words, inside=inside))


def _mention_at(mentions: Sequence[Mention], span: Span) -> Mention | None:
    """The mention that shares characters with the span. Mentions do not overlap, and stand in order."""
    behind = bisect_right(mentions, span.start, key=lambda mention: mention.end)
    return next((mention for mention in mentions[behind : behind + 1] if mention.start < span.end), None)


def _spelled(party: Party) -> re.Pattern[str]:
    names = {spelling for name in party.names for spelling in spellings(name)}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})(?!\w)")


def _refusal(words: str, *, inside: bool) -> Refusal:
    if inside:
        return Refusal.INSIDE
    return Refusal.EXCLUDED if any(map(str.isupper, words)) else Refusal.SMALL_LETTERS


def _others(parts: Sequence[Part], index: int) -> Iterator[str]:
    for part in parts:
        for mention in part.mentions:
            if index not in mention.seats.parties:
                yield part.text[mention.start : mention.end]


# Sentences -----------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one article for one deal, as the analysis does, and keeps what it sees."""

    def __init__(self, matcher: Matcher, analysis: Analysis, index: int) -> None:
        self._cues = matcher.cues
        self._classifier = matcher.classifier
        self._analysis = analysis
        self._index = index
        self._deal = matcher.deals[index]

    def sentences(self) -> Iterator[SentenceExplanation]:
        naming = self._analysis.naming(self._index, self._deal)
        found = self._analysis.findings(self._index, self._deal)
        for (number, sentence, masked), findings in zip(naming, found, strict=True):
            yield self._sentence(sentence, View(number, masked, self._deal.kind), findings)

    def _sentence(self, sentence: Sentence, view: View, findings: Sequence[Finding]) -> SentenceExplanation:
        masked = view.masked
        main, aside = self._cues.clauses(masked)
        by_rules = any(finding.rule.id != WEIGHED for finding in findings)
        return SentenceExplanation(
            sentence=sentence,
            masked=masked,
            legend=tuple(self._legend(masked)),
            main=main,
            aside=aside,
            credited=tuple(self._credited(sentence, masked, findings)),
            decided=tuple(self._decided(findings, main, aside)),
            dropped=None if by_rules else self._dropped(sentence, main, view),
            weighed=None if by_rules else self._weighed(view),
        )

    def _legend(self, masked: str) -> Iterator[Letter]:
        parties = {letter(number): party for number, party in enumerate(self._deal.parties)}
        for sign in sorted(set(PARTIES).intersection(masked.split())):
            yield Letter(sign, parties.get(sign))

    def _decided(self, findings: Sequence[Finding], main: str, aside: str) -> Iterator[Decided]:
        for finding in findings:
            read = ((self._first_fits(finding.sentence, clause), clause is aside) for clause in (main, aside))
            fitting = (one for one in read if one[0] and one[0][0].rule.id == finding.rule.id)
            fits, in_aside = next(fitting, ((), False))
            reason, words = self._reason(finding, in_aside=in_aside)
            learned = finding.manner is Manner.NEWS and self._classifier.has_learned(finding.rule)
            yield Decided(finding, fits[0] if fits else None, learned, fits[1:], reason, words)

    def _dropped(self, sentence: Sentence, main: str, view: View) -> Dropped | None:
        fit = next(self._fits(sentence, main), None)
        if fit is None:
            return None
        certainty = self._analysis.certainty(view, fit.rule, self._analysis.weighed(view))
        outvoted = fit.rule.stage is None and certainty >= LEAST
        return Dropped(fit, None if outvoted else certainty)

    def _first_fits(self, sentence: Sentence, clause: str) -> tuple[Fit, ...]:
        return tuple(islice(self._fits(sentence, clause), 1 + _FURTHER))

    def _fits(self, sentence: Sentence, clause: str) -> Iterator[Fit]:
        """The rules that a clause fulfils, each once, in their order."""
        candidates = self._cues.candidates(self._cues.plain(sentence.masked()))
        seen = set[str]()
        for rule, phrase, match in self._cues.matches(clause, candidates, self._deal.kind, sentence.part):
            if rule.id not in seen:
                seen.add(rule.id)
                yield Fit(rule, phrase.text.strip(), match[0].strip())

    def _reason(self, finding: Finding, *, in_aside: bool) -> tuple[Reason | None, str]:
        if finding.manner is Manner.NEWS:
            return None, ""
        if finding.manner is Manner.SETTLED:
            return (Reason.CIRCUMSTANCE if in_aside else Reason.RULE), ""
        if finding.sentence.part == "text" and (words := self._cues.other_time(finding.masked)):
            return Reason.OTHER_TIME, words[0].strip()
        return Reason.CIRCUMSTANCE, ""

    def _credited(self, sentence: Sentence, masked: str, findings: Sequence[Finding]) -> Iterator[Credited]:
        own = sentence.credit
        if own != NOBODY:
            yield Credited(own, Place.ENDING, sentence.text[sentence.core.end : sentence.span.end].strip())
        if voice := self._cues.voice(masked):
            yield Credited(Credit(voice[0]), Place.SENTENCE, voice[1][0].strip())
        if sentence.outlet:
            yield Credited(Credit(outlet=sentence.outlet), Place.SENTENCE, sentence.outlet)
        own |= Credit(voice[0] if voice else None, sentence.outlet)
        for credit in dict.fromkeys(self._analysis.credit(self._index, finding) for finding in findings):
            if added := _added(credit, own):
                yield Credited(added, Place.AROUND, "")

    def _weighed(self, view: View) -> Weighing:
        weighed = self._analysis.weighed(view)
        verdict = weighed.verdict
        reasons = self._classifier.reasons(self._analysis.evidence(view), verdict.stage)
        return Weighing(
            stage=verdict.stage,
            stage_probability=weighed.stages[verdict.stage],
            status_probability=verdict.probability,
            nothing=weighed.nothing,
            needed=self._analysis.needed(view),
            in_favour=tuple(reason for reason in reasons if reason[1] > 0)[:_REASONS],
            against=tuple(reason for reason in reasons if reason[1] < 0)[:_REASONS],
        )


def _added(credit: Credit, own: Credit) -> Credit | None:
    """What a credit has that the sentence's own one leaves open."""
    added = Credit(None if own.speaker else credit.speaker, None if own.outlet else credit.outlet)
    return None if added == NOBODY else added
