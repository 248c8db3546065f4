"""The rules of transition, as the domain page numbers them under "How a status moves"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import DAY, HOUR, NOON, a_report
from hypothesis import given
from hypothesis import strategies as st

from matcher.decide import (
    ESTABLISHED,
    LIKELY,
    MEMORY,
    QUIET_AFTER,
    SURE,
    Decision,
    Outcome,
    decide,
    fall_quiet,
    is_key_move,
    name_the_end,
    release,
)
from matcher.vocabulary import Change, ChangeKind, Kind, Report, Speaker, Stage, Standing, Status, Trust

LATER = NOON + HOUR
NEXT_WEEK = NOON + 7 * DAY

RUMORED = [stage for stage in Stage if stage.status is Status.RUMORED and stage is not Stage.QUIET]
DENIED = [stage for stage in Stage if stage.status is Status.DENIED]
FINALIZED = [Stage.AGREED, Stage.COMPLETED]
CLAIMABLE = [*RUMORED, *DENIED, *FINALIZED]
CONFIRMING = [Speaker.PARTY, Speaker.FILING, Speaker.AUTHORITY]
BYSTANDERS = [Speaker.ANALYST, Speaker.OTHER]
DENIAL = a_report(Stage.DENIED, LATER, speaker=Speaker.PARTY, origin="Alpha")


class Story:
    """A deal that hears reports one after the other, with the memory that a ledger gives it."""

    def __init__(self, *reports: Report, kind: Kind = Kind.ACQUISITION, standing: Standing | None = None) -> None:
        self.kind = kind
        self.standing = standing or Standing()
        self.changes: list[Change] = []
        self._heard: list[Report] = []
        for report in reports:
            self.hear(report)

    def hear(self, report: Report) -> Decision:
        decision = decide(self.kind, self.standing, report, self.heard(report))
        self.standing = decision.standing
        self._heard.append(report)
        self.changes += [decision.change] if decision.change else []
        return decision

    def heard(self, report: Report) -> Sequence[Report]:
        return [
            earlier
            for earlier in self._heard
            if earlier.moment >= report.moment - MEMORY
            and not (earlier.claim.background or earlier.claim.settled or earlier.claim.speaker in BYSTANDERS)
        ]


def confirmed(stage: Stage, moment: datetime = NOON) -> Report:
    return a_report(stage, moment, speaker=Speaker.PARTY, origin="Alpha")


# How surely a claim was read -----------------------------------------------------------------------------------------

UNLIKELY = LIKELY - 0.01
FORGOTTEN = NOON + MEMORY + HOUR  # what is heard now finds no earlier reading beside it
LEAVING = [
    pytest.param([], Stage.TALKS, id="no status"),
    pytest.param([a_report(Stage.TALKS)], Stage.CALLED_OFF, id="rumored"),
    pytest.param([a_report(Stage.CALLED_OFF)], Stage.AGREED, id="denied"),
    pytest.param([a_report(Stage.AGREED)], Stage.TERMINATED, id="finalized"),
]
STAYING = [
    pytest.param([a_report(Stage.TALKS)], a_report(Stage.OFFER, FORGOTTEN), id="a step in a rumor"),
    pytest.param([a_report(Stage.DENIED)], a_report(Stage.CALLED_OFF, FORGOTTEN), id="a step in a denial"),
    pytest.param([a_report(Stage.AGREED)], a_report(Stage.AGREED, FORGOTTEN, origin="Reuters"), id="a second source"),
    pytest.param([a_report(Stage.CALLED_OFF)], confirmed(Stage.CALLED_OFF, FORGOTTEN), id="a confirmation"),
]


A_COMPLETION = pytest.param([a_report(Stage.AGREED)], a_report(Stage.COMPLETED, FORGOTTEN), id="a completion")


def read_with(certainty: float, report: Report) -> Report:
    return replace(report, claim=replace(report.claim, certainty=certainty))


@pytest.mark.parametrize(("before", "report"), [*STAYING, A_COMPLETION])
def test_what_is_likelier_wrong_than_right_does_nothing(before: list[Report], report: Report) -> None:
    """No step, no confirmation, no further source, and no sign of life either."""
    standing = Story(*before).standing

    assert decide(Kind.ACQUISITION, standing, read_with(UNLIKELY, report)) == Decision(Outcome.DOUBTFUL, standing)


def test_what_is_as_likely_right_as_wrong_shows_that_a_rumor_is_alive() -> None:
    """It moves nothing alone, but it was heard."""
    decision = Story(a_report(Stage.TALKS)).hear(a_report(Stage.OFFER, LATER, certainty=LIKELY))

    assert (decision.change, decision.standing.last_heard) == (None, LATER)


@pytest.mark.parametrize(("certainty", "stage"), [(UNLIKELY, None), (LIKELY, Stage.COMPLETED)])
def test_a_settled_fact_must_be_likely(certainty: float, stage: Stage | None) -> None:
    """A first status is taken from what is likelier right than wrong."""
    assert Story(a_report(Stage.COMPLETED, settled=True, certainty=certainty)).standing.stage is stage


@pytest.mark.parametrize(("certainty", "origins"), [(UNLIKELY, {"wsj"}), (LIKELY, {"reuters", "wsj"})])
def test_an_unlikely_report_is_no_source(certainty: float, origins: set[str]) -> None:
    """The next report that says the same does not rest on it."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.CALLED_OFF, LATER, origin="Reuters", certainty=certainty))

    decision = story.hear(a_report(Stage.CALLED_OFF, LATER + HOUR, origin="WSJ"))

    assert decision.standing.origins == origins
    assert decision.change
    assert len(decision.change.articles) == len(origins)


@pytest.mark.parametrize(("certainty", "outcome"), [(UNLIKELY, Outcome.HELD), (LIKELY, Outcome.MOVED)])
def test_an_unlikely_report_releases_nothing(certainty: float, outcome: Outcome) -> None:
    """An unvetted feed needs a second origin that counts."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.AGREED, LATER, origin="Reuters", certainty=certainty))

    decision = story.hear(a_report(Stage.AGREED, LATER + HOUR, origin="Blog", trust=Trust.UNVETTED))

    assert decision.outcome is outcome


@pytest.mark.parametrize(("certainty", "outcome"), [(UNLIKELY, Outcome.DOUBTFUL), (LIKELY, Outcome.MOVED)])
def test_an_unlikely_report_is_no_second_reading(certainty: float, outcome: Outcome) -> None:
    """It makes nothing surer."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.CALLED_OFF, LATER, origin="Reuters", certainty=certainty))

    assert story.hear(a_report(Stage.CALLED_OFF, LATER + HOUR, certainty=0.6)).outcome is outcome


