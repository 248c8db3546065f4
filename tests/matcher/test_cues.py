"""Cues are data: the language they are written in, and what is refused when they are loaded."""

import pytest

from matcher.attribution import outlet_name, parse_outlets
from matcher.cues import WEIGHED, CueError, Cues, bundled_cues, parse
from matcher.vocabulary import Kind, Stage

TALKS = """
breaks = ["after"]
joints = ["with"]
[words]
chat = "talks|discussions"
[[rule]]
id = "talks"
stage = "talks"
phrases = ["X .. in <chat> [with] Y", "merger chat* ... P"]
"""
PHRASES = TALKS.splitlines()[-1]


def fires(cues: str, masked: str, kind: Kind = Kind.MERGER, part: str = "title") -> str | None:
    loaded = Cues([parse(cues, "test.toml")])
    rule = loaded.first(masked, loaded.candidates(masked), kind, part)
    return rule.id if rule else None


def phrase(text: str) -> str:
    return f'joints = ["of"]\nbreaks = ["after"]\n[[rule]]\nid = "found"\nstage = "talks"\nphrases = ["{text}"]'


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("X meets Y", " A meets B "),
        ("X meets Y", " B meets A "),
        ("XY merge", " A and B merge "),
        ("XY merge", " A - B merge "),
        ("P wins", " O says B wins "),
        ("X (buys|swallows whole) Y", " A swallows whole B "),
        ("X buys [all of] Y", " A buys all of B "),
        ("X buys [all of] Y", " A buys B "),
        ("X reject* Y", " A rejects B "),
        ("^ deal ... P", " deal with A "),
        ("X wins $", " now A wins "),
        ("X pays # for Y", " A pays # for B "),
        ("X ... buys Y", " A today said it buys B "),
        ("X .. buys Y", " A today buys B "),
    ],
)
def test_a_phrase_matches(text: str, masked: str) -> None:
    """Each element of the phrase language finds what it stands for."""
    assert fires(phrase(text), masked) == "found"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("X meets Y", " A meets A "),
        ("X meets Y", " A meets O "),
        ("X meets Y", " A meetsB "),
        ("^ deal ... P", " a deal with A "),
        ("X wins $", " A wins today "),
        ("X ... buys Y", " A fell after it buys B "),
        ("X ... buys Y", " A fell ; it buys B "),
        ("X ... buys Y", " A met O and buys B "),
        ("X .. buys Y", " A chief of shop buys B "),
    ],
)
def test_a_phrase_does_not_match(text: str, masked: str) -> None:
    """The parties must be two, and gaps stay within the clause and cross no other name."""
    assert fires(phrase(text), masked) is None


def test_the_first_rule_decides() -> None:
    """Rules are an ordered list: the more specific one stands first and wins."""
    cues = (
        '[[rule]]\nid = "end"\nstage = "called_off"\nphrases = ["talks ended"]\n'
        '[[rule]]\nid = "talks"\nstage = "talks"\nphrases = ["talks"]'
    )
    assert fires(cues, " talks ended ") == "end"
    assert fires(cues, " talks began ") == "talks"


def test_rules_can_be_meant_for_some_deals_and_parts_only() -> None:
    """A rule may speak only of partnerships, or only in titles."""
    cues = '[[rule]]\nid = "sell"\nstage = "agreed"\nkinds = ["partnership"]\npart = "title"\nphrases = ["X to sell Y"]'
    assert fires(cues, " A to sell B ", Kind.PARTNERSHIP) == "sell"
    assert fires(cues, " A to sell B ", Kind.MERGER) is None
    assert fires(cues, " A to sell B ", Kind.PARTNERSHIP, "text") is None


