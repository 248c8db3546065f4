from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.opml import BadOpml, FeedLine, read_opml, sift_opml, write_opml
from matcher.vocabulary import Trust

WIRE = FeedLine("https://wire.example/rss?a=1&copy=2", "The Wire & “Söhne” 日本", Trust.OFFICIAL)
PAPER = FeedLine("http://paper.example/feed.xml", "Paper <daily>", Trust.TRUSTED)
BLOG = FeedLine("HTTPS://blog.example/", "", Trust.UNVETTED)

titles = st.text(st.characters(exclude_categories=["C", "Z"])).map(lambda text: " ".join(text.split()))
addresses = st.text("abc/?&=;%#é.", max_size=20).map("https://host.example/".__add__)
paces = st.none() | st.integers(60, 30 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
lines = st.lists(
    st.builds(FeedLine, addresses, titles, st.sampled_from(Trust), paces, st.booleans()),
    unique_by=lambda line: line.url,
)


def document(body: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{body}</body></opml>'.encode()


def test_a_list_survives_the_round_trip() -> None:
    """What was written is read back: addresses, titles and trust, to the letter."""
    assert read_opml(write_opml([WIRE, PAPER, BLOG])) == [WIRE, PAPER, BLOG]


@given(lines)
def test_any_list_survives_the_round_trip(feeds: list[FeedLine]) -> None:
    """The written file is ordered by trust, most trusted first, and otherwise as it was given."""
    assert read_opml(write_opml(feeds)) == sorted(feeds, key=lambda line: list(Trust).index(line.trust))


def test_an_empty_list_is_a_list() -> None:
    """A file without feeds is read as no feeds."""
    assert read_opml(write_opml([])) == []


@pytest.mark.parametrize(
    ("folders", "trust"),
    [
        ([], Trust.UNVETTED),
        (["Technology"], Trust.UNVETTED),
        (["trusted"], Trust.TRUSTED),
        ([" Official "], Trust.OFFICIAL),
        (["trusted", "Technology"], Trust.TRUSTED),
        (["Technology", "official"], Trust.OFFICIAL),
        (["official", "unvetted"], Trust.UNVETTED),
    ],
)
def test_the_folder_is_the_trust(folders: list[str], trust: Trust) -> None:
    """Trust is the name of a folder around the feed; without one it is unvetted, in several the least counts."""
    feed = '<outline type="rss" text="A" xmlUrl="https://a.example/"/>'
    nested = "".join(f'<outline text="{folder}">' for folder in folders) + feed + "</outline>" * len(folders)
    assert read_opml(document(nested)) == [FeedLine("https://a.example/", "A", trust)]


def test_a_feed_listed_twice_is_taken_once_with_the_lower_trust() -> None:
    """A feed that stands in two tiers gets no more trust than the lower one gives."""
    feed = '<outline text="A" xmlUrl="https://a.example/"/>'
    twice = f'<outline text="official">{feed}</outline><outline text="trusted">{feed}</outline>'
    assert read_opml(document(twice)) == [FeedLine("https://a.example/", "A", Trust.TRUSTED)]


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "javascript:alert(1)", "file:///etc/passwd", "a.example", "https://"]
)
def test_an_address_that_is_not_on_the_web_is_refused_by_title(url: str) -> None:
    """The error names the feed to correct."""
    with pytest.raises(BadOpml, match="The feed “Odd one” has no http:// or https:// address"):
        read_opml(document(f'<outline text="Odd one" xmlUrl="{url}"/>'))


@pytest.mark.parametrize("data", [b"", b"  ", b"\0\1", b"hello", b"<html><body>no</body></html>", b"<rss/>", b"[1]"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    """Any other file is refused with a sentence, not with a traceback."""
    with pytest.raises(BadOpml, match="not an OPML list"):
        read_opml(data)


@pytest.mark.parametrize("seconds", ["59", "0", "-60", "x", "2592001", "99999999", "٦٠"])
def test_a_pace_that_nobody_may_set_is_none(seconds: str) -> None:
    """A list cannot make Hearsay ask more than once a minute, or less than once a month."""
    feed = f'<outline text="A" xmlUrl="https://a.example/" category="/hearsay/pace/{seconds}"/>'
    assert [line.pace for line in read_opml(document(feed))] == [None]


def test_one_bad_address_does_not_cost_the_others() -> None:
    """Of 300 feeds, 299 are read and the other is named."""
    feeds = [f'<outline text="{n}" xmlUrl="https://{n}.example/"/>' for n in range(299)]
    found = sift_opml(document("".join([*feeds[:150], '<outline text="Odd" xmlUrl="ftp://a/"/>', *feeds[150:]])))
    assert len(found.lines) == 299
    assert [(line.url, str(line.reason)) for line in found.unusable] == [
        ("ftp://a/", "The feed “Odd” has no http:// or https:// address.")
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (document('<outline text="A" xmlUrl="https://a.example/"/>' * 100_000), "larger than"),
        (document('<outline text="a">' * 20_000), "more than 5,000 entries"),
        (document('<outline text="a">' * 6_000).decode().encode("utf-16"), "more than 5,000 entries"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]>' + document(""), "declares entities"),
        (b'<!DOCTYPE opml [<!eNtItY a "b">]>'.decode().encode("utf-16-le"), "declares entities"),
    ],
    ids=["100,000 feeds", "deep", "deep in UTF-16", "entities", "entities in UTF-16"],
)
def test_a_hostile_list_is_refused_before_it_is_read(data: bytes, sentence: str) -> None:
    """What would cost much to read is turned away with a sentence."""
    with pytest.raises(BadOpml, match=sentence):
        sift_opml(data)


def test_a_title_that_steers_terminals_is_cleaned() -> None:
    """Control characters of a title go no further, and an address with one is none."""
    (line,) = read_opml(document('<outline text="A&#27;[31m&#10;B" xmlUrl="https://a.example/"/>'))
    assert line.title == "A[31m B"
    assert sift_opml(document('<outline text="A" xmlUrl="https://a.example/&#27;"/>')).lines == []