def test_unlikely_reports_contest_nothing() -> None:
    """A denial stands against what two origins report, not against what two were misread to report."""
    misread = [a_report(Stage.TALKS, origin=origin, certainty=UNLIKELY) for origin in ("Reuters", "WSJ")]

    assert not Story(a_report(Stage.TALKS), *misread, DENIAL).standing.contested


@pytest.mark.parametrize(("before", "claimed"), LEAVING)
def test_a_status_is_left_for_what_is_read_surely(before: list[Report], claimed: Stage) -> None:
    """Each status asks for its own certainty; just below it one report moves nothing."""
    needed = SURE[Story(*before).standing.status]
    reports = [a_report(claimed, LATER, origin="Reuters", certainty=needed - doubt) for doubt in (0.01, 0)]

    doubtful, sure = (Story(*before).hear(report) for report in reports)

    assert (doubtful.outcome, doubtful.change) == (Outcome.DOUBTFUL, None)
    assert (sure.outcome, sure.standing.stage) == (Outcome.MOVED, claimed)


def test_the_more_settled_a_status_the_surer_a_claim_must_be() -> None:
    """A rumor is left most easily, a final deal least."""
    assert LIKELY < SURE[None] == SURE[Status.RUMORED] < SURE[Status.DENIED] < SURE[Status.FINALIZED] < 1


@pytest.mark.parametrize(("before", "report"), STAYING)
def test_inside_a_status_a_claim_must_be_as_sure_as_in_a_rumor(before: list[Report], report: Report) -> None:
    """Steps, confirmations and further sources ask for the same certainty, whatever the status; but for completions."""
    needed = SURE[Status.RUMORED]
    stood = Story(*before).standing

    doubtful, sure = (Story(*before).hear(read_with(needed - doubt, report)) for doubt in (0.01, 0))

    assert doubtful == Decision(Outcome.DOUBTFUL, replace(stood, last_heard=report.moment))
    assert sure.outcome is Outcome.MOVED


@pytest.mark.parametrize(
    ("kind", "as_settled_as"),
    [
        (Kind.ACQUISITION, Status.FINALIZED),
        (Kind.MERGER, Status.FINALIZED),
        (Kind.PARTNERSHIP, Status.RUMORED),
        (Kind.STAKE, Status.RUMORED),
    ],
)
@pytest.mark.parametrize("before", [Stage.TALKS, Stage.AGREED])
def test_a_completion_that_nothing_undoes_must_be_read_most_surely(
    kind: Kind, as_settled_as: Status, before: Stage
) -> None:
    """A completed acquisition or merger stays so; a partnership that runs may still end."""
    needed = SURE[as_settled_as]
    reports = [a_report(Stage.COMPLETED, LATER, origin="Reuters", certainty=needed - doubt) for doubt in (0.01, 0)]

    doubtful, sure = (Story(a_report(before), kind=kind).hear(report) for report in reports)

    assert (doubtful.outcome, sure.outcome) == (Outcome.DOUBTFUL, Outcome.MOVED)


def test_a_sure_completion_is_no_copy_of_a_doubtful_one() -> None:
    """What was too doubtful to complete an acquisition was not counted; who repeats it plainly is heard."""
    story = Story(a_report(Stage.NEAR), a_report(Stage.COMPLETED, LATER, origin="Reuters", certainty=0.75))
    repeated = a_report(Stage.COMPLETED, LATER + HOUR, origin="Reuters", outlet="Daily Ledger", certainty=0.97)

    assert story.hear(repeated).outcome is Outcome.MOVED


@pytest.mark.parametrize(
    ("before", "claimed", "first", "second", "outcome"),
    [
        pytest.param(Stage.TALKS, Stage.CALLED_OFF, 0.5, 0.5, Outcome.MOVED, id="rumored, 0.75 together"),
        pytest.param(Stage.CALLED_OFF, Stage.AGREED, 0.55, 0.55, Outcome.DOUBTFUL, id="denied, 0.7975 together"),
        pytest.param(Stage.CALLED_OFF, Stage.AGREED, 0.56, 0.56, Outcome.MOVED, id="denied, 0.8064 together"),
        pytest.param(Stage.AGREED, Stage.TERMINATED, 0.78, 0.53, Outcome.DOUBTFUL, id="finalized, 0.8966 together"),
        pytest.param(Stage.AGREED, Stage.TERMINATED, 0.53, 0.79, Outcome.MOVED, id="finalized, 0.9013 together"),
    ],
)
def test_two_readings_together_are_surer_than_each(
    before: Stage, claimed: Stage, first: float, second: float, outcome: Outcome
) -> None:
    """Two are wrong only if both are; that must be as unlikely as the status asks for."""
    story = Story(a_report(before), a_report(claimed, LATER, origin="Reuters", certainty=first))

    assert story.hear(a_report(claimed, LATER + HOUR, origin="WSJ", certainty=second)).outcome is outcome


def test_a_third_reading_adds_nothing_to_two() -> None:
    """What is misread once is misread often: only the surest other reading counts."""
    story = Story(a_report(Stage.AGREED))

    for origin in ("Reuters", "WSJ", "Planet", "Bugle"):
        story.hear(a_report(Stage.TERMINATED, LATER, origin=origin, certainty=0.6))

    assert story.standing.stage is Stage.AGREED


@pytest.mark.parametrize(
    ("origin", "quote", "outcome"),
    [
        ("Bloomberg", "UPDATE 1-Alpha walks away from Beta, sources say", Outcome.DOUBTFUL),
        ("Bloomberg", "Beta is left without a buyer as Alpha gives up", Outcome.MOVED),
        ("Reuters", "Alpha walks away from Beta, sources say", Outcome.MOVED),
    ],
    ids=["the outlet's update", "the outlet in other words", "another outlet"],
)
def test_an_update_in_the_same_words_is_no_second_reading(origin: str, quote: str, outcome: Outcome) -> None:
    """An outlet's new version is misread as the first was; other words or another outlet are another reading."""
    first = a_report(Stage.CALLED_OFF, LATER, certainty=0.6, quote="Alpha walks away from Beta, sources say")
    story = Story(a_report(Stage.TALKS), first)

    second = a_report(Stage.CALLED_OFF, LATER + HOUR, origin=origin, certainty=0.6, quote=quote)

    assert story.hear(second).outcome is outcome


def test_one_article_is_one_reading() -> None:
    """What an article says twice is not said by two."""
    first = a_report(Stage.CALLED_OFF, LATER, certainty=0.6, quote="Alpha walks away")
    again = replace(first, claim=replace(first.claim, quote="The talks with Beta are over", origin="Reuters"))

    assert Story(a_report(Stage.TALKS), first).hear(again).outcome is Outcome.DOUBTFUL


