"""Texts for people from where nobody knows in which language they will be said: reasons and warnings.

Such a text keeps its words and its values apart, so that whoever speaks can translate the words and fill in the values
(:func:`bot.language.said`), even if it was stored meanwhile. In logs and on the command line it is English.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wording:
    """A text without markup. ``str(wording)`` is English."""

    words: str
    """In English, with a place for each value: ``{host} takes no connections``. They must be a literal, by which
    ``make words`` finds them."""
    values: Mapping[str, "str | int | Wording"] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.values:
            return self.words
        return self.words.format_map({n: f"{v:,}" if isinstance(v, int) else str(v) for n, v in self.values.items()})


class WordedError(Exception):
    """An error that says why, and what to do, in words that can be translated; ``str(error)`` is English."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording)
        self.wording = wording
