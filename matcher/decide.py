"""The rules of transition: what a report does to where a deal stands.

One report walks down these questions and stops at the first that has an answer::

    background, or a bystander speaking?     → history only
    the end of a deal?                       → called off or terminated, by whether it had been signed
    likelier misread than not?               → history only
    a settled fact?                          → a quiet first status, or nothing
    older than what rules now?               → history only
    a copy of an earlier report?             → history only
    read with doubt, and nobody else so?     → history only
    the status that stands already?          → a step inside it, a confirmation, a further source, or nothing
    another status: may it be left for that? → no: history only
    an unvetted feed alone?                  → held for the owner
    otherwise                                → the deal moves
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rapidfuzz import fuzz

from matcher.vocabulary import Change, ChangeKind, Claim, Kind, Report, Speaker, Stage, Standing, Status, Trust

QUIET_AFTER = timedelta(days=365)
"""A rumor without any new claim for this long is shown as quiet: merger-rumor studies follow a rumor for one year
(Ahern & Sosyura 2015)."""

MEMORY = timedelta(days=14)
"""How long an earlier report counts as the same story: for copies, for agreement with a held one, for disputes."""

SETTLING = timedelta(days=3)
"""A lower rumor stage inside this time is the same news told loosely, not a step back."""

LIKELY = 0.5
"""What is read with less certainty is likelier wrong than right, and counts for nothing."""

SURE = {None: 0.7, Status.RUMORED: 0.7, Status.DENIED: 0.8, Status.FINALIZED: 0.9}
"""The certainty with which a claim may move a deal out of each status, alone or together with another reading.
A deal meets a hundred articles, and the more settled its status, the likelier a contradiction is misread. Figures:
``hearsay evaluate``, wrong pushes against events caught."""

ESTABLISHED = timedelta(days=14)
"""How long an agreement stands uncontradicted until a mere report no longer undoes it."""

CONFIRMING = frozenset({Speaker.PARTY, Speaker.FILING, Speaker.AUTHORITY})
BYSTANDERS = frozenset({Speaker.ANALYST, Speaker.OTHER})
KEY_STAGES = frozenset({Stage.OFFER, Stage.NEAR, Stage.COMPLETED, Stage.CALLED_OFF, Stage.BLOCKED, Stage.TERMINATED})

UPDATING = timedelta(days=1)
"""How long an outlet puts out updates of a story under the same headline. Later, the same words may be news again: a
second offer is turned down as the first was."""

# Two quotes this much alike, in per cent, are one text and its update.
_SAME_WORDS = 85

_REOPENS = frozenset({Stage.TALKS, Stage.OFFER, Stage.NEAR, Stage.AGREED, Stage.COMPLETED})
_TALKS_GO_ON = frozenset({Stage.TALKS, Stage.NEAR})
_UNDOES_A_SIGNATURE = frozenset({Stage.TERMINATED, Stage.BLOCKED, Stage.CALLED_OFF})
_ENDS_WHAT_RUNS = frozenset({Stage.TERMINATED, Stage.BLOCKED})
_SIGNED = frozenset({Stage.AGREED, Stage.COMPLETED, Stage.TERMINATED})
"""Where a deal stands once it was signed, or when what was signed has just ended."""
_UNSIGNED = frozenset(
    {*(stage for stage in Stage if stage.status is Status.RUMORED), Stage.DENIED, Stage.REJECTED, Stage.CALLED_OFF}
)
_RANK = {
    stage: rank
    for ladder in (
        (Stage.QUIET, Stage.SPECULATION, Stage.TALKS, Stage.OFFER, Stage.NEAR),
        (Stage.DENIED, Stage.REJECTED, Stage.CALLED_OFF, Stage.BLOCKED, Stage.TERMINATED),
        (Stage.AGREED, Stage.COMPLETED),
    )
    for rank, stage in enumerate(ladder)
}


class Outcome(StrEnum):
    """What became of a report. Kept with the claim, so that ``/history`` and the owner can see why."""

    MOVED = "moved"
    SUPPORTED = "supported"
    """Says what stands already; an independent origin counts as a further source."""
    COPY = "copy"
    OLDER = "older"
    BACKGROUND = "background"
    BYSTANDER = "bystander"
    SETTLED = "settled"
    POWERLESS = "powerless"
    """The present status may not be left for the claimed one."""
    DOUBTFUL = "doubtful"
    """Read with too little certainty to move the deal, and no other reading says so."""
    HELD = "held"
    """An unvetted feed alone; waits for the owner or another origin."""
    STRUCK = "struck"
    """A person said that it is wrong, or about another deal."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a report did: where the deal stands now, the change if it moved, and whether that change is pushed."""

    outcome: Outcome
    standing: Standing
    change: Change | None = None
    quiet: bool = False