@pytest.mark.parametrize(
    ("moment", "outcome"), [(NOON - HOUR, Outcome.DOUBTFUL), (NOON + HOUR, Outcome.MOVED)], ids=["before", "since"]
)
def test_only_readings_since_the_deal_stands_where_it_stands_count(moment: datetime, outcome: Outcome) -> None:
    """What was read before the present status came is no second reading against it."""
    early = a_report(Stage.CALLED_OFF, moment, origin="Reuters", certainty=0.6)
    story = Story(*sorted([a_report(Stage.TALKS), early], key=lambda report: report.moment))

    assert story.hear(a_report(Stage.CALLED_OFF, NOON + DAY, certainty=0.6)).outcome is outcome


@pytest.mark.parametrize(
    ("first", "copy", "outcome"),
    [
        pytest.param(0.6, 0.9, Outcome.MOVED, id="read clearly at last"),
        pytest.param(0.6, 0.6, Outcome.COPY, id="as doubtful as before"),
        pytest.param(0.9, 0.6, Outcome.COPY, id="less clear than before"),
        pytest.param(0.8, 0.9, Outcome.COPY, id="clear both times"),
    ],
)
def test_a_doubtful_report_makes_no_copy_of_a_clear_one(first: float, copy: float, outcome: Outcome) -> None:
    """What Bloomberg was hardly understood to say counts when another outlet repeats it in clear words."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.CALLED_OFF, LATER, certainty=first, quote="It may be over"))

    copied = a_report(Stage.CALLED_OFF, LATER + HOUR, outlet="Planet", certainty=copy, quote="Alpha walks away")

    assert story.hear(copied).outcome is outcome


# What never moves a deal ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", CLAIMABLE)
@pytest.mark.parametrize(
    ("telling", "outcome"),
    [
        ({"background": True}, Outcome.BACKGROUND),
        ({"speaker": Speaker.ANALYST}, Outcome.BYSTANDER),
        ({"speaker": Speaker.OTHER}, Outcome.BYSTANDER),
    ],
)
def test_background_and_bystanders_never_move_a_deal(
    stage: Stage, telling: dict[str, object], outcome: Outcome
) -> None:
    """Old stories retold, analysts and bystanders change nothing, not even on a deal without a status."""
    report = a_report(stage, LATER, **telling)  # type: ignore[arg-type]  # one keyword argument of a table

    assert decide(Kind.ACQUISITION, Standing(), report) == Decision(outcome, Standing())
    rumored = Story(a_report(Stage.TALKS)).standing
    assert decide(Kind.ACQUISITION, rumored, report) == Decision(outcome, rumored)


@pytest.mark.parametrize("stage", [Stage.TALKS, Stage.CALLED_OFF, Stage.AGREED])
def test_a_copy_never_corroborates(stage: Stage) -> None:
    """However many outlets repeat Bloomberg, it stays one source."""
    story = Story(a_report(stage))
    for outlet in ("Daily Planet", "Daily Bugle", "bloomberg."):
        story.hear(a_report(stage, LATER, outlet=outlet))

    assert story.standing.origins == {"bloomberg"}
    assert len(story.changes) == 1


@pytest.mark.parametrize(
    ("news", "copied"),
    [
        pytest.param(a_report(Stage.AGREED, LATER, origin="Reuters"), Stage.TALKS, id="talks after the agreement"),
        pytest.param(a_report(Stage.NEAR, LATER, origin="Reuters"), Stage.TALKS, id="talks after the last step"),
        pytest.param(a_report(Stage.CALLED_OFF, LATER, origin="Reuters"), Stage.TALKS, id="talks after the end"),
        pytest.param(a_report(Stage.TALKS, LATER, origin="Reuters"), Stage.CALLED_OFF, id="the end after a new start"),
        pytest.param(a_report(Stage.TALKS, LATER, origin="Reuters"), Stage.TERMINATED, id="the same, by another name"),
    ],
)
def test_a_late_copy_of_an_earlier_report_moves_nothing(news: Report, copied: Stage) -> None:
    """What Bloomberg said before Reuters knew better is not news again because another outlet repeats it."""
    story = Story(a_report(Stage.SPECULATION, NOON - HOUR), a_report(copied), news)

    decision = story.hear(a_report(copied, NOON + 4 * DAY, outlet="Daily Planet"))

    assert (decision.outcome, decision.change) == (Outcome.COPY, None)
    assert story.standing.stage is news.claim.stage
    assert story.standing.origins == {"reuters"}


def test_a_copy_that_a_party_confirms_is_more_than_a_copy() -> None:
    """Alpha's word on what Bloomberg reported is a confirmation, whoever is credited."""
    story = Story(a_report(Stage.TALKS))

    decision = story.hear(a_report(Stage.TALKS, LATER, outlet="Daily Planet", speaker=Speaker.PARTY))

    assert decision.outcome is Outcome.MOVED
    assert story.standing.confirmed


@pytest.mark.parametrize(
    ("after", "quote", "outcome"),
    [
        pytest.param(8 * HOUR, "Beta rejects Alpha", Outcome.COPY, id="the same words that day"),
        pytest.param(23 * HOUR, "Beta rejects ALPHA", Outcome.COPY, id="the same words in capitals"),
        pytest.param(8 * HOUR, "Beta rejects Alpha2", Outcome.MOVED, id="another figure"),
        pytest.param(8 * HOUR, "Beta rejects raised Alpha bid", Outcome.MOVED, id="other words that day"),
        pytest.param(DAY, "Beta rejects Alpha", Outcome.MOVED, id="the same words a day later"),
    ],
)
def test_a_story_that_is_put_out_again_is_no_second_report(after: timedelta, quote: str, outcome: Outcome) -> None:
    """An agency sends its story again with every update; a day later the same words tell of a second refusal."""
    refusal = a_report(Stage.REJECTED, NOON, speaker=Speaker.PARTY, quote="Beta rejects Alpha")
    story = Story(a_report(Stage.OFFER, NOON - HOUR), refusal, a_report(Stage.TALKS, NOON + HOUR, origin="Reuters"))

    decision = story.hear(replace(refusal, moment=NOON + after, claim=replace(refusal.claim, quote=quote)))

    assert decision.outcome is outcome
    assert story.standing.stage is (Stage.TALKS if outcome is Outcome.COPY else Stage.REJECTED)


