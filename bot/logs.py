"""One event, one line: time, level, event, then its fields. Secrets never get through.

What Python would print past the log goes through it, too: warnings, and errors that nobody caught, in any thread.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterable

logger = logging.getLogger(__name__)

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._secrets = [_spellings(secret) for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the event's fields and without secrets."""
        fields = "".join(f" {key}={value!r}" for key, value in vars(record).items() if key not in _OWN)
        first, newline, traceback = super().format(record).partition("\n")
        line = first + fields + newline + traceback
        for secret in self._secrets:
            line = secret.sub("[token]", line)
        return line


def _spellings(token: str) -> re.Pattern[str]:
    """The token as it is or percent-encoded; also without the bot's public id, which stands before its colon."""
    secret = token.rpartition(":")[2] or token
    public = token.removesuffix(secret)
    return re.compile(f"(?:{_encoded_or_not(public)})?{_encoded_or_not(secret)}", re.IGNORECASE)


def _encoded_or_not(text: str) -> str:
    """A pattern in which each character may be percent-encoded (RFC 3986, section 2.1)."""
    encoded = ("".join(f"%{byte:02X}" for byte in character.encode()) for character in text)
    return "".join(f"(?:{re.escape(plain)}|{code})" for plain, code in zip(text, encoded, strict=True))


def configure(level: str, secrets: Iterable[str]) -> None:
    """Log to standard error.

    httpx names every URL at INFO, and Telegram's URLs contain the token, so it is kept quieter; aiosqlite at DEBUG
    tells all that is stored, of people too, and Alembic at INFO only what it assumes.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Line(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "aiosqlite", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of every tick that is skipped because the one before still runs, which is what a tick is meant to do.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    _log_what_nobody_caught()


def _log_what_nobody_caught() -> None:
    """Python prints it with the message of the error, and that may name an address with the token."""
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _kind, error, _trace: logger.critical(
        "stopped by an error; please report it", exc_info=error
    )
    threading.excepthook = lambda broken: logger.critical(
        "a thread broke off; please report it", exc_info=broken.exc_value
    )
    sys.unraisablehook = lambda left: logger.error("an object could not be cleared away", exc_info=left.exc_value)