def decide(kind: Kind, standing: Standing, report: Report, heard: Sequence[Report] = ()) -> Decision:
    """Apply one report to a deal of this kind.

    ``heard`` are the deal's earlier live reports of the last :data:`MEMORY`, held ones included. The rules are those of
    the domain page ("How a status moves"). Deciding the same report twice changes nothing the second time.
    """
    claim = report.claim
    if claim.background:
        return Decision(Outcome.BACKGROUND, standing)
    if claim.speaker in BYSTANDERS:
        return Decision(Outcome.BYSTANDER, standing)
    report, *heard = (_name_the_end(standing, r) for r in (report, *heard))
    if claim.certainty < LIKELY:
        return Decision(Outcome.DOUBTFUL, standing)
    heard = [earlier for earlier in heard if earlier.claim.certainty >= LIKELY]
    if claim.settled:
        return _settled(standing, report)
    awake = replace(standing, last_heard=max(standing.last_heard, report.moment))
    if _is_older(report, standing):
        return Decision(Outcome.OLDER, awake)
    disputed = replace(awake, contested=_contested([*heard, report]))
    if _is_copy(kind, standing, report, heard):
        return Decision(Outcome.COPY, disputed)
    if _is_doubtful(kind, standing, report, heard):
        return Decision(Outcome.DOUBTFUL, disputed)
    if report.claim.status is standing.status:
        return _same_status(disputed, report, heard)
    return _other_status(kind, disputed, report, heard)


def release(standing: Standing, report: Report, at: datetime) -> Decision | None:
    """Move the deal as a held report says, because a person with the right decided so at this time.

    None if the deal has moved on since: something newer rules, or what was held stands already.
    """
    report = _name_the_end(standing, report)
    if _is_older(report, standing) or report.claim.stage is standing.stage:
        return None
    return _move(standing, replace(report, moment=at, day_only=False), [])


def fall_quiet(standing: Standing, now: datetime) -> Change | None:
    """The change to ``quiet``, if the deal is rumored and nothing was claimed for :data:`QUIET_AFTER`."""
    rumored = standing.status is Status.RUMORED and standing.stage is not Stage.QUIET
    if not rumored or now - standing.last_heard < QUIET_AFTER:
        return None
    return Change(ChangeKind.STAGE, standing, replace(standing, stage=Stage.QUIET))


def is_key_move(change: Change) -> bool:
    """Whether a subscriber hears of it by default ("What is pushed by default" on the domain page)."""
    match change.kind:
        case ChangeKind.STATUS:
            return True
        case ChangeKind.CONFIRMATION:
            return change.after.confirmed
        case ChangeKind.STAGE:
            return change.after.stage in KEY_STAGES or change.before.stage is Stage.QUIET


def name_the_end(stage: Stage, stood: Stage | None) -> Stage:
    """A report that it is over rarely says whether anything was signed; where the deal ``stood`` tells."""
    if stage is Stage.TERMINATED and stood in _UNSIGNED:
        return Stage.CALLED_OFF
    if stage is Stage.CALLED_OFF and stood in _SIGNED:
        return Stage.TERMINATED
    return stage


def _name_the_end(standing: Standing, report: Report) -> Report:
    stage = name_the_end(report.claim.stage, standing.stage)
    return report if stage is report.claim.stage else replace(report, claim=replace(report.claim, stage=stage))


def _settled(standing: Standing, report: Report) -> Decision:
    if standing.status is not None:
        return Decision(Outcome.SETTLED, standing)
    if _needs_a_second_origin(report):
        return Decision(Outcome.HELD, standing)
    return replace(_move(standing, report, []), quiet=True)


def _is_older(report: Report, standing: Standing) -> bool:
    """A date without a time is older only if its day is earlier."""
    if report.day_only or standing.day_only:
        return report.moment.date() < standing.moment.date()
    return report.moment < standing.moment