def test_a_day_is_counted_from_the_first_edition() -> None:
    """Else a story that is put out every few hours would never be news again."""
    refusal = a_report(Stage.REJECTED, NOON, speaker=Speaker.PARTY, quote="Beta rejects Alpha")
    again = replace(refusal, moment=NOON + 20 * HOUR)
    raised = a_report(Stage.OFFER, NOON + 30 * HOUR, origin="Reuters")
    story = Story(refusal, again, raised)

    assert story.hear(replace(refusal, moment=NOON + 40 * HOUR)).outcome is Outcome.MOVED


def test_a_party_that_says_the_same_words_confirms_them() -> None:
    """What an outlet only reported in the morning is a party's word in the evening."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.TALKS, LATER, speaker=Speaker.PARTY))

    assert story.standing.confirmed


def test_an_origin_may_repeat_its_own_report_as_news() -> None:
    """A second report by Bloomberg itself is fresh: talks that it saw before a denial may have resumed."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.CALLED_OFF, LATER, origin="Reuters"))

    assert story.hear(a_report(Stage.TALKS, NEXT_WEEK)).outcome is Outcome.MOVED


# 1. Newer wins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "report", "older"),
    [
        pytest.param({}, {"moment": NOON - HOUR}, True, id="an hour earlier"),
        pytest.param({}, {"moment": NOON}, False, id="the same moment"),
        pytest.param({}, {"moment": NOON - 12 * HOUR, "day_only": True}, False, id="only the day, the same"),
        pytest.param({}, {"moment": NOON - 36 * HOUR, "day_only": True}, True, id="only the day, an earlier one"),
        pytest.param({"day_only": True}, {"moment": NOON - HOUR}, False, id="on the day of a day-only report"),
        pytest.param({"day_only": True}, {"moment": NOON - DAY}, True, id="before the day of a day-only report"),
    ],
)
def test_newer_wins(standing: dict[str, bool], report: dict[str, object], older: bool) -> None:
    """A report older than the one that rules goes into history; where a time is missing, only the days compare."""
    story = Story(a_report(Stage.TALKS, **standing))  # type: ignore[arg-type]  # keyword arguments of a table

    decision = story.hear(a_report(Stage.CALLED_OFF, origin="Reuters", **report))  # type: ignore[arg-type]

    assert (decision.outcome is Outcome.OLDER) is older
    assert story.standing.stage is (Stage.TALKS if older else Stage.CALLED_OFF)


