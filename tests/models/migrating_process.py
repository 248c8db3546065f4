"""Migrations that die by kill -9 at a given step, each in a forked child, so that only the first pays for the imports.

Each line on standard input is a job in JSON: ``source``, the file to start from; ``target``, the revision to go to, and
whether that is ``down``; ``folder``, where copies of the file go; ``deaths``, how many. ``whole.db`` of the folder is
migrated to its end, and ``0.db``, ``1.db`` … die on their way, spread evenly over it.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Engine, event

from models import migration

OPERATIONS = 25
"""Of SQLite's virtual machine, between two steps: the ends of one statement and of its neighbour are steps as well."""


class Steps:
    """Counts the steps of the migrations of this process, and ends it at one of them."""

    def __init__(self) -> None:
        self.taken = 0
        self.last: int | None = None
        event.listen(Engine, "connect", self.watch)
        event.listen(Engine, "before_cursor_execute", self.step)
        event.listen(Engine, "commit", self.step)

    def watch(self, connection: sqlite3.Connection, _: object) -> None:
        connection.set_progress_handler(self.step, OPERATIONS)

    def step(self, *_: object) -> None:
        self.taken += 1
        if self.taken == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def migrate(path: Path, job: dict[str, Any]) -> None:
    go = command.downgrade if job["down"] else command.upgrade
    go(migration.config(path), job["target"])


def main() -> None:
    steps = Steps()
    for line in sys.stdin:
        job = json.loads(line)
        folder = Path(job["folder"])
        steps.taken, steps.last = 0, None
        shutil.copy(job["source"], folder / "whole.db")
        migrate(folder / "whole.db", job)
        way = steps.taken
        for death in range(job["deaths"]):
            path = folder / f"{death}.db"
            shutil.copy(job["source"], path)
            child = os.fork()
            if child == 0:
                steps.taken, steps.last = 0, way - death * way // job["deaths"]  # the first right before the commit
                migrate(path, job)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


if __name__ == "__main__":
    main()