def _same_status(standing: Standing, report: Report, heard: Sequence[Report]) -> Decision:
    stage = report.claim.stage
    if stage is not standing.stage and _steps(standing, report):
        return _move_unless_held(standing, report, heard)
    if stage is not standing.stage and standing.status is not Status.DENIED:
        return Decision(Outcome.POWERLESS, standing)
    return _support(standing, report)


def _steps(standing: Standing, report: Report) -> bool:
    """Whether a claim of the present status moves its stage: up always; down only in a rumor, and not at once."""
    stage = report.claim.stage
    if standing.stage is None or _RANK[stage] > _RANK[standing.stage]:
        return True
    settled = report.moment - standing.moment >= SETTLING
    return stage.status is Status.RUMORED and stage is not Stage.SPECULATION and settled


def _support(standing: Standing, report: Report) -> Decision:
    confirmed = standing.confirmed or _confirms(report)
    after = replace(standing, confirmed=confirmed, origins=standing.origins | {report.origin})
    newly_confirmed = confirmed and not standing.confirmed
    second_source = not confirmed and len(standing.origins) == 1 and len(after.origins) == 2
    if newly_confirmed or second_source:
        change = Change(ChangeKind.CONFIRMATION, standing, after, (report.article,))
        return Decision(Outcome.MOVED, after, change)
    return Decision(Outcome.SUPPORTED, after)


def _other_status(kind: Kind, standing: Standing, report: Report, heard: Sequence[Report]) -> Decision:
    if not _may_leave(kind, standing, report):
        return Decision(Outcome.POWERLESS, standing)
    return _move_unless_held(standing, report, heard)


def _is_doubtful(kind: Kind, standing: Standing, report: Report, heard: Sequence[Report]) -> bool:
    """Whether a claim is read with too little certainty to move the deal, also together with any one other reading."""
    claim = report.claim
    needed = SURE[_as_settled_as(kind, standing, claim)]
    others = [e.claim.certainty for e in heard if _says_the_same(e, report) and not _is_older(e, standing)]
    return 1 - (1 - claim.certainty) * (1 - max(others, default=0)) < needed


def _as_settled_as(kind: Kind, standing: Standing, claim: Claim) -> Status | None:
    """The status that is as hard to leave: a step inside one is easy, a completion that nothing undoes is not."""
    if _ends_for_good(kind, claim.stage):
        return Status.FINALIZED
    return Status.RUMORED if claim.status is standing.status else standing.status


def _ends_for_good(kind: Kind, stage: Stage | None) -> bool:
    return stage is Stage.COMPLETED and kind in (Kind.ACQUISITION, Kind.MERGER)


def _says_the_same(earlier: Report, report: Report) -> bool:
    """Whether another article was read as of the same status, from another outlet or at least in other words.

    One outlet's update in the same words is misread as the first version was. An agreement is no completion.
    """
    if earlier.claim.status is not report.claim.status or earlier.article == report.article:
        return False
    if report.claim.stage is Stage.COMPLETED and earlier.claim.stage is not Stage.COMPLETED:
        return False
    return earlier.origin != report.origin or fuzz.ratio(earlier.claim.quote, report.claim.quote) < _SAME_WORDS


def _may_leave(kind: Kind, standing: Standing, report: Report) -> bool:
    stage = report.claim.stage
    match standing.stage:
        case Stage.COMPLETED:
            return stage in _ENDS_WHAT_RUNS and not _ends_for_good(kind, standing.stage)
        case Stage.AGREED if standing.confirmed or _is_established(standing, report):
            return stage in _UNDOES_A_SIGNATURE
        case Stage.AGREED if stage.status is Status.RUMORED:
            return _confirms(report) or (stage in _TALKS_GO_ON and report.origin not in standing.origins)
        case _ if standing.status is Status.DENIED:
            return stage in _REOPENS
    return True


def _is_established(standing: Standing, report: Report) -> bool:
    """Whether an agreement has stood for so long that only its end, or a party's refusal of it, says otherwise.

    A party that only "denies" so long after an announcement denies something else.
    """
    aged = report.moment - standing.moment >= ESTABLISHED
    refused = _confirms(report) and report.claim.stage is not Stage.DENIED
    return aged and not standing.contested and not refused


