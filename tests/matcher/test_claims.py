"""What articles assert: headline grammar, scope, time, speakers, and the shape of every claim."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.claims import MOST, SURE
from matcher.classifier import NOTHING, Classifier
from matcher.cues import WEIGHED, Cues, bundled_cues, parse
from matcher.decide import decide
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Claim, Deal, Field, Kind, Party, Report, Speaker, Stage, Standing, Status

NOON = datetime(2020, 5, 4, 12, 0, tzinfo=UTC)
TELVARA, NORTHGATE, QUORUM = Party("Telvara", ticker="TLV"), Party("Northgate"), Party("Quorum Media")
DATA = Path(__file__).parent.parent / "data"
HEADLINES, PLAIN = DATA / "headlines.toml", DATA / "plain.toml"


def deal(*parties: Party, slug: str = "telvara-northgate", kind: Kind = Kind.ACQUISITION) -> Deal:
    return Deal(slug, slug, kind, parties or (TELVARA, NORTHGATE))


def article(title: str = "", body: str = "", summary: str = "", outlet: str = "Daily Ledger") -> Article:
    return Article("a", title, NOON, NOON, outlet=outlet, summary=summary, body=body)


def claims(title: str = "", body: str = "", summary: str = "", kind: Kind = Kind.ACQUISITION) -> tuple[Claim, ...]:
    return Matcher([deal(kind=kind)]).read(article(title, body, summary)).claims


def cases() -> Iterator[object]:
    for group in tomllib.loads(HEADLINES.read_text(encoding="utf-8"))["group"]:
        parties = [Party(name, tuple(others)) for name, *others in group.get("parties", ())]
        about = deal(*parties, kind=Kind(group.get("kind", Kind.ACQUISITION)))
        for title, says, *who in group["cases"]:
            yield pytest.param(about, title, says, set(", ".join(who).split(", ")) - {""}, id=title)


def saying(claim: Claim) -> str:
    manner = "settled " if claim.settled else "background " if claim.background else ""
    return f"{manner}{claim.stage}"


@pytest.mark.parametrize(("about", "title", "says", "who"), list(cases()))
def test_headline(about: Deal, title: str, says: str, who: set[str]) -> None:
    """Every headline in the table says what the table says, by whom it says."""
    told = Matcher([about]).read(article(title)).claims
    made = [claim for claim in told if says.startswith("background") or not claim.background]
    assert [saying(claim) for claim in made] == ([] if says == "nothing" else [says])
    assert all(who <= {claim.speaker.value, claim.origin} for claim in made)


def plain_headlines() -> Iterator[object]:
    for group in tomllib.loads(PLAIN.read_text(encoding="utf-8"))["group"]:
        for title in group["headlines"]:
            yield pytest.param(Kind(group["kind"]), title, group["says"], id=title)


@pytest.mark.parametrize(("kind", "title", "says"), list(plain_headlines()))
def test_plain_headline(kind: Kind, title: str, says: str) -> None:
    """What reporters write every day is read; the stage is left open here."""
    made = [claim.status for claim in claims(title, kind=kind) if not claim.background]
    assert made == ([] if says == "nothing" else [Status(says)])


@pytest.mark.parametrize(
    ("buyer", "target"),
    [
        ("Telvara Inc.", "Northgate Inc."),
        ("Telvara, Inc.,", "Northgate, Inc."),
        ("Telvara Communications Inc (TLV.N)", "Northgate Corp (NGT.O)"),
        ("Telvara Energy Resources Holdings Ltd.", "Northgate Mining S.A."),
        ("Northgate (Northgate)", "Telvara"),
        ("Telvara (NYSE: TLV)", "Northgate (Nasdaq: NGT; TSX: NGT)"),
        ("Telvara <TLV.N>", "Northgate <NGT.O>"),
        ("Telvara (TLV)", "Northgate!"),
        ('Telvara Inc. (NYSE: TLV) ("Telvara" or the "Company")', "Northgate"),
        ("Telvara (Telvara)", "Northgate plc's"),
        ("Telvara Inc (TLV.N), opens new tab", "Northgate"),
        ("BREAKING | Telvara", "Northgate"),
    ],
)
def test_how_a_company_is_dressed_changes_nothing(buyer: str, target: str) -> None:
    """Legal forms, tickers, whether tracked or not, and what a text calls a company belong to its name."""
    parties = (Party("Telvara", ("Telvara Inc",), ticker="TLV"), Party("Northgate", ("Northgate Inc",)))
    for dressed, bare in (
        (article(f"{buyer} to buy {target}"), article("Telvara to buy Northgate")),
        (article(body=f"{buyer} has agreed to buy {target}."), article(body="Telvara has agreed to buy Northgate.")),
    ):
        ((claim,), (plain,)) = (Matcher([deal(*parties)]).read(one).claims for one in (dressed, bare))
        assert claim.stage is Stage.AGREED
        assert claim.rule == plain.rule


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Telvara, Inc., the maker of pumps, has agreed to buy Northgate.", Status.FINALIZED),
        ("Telvara, Inc., which makes pumps, has agreed to buy Northgate, Inc., a valve maker.", Status.FINALIZED),
        ("Telvara, Inc., the maker of pumps, denies talks with Northgate", Status.DENIED),
        ("Telvara, Inc., Northgate, Inc. to merge", Status.FINALIZED),
        ("Northgate, Inc., Telvara, Inc. call off merger", Status.DENIED),
    ],
)
def test_a_comma_behind_a_legal_form_may_begin_something(text: str, status: Status) -> None:
    """What is told of a company between commas, or the next company."""
    assert [claim.status for claim in claims(text)] == [status]


@pytest.mark.parametrize(
    ("title", "speaker", "stage"),
    [
        ("Telvara to buy Northgate (FT; sources)", Speaker.SOURCES, Stage.NEAR),
        ("Telvara in talks to buy Northgate (sources, WSJ)", Speaker.SOURCES, Stage.TALKS),
        ('Telvara Northgate ("rejected") bid', Speaker.PARTY, Stage.REJECTED),
    ],
)
def test_what_else_stands_in_brackets_is_read(title: str, speaker: Speaker, stage: Stage) -> None:
    """Only tickers and defined terms belong to a name."""
    (claim,) = claims(title)
    assert (claim.speaker, claim.stage) == (speaker, stage)


def test_another_company_in_brackets_is_another_company() -> None:
    """What stands in brackets behind a name belongs to it only if it means the same company."""
    about = deal(TELVARA, Party("Bolt"))
    analysis = Matcher([about]).analysis(article("Telvara Inc (Bolt) in talks to merge"))
    assert [masked for *_, masked in analysis.naming(0, about)] == [" A ( B ) in talks to merge "]


@pytest.mark.parametrize("bullet", ["* ", "** ", "\u2022 "])
def test_a_bullet_is_no_word(bullet: str) -> None:
    """Round-ups put one before each story."""
    analysis = Matcher([deal()]).analysis(article(body=f"{bullet}Telvara in talks with Northgate"))
    assert [masked for *_, masked in analysis.naming(0, deal())] == [" A in talks with B "]


@pytest.mark.parametrize(
    "hostile",
    [
        "Telvara (" + "Telvara, Northgate " * 1_000 + "to buy Northgate",
        "Telvara (" + "a/a:a/" * 1_000 + " to buy Northgate",
        "Telvara (a" + ", b : c" * 1_000 + "! to buy Northgate",
        "Telvara (nyse: t" + ", tsx: tt" * 1_000 + " and others) to buy Northgate",
        "Telvara " + "<NGT.O> <TLV.N> " * 1_000 + "to buy Northgate",
        "Telvara " + ", Inc." * 1_000 + " to buy Northgate",
    ],
)
def test_brackets_without_end_are_read(hostile: str) -> None:
    """However many, and wherever they stop, each is looked at a few times at most."""
    for told in (article(hostile), article("Pump makers in the news", body=hostile)):
        assert {claim.deal for claim in Matcher([deal()]).read(told).claims} <= {"telvara-northgate"}


@pytest.mark.parametrize(
    "body",
    [
        "Neither Telvara nor Northgate has commented.",
        "Telvara and Northgate declined to comment.",
        "Telvara said there was no assurance that an agreement with Northgate would be reached.",
        "Shares of Northgate rose on hopes that Telvara would raise its price.",
        "Telvara and Northgate both make pumps.",
    ],
)
def test_sentences_that_never_move_a_deal(body: str) -> None:
    """No comment, no assurance and share prices are no news of a deal."""
    assert claims("Pump makers in the news", body) == ()


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ("Telvara said on Monday it has agreed to buy smaller rival Northgate for $4.2 billion.", Stage.AGREED),
        ("Telvara, the Ohio-based maker of pumps, is buying Northgate, the companies said.", Stage.AGREED),
        ("Telvara announced today that it will acquire Northgate for an undisclosed sum.", Stage.AGREED),
        ("Under the terms of the agreement, Telvara will pay $31 for each share of Northgate.", Stage.AGREED),
        ("Telvara has entered into a definitive agreement under which it will acquire Northgate.", Stage.AGREED),
        ("The boards of Telvara and Northgate have unanimously approved the merger.", Stage.AGREED),
        ("A deal between Telvara and Northgate could be announced as soon as this week.", Stage.NEAR),
        ("Northgate said it had received an unsolicited proposal from Telvara.", Stage.OFFER),
        ("Telvara said on Thursday it was no longer pursuing an acquisition of Northgate.", Stage.CALLED_OFF),
        ("A spokesman for Telvara said the company has no plans to buy Northgate.", Stage.DENIED),
    ],
)
def test_the_first_sentence_of_an_article_reports(body: str, stage: Stage) -> None:
    """Days, reporting verbs and what is told of a company between commas do not hide the news."""
    (claim,) = claims("Pump makers in the news", body)
    assert (claim.stage, claim.background) == (stage, False)


@pytest.mark.parametrize(
    "title",
    [
        "Hospitals warn of higher prices if Telvara buys Northgate",
        "Chief of pump group to quit if Telvara-Northgate deal closes",
        "Mayor asks for promises should Telvara acquire Northgate",
        "Dividend to be paid before Telvara completes Northgate deal",
        "Pump group to move its head office once Telvara completes Northgate takeover",
        "Shares vest only after Telvara completes Northgate deal",
    ],
)
def test_what_has_not_happened_is_no_settled_fact(title: str) -> None:
    """A condition tells nothing of a deal, neither as news nor as background."""
    assert claims(title) == ()


@pytest.mark.parametrize(
    "title", ["EU clears Telvara's purchase of Northgate", "Jobs at risk after Telvara buys Northgate"]
)
def test_a_settled_fact_gives_a_new_deal_its_status_quietly(title: str) -> None:
    """However little the words sound like news."""
    (claim,) = claims(title)
    decision = decide(Kind.ACQUISITION, Standing(), Report(claim, "1", NOON))
    assert (decision.standing.stage, decision.quiet) == (Stage.AGREED, True)


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ("In March, Telvara was in talks to buy Northgate.", Stage.TALKS),
        ("Last year Telvara ended talks with Northgate.", Stage.CALLED_OFF),
        ("Two years ago Northgate rejected an offer from Telvara.", Stage.REJECTED),
        ("Telvara previously agreed to acquire Northgate.", Stage.AGREED),
        ("Profits rose after Telvara agreed to buy Northgate in 2015.", Stage.AGREED),
        ("Telvara completed its acquisition of Northgate in 2015.", Stage.COMPLETED),
    ],
)
def test_another_times_news_is_background(body: str, stage: Stage) -> None:
    """A sentence that says it tells of another time gives background."""
    (claim,) = claims("Pump makers in the news", body)
    assert (claim.stage, claim.background) == (stage, True)


def test_a_year_still_to_come_is_no_history() -> None:
    """When a deal is to close does not make it old."""
    (claim,) = claims("Pump makers in the news", "Telvara agreed to buy Northgate and will close the deal in 2021.")
    assert (claim.stage, claim.background) == (Stage.AGREED, False)


def test_todays_news_stands_before_the_history_told_below_it() -> None:
    """An article may make a claim and tell an older one; they are kept apart."""
    news, old = claims(
        "Telvara in talks to buy Northgate",
        "Telvara is in talks to buy Northgate, sources said. Last year Northgate rejected an offer from Telvara.",
    )
    assert (news.stage, news.background) == (Stage.TALKS, False)
    assert (old.stage, old.background) == (Stage.REJECTED, True)


def test_a_title_about_something_else_silences_the_text() -> None:
    """Below a headline about share prices, the deal is retold rather than reported."""
    assert claims("Northgate shares slide after Telvara results", summary="Telvara agreed to buy Northgate.") == ()


def test_a_report_keeps_its_origin_through_the_sentences_that_follow() -> None:
    """A sentence that credits nobody is credited to the outlet named last before it."""
    (claim,) = claims(
        "Pump makers in the news",
        "People familiar with the matter told Bloomberg of a new plan. Telvara is in talks to buy Northgate.",
    )
    assert (claim.speaker, claim.origin) == (Speaker.SOURCES, "Bloomberg")


def test_a_party_that_speaks_for_itself_owes_nothing_to_an_earlier_report() -> None:
    """What the company says is its own word, whoever reported before."""
    (claim,) = claims(
        "Pump makers in the news",
        "Bloomberg reported on Monday that prices rise. Telvara said it agreed to acquire Northgate.",
    )
    assert (claim.speaker, claim.origin) == (Speaker.PARTY, "Daily Ledger")


def test_the_lead_says_who_stands_behind_a_bare_headline() -> None:
    """A headline that credits nobody takes the speaker of the sentences below it."""
    (claim,) = claims("Telvara in talks to buy Northgate", "Northgate confirmed on Monday that it talks to Telvara.")
    assert (claim.field, claim.speaker) == (Field.TITLE, Speaker.PARTY)


def test_the_carrying_outlet_is_the_origin_where_it_signs_its_own_headline() -> None:
    """An aggregator's suffix with the carrying outlet's name is no credit to another."""
    (claim,) = Matcher([deal()]).read(article("Telvara to buy Northgate - Bloomberg", outlet="Bloomberg")).claims
    assert (claim.stage, claim.origin) == (Stage.AGREED, "Bloomberg")


def test_an_article_makes_one_claim_for_each_deal_it_reports() -> None:
    """A sentence that names three parties speaks for both deals, with the same words."""
    both = [deal(), deal(TELVARA, QUORUM, slug="telvara-quorum")]
    made = Matcher(both).read(article("Telvara in talks with Northgate and Quorum Media")).claims
    assert [(claim.deal, claim.stage) for claim in made] == [
        ("telvara-northgate", Stage.TALKS),
        ("telvara-quorum", Stage.TALKS),
    ]


def test_another_deal_of_a_party_is_not_this_deal() -> None:
    """An agreement with one company says nothing of a deal with another that is only named."""
    both = [deal(), deal(TELVARA, QUORUM, slug="telvara-quorum")]
    made = Matcher(both).read(article("Telvara agrees to buy Quorum Media, a rival of Northgate")).claims
    assert [claim.deal for claim in made] == ["telvara-quorum"]


def test_a_deal_with_one_known_party_needs_no_other() -> None:
    """For a sale without a known buyer, the seller's name is enough to be read."""
    reading = Matcher([deal(NORTHGATE, slug="northgate-sale")]).read(article("Northgate in advanced talks over sale"))
    assert [claim.stage for claim in reading.claims] == [Stage.NEAR]


