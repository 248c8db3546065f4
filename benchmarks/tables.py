"""How figures are shown: one line each, numbers to the right."""

from rich import box
from rich.table import Table


def figures(title: str, subject: str, *headings: str) -> Table:
    """An empty table whose lines begin with a ``subject``."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    table.add_column(subject, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
