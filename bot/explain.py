"""Shows on the command line, step by step, how the matcher comes to what it says of one deal in one article."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from matcher.attribution import Credit
from matcher.claims import ABOUT_ELSE, LEAST
from matcher.cues import WEIGHED, Rule
from matcher.decide import Outcome
from matcher.explain import (
    Credited,
    Decided,
    Dropped,
    Effect,
    Explanation,
    Fit,
    Named,
    Naming,
    Place,
    Reason,
    Refusal,
    SentenceExplanation,
    Silence,
    Weighing,
    explain,
)
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Change, ChangeKind, Claim, Party, Speaker, Stage, Standing
from models import deal as deals
from models.database import Database
from models.deal import Deal

LONGEST = 600
"""Characters of a text that are shown; what goes beyond is counted."""

Row = tuple[str, str]

_REFUSED = {
    Refusal.SMALL_LETTERS: "is written in small letters",
    Refusal.EXCLUDED: "stands in a phrase that the watchlist lists under not",
    Refusal.INSIDE: "is part of another tracked name",
    Refusal.ALONE: "needs one of these words in the article",
}
_SILENCE = {
    Silence.NOT_NAMED: "The article does not name the deal.",
    Silence.APART: "A mention only: no sentence speaks of the deal.",
    Silence.NO_WORD: "A mention only: no sentence says anything that counts.",
    Silence.ABOUT_ELSE: "A mention only: a rule says that the title claims nothing, so the text brings no news.",
}
_PLACES = {
    Place.ENDING: "by “{}” behind the headline",
    Place.SENTENCE: "by “{}” in the sentence",
    Place.AROUND: "by the sentences around",
}
_REASONS = {
    Reason.RULE: "a known fact: the rule says settled",
    Reason.CIRCUMSTANCE: "it stands in the clause of circumstances",
    Reason.OTHER_TIME: "“{}” tells of another time",
}
_OUTCOMES = {
    Outcome.MOVED: "The deal moves",
    Outcome.SUPPORTED: "Nothing moves: the deal stands there already. A new outlet counts as a further source.",
    Outcome.COPY: "Nothing moves: it is a copy of an earlier report.",
    Outcome.OLDER: "Nothing moves: the article is older than what the deal's status rests on. Try --published.",
    Outcome.BACKGROUND: "Nothing moves: background goes into the history only.",
    Outcome.BYSTANDER: "Nothing moves: analysts and bystanders never move a deal.",
    Outcome.SETTLED: "Nothing moves: a known fact only gives a first status.",
    Outcome.POWERLESS: "Nothing moves: the present status may not be left for this one.",
    Outcome.DOUBTFUL: "Nothing moves yet: the reading is unsure, and waits for another article that says the same.",
    Outcome.HELD: "Nothing moves yet: an unvetted feed alone waits for the owner.",
    Outcome.STRUCK: "Nothing moves: a person said that it is wrong.",
}
_TRAITS = {
    "@kind acquisition": "a deal for ownership",
    "@kind partnership": "a partnership",
    "@part title": "in a title",
    "@part text": "in running text",
    **{f"@credit {speaker}": f"{speaker} behind the headline" for speaker in Speaker},
}
"""The classifier's features that are not words."""
_SIGNED = {
    "@rule": "the rule {}",
    "@says": "a rule for {}",
    "@aside": "the rule {} in the circumstances",
    "@acquisition": "“{}” where it is about ownership",
    "@partnership": "“{}” where it is about a partnership",
}
"""Those that are rules, and words that mean something else in deals of another kind."""
_WHERE = {"<": "before the parties", "=": "between the parties", ">": "behind the parties"}
"""What the first character of a classifier's feature says about the place of its word."""


class ExplainError(Exception):
    """There is no such deal to read for; the message says what to do."""


async def run_explanation(database: Database, slug: str, article: Article, out: Console) -> None:
    """Print how the article is read for the deal with this slug, or for the only one that there is.

    Raises :class:`ExplainError` if there is none.
    """
    async with database.read() as session:
        rows = await deals.all_deals(session)
        near = [] if slug in {row.slug for row in rows} else await deals.suggest(session, slug)
    index = _chosen(rows, slug, near)
    matcher = Matcher(row.value for row in rows)
    _show(explain(matcher, index, article, rows[index].standing), rows[index], article, out)


def _chosen(rows: Sequence[Deal], slug: str, near: Sequence[Deal]) -> int:
    if not rows:
        raise ExplainError('The watchlist is empty. Add a deal, for example: hearsay deals add "Huawei + AT&T"')
    slugs = [row.slug for row in rows]
    if slug in slugs:
        return slugs.index(slug)
    if not slug and len(slugs) == 1:
        return 0
    if not slug:
        raise ExplainError(f"There are {len(slugs)} deals. Name one: --deal SLUG")
    meant = f" Did you mean {' or '.join(deal.slug for deal in near)}?" if near else " See: hearsay deals list"
    raise ExplainError(f'No deal is called "{_short(slug)}".{meant}')