def test_names_without_a_claim_are_a_mention() -> None:
    """A deal whose parties are named together is either claimed or mentioned, never both."""
    reading = Matcher([deal()]).read(article("Telvara and Northgate open shops"))
    assert (reading.claims, reading.mentions) == ((), ("telvara-northgate",))


@pytest.mark.parametrize("title", ["", " ", "\n", "Telvara", "?", "\x00", "’s", "- WSJ", "UPDATE 1-", "🙂"])
def test_odd_titles_are_read_without_complaint(title: str) -> None:
    """Empty, short and strange titles are no errors and no news."""
    assert claims(title) == ()


WORDS = [
    "Telvara",
    "Northgate",
    "Quorum Media",
    "in talks",
    "to buy",
    "rejects",
    "offer",
    "after",
    "denies",
    "not",
    ",",
    "-",
    ".",
    "\n\n",
    "’s",
    "and",
    "said",
    "Bloomberg",
    "according to",
    "sources",
    "$4.2 billion",
    "in March",
    "deal",
    "é",
    "🙂",
]
NEWS = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@given(title=NEWS, summary=NEWS, body=NEWS)
@settings(max_examples=150, deadline=None)
def test_every_claim_quotes_the_article_and_reading_is_repeatable(title: str, summary: str, body: str) -> None:
    """A claim's quote is the text at its span; certainty is a share; the same article is read alike by anyone."""
    deals = [deal(), deal(TELVARA, QUORUM, slug="telvara-quorum"), deal(NORTHGATE, slug="sale", kind=Kind.PARTNERSHIP)]
    one = article(title, body, summary)
    reading = Matcher(deals).read(one)
    assert reading == Matcher(deals, bundled_cues()).read(one)
    for claim in reading.claims:
        assert claim.quote == one.text(claim.field)[claim.start : claim.end] != ""
        assert 0 < claim.certainty <= 1
        assert claim.stage is not Stage.QUIET
    assert not {claim.deal for claim in reading.claims} & set(reading.mentions)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_can_be_read(noise: str) -> None:
    """No characters, however odd, are an error, and quotes stay exact among them."""
    one = article(f"{noise} Telvara in talks to buy Northgate {noise}", noise, noise)
    for claim in Matcher([deal()]).read(one).claims:
        assert claim.quote == one.text(claim.field)[claim.start : claim.end]


