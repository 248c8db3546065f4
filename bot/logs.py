"""One event, one line: time, level, event, then its fields. Secrets never get through."""

import logging
from collections.abc import Iterable

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the event's fields and without secrets."""
        fields = "".join(f" {key}={value!r}" for key, value in vars(record).items() if key not in _OWN)
        first, newline, traceback = super().format(record).partition("\n")
        line = first + fields + newline + traceback
        for secret in self._secrets:
            line = line.replace(secret, "[token]")
        return line


def configure(level: str, secrets: Iterable[str]) -> None:
    """Log to standard error.

    httpx names every URL at INFO, and Telegram's URLs contain the token, so it is kept quieter; Alembic at INFO tells
    only what it assumes.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Line(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns of every tick that is skipped because the one before still runs, which is what a tick is meant to do.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
