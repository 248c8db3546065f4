"""The arithmetic of the figures, and where the borders of right and wrong run."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from builders import DAY, HOUR, NOON, a_claim
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation import GROUPS, evaluate, groups_of_deals
from matcher.evaluation.items import Judged, Label, confusion, judge, reliability, score_items
from matcher.evaluation.measures import Figure, Measure, Spread
from matcher.evaluation.timelines import Event, Move, Timeline, score_timelines
from matcher.vocabulary import Claim, Reading, Speaker, Stage, Status

DEAL = "alpha-beta"
RUMORED, DENIED, FINALIZED = Stage.TALKS, Stage.DENIED, Stage.AGREED


def judged(
    status: Status | None,
    *said: Stage | Claim,
    stages: Sequence[Stage] = (),
    also: Sequence[Status | None] = (),
    origins: Sequence[str | None] = (None,),
) -> Judged:
    """A label beside what was said about its item."""
    label = Label("1", DEAL, status, frozenset(stages), frozenset(also), tuple(origins))
    claims = tuple(one if isinstance(one, Claim) else a_claim(one) for one in said)
    (result,) = judge([label], {"1": Reading(claims)})
    return result


def value(measure: Measure, *items: Judged) -> float | None:
    return score_items(items)[measure].value


class TestItems:
    def test_f1_is_twice_the_hits_among_hits_and_cases(self) -> None:
        """The figures of a set of five items are those worked out by hand."""
        scores = score_items(
            [
                judged(Status.RUMORED, RUMORED),
                judged(Status.RUMORED),
                judged(Status.DENIED, FINALIZED),
                judged(None),
                judged(None, RUMORED),
            ]
        )
        # rumored: 1 hit in 3 cases; denied and finalized: no hit in 1 case; none: 1 hit in 3 cases
        assert scores[Measure.F1_RUMORED] == Figure(2 / 4, 3)
        assert scores[Measure.F1_DENIED] == scores[Measure.F1_FINALIZED] == Figure(0.0, 1)
        assert scores[Measure.F1_NONE] == Figure(2 / 4, 3)
        assert scores[Measure.MACRO_F1] == Figure(1 / 4, 5)
        assert scores[Measure.FALSE_ALARMS] == Figure(1 / 2, 2)
        assert scores[Measure.SWAPPED] == Figure(1 / 5, 5)

    def test_a_status_that_nobody_names_costs_nothing(self) -> None:
        """Its own F1 is unknown, and counts as 1 in the mean."""
        scores = score_items([judged(None), judged(Status.RUMORED)])
        assert scores[Measure.F1_DENIED] == Figure(None, 0)
        assert scores[Measure.MACRO_F1].value == pytest.approx((0 + 1 + 1 + 2 / 3) / 4)

    def test_an_accepted_alternative_is_right(self) -> None:
        """What a careful reader could defend is no false alarm, and stands as truth in the confusion."""
        items = [
            judged(None, FINALIZED, also=[Status.FINALIZED]),
            judged(Status.RUMORED, also=[None]),
            judged(Status.DENIED, FINALIZED, also=[Status.FINALIZED]),
        ]
        assert confusion(items) == {(Status.FINALIZED, Status.FINALIZED): 2, (None, None): 1}
        assert value(Measure.FALSE_ALARMS, *items) == 0
        assert value(Measure.SWAPPED, *items) == 0
        assert value(Measure.MACRO_F1, *items) == 1

    def test_other_statuses_than_the_alternatives_stay_wrong(self) -> None:
        """An alternative excuses only itself; the label remains the truth."""
        item = judged(None, RUMORED, also=[Status.FINALIZED])
        assert (item.truth, item.right) == (None, False)
        assert value(Measure.FALSE_ALARMS, item) == 1

    def test_background_links_but_says_nothing(self) -> None:
        """History retold shows that the deal was found; as a statement on today it is none."""
        item = judged(None, a_claim(DENIED, background=True))
        assert (item.said, item.linked) == (None, True)

    def test_a_mention_links(self) -> None:
        """To be found, a deal need only be named; another deal's claim does not find it."""
        readings = {"1": Reading(mentions=(DEAL,)), "2": Reading((a_claim(RUMORED, deal="other-deal"),))}
        items = judge([Label(item, DEAL, None) for item in ("1", "2", "3")], readings)
        assert [item.linked for item in items] == [True, False, False]

    def test_the_most_certain_claim_is_what_was_said(self) -> None:
        """Of several live claims the surest one counts."""
        item = judged(Status.DENIED, replace(a_claim(RUMORED), certainty=0.6), replace(a_claim(DENIED), certainty=0.7))
        assert item.said == Status.DENIED

    def test_stage_and_origin_count_where_the_labelled_status_was_said(self) -> None:
        """Any labelled stage is right; a wrong status, an accepted alternative or silence is no case."""
        items = [
            judged(Status.RUMORED, Stage.OFFER, stages=[Stage.OFFER, Stage.TALKS]),
            judged(Status.RUMORED, Stage.NEAR, stages=[Stage.OFFER, Stage.TALKS]),
            judged(Status.RUMORED, Stage.NEAR),
            judged(Status.RUMORED, DENIED, stages=[Stage.OFFER]),
            judged(None, Stage.OFFER, also=[Status.RUMORED]),
            judged(None),
        ]
        scores = score_items(items)
        assert scores[Measure.STAGE] == Figure(1 / 2, 2)
        assert scores[Measure.ORIGIN] == Figure(1.0, 3)
        assert [item.faultless for item in items] == [True, False, True, False, True, True]

    @pytest.mark.parametrize(
        ("labelled", "speaker", "origin", "right"),
        [
            (["WSJ"], Speaker.SOURCES, "Wall Street Journal", True),
            (["the bloomberg"], Speaker.OUTLET, "Bloomberg News", True),
            (["FT"], Speaker.SOURCES, "Bloomberg", False),
            (["FT", "Bloomberg"], Speaker.SOURCES, "Bloomberg", True),
            (["Nobody's Gazette"], Speaker.SOURCES, "nobodys gazette", False),
            (["Anyone's Gazette"], Speaker.SOURCES, "The Anyone’s Gazette", True),
            (["report"], Speaker.OUTLET, "Reuters", True),
            (["paper"], Speaker.SOURCES, "Reuters", True),
            (["paper"], Speaker.PARTY, "Reuters", False),
            (["party"], Speaker.FILING, "Reuters", True),
            (["party"], Speaker.SOURCES, "Reuters", False),
            (["sources"], Speaker.SOURCES, "Reuters", True),
            (["sources"], Speaker.OUTLET, "Reuters", False),
            (["authority"], Speaker.AUTHORITY, "Reuters", True),
            ([None], Speaker.OUTLET, "Reuters", True),
            ([None], Speaker.FILING, "Reuters", True),
            ([None], Speaker.SOURCES, "Reuters", False),
            ([None, "sources"], Speaker.SOURCES, "Reuters", True),
        ],
    )
    def test_origins_are_compared_by_who_is_meant(
        self, labelled: list[str | None], speaker: Speaker, origin: str, *, right: bool
    ) -> None:
        """Spellings of one outlet agree; a kind of speaker agrees with the speaker, whatever outlet carries it."""
        item = judged(Status.RUMORED, a_claim(RUMORED, speaker=speaker, origin=origin), origins=labelled)
        assert item.origin_right is right

    def test_certainty_is_counted_by_bands(self) -> None:
        """A bound belongs to the band above it, 1 to the last; alternatives are right, background does not count."""
        claims = [replace(a_claim(RUMORED), certainty=certainty) for certainty in (0.49, 0.5, 0.7, 0.899, 0.9, 1.0)]
        items = [judged(Status.RUMORED, claim) for claim in claims]
        items += [judged(None, claims[1]), judged(None, claims[2], also=[Status.RUMORED])]
        items += [judged(None, a_claim(RUMORED, background=True))]
        bands = [(band.low, band.high, band.claims, band.right) for band in reliability(items)]
        assert bands == [(0.0, 0.5, 1, 1), (0.5, 0.7, 2, 1), (0.7, 0.8, 2, 2), (0.8, 0.9, 1, 1), (0.9, 1.0, 2, 2)]