def test_a_clause_of_circumstances_is_told_apart() -> None:
    """What follows "after" stands outside the main clause, and so does what precedes it up to the comma."""
    cues = Cues([parse(TALKS, "test.toml")])
    assert cues.clauses(" A rose after B fell ") == (" A rose ", " after B fell ")
    assert cues.clauses(" after B fell , A rose ") == (" A rose ", " after B fell , ")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('stage = "talks"', 'stage = "chatting"', "chatting"),
        ('id = "talks"', 'name = "talks"', "name"),
        ('id = "talks"\n', "", "'id' is missing"),
        ('stage = "talks"', 'kinds = ["marriage"]', "marriage"),
        ('stage = "talks"', 'part = "footnote"', "footnote"),
        ('stage = "talks"', 'speaker = "nobody"', "nobody"),
        ("<chat>", "<chatter>", "<chatter>"),
        ("[with]", "[with", "never closed"),
        ("[with]", "with]", "never opened"),
        ('"merger chat* ... P"', '"X .. Y"', "at least one word"),
        ('"merger chat* ... P"', '"X .. in <chat> [with] Y"', "twice"),
        ('"merger chat* ... P"', '"Y meets X"', "cannot be read"),
        ("[words]", "[wrods]", "wrods"),
        ("[words]", '[voice]\nghost = ["P says"]\n[words]', "ghost"),
        ("[words]", 'background = ["(once"]\n[words]', "never closed"),
        ("talks|discussions", "talks|<chat>", "cannot be read"),
        ("[[rule]]", "[[rule]", "not valid TOML"),
        ('stage = "talks"', "certainty = 1.2", "rule talks: certainty is 1.2; write a number above 0"),
        ('stage = "talks"', "certainty = 0", "rule talks: certainty is 0; write"),
        ('stage = "talks"', "certainty = nan", "rule talks: certainty is nan; write"),
        ('stage = "talks"', 'certainty = "high"', "rule talks: certainty is 'high'; write"),
        (PHRASES, "phrases = []", "rule talks: phrases must be a list with at least one text"),
        (PHRASES, 'phrases = "X buys Y"', "rule talks: phrases must be a list"),
        (PHRASES, "phrases = [1]", "rule talks: phrases must be a list"),
        ("merger chat*", "Merger chat*", "rule talks: 'Merger' in 'Merger chat* ... P' can never match; write small"),
        ("merger chat*", "(A|XY) chat*", "rule talks: 'A' in"),
        ("talks|discussions", "talks|Discussions", "'Discussions' in 'talks|Discussions' can never match"),
        ("[words]", 'background = ["last May"]\n[words]', "'May' in 'last May' can never match"),
        ("[words]", '[voice]\nparty = ["CEO said"]\n[words]', "'CEO' in 'CEO said' can never match"),
        ('id = "talks"', f'id = "{WEIGHED}"', f"rule {WEIGHED}: the id '{WEIGHED}' stands for the classifier; choose"),
    ],
)
def test_a_faulty_cue_file_is_refused_with_place_and_reason(old: str, new: str, reason: str) -> None:
    """The message names the file and what is wrong in it."""
    assert old in TALKS
    with pytest.raises(CueError, match=r"test\.toml") as refusal:
        parse(TALKS.replace(old, new), "test.toml")
    assert reason in str(refusal.value)


def test_a_phrase_under_two_rules_is_a_contradiction() -> None:
    """One phrase cannot speak for two stages."""
    twice = TALKS + '[[rule]]\nid = "other"\nstage = "near"\nphrases = ["merger chat* ... P"]'
    with pytest.raises(CueError, match="'talks' and 'other'"):
        Cues([parse(twice, "test.toml")])


def test_two_rules_of_one_name_are_refused() -> None:
    """A rule's id is what a claim is explained with, so it is unique."""
    with pytest.raises(CueError, match="'talks'"):
        Cues([parse(TALKS, "one.toml"), parse(TALKS.replace("merger", "tie-up"), "two.toml")])


def test_the_bundled_cues_load_and_speak_for_every_stage_an_article_can_claim() -> None:
    """Each stage but ``quiet``, which only the timer sets, has a rule."""
    stages = {rule.stage for rule in bundled_cues().rules}
    assert stages >= set(Stage) - {Stage.QUIET}
    assert Stage.QUIET not in stages


def test_an_outlet_is_known_under_all_its_names() -> None:
    """Short forms lead to the full name; an unknown outlet keeps the name it came with."""
    assert {outlet_name(name) for name in ("WSJ", "The Wall Street Journal", "wsj.com")} == {"Wall Street Journal"}
    assert outlet_name("Pump Weekly") == "Pump Weekly"


def test_one_spelling_cannot_mean_two_outlets() -> None:
    """A credit must lead to one outlet."""
    with pytest.raises(CueError, match="'ft'"):
        parse_outlets('[outlets]\n"Financial Times" = ["FT"]\n"Foot Times" = ["FT"]')