def test_a_quote_has_an_end() -> None:
    """A text without full stops is quoted from its beginning, and not for ever."""
    (claim,) = claims(f"Telvara is in talks to buy Northgate {'and so on ' * 10_000}")
    assert claim.quote.startswith("Telvara is in talks to buy Northgate")
    assert len(claim.quote) == claim.end - claim.start == 1_000


def test_a_press_release_is_the_partys_word() -> None:
    """What a press wire or a party's own page carries is said by the party, if it credits nobody else."""
    for outlet in ("PR Newswire", "Business Wire (press release)", "Telvara newsroom", "Northgate", "BSE filing"):
        (claim,) = Matcher([deal()]).read(article("Telvara to buy Northgate for $2 billion", outlet=outlet)).claims
        assert (claim.stage, claim.speaker) == (Stage.AGREED, Speaker.PARTY)
    (claim,) = Matcher([deal()]).read(article("Telvara to buy Northgate -sources", outlet="PR Newswire")).claims
    assert claim.speaker is Speaker.SOURCES


@pytest.mark.parametrize(
    "summary",
    ["The price is still open, people familiar with the matter said.", "Neither board has met, the people said."],
)
def test_a_lead_without_names_says_who_stands_behind_the_headline(summary: str) -> None:
    """Unnamed people in the lead are the source of the headline, though the lead does not repeat the names."""
    (claim,) = claims("Telvara Nears Deal for Northgate", summary=summary)
    assert claim.speaker is Speaker.SOURCES


