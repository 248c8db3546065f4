"""The explanation: what decided, what comes next, and why there is nothing."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.attribution import Credit
from matcher.claims import LEAST, OUTVOTED
from matcher.classifier import NOTHING, Classifier
from matcher.cues import _RULE_KEYS, WEIGHED, Cues, parse
from matcher.decide import Outcome
from matcher.explain import Explanation, Place, Reason, Refusal, Silence, explain
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Deal, Field, Kind, Party, Speaker, Stage, Standing, Trust

NOON = datetime(2020, 5, 4, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
HEADLINES = ROOT / "tests" / "data" / "headlines.toml"
CUES = """
breaks = ["after", "if"]
hypothetical = ["if"]
joints = ["with"]
background = ["in #past"]
[voice]
party = ["P said"]
[words]
chat = "talks|discussions"
[[rule]]
id = "opinion"
phrases = ["^ analysis"]
[[rule]]
id = "known"
stage = "completed"
settled = true
phrases = ["since buying P"]
[[rule]]
id = "agreed"
stage = "agreed"
speaker = "party"
phrases = ["X .. agrees to buy Y"]
[[rule]]
id = "talks"
stage = "talks"
phrases = ["X .. in <chat> .. Y", "XY in <chat>"]
[[rule]]
id = "talks-end"
stage = "called_off"
phrases = ["P <chat> ended"]
[[rule]]
id = "loose-talks"
stage = "talks"
phrases = ["P in <chat>", "<chat> with P"]
[[rule]]
id = "wish"
stage = "speculation"
phrases = ["X .. buy Y"]
[[rule]]
id = "buying"
stage = "speculation"
phrases = ["to buy P"]
"""
WEIGHTS = {
    "smitten": {"speculation": 3.0, "denied": -1.0},
    "X": {"speculation": 0.5, NOTHING: 0.2},
    "=by": {"speculation": -0.4},
    "odd": {NOTHING: 20.0},
    "besotted": {"speculation": 9.0},
    "@rule loose-talks": {"talks": 3.0},
}
TELVARA, NORTHGATE = Party("Telvara", ticker="TLV"), Party("Northgate", excludes=("Northgate Arena",))
QUORUM, ATLAS = Party("Quorum Media"), Party("Atlas", requires=("shipping", "freight"))


def matcher(*deals: Deal, cues: str = CUES) -> Matcher:
    chosen = deals or (deal(), deal("quorum-atlas", QUORUM, ATLAS))
    weights = Classifier(WEIGHTS, {NOTHING: 1.0, "speculation": 0.0})
    return Matcher(chosen, Cues([parse(cues, "test.toml")]), weights)


def deal(slug: str = "telvara-northgate", *parties: Party, keywords: tuple[str, ...] = ()) -> Deal:
    return Deal(slug, slug, Kind.ACQUISITION, parties or (TELVARA, NORTHGATE), keywords)


def article(title: str, body: str = "", trust: Trust = Trust.TRUSTED) -> Article:
    return Article("a", title, NOON, NOON, outlet="Daily Ledger", body=body, trust=trust)


def explained(title: str, body: str = "", *, index: int = 0, cues: str = CUES) -> Explanation:
    return explain(matcher(cues=cues), index, article(title, body), Standing())


def fired(explanation: Explanation) -> list[list[str]]:
    """For each sentence and each clause that decided, the rules in their order."""
    return [
        [one.fit.rule.id, *(further.rule.id for further in one.further)]
        for sentence in explanation.sentences
        for one in sentence.decided
        if one.fit
    ]


def headlines() -> Iterator[tuple[Deal, str]]:
    for group in tomllib.loads(HEADLINES.read_text(encoding="utf-8"))["group"]:
        parties = [Party(name, tuple(others)) for name, *others in group.get("parties", ())]
        about = Deal("one", "one", Kind(group.get("kind", Kind.ACQUISITION)), tuple(parties) or (TELVARA, NORTHGATE))
        for title, *_ in group["cases"]:
            yield about, title


def test_the_explanation_is_of_what_the_matcher_says() -> None:
    """For every headline of the table, in a title and below one: the same claims, each with what decided."""
    for about, title in headlines():
        bundled = Matcher([about])
        for read in (article(title), article("Pump makers in the news", title)):
            explanation = explain(bundled, 0, read, Standing())
            assert explanation.claims == bundled.read(read).claims
            assert (explanation.silence is None) == bool(explanation.claims)
            for decided in (one for sentence in explanation.sentences for one in sentence.decided):
                assert (decided.fit.rule.id if decided.fit else WEIGHED) == decided.finding.rule.id


def test_the_rule_that_fires_and_those_behind_it() -> None:
    """The phrase as it is written, the words that it found, and the next three rules that would have fired."""
    (sentence,) = explained("Telvara in talks to buy Northgate").sentences
    (decided,) = sentence.decided
    assert sentence.masked == " A in talks to buy B "
    assert decided.fit is not None
    assert (decided.fit.rule.id, decided.fit.phrase) == ("talks", "X .. in <chat> .. Y")
    assert decided.fit.words == "A in talks to buy B"
    assert [fit.rule.id for fit in decided.further] == ["loose-talks", "wish", "buying"]


def test_a_rule_is_shown_once() -> None:
    """However many of its phrases fit."""
    assert fired(explained("Telvara in talks with Northgate")) == [["loose-talks"]]


def test_a_word_less_lets_the_next_rule_decide() -> None:
    """Without the word that a rule needs, one further down decides."""
    assert fired(explained("Telvara in talks to buy Northgate"))[0][0] == "talks"
    assert fired(explained("Telvara to buy Northgate"))[0][0] == "wish"


def test_a_new_rule_is_seen_at_its_place() -> None:
    """A cue that is added above decides, and what decided before comes next."""
    rule = '[[rule]]\nid = "brand-new"\nstage = "near"\nphrases = ["talks to buy P"]\n'
    above, below = CUES.replace('[[rule]]\nid = "talks"', rule + '[[rule]]\nid = "talks"'), CUES + rule
    title = "Telvara in talks with Northgate after talks to buy Northgate"
    assert fired(explained("Telvara in talks to buy Northgate", cues=above))[0][:2] == ["brand-new", "talks"]
    assert "brand-new" not in fired(explained(title, cues=below))[0]


def test_the_letters_stand_for_the_parties() -> None:
    """In the order of the watchlist."""
    (sentence,) = explained("Northgate buys time for Telvara").sentences
    assert [(one.letter, one.party) for one in sentence.legend] == [("A", TELVARA), ("B", NORTHGATE)]


def test_who_is_credited_and_by_what() -> None:
    """Behind the headline, in the sentence, or in those around it."""
    (ending,) = explained("Telvara in talks with Northgate -sources").sentences
    assert [(one.credit, one.place, one.words) for one in ending.credited] == [
        (Credit(Speaker.SOURCES), Place.ENDING, "-sources")
    ]
    title, body = explained("Telvara in talks with Northgate", "Telvara said it likes Northgate.").sentences
    assert [(one.credit, one.place) for one in title.credited] == [(Credit(Speaker.PARTY), Place.AROUND)]
    assert [(one.place, one.words) for one in body.credited] == [(Place.SENTENCE, "A said")]


@pytest.mark.parametrize(
    ("title", "body", "reason"),
    [
        ("Telvara in talks with Northgate", "", None),
        ("Telvara grows since buying Northgate", "", Reason.RULE),
        ("Shares fall after Telvara in talks with Northgate", "", Reason.CIRCUMSTANCE),
        ("Shares fall after Telvara agrees to buy Northgate", "", Reason.CIRCUMSTANCE),
        ("Pumps", "Telvara in talks with Northgate in 2015.", Reason.OTHER_TIME),
    ],
)
def test_why_it_is_not_told_as_news(title: str, body: str, reason: Reason | None) -> None:
    """A known fact, a circumstance, or another time."""
    (sentence,) = explained(title, body).sentences
    (decided,) = sentence.decided
    assert decided.reason is reason
    assert decided.words == ("in #past" if reason is Reason.OTHER_TIME else "")


def test_the_clause_of_circumstances_is_set_apart() -> None:
    """What follows the break is shown apart; what has not happened is in neither."""
    (told,) = explained("Telvara in talks with Northgate after storm").sentences
    assert (told.main, told.aside.strip()) == (" A in talks with B ", "after storm")
    (untold,) = explained("Telvara in talks with Northgate if storm ends").sentences
    assert not untold.aside.strip()


def test_both_clauses_may_be_decided_by_the_same_rule() -> None:
    """Where the same rule speaks in the main clause and in the circumstances, each is explained by its own words."""
    title = "Analysis"
    cues = CUES.replace("^ analysis", "analysis")
    (sentence,) = explained(f"{title} of Telvara after analysis of Northgate", cues=cues).sentences
    assert [decided.fit.words for decided in sentence.decided if decided.fit] == ["analysis", "analysis"]


def test_where_no_rule_fits_the_words_are_weighed() -> None:
    """The probabilities, and the features for and against, the weightiest first."""
    (sentence,) = explained("Telvara smitten by Northgate").sentences
    weighed = sentence.weighed
    assert weighed is not None
    assert weighed.stage is Stage.SPECULATION
    assert weighed.stage_probability == weighed.status_probability > 0.6 > weighed.nothing
    assert weighed.in_favour == (("smitten", 3.0), ("X", 0.5))
    assert weighed.against == (("=by", -0.4),)
    assert [one.fit for one in sentence.decided] == [None]


def test_a_title_read_with_the_sentence_below_it() -> None:
    """Both are shown, and what the rules see of them together."""
    (sentence,) = explained("Telvara in talks", "The other side is Northgate. Northgate sells pumps.").sentences
    assert [half.field for half in sentence.sentence.halves] == [Field.TITLE, Field.BODY]
    assert sentence.masked == " A in talks ; the other side is B . "
    assert fired(explained("Telvara in talks", "The other side is Northgate.")) == [["loose-talks"]]


def test_what_is_too_unsure_decides_nothing() -> None:
    """The weights are shown all the same, and it stays a mention."""
    explanation = explained("Telvara ignored by Northgate")
    assert explanation.sentences[0].weighed is not None
    assert explanation.sentences[0].decided == ()
    assert explanation.silence is Silence.NO_WORD


def test_a_rule_leaves_nothing_to_weigh() -> None:
    """Where a rule has a say, even that nothing is claimed, the classifier is not asked."""
    assert explained("Analysis: Telvara smitten by Northgate").sentences[0].weighed is None


def test_a_rule_that_the_words_speak_against_is_shown_as_not_heard() -> None:
    """With how sure one might be of it, which is too little; the words are weighed instead."""
    (sentence,) = explained("Telvara in odd talks with Northgate").sentences
    assert sentence.dropped is not None
    assert (sentence.dropped.fit.rule.id, sentence.decided) == ("loose-talks", ())
    assert sentence.dropped.certainty < LEAST
    assert sentence.weighed is not None


def test_a_rule_that_clear_words_outvote_is_shown_as_not_heard() -> None:
    """It reads nothing, so it has no certainty; the words needed to be surer than elsewhere."""
    (sentence,) = explained("Analysis: Telvara besotted by Northgate").sentences
    assert sentence.dropped is not None
    assert (sentence.dropped.fit.rule.id, sentence.dropped.certainty) == ("opinion", None)
    assert sentence.weighed is not None
    assert sentence.weighed.needed == OUTVOTED


def test_a_party_that_is_missing() -> None:
    """Nothing is read, and the party that is missing is named."""
    explanation = explained("Telvara in talks with Quorum Media")
    assert explanation.names.missing == (NORTHGATE,)
    assert explanation.names.others == ("Quorum Media",)
    assert (explanation.silence, explanation.sentences) == (Silence.NOT_NAMED, ())


@pytest.mark.parametrize(
    ("title", "index", "words", "refusal"),
    [
        ("Telvara at the northgate", 0, "northgate", Refusal.SMALL_LETTERS),
        ("Telvara plays at Northgate Arena", 0, "Northgate", Refusal.EXCLUDED),
        ("Quorum Media in talks with Atlas", 1, "Atlas", Refusal.ALONE),
    ],
)
def test_a_name_that_is_refused(title: str, index: int, words: str, refusal: Refusal) -> None:
    """What looks like a name is shown with the reason for which it does not count."""
    explanation = explained(title, index=index)
    assert [(named.words, named.refusal) for named in explanation.names.refused] == [(words, refusal)]
    assert explanation.silence is Silence.NOT_NAMED


def test_a_party_whose_name_does_not_count_is_missing() -> None:
    """An ambiguous name without its required word leaves its party missing."""
    assert explained("Quorum Media in talks with Atlas", index=1).names.missing == (ATLAS,)


def test_a_name_inside_a_longer_one_is_refused() -> None:
    """The longest tracked name at a place wins."""
    both = matcher(deal(), deal("other", Party("Northgate Foods"), QUORUM))
    explanation = explain(both, 0, article("Telvara in talks with Northgate Foods"), Standing())
    assert [(named.words, named.refusal) for named in explanation.names.refused] == [("Northgate", Refusal.INSIDE)]
    assert explanation.names.others == ("Northgate Foods",)


def test_a_name_excluded_here_may_be_read_elsewhere() -> None:
    """What the watchlist excludes for one deal is refused as that, also where another deal has the same name."""
    both = matcher(deal(), deal("other", Party("Northgate"), QUORUM))
    explanation = explain(both, 0, article("Telvara plays at Northgate Arena"), Standing())
    assert [named.refusal for named in explanation.names.refused] == [Refusal.EXCLUDED]


def test_a_required_word_anywhere_in_the_article_suffices() -> None:
    """An ambiguous name counts beside one of its words."""
    explanation = explained("Quorum Media in talks with Atlas", "Freight is dear.", index=1)
    assert explanation.names.refused == ()
    assert [claim.stage for claim in explanation.claims] == [Stage.TALKS]


def test_a_keyword_is_read_for_the_party_that_is_not_named() -> None:
    """It is shown as read, without a party of its own."""
    keyed = matcher(deal(keywords=("pump merger",)))
    explanation = explain(keyed, 0, article("Telvara weighs pump merger"), Standing())
    assert [(named.words, named.party) for named in explanation.names.read] == [
        ("Telvara", TELVARA),
        ("pump merger", None),
    ]
    assert explanation.names.together


@pytest.mark.parametrize(
    ("title", "body", "silence"),
    [
        ("Telvara reborn", "It rained. It rained. Northgate sells pumps.", Silence.APART),
        ("Telvara and Northgate open a museum", "", Silence.NO_WORD),
        ("Analysis: Telvara and Northgate", "", Silence.NO_WORD),
        ("Analysis: Telvara and Northgate", "Telvara in talks with Northgate.", Silence.ABOUT_ELSE),
    ],
)
def test_why_there_is_no_claim(title: str, body: str, silence: Silence) -> None:
    """No sentence speaks of the deal, none says anything, or the title is about something else."""
    assert explained(title, body).silence is silence


@pytest.mark.parametrize(
    ("standing", "trust", "outcome", "pushed"),
    [
        (Standing(), Trust.TRUSTED, Outcome.MOVED, True),
        (Standing(Stage.SPECULATION), Trust.TRUSTED, Outcome.MOVED, True),
        (Standing(Stage.AGREED), Trust.TRUSTED, Outcome.SUPPORTED, False),
        (Standing(Stage.COMPLETED), Trust.TRUSTED, Outcome.POWERLESS, False),
        (Standing(), Trust.UNVETTED, Outcome.HELD, False),
    ],
)
def test_what_a_claim_would_do(standing: Standing, trust: Trust, outcome: Outcome, pushed: bool) -> None:
    """As the ledger would decide it for a deal that stands so, with nothing heard before."""
    confirmed = Standing(standing.stage, confirmed=True, moment=standing.moment)
    explanation = explain(matcher(), 0, article("Telvara agrees to buy Northgate", trust=trust), confirmed)
    (effect,) = explanation.effects
    assert (effect.decision.outcome, effect.pushed) == (outcome, pushed)


def test_a_small_step_is_not_pushed() -> None:
    """From talk of a deal to talks, the deal moves quietly."""
    standing = Standing(Stage.SPECULATION)
    (effect,) = explain(matcher(), 0, article("Telvara in talks with Northgate"), standing).effects
    assert effect.decision.change is not None
    assert not effect.pushed


def test_the_documented_cue_works() -> None:
    """The example of docs/matcher.md can be put into the cue file as printed, and fires; every key is documented."""
    page = (ROOT / "docs" / "matcher.md").read_text(encoding="utf-8")
    (cue,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    bundled = (ROOT / "matcher" / "cues" / "en.toml").read_text(encoding="utf-8")
    first = bundled.replace("[[rule]]", f"{cue}\n[[rule]]", 1)
    (decided,) = explained("Telvara pops the question to Northgate", cues=first).sentences[0].decided
    assert f'id = "{decided.finding.rule.id}"' in cue
    assert all(f"`{key}" in page or key in cue for key in _RULE_KEYS)