def test_a_supporting_report_does_not_make_the_ruling_one_newer() -> None:
    """A report competes with the claim that set the status, not with the latest one that agreed."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.TALKS, NOON + 2 * HOUR, origin="Reuters"))

    assert story.hear(a_report(Stage.CALLED_OFF, LATER, origin="WSJ")).outcome is Outcome.MOVED


# 2. One report is enough ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", CLAIMABLE)
def test_one_report_is_enough(stage: Stage) -> None:
    """A single trusted report gives a deal its first status: reported, one source, and told to everyone."""
    report = a_report(stage)

    decision = Story().hear(report)

    assert decision.outcome is Outcome.MOVED
    assert decision.change
    assert (decision.change.kind, decision.change.before.status) == (ChangeKind.STATUS, None)
    assert decision.change.articles == (report.article,)
    assert is_key_move(decision.change)
    assert not decision.quiet
    assert (decision.standing.confirmed, decision.standing.origins) == (False, frozenset({"bloomberg"}))
    assert (decision.standing.moment, decision.standing.last_heard) == (NOON, NOON)


@pytest.mark.parametrize("stage", CLAIMABLE)
def test_a_second_origin_makes_two_sources(stage: Stage) -> None:
    """The second independent origin is a step of its own; a third only counts."""
    story = Story(a_report(stage))

    second = story.hear(a_report(stage, LATER, origin="Reuters"))
    third = story.hear(a_report(stage, LATER + HOUR, origin="WSJ"))

    assert second.change
    assert second.change.kind is ChangeKind.CONFIRMATION
    assert len(second.standing.origins) == 2
    assert (third.outcome, third.change, len(third.standing.origins)) == (Outcome.SUPPORTED, None, 3)


@pytest.mark.parametrize("speaker", CONFIRMING)
def test_a_party_a_filing_or_an_authority_confirms(speaker: Speaker) -> None:
    """Their word confirms a reported status, once, and says so to everyone."""
    story = Story(a_report(Stage.CALLED_OFF))

    first = story.hear(a_report(Stage.CALLED_OFF, LATER, speaker=speaker, origin="Alpha"))
    again = story.hear(a_report(Stage.CALLED_OFF, LATER + HOUR, speaker=speaker, origin="Beta"))

    assert first.change
    assert first.change.kind is ChangeKind.CONFIRMATION
    assert is_key_move(first.change)
    assert first.standing.confirmed
    assert again.change is None


@pytest.mark.parametrize("speaker", [Speaker.SOURCES, Speaker.OUTLET])
def test_unnamed_sources_and_outlets_do_not_confirm(speaker: Speaker) -> None:
    """Any number of reports stays a report."""
    story = Story(*(a_report(Stage.TALKS, origin=origin, speaker=speaker) for origin in ("A", "B", "C", "D")))

    assert not story.standing.confirmed


@pytest.mark.parametrize("speaker", CONFIRMING)
def test_a_first_report_may_be_confirmed_at_once(speaker: Speaker) -> None:
    """When a party, a filing or an authority speaks first, the first status is confirmed."""
    assert Story().hear(a_report(Stage.AGREED, speaker=speaker)).standing.confirmed


# 3. Trust ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [*DENIED, *FINALIZED])
@pytest.mark.parametrize("before", [[], [a_report(Stage.TALKS)]], ids=["no status", "rumored"])
def test_an_unvetted_feed_alone_neither_denies_nor_finalizes(before: list[Report], stage: Stage) -> None:
    """Its report is held, and the deal stays where it is."""
    story = Story(*before)
    stood = story.standing.stage

    decision = story.hear(a_report(stage, LATER, origin="Blog", trust=Trust.UNVETTED))

    assert (decision.outcome, decision.change) == (Outcome.HELD, None)
    assert story.standing.stage is stood


@pytest.mark.parametrize("trust", [Trust.OFFICIAL, Trust.TRUSTED])
@pytest.mark.parametrize("stage", [Stage.CALLED_OFF, Stage.AGREED])
def test_official_and_trusted_feeds_need_nobody_else(stage: Stage, trust: Trust) -> None:
    """Only unvetted feeds are held."""
    assert Story(a_report(Stage.TALKS)).hear(a_report(stage, LATER, trust=trust)).outcome is Outcome.MOVED


@pytest.mark.parametrize("stage", RUMORED)
def test_an_unvetted_feed_may_start_a_rumor(stage: Stage) -> None:
    """A rumor needs no trust."""
    assert Story().hear(a_report(stage, trust=Trust.UNVETTED)).outcome is Outcome.MOVED


@pytest.mark.parametrize("trust", Trust)
def test_another_origin_releases_a_held_report(trust: Trust) -> None:
    """As soon as another origin agrees the deal moves, on the word of both."""
    held = a_report(Stage.CALLED_OFF, LATER, origin="Blog", trust=Trust.UNVETTED)
    second = a_report(Stage.CALLED_OFF, LATER + HOUR, origin="Reuters", trust=trust)
    story = Story(a_report(Stage.TALKS), held)

    decision = story.hear(second)

    assert decision.change
    assert decision.standing.stage is Stage.CALLED_OFF
    assert decision.standing.origins == {"blog", "reuters"}
    assert decision.change.articles == (held.article, second.article)


def test_another_feed_with_the_same_origin_releases_nothing() -> None:
    """Two unvetted feeds that credit the same blog are one origin."""
    story = Story(a_report(Stage.TALKS), a_report(Stage.AGREED, LATER, origin="Blog", trust=Trust.UNVETTED))

    story.hear(a_report(Stage.AGREED, LATER + HOUR, origin="Blog", outlet="Daily Planet", trust=Trust.UNVETTED))

    assert story.standing.stage is Stage.TALKS


def test_a_trusted_outlet_may_take_over_what_was_held() -> None:
    """A held report has not been counted: a trusted outlet that repeats it with credit moves the deal."""
    story = Story(a_report(Stage.CALLED_OFF), a_report(Stage.AGREED, LATER, origin="Blog", trust=Trust.UNVETTED))

    decision = story.hear(a_report(Stage.AGREED, LATER + HOUR, origin="Blog", outlet="Reuters"))

    assert decision.outcome is Outcome.MOVED


@pytest.mark.parametrize(("agreed_on", "claimed"), [(Stage.AGREED, Stage.COMPLETED), (Stage.DENIED, Stage.CALLED_OFF)])
def test_those_who_agree_on_the_present_stage_do_not_vouch_for_the_next(agreed_on: Stage, claimed: Stage) -> None:
    """An unvetted feed cannot go further alone because others reported the step before."""
    story = Story(a_report(agreed_on), a_report(agreed_on, origin="Reuters"))

    decision = story.hear(a_report(claimed, LATER, origin="Blog", trust=Trust.UNVETTED))

    assert decision.outcome is Outcome.HELD


def test_a_held_report_that_newer_news_overtook_vouches_for_nothing() -> None:
    """It is older than what rules now, and no better than other old news."""
    story = Story(
        a_report(Stage.AGREED, NOON, origin="Blog", trust=Trust.UNVETTED),
        a_report(Stage.TALKS, LATER, origin="Reuters"),
    )

    decision = story.hear(a_report(Stage.AGREED, NEXT_WEEK, origin="Forum", trust=Trust.UNVETTED))

    assert decision.outcome is Outcome.HELD


# 4. Rumored climbs and falls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "loud"),
    [
        (Stage.SPECULATION, Stage.TALKS, False),
        (Stage.SPECULATION, Stage.OFFER, True),
        (Stage.TALKS, Stage.OFFER, True),
        (Stage.TALKS, Stage.NEAR, True),
        (Stage.OFFER, Stage.NEAR, True),
        (Stage.NEAR, Stage.TALKS, False),
        (Stage.NEAR, Stage.OFFER, True),
        (Stage.OFFER, Stage.TALKS, False),
    ],
)
def test_a_rumor_climbs_and_falls(before: Stage, after: Stage, loud: bool) -> None:
    """A rumor takes every step; only the great ones are pushed by default."""
    decision = Story(a_report(before)).hear(a_report(after, NEXT_WEEK, origin="Reuters"))

    assert decision.change
    assert (decision.change.kind, decision.standing.stage) == (ChangeKind.STAGE, after)
    assert is_key_move(decision.change) is loud


def test_the_same_news_told_loosely_is_no_step_back() -> None:
    """A lower stage in the days after a higher one changes nothing."""
    story = Story(a_report(Stage.NEAR))

    assert story.hear(a_report(Stage.TALKS, NOON + DAY, origin="Reuters")).change is None
    assert story.standing.stage is Stage.NEAR


# 5. Denied can be reopened -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("denied", [stage for stage in DENIED if stage is not Stage.TERMINATED])
@pytest.mark.parametrize("news", [Stage.TALKS, Stage.OFFER, Stage.NEAR, Stage.AGREED])
def test_something_new_reopens_a_denied_deal(denied: Stage, news: Stage) -> None:
    """Talks, an offer or an agreement in a fresh report reopen it."""
    decision = Story(confirmed(denied)).hear(a_report(news, LATER, origin="Reuters"))

    assert decision.outcome is Outcome.MOVED
    assert decision.standing.stage is news


@pytest.mark.parametrize("denied", DENIED)
@pytest.mark.parametrize("speaker", [Speaker.PARTY, Speaker.SOURCES, Speaker.ANALYST])
def test_persistence_does_not_reopen_a_denied_deal(denied: Stage, speaker: Speaker) -> None:
    """Continued interest and analysis leave it denied."""
    story = Story(a_report(denied))

    assert story.hear(a_report(Stage.SPECULATION, LATER, speaker=speaker, origin="Reuters")).change is None
    assert story.standing.stage is denied


# 6. Finalized --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "moves"),
    [
        pytest.param(a_report(Stage.TALKS, LATER, origin="Reuters"), True, id="another origin: talks go on"),
        pytest.param(a_report(Stage.NEAR, LATER, origin="Reuters"), True, id="another origin: near"),
        pytest.param(a_report(Stage.SPECULATION, LATER, origin="Reuters"), False, id="another origin: interest"),
        pytest.param(a_report(Stage.TALKS, LATER), False, id="the same origin"),
        pytest.param(a_report(Stage.TALKS, LATER, speaker=Speaker.PARTY), True, id="a party"),
        pytest.param(a_report(Stage.TALKS, LATER, speaker=Speaker.FILING), True, id="a filing"),
        pytest.param(a_report(Stage.NEAR, LATER, speaker=Speaker.AUTHORITY), True, id="an authority"),
        pytest.param(a_report(Stage.TALKS, NOON - HOUR, origin="Reuters"), False, id="another origin, but older"),
        pytest.param(a_report(Stage.TALKS, LATER, speaker=Speaker.ANALYST, origin="UBS"), False, id="an analyst"),
    ],
)
def test_a_reported_agreement_steps_back_when_contradicted(report: Report, moves: bool) -> None:
    """By a party, a filing or an authority, or by another origin that sees talks go on."""
    story = Story(a_report(Stage.AGREED))

    story.hear(report)

    assert story.standing.status is (Status.RUMORED if moves else Status.FINALIZED)


@pytest.mark.parametrize("speaker", [Speaker.OUTLET, Speaker.SOURCES, Speaker.PARTY])
@pytest.mark.parametrize("stage", [*RUMORED, Stage.DENIED, Stage.REJECTED])
def test_talk_does_not_undo_a_confirmed_agreement(stage: Stage, speaker: Speaker) -> None:
    """Rumors, denials and refusals leave it signed."""
    story = Story(confirmed(Stage.AGREED))

    assert story.hear(a_report(stage, LATER, speaker=speaker, origin="Reuters")).change is None
    assert story.standing.stage is Stage.AGREED


@pytest.mark.parametrize("stage", [Stage.TERMINATED, Stage.BLOCKED, Stage.CALLED_OFF])
def test_an_end_undoes_a_confirmed_agreement(stage: Stage) -> None:
    """Terminated, blocked or called off."""
    story = Story(confirmed(Stage.AGREED))

    assert story.hear(a_report(stage, LATER)).outcome is Outcome.MOVED
    assert story.standing.status is Status.DENIED


AGED = NOON + ESTABLISHED


@pytest.mark.parametrize(
    ("stage", "speaker", "young", "aged"),
    [
        pytest.param(Stage.TALKS, Speaker.OUTLET, Stage.TALKS, Stage.AGREED, id="an outlet sees talks"),
        pytest.param(Stage.NEAR, Speaker.SOURCES, Stage.NEAR, Stage.AGREED, id="sources see it near"),
        pytest.param(Stage.REJECTED, Speaker.OUTLET, Stage.REJECTED, Stage.AGREED, id="an outlet sees it rejected"),
        pytest.param(Stage.DENIED, Speaker.PARTY, Stage.DENIED, Stage.AGREED, id="a party denies"),
        pytest.param(Stage.REJECTED, Speaker.PARTY, Stage.REJECTED, Stage.REJECTED, id="a party rejects"),
        pytest.param(Stage.TALKS, Speaker.PARTY, Stage.TALKS, Stage.TALKS, id="a party talks"),
        pytest.param(Stage.TERMINATED, Speaker.OUTLET, Stage.TERMINATED, Stage.TERMINATED, id="an outlet sees its end"),
        pytest.param(Stage.BLOCKED, Speaker.SOURCES, Stage.BLOCKED, Stage.BLOCKED, id="sources see it blocked"),
    ],
)
def test_an_agreement_that_stood_is_undone_by_its_end_or_a_partys_refusal_only(
    stage: Stage, speaker: Speaker, young: Stage, aged: Stage
) -> None:
    """After a fortnight without contradiction a mere report, or a denial of who knows what, leaves it agreed."""
    for moment, stands in ((AGED - timedelta(seconds=1), young), (AGED, aged)):
        story = Story(a_report(Stage.AGREED), a_report(stage, moment, speaker=speaker, origin="Reuters"))
        assert story.standing.stage is stands


def test_a_contested_agreement_is_not_established() -> None:
    """A party's denial of what two origins insist upon now is meant for this deal."""
    insist = [a_report(Stage.AGREED, AGED - DAY, origin=origin) for origin in ("Reuters", "WSJ")]

    assert Story(a_report(Stage.AGREED), *insist, replace(DENIAL, moment=AGED)).standing.stage is Stage.DENIED


