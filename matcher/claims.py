"""What is asserted: from the sentences of an article to its claims about a deal.

    sentence -> masked sentence -> first rule that fires, unless all words speak against it, else what they weigh
             -> live, settled or background -> claim with its credit

A sentence is split and searched for cues once, however many deals it names; only the cheap last steps are done for
each deal.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from matcher.attribution import NOBODY, Credit, is_own_page, is_press_wire, outlet_name
from matcher.classifier import Classifier, features
from matcher.cues import WEIGHED, Cues, Fired, Rule
from matcher.parties import Mention
from matcher.phrases import PARTIES, letter
from matcher.sentence import Part, Sentence, without_company
from matcher.vocabulary import Article, Claim, Deal, Kind, Speaker, Stage, Status

# Sentences below a headline that may say who stands behind it.
_LEAD = 2

# Sentences before one that names a party alone, of which one must have introduced both.
_NEAR = 2

TEXT_FACTOR = 0.75
"""On labelled news of 2007 to 2022 some 96 % of the claims read in titles were right, and 70 % of those in texts. It is
for what the classifier has not learned."""

SURE = {"title": 0.6, "text": 0.97}
"""How sure the classifier must be to have a say: below, too much of what it says is wrong (``hearsay evaluate``)."""

LEAST = 0.3
"""What a rule reads with less certainty, against all words around it, is oftener wrong than right; then the words have
the say."""

# A text without full stops is one sentence, however long; a quote need not be.
_LONGEST_QUOTE = 1_000


class Manner(Enum):
    """How an article brings a claim."""

    NEWS = "news"
    SETTLED = "settled"
    """Taken as known, beside other news."""
    BACKGROUND = "background"
    """Told of another time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired in a sentence for one deal. A rule without a stage says that the sentence claims nothing."""

    number: int
    """The sentence's place in the article."""
    sentence: Sentence
    masked: str
    rule: Rule
    manner: Manner
    certainty: float


class View(NamedTuple):
    """A sentence as it looks for a deal of one kind."""

    number: int
    """The sentence's place in the article."""
    masked: str
    kind: Kind