@pytest.mark.parametrize("parties", [(TELVARA, NORTHGATE), (TELVARA, NORTHGATE, QUORUM)])
@pytest.mark.parametrize("before", ["Telvara, Northgate and Quorum Media make pumps.", "So do others."])
def test_a_sentence_that_names_one_party_says_nothing_of_the_deal(before: str, parties: tuple[Party, ...]) -> None:
    """Whose bid "the bid" is stands in no word of the sentence."""
    told = article("Pump news", f"{before} Northgate has rejected the bid as too low.")
    assert Matcher([deal(*parties)]).read(told).claims == ()


@pytest.mark.parametrize(("before", "stages"), [(MOST - 1, [Stage.REJECTED]), (MOST, [])])
def test_of_a_long_text_the_first_sentences_count(before: int, stages: list[Stage]) -> None:
    """A text without end costs no more than a long one."""
    body = "Telvara and Northgate make pumps. " * before + "Northgate has rejected the bid of Telvara as too low."
    assert [claim.stage for claim in claims("Pump news", body)] == stages


def test_what_the_words_say_needs_no_rule() -> None:
    """Where no rule has a say the classifier reads the headline, and says how sure it is."""
    (claim,) = claims("Telvara welcomes Northgate into the fold for $2 bln")
    assert (claim.stage, claim.rule) == (Stage.AGREED, WEIGHED)
    assert SURE["title"] <= claim.certainty <= 1


