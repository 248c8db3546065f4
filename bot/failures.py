"""What an error of python-telegram-bot tells of the request that met it."""

import re
from datetime import timedelta

import httpx
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

LONGEST_REASON = 300
UNSAID = timedelta(minutes=1)
"""When Telegram asks for a pause and does not say how long: the longest span over which it counts."""


def flood_pause(error: TelegramError) -> timedelta | None:
    """The pause that a 429 demands; None for any other error.

    A 429 without ``parameters`` is a bare NetworkError in python-telegram-bot; its text may still say how long.
    """
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
    if isinstance(error, NetworkError) and not isinstance(error, BadRequest) and "Too Many Requests" in error.message:
        said = re.search(r"retry after (\d+)", error.message)
        return timedelta(seconds=int(said[1])) if said else UNSAID
    return None


def is_telegrams_own(error: TelegramError) -> bool:
    """Whether Telegram itself refused, and not something on the way to it.

    A proxy or a hotel's login page answers with a status of its own, 403 or 404 among them. It lacks the description
    that Telegram always gives, and python-telegram-bot puts the status there: "Forbidden (403)".
    """
    return status_of_another(error) is None


def status_of_another(error: TelegramError) -> int | None:
    """The status with which something on the way to Telegram answered; None if it did not."""
    said = re.match(r"[\w' -]+ \((\d{3})\)(?:\. Parsing the server response|$)", error.message)
    return int(said[1]) if said else None


def reason(error: Exception) -> str:
    """Why a request failed, in few words, and none of a page by others, which may repeat the address and its token."""
    if isinstance(error, TelegramError):
        status = status_of_another(error)
        return f"not Telegram, but something before it answered with {status}" if status else _short(error.message)
    return _short(f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def never_sent(error: TelegramError) -> bool:
    """Whether the request certainly did not leave: there was no connection that could have carried it."""
    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def fate_is_unknown(error: TelegramError) -> bool:
    """Whether the request left, and the answer did not come: Telegram may have done what it was asked."""
    return isinstance(error.__cause__, httpx.HTTPError) and not never_sent(error)


def backoff(failures: int, longest: timedelta) -> timedelta:
    """How long to wait after so many failures: a second, doubled each time.

    From 17 minutes on more doublings do not matter; a night without Telegram has more than a number can hold.
    """
    return min(timedelta(seconds=2 ** min(failures, 10)), longest)
