"""What is asserted: from the sentences of an article to its claims about a deal.

    sentence -> masked sentence -> first rule that fires, unless all words speak against it, else what they weigh
             -> live, settled or background -> claim with its credit

A sentence is split and searched for cues once, however many deals it names; only the cheap last steps are done for
each deal.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import NamedTuple

from matcher.attribution import NOBODY, Credit, is_own_page, is_press_wire
from matcher.classifier import Classifier, Verdict, Weighed, features
from matcher.cues import WEIGHED, Cues, Fired, Rule
from matcher.dateline import reporter
from matcher.parties import Mention
from matcher.phrases import OTHER, PARTIES
from matcher.sentence import Headed, Part, Sentence, without_company, without_other_stories
from matcher.vocabulary import Article, Claim, Deal, Kind, Speaker, Stage, Status

# Sentences below a headline that tell its news and may say who stands behind it.
_LEAD = 2

TEXT_FACTOR = 0.75
"""On labelled news of 2007 to 2022 some 96 % of the claims read in titles were right, and 70 % of those in texts. It is
for what the classifier has not learned."""

SURE = {"title": 0.7, "headed": 0.8, "lead": 0.85, "text": 0.97}
"""How sure the classifier must be to have a say: below, too much of what it says is wrong (``hearsay evaluate``)."""

OUTVOTED = 0.97
"""How sure it must be where a rule says that the sentence claims nothing."""

PLAINER = 1.1
"""Log-odds. Titles are plainer than the lines that the classifier learned from, which were chosen to be hard: of what
rules read with a probability of 0.3 to 0.7 in labelled headlines of 2005 to 2026, more than eight in ten were right."""

LEAST = 0.3
"""What a rule reads with less certainty, against all words around it, is not heard; then the words have the say."""

ABOUT_ELSE = 0.6
"""How sure to be that a title claims nothing, until the text below it is not asked for the news."""

MOST = 50
"""Sentences of an article that are read for one deal."""

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
        self._outlet = reporter(article)
        alone = [sentence for part in parts for sentence in part.sentences()]
        self._alone = len(alone)
        self._sentences = (*alone, *_headed(alone))
        self._cues = cues
        self._classifier = classifier
        self._candidates: dict[int, list[int]] = {}
        self._fired_in: dict[View, Fired] = {}
        self._found: dict[View, Sequence[Finding]] = {}

    def claims(self, index: int, deal: Deal) -> Iterator[Claim]:
        """What the article claims about the deal with this index: the news or else the settled fact, and background."""
        findings = [finding for found in self.findings(index, deal) for finding in found]
        about_else = any(
            f.sentence.form == "title" and f.rule.stage is None and f.certainty >= ABOUT_ELSE for f in findings
        )
        claiming = [finding for finding in findings if finding.rule.stage]
        wanted = (Manner.SETTLED,) if about_else else (Manner.NEWS, Manner.SETTLED)
        current = [finding for manner in wanted for finding in claiming if finding.manner is manner]
        told = {f.rule.stage: f for f in reversed(claiming) if f.manner is Manner.BACKGROUND}
        for finding in (*current[:1], *told.values()):
            if stage := finding.rule.stage:
                yield self._claim(index, deal, finding, stage)

    def naming(self, index: int, deal: Deal) -> Iterator[tuple[int, Sentence, str]]:
        """The sentences that speak of the deal: their number, the sentence, and the sentence masked.

        News stands on top: of a long text only the first :data:`MOST` count, so that its cost is bounded.
        """
        speaking = islice(self._speaking(index, min(2, len(deal.parties))), MOST)
        return ((number, sentence, self._masked(sentence, index)) for number, sentence in speaking)

    def _speaking(self, index: int, needed: int) -> Iterator[tuple[int, Sentence]]:
        """Those that name enough parties. Where none does, the title and a sentence of its lead may do so together."""
        naming = ((n, s) for n, s in enumerate(self._sentences) if len(s.parties(index)) >= needed)
        found = False
        for number, sentence in naming:
            if number < self._alone:
                found = True
                yield number, sentence
            elif not found and not self._has_another_subject(index, sentence):
                yield number, sentence
                return

    def _has_another_subject(self, index: int, headed: Sentence) -> bool:
        """Whether the title names a third company, or the sentence below it a tracked one: that is dealt with, then."""
        title, *_ = headed.halves
        return OTHER in self._masked(headed, index).split() or any(self._names(title))

    def findings(self, index: int, deal: Deal) -> Iterator[Sequence[Finding]]:
        """What fired in each of the sentences that speak of the deal, in their order."""
        for number, _, masked in self.naming(index, deal):
            view = View(number, masked, deal.kind)
            if view not in self._found:
                self._found[view] = self._read(view)
            yield self._found[view]

    def evidence(self, view: View) -> tuple[str, ...]:
        """What the classifier sees of a sentence."""
        sentence = self._sentences[view.number]
        fired = self._fired(view)
        names = {name for half in sentence.halves if half.in_small_letters for name in self._names(half)}
        return tuple(features(view.masked, view.kind, sentence.credit, sentence.form, fired, names))

    def _names(self, sentence: Sentence) -> Iterator[str]:
        """Words with a capital letter that the classifier does not know: names of companies nobody tracks, say."""
        return (word for word in sentence.capitalised if not self._classifier.knows(word))

    def weighed(self, view: View) -> Weighed:
        """What the words of a sentence weigh together."""
        return self._classifier.weigh(self.evidence(view))

    def _read(self, view: View) -> Sequence[Finding]:
        """What the rules of the main clause say, or else what the words weigh, or else what is told in passing."""
        fired, weighed = self._fired(view), self.weighed(view)
        return (
            tuple(self._ruled(view, fired, weighed))
            or tuple(self._by_words(view, fired, weighed))
            or tuple(self._told_in_passing(view, fired, weighed))
        )

    def _fired(self, view: View) -> Fired:
        if view not in self._fired_in:
            main, aside = self._cues.clauses(view.masked)
            rule = self._first(view, main)
            self._fired_in[view] = Fired(rule, None if rule and rule.stage else self._first(view, aside))
        return self._fired_in[view]

    def _ruled(self, view: View, fired: Fired, weighed: Weighed) -> Iterator[Finding]:
        if fired.main and fired.main.stage:
            yield from self._by_rule(view, fired.main, Manner.SETTLED if fired.main.settled else Manner.NEWS, weighed)

    def _told_in_passing(self, view: View, fired: Fired, weighed: Weighed) -> Iterator[Finding]:
        """What is no news: that a rule knows the sentence to claim nothing, and what its circumstances tell."""
        main, aside = fired
        if main and not main.stage:
            yield from self._by_rule(view, main, Manner.NEWS, weighed)
        if aside:
            done = aside.stage is not None and aside.stage.status is Status.FINALIZED
            yield from self._by_rule(view, aside, Manner.SETTLED if done else Manner.BACKGROUND, weighed)

    def _by_rule(self, view: View, rule: Rule, manner: Manner, weighed: Weighed) -> Iterator[Finding]:
        certainty = self.certainty(view, rule, weighed) if manner is Manner.NEWS else self._own_certainty(view, rule)
        finding = self._finding(view, rule, manner, certainty)
        if finding.manner is not Manner.NEWS or certainty >= LEAST:
            yield finding

    def certainty(self, view: View, rule: Rule, weighed: Weighed) -> float:
        """How sure to be of a rule's news, or that there is none: the surer, the more the words speak for it too.

        Where only others say so, words for either stage do: who is to buy, sources say, is near it at least.
        """
        if not self._classifier.has_learned(rule):
            return self._own_certainty(view, rule)
        if not rule.stage:
            return weighed.nothing
        statuses = {stage.status for stage in (self._as_reported(view, rule), rule.stage) if stage}
        certainty = sum(map(weighed.of, statuses))
        return _plainer(certainty) if self._sentences[view.number].part == "title" else certainty

    def _as_reported(self, view: View, rule: Rule) -> Stage | None:
        """The rule's stage, or the one instead of it if the sentence credits only others."""
        credit = self._own_credit(self._sentences[view.number], view.masked)
        return rule.reported if rule.reported and credit.second_hand else rule.stage

    def _own_credit(self, sentence: Sentence, masked: str) -> Credit:
        """Who is credited in the sentence itself, or behind it."""
        return sentence.credit | Credit(self._cues.speaker(masked), sentence.outlet)

    def _own_certainty(self, view: View, rule: Rule) -> float:
        return rule.certainty * (1 if self._sentences[view.number].part == "title" else TEXT_FACTOR)

    def _by_words(self, view: View, fired: Fired, weighed: Weighed) -> Iterator[Finding]:
        """Where no rule reads news, the words together may be clear enough; not of what has not happened.

        What is told in passing ("as X walks away") may be the news, if the words say the same.
        """
        verdict = weighed.verdict
        if self._names_another(view) or self._has_another_say(view, fired.aside, verdict):
            return
        if verdict.probability >= self.needed(view) and self._names_a_party(view):
            yield self._finding(view, Rule(WEIGHED, (), verdict.stage), Manner.NEWS, verdict.probability)

    def _names_another(self, view: View) -> bool:
        """Whether a sentence of the text names a third company: then words alone do not tell who deals with whom."""
        return self._sentences[view.number].part == "text" and OTHER in view.masked.split()

    def _has_another_say(self, view: View, aside: Rule | None, verdict: Verdict) -> bool:
        """Whether the circumstances tell of something else than the words do, or of another time."""
        if not aside or not aside.stage:
            return False
        return aside.stage.status is not verdict.stage.status or self._cues.is_background(view.masked)

    def needed(self, view: View) -> float:
        """How sure the words must be to have a say in a sentence."""
        form = self._sentences[view.number].form
        sure = SURE["lead" if form == "text" and view.number <= _LEAD else form]
        silenced = any(rule and not rule.stage for rule in self._fired(view))
        return max(sure, OUTVOTED) if silenced else sure

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
        own = self._own_credit(sentence, finding.masked)
        if sentence.part == "title" and not own.speaker:
            lead = self._credit_of_the_lead(index)
            own |= lead if lead.outlet in (None, own.outlet) or own == NOBODY else NOBODY
        elif not own.outlet and not own.first_hand:
            earlier = (s for s in reversed(self._sentences[: finding.number]) if s.outlet)
            own |= next((Credit(self._cues.speaker(s.masked()), s.outlet) for s in earlier), NOBODY)
        own = own.unless_from(self._outlet)
        return Credit(Speaker.PARTY) if own == NOBODY and self._is_release(index) else own

    def _is_release(self, index: int) -> bool:
        """Whether the article is a party's own.

        Its outlet is one of the parties, or passes on what companies issue, or its text is what a party issued over a
        wire; whoever else issues something there begins with another name.
        """
        carrier = self._article.outlet
        own = any(index in m.seats.parties and is_own_page(carrier, m.start, m.end) for m in self._carrier)
        issued = next((sentence for sentence in self._sentences if sentence.released), None)
        begins_with = self._masked(issued, index).split()[:1] if issued else []
        return own or is_press_wire(carrier) or not set(PARTIES).isdisjoint(begins_with)

    def _credit_of_the_lead(self, index: int) -> Credit:
        lead = _lead(self._sentences[: self._alone])
        told = [Credit(self._cues.speaker(self._masked(s, index)), s.outlet) for s in lead]
        spoken = (c for s, c in zip(lead, told, strict=True) if s.parties(index) or c == Credit(Speaker.SOURCES))
        return next((credit for credit in spoken if credit != NOBODY), NOBODY)

    def _masked(self, sentence: Sentence, index: int) -> str:
        masked = without_company(self._cues.plain(sentence.masked(index)))
        if sentence.part != "title":
            return masked
        others, own = without_other_stories(masked)
        return masked if self._cues.speaker(others) else own

    def _quoted(self, index: int, kind: Kind, finding: Finding, stage: Stage) -> Sentence:
        """Of two sentences read as one, that whose own words say it the loudest."""
        sentence, *others = finding.sentence.halves
        if not others:
            return sentence

        def loudness(half: Sentence) -> float:
            number = self._sentences.index(half)
            return self.weighed(View(number, self._masked(half, index), kind)).of(stage.status)

        return max(finding.sentence.halves, key=loudness)

    def _claim(self, index: int, deal: Deal, finding: Finding, stage: Stage) -> Claim:
        rule, sentence = finding.rule, self._quoted(index, deal.kind, finding, stage)
        credit = self.credit(index, finding)
        start, end = sentence.span.start, min(sentence.span.end, sentence.span.start + _LONGEST_QUOTE)
        return Claim(
            deal=deal.slug,
            stage=rule.reported if rule.reported and credit.second_hand else stage,
            speaker=credit.speaker or (Speaker.OUTLET if credit.outlet else rule.speaker) or Speaker.OUTLET,
            origin=credit.outlet or self._outlet,
            quote=sentence.text[start:end],
            field=sentence.field,
            start=start,
            end=end,
            certainty=finding.certainty,
            rule=rule.id,
            background=finding.manner is Manner.BACKGROUND,
            settled=finding.manner is Manner.SETTLED,
        )


def _lead(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """The first sentences below the title."""
    return sentences[1 : 1 + _LEAD] if sentences and sentences[0].part == "title" else ()


def _headed(sentences: Sequence[Sentence]) -> Iterator[Headed]:
    """The title with each sentence of the lead. What is longer than a quote is no sentence, but a list."""
    headed = (Headed.of(sentences[0], sentence) for sentence in _lead(sentences))
    return (one for one in headed if all(half.span.end - half.span.start <= _LONGEST_QUOTE for half in one.halves))


def _plainer(probability: float) -> float:
    """A probability learned from hard lines, for news: see :data:`PLAINER`."""
    odds = probability / max(1 - probability, 1e-9) * math.exp(PLAINER)
    return odds / (1 + odds)