def test_certainty_falls_where_the_words_speak_against_a_rule() -> None:
    """The same rule is less sure of a headline whose other words tell of something else."""
    (plain,) = claims("Telvara buys Northgate")
    (odd,) = claims("Telvara buys $4 mln of Northgate pumps")
    assert plain.rule == odd.rule
    assert plain.certainty > odd.certainty + 0.1


@pytest.mark.parametrize("outlet", ["Northgate News", "Northgate Herald", "The Northgate Daily Times"])
def test_an_outlet_that_shares_a_partys_name_is_not_the_party(outlet: str) -> None:
    """A newspaper called "Northgate News" confirms nothing."""
    (claim,) = Matcher([deal()]).read(article("Telvara to buy Northgate for $2 billion", outlet=outlet)).claims
    assert claim.speaker is Speaker.OUTLET


@pytest.mark.parametrize("keyword", ["talks", "buy", "bid"])
@pytest.mark.parametrize("title", ["Telvara in talks to buy Northgate", "Northgate rejects Telvara bid"])
def test_a_keyword_of_another_deal_is_a_word_like_others(keyword: str, title: str) -> None:
    """What stands for a party of one deal changes nothing in the reading of another."""
    other = Deal("other", "Other", Kind.ACQUISITION, (QUORUM, Party("Norvane")), keywords=(keyword,))
    assert Matcher([deal(), other]).read(article(title)) == Matcher([deal()]).read(article(title))


def test_a_keyword_alone_does_not_speak_of_the_deal_in_a_text() -> None:
    """A sentence that names no party stays silent, also below one that names both."""
    known = Deal("deal", "Deal", Kind.ACQUISITION, (TELVARA, NORTHGATE), keywords=("pump maker",))
    body = "Telvara and Northgate make pumps. The pump maker has rejected the bid as too low."
    assert Matcher([known]).read(article("Pump news", body)).claims == ()


RULES = """
[[rule]]
id = "talks"
stage = "talks"
phrases = ["X ... talks ... Y"]
[[rule]]
id = "agreement"
stage = "agreed"
phrases = ["X ... agrees ... Y"]
"""
WEIGHTS = {
    "town": {NOTHING: 5.0},
    "agrees": {"agreed": 5.0},
    "swallows": {"agreed": 5.0},
    "@rule talks": {"talks": 1.0},
    "@rule agreement": {"agreed": 1.0},
}


def weighed(title: str, body: str) -> list[tuple[Stage, str, Field]]:
    words = Classifier(WEIGHTS, {NOTHING: 0.0, "talks": 0.0, "agreed": 0.0})
    read = Matcher([deal()], Cues([parse(RULES, "test.toml")]), words).read(article(title, body))
    return [(claim.stage, claim.rule, claim.field) for claim in read.claims]


def test_a_hopeless_reading_of_the_title_hides_no_clear_one_in_the_text() -> None:
    """A title is heard first, unless all its words speak against what a rule reads there."""
    title = "Telvara talks of the town in Northgate"
    assert weighed(title, "Telvara agrees to buy Northgate.") == [(Stage.AGREED, "agreement", Field.BODY)]
    assert weighed(title, "The fair is open.") == []
    assert weighed("Telvara talks to Northgate", "Telvara agrees to buy Northgate.")[0][2] is Field.TITLE


