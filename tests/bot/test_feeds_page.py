"""docs/feeds.md says what the program does."""

import re
from datetime import timedelta
from pathlib import Path

from bot.settings import Settings
from feeds import fulltext, hosts, progress, schedule

PAGE = Path(__file__).parents[2].joinpath("docs", "feeds.md").read_text(encoding="utf-8")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_the_numbers_are_those_of_the_program() -> None:
    """Every number in bold, in the order of the page, is the constant that it speaks of."""
    hour = 60 * MINUTE
    said = [
        (schedule.FLOOR / MINUTE, "minutes"),
        (schedule.BUSIEST / MINUTE, "minutes"),
        (schedule.SLOWEST / hour, "hours"),
        (schedule.CEILING / hour, "hours"),
        (schedule.LONGEST_PAUSE / DAY, "days"),
        (schedule.SPREAD * 100, "percent"),
        (hosts.GAP.total_seconds(), "seconds"),
        (schedule.FASTEST.total_seconds(), "seconds"),
        (schedule.CEILING / hour, "hours"),
        (progress.TELL_AFTER, ""),
        (progress.SILENT_FACTOR, ""),
        (progress.LEAST_SILENCE / DAY, "day"),
        (progress.OBSERVATION / DAY, "days"),
        (progress.OBSERVED_ARRIVALS, ""),
        (progress.PROVEN_MOVES, ""),
        (progress.PROVEN_TIME / hour, "hours"),
        (fulltext.PAGES, ""),
    ]
    assert re.findall(r"\*\*([0-9][^*]*)\*\*", PAGE) == [f"{number:.0f} {unit}".strip() for number, unit in said]


def test_the_settings_are_those_of_the_program() -> None:
    """Every setting that the page names exists, with the default that it names."""
    named = {name.removeprefix("HEARSAY_").lower() for name in re.findall(r"HEARSAY_\w+", PAGE)}
    assert named <= Settings.model_fields.keys()
    defaults = Settings(_env_file=None)
    assert f"{defaults.fetch_seconds} seconds in all" in PAGE
    assert f"{defaults.fetch_megabytes} MB unpacked" in PAGE
    assert f"until {defaults.keep_days} days after" in PAGE
    assert timedelta(minutes=defaults.check_minutes) == schedule.FLOOR
