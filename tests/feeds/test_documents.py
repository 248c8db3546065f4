"""Documents that others wrote, and what is left of them when they are damaged."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from tally import Tally

from feeds.parse import ParseError, parse
from feeds.worker import ParserProcess

_DECLARED = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])([^"']*)""")
OUT_OF_MEANS = re.compile("too long|died|started")
"""In the errors of documents that ran out of time or memory, or killed their process."""
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1")


def documents(corpus: Path) -> list[Path]:
    """The feeds that others wrote, gofeed's results aside."""
    return [path for path in sorted(corpus.rglob("*")) if path.suffix not in {".json", ".md", ""} and path.is_file()]


def outcome(document: bytes) -> list[str] | str:
    """The keys of a document's entries, or the kind of its error."""
    try:
        return [entry.key for entry in parse(document, "", "https://feed.example/").entries]
    except ParseError as error:
        return type(error).__name__


def test_the_feeds_of_others_are_read(corpus: Path) -> None:
    """All of 2,693 documents give entries with keys, the same in two runs, or one of our errors; few give errors."""
    bodies = [path.read_bytes() for path in documents(corpus)]
    outcomes = list(map(outcome, bodies))
    assert outcomes == list(map(outcome, bodies))
    assert all(chain.from_iterable(keys for keys in outcomes if isinstance(keys, list)))
    assert len(bodies) > 2600
    assert sum(isinstance(result, str) for result in outcomes) <= 16
    assert "TooHard" not in outcomes


def test_entries_are_counted_as_gofeed_counts_them(corpus: Path) -> None:
    """An independent parser finds the same number of entries in each of its own documents."""
    pairs = [(path, path.with_suffix(".json")) for path in documents(corpus / "gofeed")]
    results = {path: json.loads(result.read_bytes()) for path, result in pairs if result.exists()}
    differing = [
        path.name
        for path, result in results.items()
        if len(outcome(path.read_bytes())) != len(result.get("items") or result.get("entries") or ())
    ]
    assert len(results) > 500
    assert differing == []


def in_other_encodings(document: bytes) -> Iterator[bytes]:
    """A document of UTF-8 in every encoding that can hold it, declared as such."""
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    declared = _DECLARED.search(text)
    if "\0" in text or (declared and declared[2].lower() not in {"utf-8", "us-ascii"}):
        return
    for encoding in _ENCODINGS:
        try:
            yield _DECLARED.sub(rf"\g<1>{encoding.removesuffix('-sig')}", text, count=1).encode(encoding)
        except UnicodeEncodeError:
            continue


@pytest.mark.chaos
def test_keys_outlive_a_change_of_encoding(corpus: Path, times: Callable[..., int]) -> None:
    """A publisher that moves to UTF-16, back, or to Latin-1, with or without a mark, repeats no entry."""
    paths = documents(corpus)
    compared = 0
    for path in paths[:: len(paths) // times(gate=150, chaos=len(paths))]:
        document = path.read_bytes()
        if isinstance(keys := outcome(document), str):
            continue
        for other in in_other_encodings(document):
            assert outcome(other) == keys, path
            compared += 1
    assert compared > times(gate=600, chaos=12_000)


def mutant(chance: random.Random, bodies: list[bytes]) -> bytes:
    """A document cut short, with some bytes changed, or continued as another one."""
    body = bytearray(chance.choice(bodies))
    place = chance.randrange(len(body) + 1)
    match chance.randrange(3):
        case 0:
            del body[place:]
        case 1:
            for _ in range(chance.randint(1, 20)):
                body[chance.randrange(len(body))] = chance.randrange(256)
        case _:
            other = chance.choice(bodies)
            body[place:] = other[chance.randrange(len(other) + 1) :]
    return bytes(body)


@pytest.mark.chaos
async def test_damaged_documents_break_nothing(
    corpus: Path, times: Callable[..., int], dice: random.Random, tally: Tally
) -> None:
    """20,000 mutants (in the full count) give a feed or a plain error: no crash, and none that is endless."""
    bodies = [body for path in documents(corpus) if 0 < len(body := path.read_bytes()) < 200_000]
    count = times(gate=400, chaos=5_000, full=20_000)
    async with ParserProcess(2, deadline=timedelta(seconds=10)) as parser:
        for _ in range(count // 100):
            batch = [mutant(dice, bodies) for _ in range(100)]
            results = await asyncio.gather(*(parser.parse(body, "") for body in batch), return_exceptions=True)
            errors = [result for result in results if isinstance(result, BaseException)]
            assert all(isinstance(error, ParseError) for error in errors), errors
            assert not any(OUT_OF_MEANS.search(str(error)) for error in errors), errors
    tally.fault("damaged document", count)
