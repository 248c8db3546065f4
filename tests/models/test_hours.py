from datetime import UTC, datetime

import pytest

from models.hours import held_until, next_digest
from models.subscriber import Digest, Subscriber, Wire


def a_chat(zone: str = "UTC", quiet: str = "", digest: str = "") -> Subscriber:
    """A chat with quiet hours, as ``22:00-07:00``, or a digest, as ``daily 08:00``."""
    quiet_from, quiet_until = map(_minutes, quiet.split("-")) if quiet else (None, None)
    how, _, at = digest.partition(" ")
    return Subscriber(
        chat_id=1,
        wire=Wire.TELEGRAM,
        time_zone=zone,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        digest=Digest(how or "off"),
        digest_at=_minutes(at or "08:00"),
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "quiet", "now", "until"),
    [
        pytest.param("UTC", "22:00-07:00", "2018-01-08T21:59Z", None, id="before"),
        pytest.param("UTC", "22:00-07:00", "2018-01-08T22:00Z", "2018-01-09T07:00Z", id="in the evening"),
        pytest.param("UTC", "22:00-07:00", "2018-01-09T06:59Z", "2018-01-09T07:00Z", id="in the morning"),
        pytest.param("UTC", "22:00-07:00", "2018-01-09T07:00Z", None, id="just over"),
        pytest.param("UTC", "13:00-14:00", "2018-01-09T13:30Z", "2018-01-09T14:00Z", id="at noon"),
        pytest.param("UTC", "13:00-14:00", "2018-01-09T02:00Z", None, id="outside, at night"),
        pytest.param("UTC", "08:00-08:00", "2018-01-09T08:00Z", None, id="none at all"),
        pytest.param("UTC", "", "2018-01-09T08:00Z", None, id="not set"),
        pytest.param("Asia/Kolkata", "22:00-07:00", "2018-01-08T16:30Z", "2018-01-09T01:30Z", id="a half hour's zone"),
        pytest.param("Pacific/Auckland", "22:00-07:00", "2018-01-08T09:00Z", "2018-01-08T18:00Z", id="a day ahead"),
        pytest.param("America/New_York", "22:00-07:00", "2018-01-09T03:00Z", "2018-01-09T12:00Z", id="a day behind"),
        pytest.param("Europe/Berlin", "22:00-07:00", "2018-03-24T22:00Z", "2018-03-25T05:00Z", id="23 hours"),
        pytest.param("Europe/Berlin", "22:00-07:00", "2018-10-27T21:00Z", "2018-10-28T06:00Z", id="25 hours"),
        pytest.param("Europe/Berlin", "22:00-02:30", "2018-03-25T00:59Z", "2018-03-25T01:30Z", id="02:30 skipped"),
        pytest.param("Europe/Berlin", "22:00-02:30", "2018-10-28T00:15Z", "2018-10-28T00:30Z", id="02:15 at first"),
        pytest.param("Europe/Berlin", "22:00-02:30", "2018-10-28T01:15Z", "2018-10-28T01:30Z", id="02:15 once more"),
    ],
)
def test_quiet_hours_are_those_of_the_chats_own_clocks(zone: str, quiet: str, now: str, until: str | None) -> None:
    """A message is held back within them, over midnight too, until they end there, and not outside of them."""
    assert held_until(a_chat(zone, quiet), utc(now)) == (utc(until) if until else None)


@pytest.mark.parametrize(
    ("zone", "digest", "now", "at"),
    [
        pytest.param("UTC", "daily 08:00", "2018-01-08T07:59Z", "2018-01-08T08:00Z", id="today"),
        pytest.param("UTC", "daily 08:00", "2018-01-08T08:00Z", "2018-01-09T08:00Z", id="tomorrow"),
        pytest.param("Asia/Tokyo", "daily 08:00", "2018-01-08T22:30Z", "2018-01-08T23:00Z", id="ahead of UTC"),
        pytest.param("Europe/Berlin", "daily 08:00", "2018-03-24T12:00Z", "2018-03-25T06:00Z", id="in a shorter night"),
        pytest.param("Europe/Berlin", "daily 08:00", "2018-10-27T12:00Z", "2018-10-28T07:00Z", id="in a longer night"),
        pytest.param("UTC", "weekly 08:00", "2018-01-08T07:00Z", "2018-01-08T08:00Z", id="this Monday"),
        pytest.param("UTC", "weekly 08:00", "2018-01-08T08:00Z", "2018-01-15T08:00Z", id="next Monday"),
        pytest.param("UTC", "weekly 08:00", "2018-01-14T23:00Z", "2018-01-15T08:00Z", id="on a Sunday"),
        pytest.param("Pacific/Auckland", "weekly 08:00", "2018-01-14T18:30Z", "2018-01-14T19:00Z", id="Monday there"),
    ],
)
def test_a_digest_comes_at_the_hour_of_the_chats_own_clocks(zone: str, digest: str, now: str, at: str) -> None:
    """Every day, or on Mondays; on days with a change of the clocks at the same hour as ever."""
    assert next_digest(a_chat(zone, digest=digest), utc(now)) == utc(at)


def test_who_has_a_digest_is_told_with_it() -> None:
    """Quiet hours do not matter then: the digest's hour was chosen."""
    chat = a_chat(quiet="22:00-07:00", digest="daily 06:00")
    assert held_until(chat, utc("2018-01-08T12:00Z")) == utc("2018-01-09T06:00Z")
