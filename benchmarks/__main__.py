"""``python -m benchmarks``: the figures of the README, measured on this machine in less than six minutes."""

import gc

from rich.console import Console

from benchmarks import freshness, polling, readers, reading, replaying

WIDTH = 120
"""Columns, wherever the figures go: a file must not break the lines."""


def main() -> None:
    """Print the figures; progress goes to standard error."""
    out, err = Console(width=WIDTH), Console(stderr=True)
    for subject in (reading, replaying, polling, readers, freshness):
        with err.status(subject.__name__) as status:
            table = subject.measure(status.update)
        out.print(table)
        gc.collect()
        gc.freeze()  # so that the collector does not go through what one figure left while the next is measured


if __name__ == "__main__":
    main()
