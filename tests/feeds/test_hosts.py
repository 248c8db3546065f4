import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from feeds.hosts import Hosts


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = -1000.0  # a clock may count from anywhere

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hosts(time: Time) -> Hosts:
    return Hosts(timedelta(seconds=2), time.clock, time.sleep)


async def test_a_host_has_one_visitor_at_a_time_and_rests_between_two(hosts: Hosts, time: Time) -> None:
    """However many want to go to one host, they go one after the other, in order, with the gap between."""
    visits: list[tuple[int, float, float]] = []

    async def visit(number: int) -> None:
        async with hosts.turn("a"):
            came = time.now
            await time.sleep(5)
            visits.append((number, came, time.now))

    await asyncio.gather(*(visit(number) for number in range(10)))
    assert [number for number, _, _ in visits] == list(range(10))
    waits = [came - left for (_, _, left), (_, came, _) in pairwise(visits)]
    assert waits == [2] * 9


async def test_hosts_do_not_wait_for_each_other(hosts: Hosts, time: Time) -> None:
    """While somebody is at one host, another can be visited."""
    async with hosts.turn("a"), hosts.turn("b"):
        assert time.now == -1000


async def test_no_gap_is_waited_for_when_it_is_over(hosts: Hosts, time: Time) -> None:
    """A visit after the gap begins at once."""
    async with hosts.turn("a"):
        pass
    time.now += 2
    later = time.now
    async with hosts.turn("a"):
        assert time.now == later


async def test_a_visit_that_fails_ends_its_turn(hosts: Hosts, time: Time) -> None:
    """After an error the host rests, and then the next may come."""
    with pytest.raises(ZeroDivisionError):
        async with hosts.turn("a"):
            raise ZeroDivisionError
    async with hosts.turn("a"):
        assert time.now == -998


async def test_who_gives_up_waiting_leaves_the_queue(hosts: Hosts) -> None:
    """A visitor that is cancelled while waiting holds up nobody."""
    async with hosts.turn("a"):
        waiting = asyncio.ensure_future(hosts.turn("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with hosts.turn("a"):
        pass


async def test_a_sleep_that_ends_early_is_slept_again(time: Time) -> None:
    """The gap is kept by the clock, not by the length of one sleep."""

    async def doze(seconds: float) -> None:
        await time.sleep(seconds / 2 if seconds > 0.1 else seconds)

    hosts = Hosts(timedelta(seconds=2), time.clock, doze)
    async with hosts.turn("a"):
        pass
    async with hosts.turn("a"):
        assert time.now == -998


async def test_hosts_that_rested_are_forgotten(hosts: Hosts, time: Time) -> None:
    """After thousands of hosts, only those are remembered whose gap is not over."""
    for number in range(5000):
        async with hosts.turn(f"host-{number}"):
            time.now += 1
    assert len(hosts._resting) == 2
    assert not hosts._locks