class Analysis:
    """One article, read for its claims. Work that does not depend on the deal is done once."""

    def __init__(
        self, article: Article, parts: Iterable[Part], carrier: Iterable[Mention], cues: Cues, classifier: Classifier
    ) -> None:
        """``carrier``: the names in the outlet's own name."""
        self._article = article
        self._carrier = tuple(carrier)
        self._sentences = tuple(sentence for part in parts for sentence in part.sentences())
        self._cues = cues
        self._classifier = classifier
        self._candidates: dict[int, list[int]] = {}
        self._found: dict[View, Sequence[Finding]] = {}

    def claims(self, index: int, deal: Deal) -> Iterator[Claim]:
        """What the article claims about the deal with this index: the news or else the settled fact, and background."""
        findings = [finding for found in self.findings(index, deal) for finding in found]
        about_else = any(f.sentence.part == "title" and f.rule.stage is None for f in findings)
        claiming = [finding for finding in findings if finding.rule.stage]
        wanted = (Manner.SETTLED,) if about_else else (Manner.NEWS, Manner.SETTLED)
        current = [finding for manner in wanted for finding in claiming if finding.manner is manner]
        told = {f.rule.stage: f for f in reversed(claiming) if f.manner is Manner.BACKGROUND}
        for finding in (*current[:1], *told.values()):
            if stage := finding.rule.stage:
                yield self._claim(index, deal, finding, stage)

    def naming(self, index: int, deal: Deal) -> Iterator[tuple[int, Sentence, str]]:
        """The sentences that speak of the deal: their number, the sentence, and the sentence masked."""
        needed = min(2, len(deal.parties))
        for number, sentence in enumerate(self._sentences):
            named = sentence.parties(index)
            if len(named) >= needed:
                yield number, sentence, self._masked(sentence, index)
            elif len(deal.parties) == 2 and self._speaks_of_the_deal(number, index):
                yield number, sentence, self._cues.completed(self._masked(sentence, index), letter(1 - min(named)))

    def findings(self, index: int, deal: Deal) -> Iterator[Sequence[Finding]]:
        """What fired in each of the sentences that speak of the deal, in their order."""
        for number, _, masked in self.naming(index, deal):
            view = View(number, masked, deal.kind)
            if view not in self._found:
                self._found[view] = self._read(view)
            yield self._found[view]

    def _speaks_of_the_deal(self, number: int, index: int) -> bool:
        """Whether a sentence of the text names one party, and one just before it named both."""
        sentence = self._sentences[number]
        if sentence.part == "title" or sentence.parties(index) not in ({0}, {1}):
            return False
        alone = all(index in mention.seats.parties for mention in sentence.mentions)
        before = self._sentences[max(0, number - _NEAR) : number]
        return alone and any(len(other.parties(index)) > 1 for other in before)

    def evidence(self, view: View) -> tuple[str, ...]:
        """What the classifier sees of a sentence."""
        return self._evidence(view, self._fired(view))

    def _read(self, view: View) -> Sequence[Finding]:
        """What rules say, or else what the words weigh."""
        fired = self._fired(view)
        evidence = self._evidence(view, fired)
        return tuple(self._ruled(view, fired, evidence)) or tuple(self._weighed(view, evidence))

    def _fired(self, view: View) -> Fired:
        main, aside = self._cues.clauses(view.masked)
        rule = self._first(view, main)
        return Fired(rule, None if rule and rule.stage else self._first(view, aside))

    def _evidence(self, view: View, fired: Fired) -> tuple[str, ...]:
        sentence = self._sentences[view.number]
        return tuple(features(view.masked, view.kind, sentence.credit, sentence.part, fired))

    def _ruled(self, view: View, fired: Fired, evidence: Iterable[str]) -> Iterator[Finding]:
        main, aside = fired
        if main:
            yield from self._by_rule(view, main, Manner.SETTLED if main.settled else Manner.NEWS, evidence)
        if aside:
            done = aside.stage is not None and aside.stage.status is Status.FINALIZED
            yield from self._by_rule(view, aside, Manner.SETTLED if done else Manner.BACKGROUND, evidence)

    def _by_rule(self, view: View, rule: Rule, manner: Manner, evidence: Iterable[str]) -> Iterator[Finding]:
        certainty = self.certainty(view, rule, evidence) if manner is Manner.NEWS else self._own_certainty(view, rule)
        finding = self._finding(view, rule, manner, certainty)
        if finding.manner is not Manner.NEWS or certainty >= LEAST:
            yield finding

    def certainty(self, view: View, rule: Rule, evidence: Iterable[str]) -> float:
        """How sure to be of a rule's news: the surer, the more the words speak for it too."""
        if rule.stage and self._classifier.has_learned(rule):
            return self._classifier.certainty(rule.stage, evidence)
        return self._own_certainty(view, rule)

    def _own_certainty(self, view: View, rule: Rule) -> float:
        return rule.certainty * (1 if self._sentences[view.number].part == "title" else TEXT_FACTOR)

    def _weighed(self, view: View, evidence: Iterable[str]) -> Iterator[Finding]:
        """Where no rule has a say, the words together may be clear enough; not of what has not happened."""
        verdict = self._classifier.verdict(evidence)
        if verdict.probability >= SURE[self._sentences[view.number].part] and self._names_a_party(view):
            yield self._finding(view, Rule(WEIGHED, (), verdict.stage), Manner.NEWS, verdict.probability)

    def _names_a_party(self, view: View) -> bool:
        """Whether a party stands in what is told as so, rather than in what has not happened."""
        return not set(PARTIES).isdisjoint("".join(self._cues.clauses(view.masked)).split())

    def _finding(self, view: View, rule: Rule, manner: Manner, certainty: float) -> Finding:
        sentence = self._sentences[view.number]
        history = sentence.part == "text" and self._cues.is_background(view.masked)
        manner = Manner.BACKGROUND if history else manner
        return Finding(view.number, sentence, view.masked, rule, manner, certainty)

    def _first(self, view: View, clause: str) -> Rule | None:
        """The first rule that a clause of the sentence fulfils."""
        sentence = self._sentences[view.number]
        if view.number not in self._candidates:
            self._candidates[view.number] = self._cues.candidates(self._cues.plain(sentence.masked()))
        return self._cues.first(clause, self._candidates[view.number], view.kind, sentence.part)

    def credit(self, index: int, finding: Finding) -> Credit:
        """Who is credited: in the sentence itself, else in the sentences around it."""
        sentence = finding.sentence
        own = sentence.credit | Credit(self._cues.speaker(finding.masked), sentence.outlet)
        if sentence.part == "title" and not own.speaker:
            lead = self._credit_of_the_lead(index, finding.number)
            own |= lead if lead.outlet in (None, own.outlet) or own == NOBODY else NOBODY
        elif not own.outlet and not own.first_hand:
            earlier = (s for s in reversed(self._sentences[: finding.number]) if s.outlet)
            own |= next((Credit(self._cues.speaker(s.masked()), s.outlet) for s in earlier), NOBODY)
        own = own.unless_from(self._article.outlet)
        return Credit(Speaker.PARTY) if own == NOBODY and self._is_release(index) else own

    def _is_release(self, index: int) -> bool:
        """Whether the article is a party's own: its outlet is one of the parties, or passes on what companies issue."""
        carrier = self._article.outlet
        own = any(index in m.seats.parties and is_own_page(carrier, m.start, m.end) for m in self._carrier)
        return own or is_press_wire(carrier)

    def _credit_of_the_lead(self, index: int, title: int) -> Credit:
        lead = self._sentences[title + 1 : title + 1 + _LEAD]
        told = [Credit(self._cues.speaker(self._masked(s, index)), s.outlet) for s in lead]
        spoken = (c for s, c in zip(lead, told, strict=True) if s.parties(index) or c == Credit(Speaker.SOURCES))
        return next((credit for credit in spoken if credit != NOBODY), NOBODY)

    def _masked(self, sentence: Sentence, index: int) -> str:
        return without_company(self._cues.plain(sentence.masked(index)))

    def _claim(self, index: int, deal: Deal, finding: Finding, stage: Stage) -> Claim:
        rule, sentence = finding.rule, finding.sentence
        credit = self.credit(index, finding)
        start, end = sentence.span.start, min(sentence.span.end, sentence.span.start + _LONGEST_QUOTE)
        return Claim(
            deal=deal.slug,
            stage=rule.reported if rule.reported and credit.second_hand else stage,
            speaker=credit.speaker or (Speaker.OUTLET if credit.outlet else rule.speaker) or Speaker.OUTLET,
            origin=credit.outlet or outlet_name(self._article.outlet),
            quote=sentence.text[start:end],
            field=sentence.field,
            start=start,
            end=end,
            certainty=finding.certainty,
            rule=rule.id,
            background=finding.manner is Manner.BACKGROUND,
            settled=finding.manner is Manner.SETTLED,
        )
