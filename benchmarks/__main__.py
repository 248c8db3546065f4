"""``python -m benchmarks``: the figures of the README, measured on this machine in about a quarter of an hour.

``--scale 50`` makes the database of the last table fifty times smaller, for a quick look.
"""

import gc
from argparse import ArgumentParser
from functools import partial

from rich.console import Console

from benchmarks import conversation, freshness, polling, readers, reading, replaying

WIDTH = 120
"""Columns, wherever the figures go: a file must not break the lines."""


def main() -> None:
    """Print the figures; progress goes to standard error."""
    parser = ArgumentParser(prog="python -m benchmarks", description="Print the figures of the README.")
    parser.add_argument("--scale", type=int, default=1, help="divides the size of the database that answers questions")
    answering = partial(conversation.measure, scale=parser.parse_args().scale)
    out, err = Console(width=WIDTH), Console(stderr=True)
    subjects = (reading, replaying, polling, readers, freshness)
    for measure in (*(subject.measure for subject in subjects), answering):
        with err.status("") as status:
            table = measure(status.update)
        out.print(table)
        gc.collect()
        gc.freeze()  # so that the collector does not go through what one figure left while the next is measured


if __name__ == "__main__":
    main()
