"""How long Telegram asks to be left alone."""

from datetime import timedelta

from telegram.error import RetryAfter


def flood_pause(error: RetryAfter) -> timedelta:
    """The pause that a 429 demands."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