def timeline(*events: tuple[int, Stage], final: Status | None = None) -> Timeline:
    """Events by the number of the day on which they happen."""
    return Timeline(DEAL, tuple(Event((NOON + day * DAY).date(), stage) for day, stage in events), final)


def moves(*pushes: tuple[int, Stage]) -> dict[str, list[Move]]:
    """Moves by the number of the day, each from where the one before ended."""
    before = [None, *(stage.status for _, stage in pushes)]
    return {DEAL: [Move(NOON + day * DAY, last, stage) for last, (day, stage) in zip(before, pushes, strict=False)]}


def figures(truth: Timeline, said: dict[str, list[Move]]) -> dict[Measure, float | None]:
    return {measure: figure.value for measure, figure in score_timelines([truth], said).items()}


class TestTimelines:
    @pytest.mark.parametrize(
        ("pushes", "caught"),
        [
            ([(10, RUMORED)], 1),
            ([(13, RUMORED)], 1),
            ([(14, RUMORED)], 0),
            ([(9, RUMORED), (9, DENIED)], 1),
            ([(8, RUMORED), (9, DENIED)], 0),
            ([(2, RUMORED)], 1),
            ([], 0),
        ],
    )
    def test_an_event_is_caught_from_a_day_before_to_three_days_after(
        self, pushes: list[tuple[int, Stage]], caught: float
    ) -> None:
        """The deal must have had the status at some time then; it may have had it already."""
        assert figures(timeline((10, RUMORED)), moves(*pushes))[Measure.CAUGHT] == caught

    def test_an_event_is_not_caught_after_the_next_one(self) -> None:
        """Three days are too many where the deal has moved on before; on that very day it is still in time."""
        truth = timeline((10, RUMORED), (11, DENIED))
        assert figures(truth, moves((11, RUMORED), (11, DENIED)))[Measure.CAUGHT] == 1
        assert figures(truth, moves((12, RUMORED), (12, DENIED)))[Measure.CAUGHT] == 1 / 2

    @pytest.mark.parametrize(
        ("push", "wrong"),
        [
            ((8, DENIED), 1),
            ((9, DENIED), 0),
            ((12, RUMORED), 0),
            ((13, RUMORED), 1),
            ((-2, RUMORED), 1),
            ((-1, RUMORED), 0),
            ((10, FINALIZED), 1),
        ],
    )
    def test_a_push_is_wrong_unless_true_from_three_days_before_to_a_day_after(
        self, push: tuple[int, Stage], wrong: int
    ) -> None:
        """A deal is rumored on day 0 and denied on day 10."""
        assert figures(timeline((0, RUMORED), (10, DENIED)), moves(push))[Measure.WRONG] == wrong

    def test_moves_of_one_day_count_as_the_last(self) -> None:
        """Up and down within a day is one event, but the status between is no wrong push."""
        truth = timeline((0, RUMORED), (0, DENIED))
        assert score_timelines([truth], {})[Measure.CAUGHT] == Figure(0.0, 1)
        scores = figures(truth, moves((0, RUMORED), (0, DENIED)))
        assert (scores[Measure.CAUGHT], scores[Measure.WRONG], scores[Measure.EXTRA]) == (1, 0, 1)

    def test_a_new_stage_of_the_same_status_is_no_event_and_no_push(self) -> None:
        """Only the status counts, in the timeline as among the moves."""
        truth = timeline((0, Stage.TALKS), (5, Stage.OFFER))
        scores = score_timelines([truth], moves((0, Stage.TALKS), (5, Stage.NEAR)))
        assert scores[Measure.CAUGHT] == Figure(1.0, 1)
        assert scores[Measure.EXTRA].value == 0

    def test_extra_pushes_are_those_beyond_the_wrong_ones_and_the_events(self) -> None:
        """To and fro around one event is one wrong push and one too many; too few are not made up for."""
        truth = timeline((0, RUMORED))
        scores = figures(truth, moves((0, RUMORED), (1, FINALIZED), (1, RUMORED)))
        assert (scores[Measure.WRONG], scores[Measure.EXTRA]) == (1, 1)
        assert figures(truth, {})[Measure.EXTRA] == 0

    def test_moves_are_followed_in_the_order_of_time(self) -> None:
        """The last move stands, in whatever order they come."""
        said = {DEAL: [Move(NOON + HOUR, Status.RUMORED, FINALIZED), Move(NOON, None, RUMORED)]}
        assert figures(timeline(final=Status.FINALIZED), said)[Measure.FINAL] == 1
        assert figures(timeline(final=Status.RUMORED), said)[Measure.FINAL] == 0

    def test_a_deal_without_news_ends_without_status(self) -> None:
        """Silence about a deal that never moved is right."""
        assert figures(timeline(), {})[Measure.FINAL] == 1

    @pytest.mark.parametrize(("day", "noticed"), [(16, 0), (17, 1), (23, 1), (24, 0)])
    def test_a_completion_is_noticed_within_three_days(self, day: int, noticed: float) -> None:
        """The stage counts; without a completion in the timeline there is nothing to notice."""
        truth = timeline((0, Stage.AGREED), (20, Stage.COMPLETED))
        said = moves((0, Stage.AGREED), (day, Stage.COMPLETED))
        assert figures(truth, said)[Measure.COMPLETIONS] == noticed
        assert figures(timeline((0, Stage.AGREED)), said)[Measure.COMPLETIONS] is None

    def test_figures_are_means_over_deals(self) -> None:
        """Wrong pushes are per deal of the timelines; moves of other deals do not count."""
        truths = [timeline((0, RUMORED)), replace(timeline((0, RUMORED)), deal="other-deal")]
        said = {**moves((0, FINALIZED)), "unknown-deal": moves((0, FINALIZED))[DEAL]}
        assert score_timelines(truths, said)[Measure.WRONG] == Figure(1 / 2, 2)