@pytest.mark.parametrize(
    ("title", "summary", "made"),
    [
        ("Northgate turns down Dutch suitor", "Telvara offered 40 euros a share.", [(Stage.REJECTED, Field.TITLE)]),
        ("Dutch suitor turned down", "Telvara is new here. Northgate says no.", []),
        ("Northgate turns down Dutch suitor", "It rains. It rains. Telvara offered 40 euros a share.", []),
        ("Northgate holds its fair", "The suitor, Telvara, was turned down.", [(Stage.REJECTED, Field.SUMMARY)]),
        ("Northgate holds its fair", "A suitor was turned down.", []),
        ("Northgate turns down Quadrant", "Telvara may bid too.", []),
        ("Northgate turns down suitor", "Quorum Media sues Telvara.", []),
        ("Northgate turns 50", "It rains. It rains. Telvara agrees to buy Northgate.", [(Stage.AGREED, Field.SUMMARY)]),
        ("Northgate turns down Dutch-led group", "Telvara leads it.", [(Stage.REJECTED, Field.TITLE)]),
        ("Northgate turns down suitor", f"Telvara offered {'ten times ' * 100} as much.", []),
    ],
    ids=[
        "apart",
        "below the title only",
        "too far below",
        "said below",
        "one party",
        "another is turned down",
        "another tracked name",
        "both further down",
        "a word of known parts",
        "no sentence but a list",
    ],
)
def test_a_title_is_read_with_what_stands_below(title: str, summary: str, made: list[object]) -> None:
    """Where no sentence names both parties, or the title a third company, the two are read as one; one is quoted."""
    said = {"turned": {"rejected": 9.0}, "turns": {"rejected": 9.0}}
    words = Classifier({**said, "dutch": {}, "led": {}}, {NOTHING: 0.0, "rejected": 0.0})
    other = Deal("other", "Other", Kind.ACQUISITION, (QUORUM, Party("Norvane")))
    read = Matcher([deal(), other], Cues([parse(RULES, "test.toml")]), words).read(article(title, summary=summary))
    assert [(claim.stage, claim.field) for claim in read.claims] == made


def test_titles_are_plainer_than_texts() -> None:
    """What a rule reads in a title is surer than the same words in a text: only titles were found so."""
    words = Classifier(WEIGHTS, {NOTHING: 0.0, "talks": 0.0, "agreed": 0.0})
    matcher = Matcher([deal()], Cues([parse(RULES, "test.toml")]), words)
    told = "Telvara talks to Northgate"
    (title,), (text,) = (matcher.read(article(**{field: told})).claims for field in ("title", "body"))
    assert title.certainty > text.certainty


@pytest.mark.parametrize(("weight", "made"), [(1.2, 0), (1.8, 1)])
def test_a_title_and_its_lead_take_more_certainty_than_a_title(weight: float, made: int) -> None:
    """They are two sentences, and may speak of two things."""
    words = Classifier({"turns": {"rejected": weight}}, {NOTHING: 0.0, "rejected": 0.0})
    read = Matcher([deal()], Cues([parse(RULES, "test.toml")]), words).read(
        article("Northgate turns down suitor", summary="Telvara offered 40 euros.")
    )
    assert len(read.claims) == made


def test_the_lead_that_is_read_with_the_title_says_who_reports_it() -> None:
    """The credit of either half counts."""
    words = Classifier({"turns": {"rejected": 9.0}}, {NOTHING: 0.0, "rejected": 0.0})
    matcher = Matcher([deal()], bundled_cues(), words)
    (claim,) = matcher.read(
        article("Northgate turns gloomy", summary="Telvara was told so this week, Bloomberg reported.")
    ).claims
    assert claim.origin == "Bloomberg"


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Telvara has chosen Sampson Mills over Northgate", [Stage.CALLED_OFF]),
        ("Telvara Has Chosen Fortitude Over Northgate", []),
        ("Telvara has chosen fortitude over Northgate", []),
        ("Telvara has chosen Patience over Northgate", []),
    ],
    ids=["a name", "a title in capitals", "a word", "a known word"],
)
def test_what_a_third_company_is_called_does_not_matter(title: str, made: list[Stage]) -> None:
    """An unknown word with a capital letter is a name, where others have none; all names are one to the classifier."""
    known: dict[str, dict[str, float]] = {word: {} for word in ("has", "chosen", "over", "patience")}
    words = Classifier({**known, "chosen O over": {"called_off": 9.0}}, {NOTHING: 0.0, "called_off": 0.0})
    read = Matcher([deal()], Cues([parse(RULES, "test.toml")]), words).read(article(title))
    assert [claim.stage for claim in read.claims] == made