@pytest.mark.parametrize(
    ("stood", "claimed", "called"),
    [
        (Stage.TALKS, Stage.TERMINATED, Stage.CALLED_OFF),
        (Stage.NEAR, Stage.CALLED_OFF, Stage.CALLED_OFF),
        (Stage.AGREED, Stage.CALLED_OFF, Stage.TERMINATED),
        (Stage.AGREED, Stage.TERMINATED, Stage.TERMINATED),
    ],
)
def test_only_what_was_signed_can_be_terminated(stood: Stage, claimed: Stage, called: Stage) -> None:
    """An end is "called off" where nothing was signed, else "terminated", whatever the report says."""
    assert Story(a_report(stood)).hear(a_report(claimed, LATER, origin="Reuters")).standing.stage is called


@pytest.mark.parametrize("kind", [Kind.ACQUISITION, Kind.MERGER])
@pytest.mark.parametrize("stage", [stage for stage in CLAIMABLE if stage is not Stage.COMPLETED])
@pytest.mark.parametrize("completed", [a_report(Stage.COMPLETED), confirmed(Stage.COMPLETED)])
def test_completion_ends_an_acquisition_or_merger_for_good(kind: Kind, stage: Stage, completed: Report) -> None:
    """No report undoes it, whoever speaks."""
    story = Story(completed, kind=kind)

    assert story.hear(a_report(stage, LATER, speaker=Speaker.PARTY, origin="Alpha")).change is None
    assert story.standing.stage is Stage.COMPLETED


@pytest.mark.parametrize("kind", [Kind.PARTNERSHIP, Kind.STAKE])
def test_a_running_partnership_or_stake_can_be_terminated(kind: Kind) -> None:
    """It can end, but talk does not end it."""
    story = Story(confirmed(Stage.COMPLETED), kind=kind)

    assert story.hear(a_report(Stage.TALKS, LATER)).change is None
    assert story.hear(a_report(Stage.TERMINATED, LATER)).standing.stage is Stage.TERMINATED


def test_completion_follows_an_agreement() -> None:
    """It is a step inside the status, and pushed by default."""
    decision = Story(confirmed(Stage.AGREED)).hear(a_report(Stage.COMPLETED, LATER))

    assert decision.change
    assert decision.change.kind is ChangeKind.STAGE
    assert is_key_move(decision.change)


# 7. Settled facts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.AGREED, Stage.COMPLETED, Stage.TERMINATED])
def test_a_settled_fact_gives_a_first_status_quietly(stage: Stage) -> None:
    """A deal without any status takes it over, and nobody is told."""
    decision = Story().hear(a_report(stage, settled=True))

    assert (decision.outcome, decision.standing.stage, decision.quiet) == (Outcome.MOVED, stage, True)


