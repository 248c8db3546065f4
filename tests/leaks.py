"""Looks for the bot's token in all that the tests print, log and leave in their folders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TOKEN = "123456:AAstand-in_for-a-token_0123456789-x"  # noqa: S105 (made up)
"""The stand-in's token: as long as Telegram's, and like no other word of the tests."""


def spellings(token: str) -> set[bytes]:
    """What gives a token away: its secret half, plain or percent-encoded (which never changes letters and digits)."""
    half = token.partition(":")[2].encode()
    wholly = "".join(f"%{byte:02X}" for byte in half).encode()
    return {half, half.replace(b"-", b"%2D").replace(b"_", b"%5F"), wholly, wholly.lower()}


@dataclass
class Scan:
    """A search for some words, and how much it has seen so far."""

    words: set[bytes]
    texts: int = 0
    files: int = 0
    size: int = 0

    def seen(self) -> list[int]:
        """How much it was, for another process to :meth:`add`."""
        return [self.texts, self.files, self.size]

    def add(self, seen: Sequence[int]) -> None:
        """Count what another process has looked through."""
        texts, files, size = seen
        self.texts, self.files, self.size = self.texts + texts, self.files + files, self.size + size

    def is_in(self, content: bytes) -> bool:
        """Whether any of the words stands there."""
        self.size += len(content)
        return any(word in content for word in self.words)

    def in_text(self, text: str) -> bool:
        """The same for what was printed or logged."""
        self.texts += 1
        return self.is_in(text.encode(errors="replace"))

    def in_folder(self, folder: Path) -> Iterator[Path]:
        """The files that hold one, in the folder and below."""
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                self.files += 1
                if self.is_in(file.read_bytes()):
                    yield file

    def __str__(self) -> str:
        return f"{self.texts:,} outputs and {self.files:,} files, {self.size / 1e6:,.1f} MB"