def _show(explanation: Explanation, deal: Deal, article: Article, out: Console) -> None:
    out.print(Text(_short(article.title), style="bold"))
    read = f"read for {deal.slug} ({deal.kind}), published {article.moment:%Y-%m-%d %H:%M} UTC"
    out.print(Text(f"{read}, by {article.outlet}" if article.outlet else read))
    _section(out, "1. Names", [_naming(explanation.names, deal.value.parties)])
    _section(out, "2. Sentences that speak of the deal", (*_filed(explanation), *_sentences(explanation.sentences)))
    _section(out, "3. Claims", _claims(explanation))
    _section(out, "4. What it would do", [_effects(deal.standing, explanation.effects)])


def _section(out: Console, title: str, blocks: Iterable[Iterable[Row]]) -> None:
    out.print()
    out.print(Text(title, style="bold cyan"))
    for number, block in enumerate(blocks):
        if number:
            out.print()
        out.print(_rows(block))


def _rows(rows: Iterable[Row]) -> Table:
    """Labels and what they are about. Everything is plain text, so that nothing in a headline is taken for markup."""
    table = Table.grid(Column(no_wrap=True, style="dim"), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for label, text in rows:
        table.add_row(Text(label), Text(_short(text)))
    return table


# Names ---------------------------------------------------------------------------------------------------------------


def _naming(names: Naming, parties: Sequence[Party]) -> Iterator[Row]:
    for named in names.read:
        yield f"read as {named.letter}", f"“{named.words}” in the {named.field}: {_name(named.party)}"
    for named in names.refused:
        yield "refused", f"“{named.words}” in the {named.field}, for {_name(named.party)}: it {_refusal(named)}"
    if names.others:
        yield "other names", ", ".join(names.others)
    for party in () if names.together else names.missing:
        yield "missing", f"{party.name}; it would be found as: {_spellings(party)}"
    need = "the party" if len(parties) == 1 else "two parties, or one and a keyword"
    yield "together", "enough is named" if names.together else f"not enough is named; it takes {need}"


def _refusal(named: Named) -> str:
    words = named.party.requires if named.party and named.refusal is Refusal.ALONE else ()
    return ": ".join(filter(None, [named.refusal and _REFUSED[named.refusal], ", ".join(words)]))


def _name(party: Party | None) -> str:
    return party.name if party else "a keyword of the deal"


def _spellings(party: Party) -> str:
    ticker = [f"${party.ticker}"] if party.ticker else []
    return ", ".join([*party.names, *ticker])


# Sentences -----------------------------------------------------------------------------------------------------------


def _filed(explanation: Explanation) -> Iterator[Iterable[Row]]:
    for filed in explanation.filed:
        origin = f"; the text comes from {filed.agency}" if filed.agency else ""
        yield [("dateline", f"“{filed.words}” in the {filed.field} is no news{origin}")]


def _sentences(explained: Sequence[SentenceExplanation]) -> Iterator[Iterable[Row]]:
    yield from map(_sentence, explained)
    if not explained:
        yield [("none", "A sentence speaks of the deal if it names two parties, a title also with what stands below.")]


def _sentence(explained: SentenceExplanation) -> Iterator[Row]:
    for sentence in explained.sentence.halves:
        yield sentence.field, " ".join(sentence.text[slice(*sentence.span)].split())
    yield "as rules see it", explained.masked.strip()
    yield "letters", _legend(explained)
    yield "credited", "; ".join(map(_credited, explained.credited)) or _nobody(explained.decided)
    if explained.main != explained.masked:
        yield "main clause", explained.main.strip()
        yield "circumstances", explained.aside.strip() or "none that count: what has not happened is left out"
    for decided in explained.decided:
        yield from _decided(decided)
    if explained.dropped:
        yield from _dropped(explained.dropped)
    elif not explained.decided:
        yield "rule", "none fits"
    if explained.weighed:
        yield from _weighed(explained.weighed)


def _legend(explained: SentenceExplanation) -> str:
    words = set(explained.masked.split())
    signs = {
        "O": "another tracked name",
        "#": "a number or a sum",
        "%": "a minority percentage",
        "#past": "a year before the article's",
    }
    parties = [f"{one.letter} {_name(one.party)}" for one in explained.legend]
    return ", ".join([*parties, *(f"{sign} {meaning}" for sign, meaning in signs.items() if sign in words)])


def _credited(credited: Credited) -> str:
    return f"{_who(credited.credit)} {_PLACES[credited.place].format(credited.words)}"


def _nobody(decided: Iterable[Decided]) -> str:
    implied = next((d.finding.rule.speaker for d in decided if d.finding.rule.speaker), None)
    return f"nobody; the rule implies: {implied}" if implied else "nobody"


def _who(credit: Credit) -> str:
    return " and ".join(filter(None, [credit.speaker, credit.outlet]))


def _decided(decided: Decided) -> Iterator[Row]:
    rule, fit = decided.finding.rule, decided.fit
    if fit is None:
        yield "rule", f"none has a say; the classifier says {_stage(rule.stage)}"
    else:
        yield "rule", f"{rule.id}: {_meaning(rule)}"
        yield "phrase", fit.phrase
        yield "words", fit.words
    if rule.stage:
        why = f": {_REASONS[decided.reason].format(decided.words)}" if decided.reason else ""
        yield "told as", decided.finding.manner.value + why
    if fit:
        certainty = decided.finding.certainty
        yield "certainty", f"{certainty:.2f}, {'as learned' if decided.learned else 'as the rule says'}"
        if not rule.stage and decided.finding.sentence.form == "title" and certainty < ABOUT_ELSE:
            yield "", f"too unsure to be about something else: it takes {ABOUT_ELSE}, so the text is asked"
    for further in decided.further:
        yield "also fits", f"further down: {_further(further)}"


def _dropped(dropped: Dropped) -> Iterator[Row]:
    fit = dropped.fit
    yield "not heard", f"{fit.rule.id}: {_meaning(fit.rule)}, by “{fit.words}”"
    if dropped.certainty is None:
        yield "", "the words around it are sure enough to say otherwise"
    else:
        yield "", f"certainty beside such words: {dropped.certainty:.2f}; {LEAST} is needed"


def _further(fit: Fit) -> str:
    return f"{fit.rule.id}: {_meaning(fit.rule)}, by “{fit.words}”"


def _meaning(rule: Rule) -> str:
    reported = f" ({rule.reported} where only another outlet or unnamed people say so)" if rule.reported else ""
    return _stage(rule.stage) + reported


def _stage(stage: Stage | None) -> str:
    return f"{stage.status} · {stage}" if stage else "nothing is claimed"


def _weighed(weighed: Weighing) -> Iterator[Row]:
    status = f"{weighed.stage.status} {weighed.status_probability:.0%}, most of it {weighed.stage}"
    yield "classifier", f"{status} {weighed.stage_probability:.0%}; nothing {weighed.nothing:.0%}"
    if weighed.status_probability < weighed.needed:
        yield "", f"too unsure: a status counts from {weighed.needed:.0%}"
    yield "", "X and Y: the parties as they come; O: another name; ^ and $: the ends of the sentence"
    yield f"for {weighed.stage}", _features(weighed.in_favour)
    yield "against", _features(weighed.against)


def _features(reasons: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{_in_words(feature)} {weight:+.2f}" for feature, weight in reasons) or "nothing"


def _in_words(feature: str) -> str:
    """A feature in words; see :func:`matcher.classifier.features`."""
    sign, _, what = feature.partition(" ")
    if sign in _SIGNED:
        return _SIGNED[sign].format(what)
    if len(feature) > 1 and feature[0] in _WHERE and feature[1] != " ":
        return f"“{feature[1:]}” {_WHERE[feature[0]]}"
    return _TRAITS.get(feature, f"“{feature}”")


# Claims --------------------------------------------------------------------------------------------------------------


def _claims(explanation: Explanation) -> Iterator[Iterable[Row]]:
    if explanation.silence:
        yield [("none", _SILENCE[explanation.silence])]
    yield from map(_claim, explanation.claims)
    claiming = [decided for one in explanation.sentences for decided in one.decided if decided.finding.rule.stage]
    if 0 < len(explanation.claims) < len(claiming):
        yield [("the rest", "adds nothing: the first news counts, and the first background of each stage.")]


def _claim(claim: Claim) -> Iterator[Row]:
    manner = " (background)" if claim.background else " (settled)" if claim.settled else ""
    yield "claim", f"{_stage(claim.stage)}{manner}"
    yield "speaker", "outlet; nobody else is credited" if claim.speaker is Speaker.OUTLET else claim.speaker
    yield "origin", claim.origin or "the article's outlet, which has no name here"
    yield "certainty", f"{claim.certainty:.2f}"
    yield "rule", "none; the classifier" if claim.rule == WEIGHED else claim.rule
    yield "quote", f"“{' '.join(claim.quote.split())}”"


def _effects(standing: Standing, effects: Sequence[Effect]) -> Iterator[Row]:
    yield "stands at", _standing(standing)
    for effect in effects:
        yield from _effect(effect)
    if not effects:
        yield "then", "Nothing moves: there is no claim."


def _effect(effect: Effect) -> Iterator[Row]:
    yield _stage(effect.claim.stage), _OUTCOMES[effect.decision.outcome] + _move(effect.decision.change)
    if effect.decision.change:
        yield "", "It is pushed to the deal's followers." if effect.pushed else "It is recorded, and not pushed."


def _move(change: Change | None) -> str:
    if change is None:
        return ""
    what = "" if change.kind is not ChangeKind.CONFIRMATION else " (a confirmation)"
    return f": {_standing(change.before)} → {_standing(change.after)}{what}."


def _standing(standing: Standing) -> str:
    if standing.stage is None:
        return "no reports yet"
    return f"{_stage(standing.stage)}, {'confirmed' if standing.confirmed else 'reported'}"


def _short(text: str) -> str:
    rest = len(text) - LONGEST
    return f"{text[:LONGEST]}… ({rest} more characters)" if rest > 0 else text