@pytest.mark.parametrize("stood", CLAIMABLE)
@pytest.mark.parametrize("speaker", [Speaker.OUTLET, Speaker.PARTY])
def test_a_settled_fact_moves_nothing_else(stood: Stage, speaker: Speaker) -> None:
    """A deal with a status does not hear it."""
    story = Story(a_report(stood))
    standing = story.standing

    decision = story.hear(a_report(Stage.COMPLETED, LATER, origin="Reuters", speaker=speaker, settled=True))

    assert decision == Decision(Outcome.SETTLED, standing)


def test_a_settled_fact_of_an_unvetted_feed_is_held() -> None:
    """Rule 3 holds for settled facts too."""
    report = a_report(Stage.COMPLETED, settled=True, trust=Trust.UNVETTED)

    assert Story().hear(report).outcome is Outcome.HELD


# 8. Contested --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reports", "contested"),
    [
        pytest.param(
            [a_report(Stage.TALKS), a_report(Stage.TALKS, origin="Reuters"), DENIAL], True, id="denied by one"
        ),
        pytest.param([a_report(Stage.TALKS), DENIAL], False, id="one origin only"),
        pytest.param([a_report(Stage.TALKS), a_report(Stage.TALKS, outlet="Planet"), DENIAL], False, id="and its copy"),
        pytest.param(
            [DENIAL, a_report(Stage.TALKS, NEXT_WEEK), a_report(Stage.NEAR, NEXT_WEEK, origin="Reuters")],
            True,
            id="and they insist",
        ),
        pytest.param(
            [a_report(Stage.DENIED), a_report(Stage.DENIED, origin="Reuters"), confirmed(Stage.TALKS, LATER)],
            True,
            id="the reverse",
        ),
        pytest.param(
            [
                a_report(Stage.TALKS),
                a_report(Stage.TALKS, origin="Reuters"),
                DENIAL,
                a_report(Stage.AGREED, NEXT_WEEK, speaker=Speaker.PARTY, origin="Alpha"),
            ],
            False,
            id="until the party gives in",
        ),
    ],
)
def test_a_party_against_independent_reports_is_contested(reports: list[Report], contested: bool) -> None:
    """A party's last word against two independent origins makes the deal contested; the newer claim rules."""
    story = Story(*reports)

    assert story.standing.contested is contested
    assert story.standing.stage is reports[-1].claim.stage


# 9. Quiet ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", RUMORED)
def test_a_rumor_falls_quiet_after_a_year(stage: Stage) -> None:
    """To the moment, once, and never as denied; by default nobody is told."""
    rumored = Story(a_report(stage)).standing

    assert fall_quiet(rumored, NOON + QUIET_AFTER - timedelta(seconds=1)) is None
    change = fall_quiet(rumored, NOON + QUIET_AFTER)

    assert change
    assert (change.kind, change.after) == (ChangeKind.STAGE, replace(rumored, stage=Stage.QUIET))
    assert not is_key_move(change)
    assert fall_quiet(change.after, NOON + 2 * QUIET_AFTER) is None


@pytest.mark.parametrize("stage", [*DENIED, *FINALIZED])
def test_only_rumors_fall_quiet(stage: Stage) -> None:
    """What is denied or finalized stays so."""
    assert fall_quiet(Story(a_report(stage)).standing, NOON + 10 * QUIET_AFTER) is None
    assert fall_quiet(Standing(), NOON) is None


def test_any_claim_puts_quiet_off() -> None:
    """A report that changes nothing else shows that the rumor is alive."""
    story = Story(a_report(Stage.OFFER), a_report(Stage.SPECULATION, NEXT_WEEK, origin="Reuters"))

    assert story.standing.stage is Stage.OFFER
    assert fall_quiet(story.standing, NOON + QUIET_AFTER) is None


@pytest.mark.parametrize("stage", CLAIMABLE)
def test_any_new_claim_wakes_a_quiet_deal(stage: Stage) -> None:
    """Whatever it says is a change that everyone is told."""
    quiet = fall_quiet(Story(a_report(Stage.NEAR)).standing, NOON + QUIET_AFTER)
    assert quiet

    decision = Story(standing=quiet.after).hear(a_report(stage, NOON + 2 * QUIET_AFTER))

    assert decision.change
    assert decision.change.before.stage is Stage.QUIET
    assert is_key_move(decision.change)


# 10. A person --------------------------------------------------------------------------------------------------------


def test_a_person_lets_a_held_report_through() -> None:
    """The deal moves on that one report, whatever the feed's trust."""
    story = Story(a_report(Stage.TALKS))
    held = a_report(Stage.AGREED, LATER, origin="Blog", trust=Trust.UNVETTED, speaker=Speaker.PARTY)

    decision = release(story.hear(held).standing, held, LATER + DAY)

    assert decision
    assert (decision.outcome, decision.standing.stage) == (Outcome.MOVED, Stage.AGREED)
    assert not decision.standing.confirmed
    assert decision.change
    assert decision.change.articles == (held.article,)
    assert decision.standing.moment == LATER + DAY


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(a_report(Stage.REJECTED, LATER + HOUR, speaker=Speaker.PARTY), id="something newer rules"),
        pytest.param(a_report(Stage.AGREED, LATER - HOUR), id="it stands already"),
    ],
)
def test_a_late_release_changes_nothing(news: Report) -> None:
    """A person cannot rewind a deal with a report that events have overtaken."""
    held = a_report(Stage.AGREED, LATER, origin="Blog", trust=Trust.UNVETTED, speaker=Speaker.PARTY)

    assert release(Story(a_report(Stage.TALKS), held, news).standing, held, LATER + DAY) is None


# Trust ---------------------------------------------------------------------------------------------------------------


def test_an_official_feed_speaks_for_itself() -> None:
    """A press release confirms what it says without naming a speaker; what it credits to others it does not."""
    own = a_report(Stage.AGREED, speaker=Speaker.OUTLET, outlet="Wire", origin="Wire", trust=Trust.OFFICIAL)
    retold = a_report(Stage.AGREED, speaker=Speaker.OUTLET, outlet="Wire", origin="Planet", trust=Trust.OFFICIAL)

    assert Story(own).standing.confirmed
    assert not Story(retold).standing.confirmed


# What is pushed by default -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", Stage)
def test_the_great_steps_inside_a_status_are_key_moves(stage: Stage) -> None:
    """Offer, near, completed, called off, blocked and terminated are pushed; the other steps are not."""
    before, after = Standing(Stage.TALKS), Standing(stage)
    key = {Stage.OFFER, Stage.NEAR, Stage.COMPLETED, Stage.CALLED_OFF, Stage.BLOCKED, Stage.TERMINATED}

    assert is_key_move(Change(ChangeKind.STAGE, before, after)) is (stage in key)