def _is_copy(kind: Kind, standing: Standing, report: Report, heard: Sequence[Report]) -> bool:
    """Whether its origin was counted with the same already, and it adds nobody's confirmation.

    What was read with doubt did not count, unless this one is read so too. What is held counts for other unvetted feeds
    only: a trusted outlet that repeats it vouches for it.
    """
    enough = min(report.claim.certainty, SURE[_as_settled_as(kind, standing, report.claim)])
    same = [
        earlier
        for earlier in heard
        if earlier.origin == report.origin
        and earlier.claim.stage is report.claim.stage
        and earlier.claim.certainty >= enough
    ]
    if _needs_a_second_origin(report) and any(map(_needs_a_second_origin, same)):
        return True
    counted = [earlier for earlier in same if not _needs_a_second_origin(earlier)]
    return any(tells_again(report, earlier) for earlier in _first_told(counted))


def _first_told(reports: Sequence[Report]) -> Sequence[Report]:
    """Those of one origin and stage that were no copies, oldest first: a day is counted from the first edition."""
    first: list[Report] = []
    for report in reports:
        if not any(tells_again(report, earlier) for earlier in first):
            first.append(report)
    return first


def tells_again(report: Report, earlier: Report) -> bool:
    """Whether a report has nothing of its own, next to an earlier one of the same origin and stage.

    It passes on another outlet's word, or is the outlet's own story put out once more with the next update; and nobody
    confirms now what was only reported then.
    """
    same_words = report.claim.quote.casefold() == earlier.claim.quote.casefold()
    put_out_again = same_words and abs(report.moment - earlier.moment) < UPDATING
    return (report.repeats or put_out_again) and _confirms(earlier) >= _confirms(report)


def _move_unless_held(standing: Standing, report: Report, heard: Sequence[Report]) -> Decision:
    agreeing = [
        earlier
        for earlier in heard
        if earlier.claim.status is report.claim.status
        and earlier.claim.stage is not standing.stage  # who reported the step before does not vouch for this one
        and earlier.origin != report.origin
        and not _is_older(earlier, standing)
    ]
    if _needs_a_second_origin(report) and not agreeing:
        return Decision(Outcome.HELD, standing)
    return _move(standing, report, [e for e in agreeing if e.claim.stage is report.claim.stage])


def _needs_a_second_origin(report: Report) -> bool:
    return report.trust is Trust.UNVETTED and report.claim.status is not Status.RUMORED


def _move(standing: Standing, report: Report, agreeing: Sequence[Report]) -> Decision:
    after = Standing(
        stage=report.claim.stage,
        confirmed=_confirms(report),
        origins=frozenset({report.origin, *(earlier.origin for earlier in agreeing)}),
        moment=report.moment,
        day_only=report.day_only,
        last_heard=max(standing.last_heard, report.moment),
        contested=standing.contested,
    )
    kind = ChangeKind.STAGE if after.status is standing.status else ChangeKind.STATUS
    articles = (*dict.fromkeys(earlier.article for earlier in agreeing), report.article)
    return Decision(Outcome.MOVED, after, Change(kind, standing, after, articles))


def _confirms(report: Report) -> bool:
    """A party, a filing or an authority says so, in a feed that is believed; or it speaks in its own feed."""
    speaker = report.claim.speaker
    if report.trust is Trust.OFFICIAL and speaker is Speaker.OUTLET:
        return not report.repeats
    return speaker in CONFIRMING and report.trust is not Trust.UNVETTED


def _contested(reports: Sequence[Report]) -> bool:
    """Whether the last word of a party contradicts what two or more independent origins report."""
    words = [r for r in reports if r.claim.speaker in CONFIRMING]
    if not words:
        return False
    last = max(words, key=lambda report: report.moment).claim
    against = {r.origin for r in reports if r.claim.speaker not in CONFIRMING and _contradict(last, r.claim)}
    return len(against) > 1


def _contradict(one: Claim, other: Claim) -> bool:
    """Whether one says that there is nothing, and the other that there is something."""
    on_opposite_sides = (one.status is Status.DENIED) is not (other.status is Status.DENIED)
    return on_opposite_sides and Stage.DENIED in (one.stage, other.stage)