class TestSpread:
    @given(st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 40), min_size=GROUPS))
    def test_every_deal_is_in_one_group(self, items: dict[str, int]) -> None:
        """Five groups, as even as whole deals allow, whatever order the deals come in."""
        groups = groups_of_deals(items)
        sizes = [sum(items[deal] for deal in group) for group in groups]
        assert sorted(deal for group in groups for deal in group) == sorted(items)
        assert len(groups) == GROUPS
        assert all(groups)
        assert max(sizes) - min(sizes) <= max(items.values())
        assert groups == groups_of_deals(dict(reversed(items.items())))

    def test_four_deals_are_too_few_for_groups(self) -> None:
        """With fewer than five deals there is no spread."""
        assert groups_of_deals(dict.fromkeys("abcd", 9)) == ()
        assert evaluate([Label("1", DEAL, None)], {}).spread == {}

    def test_the_spread_is_that_of_the_groups(self) -> None:
        """Lowest and highest are taken among the groups that have a case; timelines alone make groups, too."""
        labels = [Label("1", deal, Status.RUMORED if deal == "a" else None) for deal in "abcd"]
        claims = tuple(a_claim(RUMORED, deal=deal) for deal in "ab")
        timelines = [Timeline(deal, (), Status.RUMORED if deal == "e" else None) for deal in "de"]
        result = evaluate(labels, {"1": Reading(claims)}, timelines)
        assert result.scores[Measure.FALSE_ALARMS] == Figure(1 / 3, 3)
        assert result.spread[Measure.FALSE_ALARMS] == Spread(0.0, 1.0)
        assert result.spread[Measure.F1_RUMORED] == Spread(0.0, 1.0)
        assert result.spread[Measure.FINAL] == Spread(0.0, 1.0)
        assert Measure.F1_DENIED not in result.spread

    def test_without_timelines_there_are_no_figures_about_them(self) -> None:
        """A set without events.tsv has the figures of its items only."""
        assert Measure.FINAL not in evaluate([Label("1", DEAL, None)], {}).scores