@pytest.mark.parametrize("stage", Stage)
def test_every_status_move_is_a_key_move(stage: Stage) -> None:
    """Whatever the stage."""
    assert is_key_move(Change(ChangeKind.STATUS, Standing(), Standing(stage)))


def test_a_confirmation_is_a_key_move_and_a_further_source_is_not() -> None:
    """A party's word is pushed to all; a second source only to those who asked for every report."""
    reported = Standing(Stage.TALKS, origins=frozenset({"bloomberg"}))

    assert is_key_move(Change(ChangeKind.CONFIRMATION, reported, replace(reported, confirmed=True)))
    assert not is_key_move(Change(ChangeKind.CONFIRMATION, reported, replace(reported, origins=frozenset("ab"))))


# Whatever comes ------------------------------------------------------------------------------------------------------

moments = st.integers(0, 60 * 24).map(lambda hours: NOON + timedelta(hours=hours))
outlets = st.sampled_from(["Bloomberg", "Reuters", "The Wall Street Journal", "Blog"])
reports = st.builds(
    a_report,
    st.sampled_from(CLAIMABLE),
    moments,
    speaker=st.sampled_from(Speaker),
    origin=outlets,
    outlet=outlets,
    trust=st.sampled_from(Trust),
    day_only=st.booleans(),
    background=st.integers(0, 9).map(lambda n: n == 0),
    settled=st.integers(0, 9).map(lambda n: n == 0),
)
tellings = st.lists(reports, max_size=8)
kinds = st.sampled_from(Kind)


@given(kinds, tellings, reports)
def test_deciding_twice_equals_deciding_once(kind: Kind, before: list[Report], report: Report) -> None:
    """A report that is heard again leaves the deal where the first hearing put it."""
    story = Story(*before, kind=kind)
    once = story.hear(report).standing

    twice = story.hear(report)

    assert twice.change is None
    assert twice.standing == once


@given(kinds, tellings, reports)
def test_older_news_never_moves_a_deal(kind: Kind, before: list[Report], report: Report) -> None:
    """A report from before the day of the ruling claim changes nothing."""
    story = Story(*before, kind=kind)
    older = replace(report, moment=min(report.moment, story.standing.moment - DAY)) if story.standing.stage else report
    stood = story.standing

    decision = story.hear(older)

    if stood.stage:
        assert (decision.change, decision.standing) == (None, stood)


@given(kinds, tellings.filter(bool), reports)
def test_bystanders_background_and_settled_facts_never_move_a_deal_with_a_status(
    kind: Kind, before: list[Report], report: Report
) -> None:
    """Whatever they say."""
    story = Story(a_report(Stage.TALKS), *before, kind=kind)
    speechless = (
        replace(report, claim=replace(report.claim, speaker=Speaker.ANALYST)),
        replace(report, claim=replace(report.claim, speaker=Speaker.OTHER)),
        replace(report, claim=replace(report.claim, background=True)),
        replace(report, claim=replace(report.claim, settled=True)),
    )

    for told in speechless:
        stood = story.standing
        decision = story.hear(told)
        assert (decision.change, decision.standing) == (None, stood)


@given(kinds, tellings)
def test_the_standing_is_always_consistent(kind: Kind, told: list[Report]) -> None:
    """A status rests on at least one origin that was heard, and every change leads from the last to the next."""
    story = Story(*told, kind=kind)

    origins = {report.origin for report in told}
    assert story.standing.origins <= origins
    assert bool(story.standing.stage) is bool(story.standing.origins)
    assert story.standing.last_heard >= story.standing.moment
    if story.standing.confirmed:
        assert any(report.claim.speaker in CONFIRMING or report.trust is Trust.OFFICIAL for report in told)
    for before, after in zip(story.changes, story.changes[1:], strict=False):
        assert before.after.stage is after.before.stage
    for change in story.changes:
        assert (change.kind is ChangeKind.STATUS) is (change.before.status is not change.after.status)
        assert (change.kind is ChangeKind.CONFIRMATION) is (change.before.stage is change.after.stage)


@given(st.sampled_from([Kind.ACQUISITION, Kind.MERGER]), tellings, tellings)
def test_a_completed_acquisition_stays_finalized(kind: Kind, before: list[Report], after: list[Report]) -> None:
    """Once completed, no sequence of reports takes it back."""
    story = Story(*before, confirmed(Stage.COMPLETED, NOON + 60 * DAY), kind=kind)
    assert story.standing.stage is Stage.COMPLETED or story.standing.status is not Status.FINALIZED

    completed = story.standing.stage is Stage.COMPLETED
    for report in after:
        story.hear(report)

    assert not completed or story.standing.stage is Stage.COMPLETED


@pytest.mark.parametrize(("kind", "stage"), [(Kind.PARTNERSHIP, Stage.BLOCKED), (Kind.ACQUISITION, Stage.COMPLETED)])
def test_an_authority_may_end_a_running_partnership(kind: Kind, stage: Stage) -> None:
    """A court that forbids an alliance ends it, also once it runs; an acquisition is completed for good."""
    story = Story(confirmed(Stage.COMPLETED, NOON), confirmed(Stage.BLOCKED, NOON + 60 * DAY), kind=kind)
    assert story.standing.stage is stage


@given(kinds, tellings, reports, st.lists(st.sampled_from(["Planet", "Bugle", "Gazette"]), min_size=1))
def test_copies_change_nothing(kind: Kind, before: list[Report], report: Report, copiers: list[str]) -> None:
    """However often a report is carried on with its credit, the deal stands as after the first time."""
    original = replace(report, outlet=report.claim.origin)
    story = Story(*before, original, kind=kind)
    stood = story.standing

    for hours, outlet in enumerate(copiers, 1):
        story.hear(replace(original, outlet=outlet, moment=original.moment + timedelta(hours=hours)))

    assert story.standing.stage is stood.stage
    assert story.standing.origins == stood.origins
    assert story.standing.confirmed is stood.confirmed


@pytest.mark.parametrize(
    ("stood", "named"),
    [
        (Stage.AGREED, Stage.TERMINATED),
        (Stage.COMPLETED, Stage.TERMINATED),
        (Stage.TERMINATED, Stage.TERMINATED),
        (Stage.TALKS, Stage.CALLED_OFF),
        (Stage.CALLED_OFF, Stage.CALLED_OFF),
        (Stage.DENIED, Stage.CALLED_OFF),
    ],
)
@pytest.mark.parametrize("said", [Stage.CALLED_OFF, Stage.TERMINATED])
def test_an_end_is_named_by_what_had_been_signed(said: Stage, stood: Stage, named: Stage) -> None:
    """However loosely it is told, and also when that end is known already."""
    assert name_the_end(said, stood) is named
