"""The stand-in Telegram and python-telegram-bot's own client before it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from telegram import Bot

from standin.limits import Limits
from standin.telegram import Telegram


@dataclass
class Time:
    """The date and the seconds, which stand until a test moves them."""

    now: datetime = datetime(2018, 1, 8, 21, 0, tzinfo=UTC)
    seconds: float = 1000.1

    def date(self) -> datetime:
        return self.now

    def ticker(self) -> float:
        return self.seconds

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)
        self.seconds += timedelta(**time).total_seconds()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def limits() -> Limits | None:
    """None, unless a module says otherwise."""
    return None


@pytest.fixture
async def telegram(time: Time, limits: Limits | None) -> AsyncIterator[Telegram]:
    async with Telegram(time.date, time.ticker, limits) as telegram:
        yield telegram


@pytest.fixture
async def bot(telegram: Telegram) -> AsyncIterator[Bot]:
    async with Bot(telegram.token, base_url=telegram.base_url) as bot:
        yield bot