@pytest.mark.parametrize(("nothing", "made"), [(3.0, []), (0.0, [Stage.AGREED])])
def test_a_title_silences_the_text_only_if_its_words_agree(nothing: float, made: list[Stage]) -> None:
    """A rule that knows the title to claim nothing may be beside the point; then the text is asked."""
    weights = {"@rule no-claim": {NOTHING: nothing}, "agrees": {"agreed": 9.0}}
    words = Classifier(weights, {NOTHING: 0.0, "agreed": 0.0})
    read = Matcher([deal()], Cues([parse(RESERVED, "test.toml")]), words).read(
        article("Telvara and Northgate at gala", "Telvara agrees to buy Northgate.")
    )
    assert [claim.stage for claim in read.claims] == made


def test_an_owner_beside_its_unit_is_no_third_company() -> None:
    """Whose unit a party is says nothing of who deals with whom."""
    other = Deal("other", "Other", Kind.ACQUISITION, (QUORUM, Party("Norvane")))
    matcher = Matcher([deal(), other], Cues([parse(RULES, "test.toml")]), Classifier({}, {NOTHING: 0.0, "talks": 0.0}))
    assert [c.deal for c in matcher.read(article("Telvara talks to Quorum Media unit Northgate")).claims] == [
        "telvara-northgate"
    ]


def test_a_rule_that_was_not_learned_is_as_sure_as_it_says() -> None:
    """Whoever adds a rule need not train anything for it to be heard."""
    rules = RULES + '[[rule]]\nid = "new"\nstage = "offer"\ncertainty = 0.8\nphrases = ["X winks at Y"]\n'
    read = Matcher([deal()], Cues([parse(rules, "test.toml")]), Classifier(WEIGHTS, {NOTHING: 5.0}))
    (claim,) = read.read(article("Telvara winks at Northgate in town")).claims
    assert (claim.stage, claim.certainty) == (Stage.OFFER, 0.8)


def test_where_a_rule_is_dropped_the_words_have_their_say() -> None:
    """What a rule reads in the text against all words around it is nothing; the words may be clear all the same."""
    body = "Telvara talks little and swallows Northgate."
    assert weighed("Pump makers in the news", body) == [(Stage.AGREED, WEIGHED, Field.BODY)]
    assert weighed("Pump makers in the news", "Telvara talks of the town near Northgate.") == []


RESERVED = RULES + '[[rule]]\nid = "no-claim"\nphrases = ["gala"]\n'


@pytest.mark.parametrize(("feature", "made"), [(5.0, [(Stage.AGREED, WEIGHED)]), (2.0, [])])
def test_only_very_clear_words_outvote_a_rule_that_reads_nothing(feature: float, made: list[object]) -> None:
    """A rule without a stage has the say, unless the classifier, which sees it fire, is almost certain."""
    words = Classifier({"swallows": {"agreed": feature}}, {NOTHING: 0.0, "agreed": 0.0})
    read = Matcher([deal()], Cues([parse(RESERVED, "test.toml")]), words).read(
        article("Telvara swallows Northgate at gala")
    )
    assert [(claim.stage, claim.rule) for claim in read.claims] == made


@pytest.mark.parametrize(("said", "manner"), [("talks", "talks"), ("agreed", "background talks")])
def test_what_is_told_in_passing_is_news_if_all_words_say_the_same(said: str, manner: str) -> None:
    """The news of "Mayor gloomy as X talks to Y" stands behind the "as", unless the words say something else."""
    rules = 'breaks = ["as"]\n' + RULES
    words = Classifier({"gloomy": {said: 5.0}}, {NOTHING: 0.0, "talks": 0.0, "agreed": 0.0})
    read = Matcher([deal()], Cues([parse(rules, "test.toml")]), words)
    (claim,) = read.read(article("Mayor gloomy as Telvara talks to Northgate")).claims
    assert saying(claim) == manner


def test_what_is_told_in_passing_of_another_time_is_no_news() -> None:
    """However well the words agree."""
    rules = 'breaks = ["as"]\nbackground = ["last year"]\n' + RULES
    words = Classifier({"gloomy": {"talks": 5.0}}, {NOTHING: 0.0, "talks": 0.0})
    read = Matcher([deal()], Cues([parse(rules, "test.toml")]), words)
    (claim,) = read.read(article("Mayor gloomy last year as Telvara talks to Northgate")).claims
    assert saying(claim) == "background talks"


@pytest.mark.parametrize(("field", "made"), [("title", 1), ("body", 0)])
def test_words_alone_do_not_pair_three_companies_in_a_text(field: str, made: int) -> None:
    """Who swallows whom, where a third tracked company is named, is for rules to say; a title has one subject."""
    other = Deal("other", "Other", Kind.ACQUISITION, (QUORUM, Party("Norvane")))
    words = Classifier({"swallows": {"agreed": 9.0}}, {NOTHING: 0.0, "agreed": 0.0})
    matcher = Matcher([deal(), other], Cues([parse(RULES, "test.toml")]), words)
    told = "Telvara swallows Northgate beside Quorum Media"
    assert len(matcher.read(article(**{field: told})).claims) == made


def test_the_lead_is_believed_sooner_than_the_rest_of_the_text() -> None:
    """News stands on top; what fairly clear words say further down is oftener something else."""
    words = Classifier({"swallows": {"agreed": 2.5}}, {NOTHING: 0.0, "agreed": 0.0})
    matcher = Matcher([deal()], Cues([parse(RULES, "test.toml")]), words)
    lead, rest = "Telvara swallows Northgate.", "The fair is open. It rains. "
    assert matcher.read(article("Pump makers in the news", lead + rest)).claims
    assert not matcher.read(article("Pump makers in the news", rest + lead)).claims


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("Telvara no doubt in talks to buy Northgate", Stage.TALKS),
        ("No doubt: Telvara to buy Northgate", Stage.AGREED),
        ("Telvara is not alone in bidding for Northgate", Stage.OFFER),
        ("Telvara, not alone, makes an offer for Northgate", Stage.OFFER),
        ("Telvara not only in talks to buy Northgate but to sell its pumps", Stage.TALKS),
        ("Telvara no longer rules out a bid for Northgate", Stage.SPECULATION),
        ("Telvara is no longer ruling out a takeover of Northgate", Stage.SPECULATION),
        ("Telvara rules out a bid for Northgate", Stage.DENIED),
        ("Telvara not in talks to buy Northgate", Stage.DENIED),
    ],
)
def test_not_every_no_is_a_denial(title: str, stage: Stage) -> None:
    """A "no" or "not" turns a headline round only where it stands against the deal itself."""
    assert [claim.stage for claim in claims(title)] == [stage]


@pytest.mark.parametrize(
    "title",
    [
        "Telvara declines to raise its bid for Northgate",
        "Telvara refuses to increase offer for Northgate",
        "Telvara refuses to sweeten Northgate bid",
    ],
)
def test_a_bid_that_is_not_raised_still_stands(title: str) -> None:
    """Who refuses to pay more has neither given up nor made a new offer."""
    assert claims(title) == ()


@pytest.mark.parametrize(
    "title",
    [
        "Fake press release says Telvara to buy Northgate",
        "Bogus report of Telvara takeover lifts Northgate",
        "April Fool: Telvara to buy Northgate",
        "Telvara to buy Northgate in April Fool's prank",
        "Reports Telvara to buy Northgate are false",
    ],
)
def test_what_is_made_up_claims_nothing(title: str) -> None:
    """A headline that calls the news a fake or a joke tells nothing of the deal."""
    assert claims(title) == ()


def test_a_long_body_is_read_to_its_end() -> None:
    """A hundred kilobytes of other news do not hide a claim."""
    body = "The weather stays fine and the shops are open. " * 2200 + "Telvara is in talks to buy Northgate."
    (claim,) = claims("Pump makers in the news", body)
    assert (claim.field, claim.quote) == (Field.BODY, "Telvara is in talks to buy Northgate.")
    assert not claim.background


@pytest.mark.parametrize(
    ("body", "speaker", "stage"),
    [
        ("Telvara said in a statement it has agreed to buy Northgate.", Speaker.PARTY, Stage.AGREED),
        ("Telvara said in an emailed statement on Monday that it would buy Northgate.", Speaker.PARTY, Stage.AGREED),
        ("Telvara said in an exchange filing that it agreed to buy Northgate.", Speaker.FILING, Stage.AGREED),
        ("Telvara has agreed to buy Northgate, the companies announced.", Speaker.PARTY, Stage.AGREED),
        ("In a joint statement, Telvara and Northgate called off merger talks.", Speaker.PARTY, Stage.CALLED_OFF),
        ("Northgate revealed on Sunday that it had received an offer from Telvara.", Speaker.PARTY, Stage.OFFER),
        ("Telvara is said to have agreed to buy Northgate.", Speaker.SOURCES, Stage.NEAR),
        ("Telvara was said to be in talks with Northgate.", Speaker.SOURCES, Stage.TALKS),
    ],
)
def test_what_a_company_says_somewhere_is_its_own_word(body: str, speaker: Speaker, stage: Stage) -> None:
    """To be "said in talks" and to have "said in a statement" are not the same."""
    (claim,) = claims("Pump makers in the news", body)
    assert (claim.speaker, claim.stage) == (speaker, stage)


@pytest.mark.parametrize(
    "title",
    [
        "Telvara Said in Advanced Talks to Buy Northgate",
        "Telvara said in merger talks with Northgate",
        "Telvara Said to Restart Talks on Northgate Takeover",
        "Telvara said to near deal for Northgate",
        "Telvara said close to deal for Northgate",
    ],
)
def test_who_is_said_to_do_something_is_not_the_one_who_says_so(title: str) -> None:
    """The wires' way to credit unnamed people in a headline."""
    (claim,) = claims(title)
    assert claim.speaker is Speaker.SOURCES
