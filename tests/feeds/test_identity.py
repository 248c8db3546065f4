import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import DAY, HOUR, NOON
from hypothesis import given
from hypothesis import strategies as st

from feeds.identity import marks, recognise
from feeds.parse import Entry
from models.entry import Marks

MIDNIGHT = datetime(2018, 1, 8, tzinfo=UTC)


def entry(title: str, **parts: object) -> Entry:
    """An entry with a guid, an address and a text made from its headline, published at noon."""
    slug = title.lower().replace(" ", "-")
    usual = Entry(
        guid=f"tag:{slug}",
        url=f"https://www.paper.example/2018/{slug}",
        title=title,
        summary=f"What there is to say about it: {slug}.",
        body="",
        published=NOON,
        day_only=False,
        outlet="The Paper",
    )
    return replace(usual, **parts)


class History:
    """A feed over time, read as the poller reads it: new rows are kept, edited ones get their new marks."""

    def __init__(self, *first: Entry) -> None:
        self.rows: dict[int, Marks] = {}
        self.titles: dict[int, str] = {}
        self.read(*first, new=[one.title for one in first])

    def read(self, *document: Entry, new: Sequence[str] = (), edited: Sequence[str] = ()) -> None:
        """Read a document in which just these headlines are new and edited; the headlines as they stand there."""
        made = [marks(one) for one in document]
        found = recognise(made, self.rows)
        assert [document[index].title for index in found.new] == list(new)
        assert sorted(document[index].title for index in found.edited) == sorted(edited)
        self.rows |= {row: made[index] for index, row in found.edited.items()}
        self.rows |= {len(self.rows) + place: made[index] for place, index in enumerate(found.new)}


A, B, C, D = (entry(title) for title in ("Talks begin", "Carrier denies", "Deal is off", "Phone on sale"))


def bare(title: str, **parts: object) -> Entry:
    """An entry that has nothing but a headline and a text."""
    return entry(title, **{"guid": "", "url": "", "published": None} | parts)


# --- The sixteen cases, and their neighbours: what a feed does, and what of it is news. -----------------------------


@pytest.mark.parametrize("without", ["guid", "url", "published", "guid url", "guid published", "guid url published"])
def test_a_feed_may_leave_marks_out(without: str) -> None:
    """Without guids, addresses or dates, or any of them, the known stays known and the new is new."""
    lack = {name: None if name == "published" else "" for name in without.split()}
    a, b, c = (replace(one, **lack) for one in (A, B, C))
    feed = History(a, b)
    feed.read(c, a, b, new=["Deal is off"])
    feed.read(c, a)
    feed.read(b, c, a)


def test_two_stories_under_one_guid_are_two() -> None:
    """A duplicate guid hides no story, with the same address or without one."""
    for url in (A.url, ""):
        a, b, c = (replace(one, guid="same", url=url) for one in (A, B, C))
        feed = History(a, b)
        feed.read(b, a)
        feed.read(c, b, new=["Deal is off"])
        feed.read(c, new=[])


def test_a_feed_with_one_guid_for_everything_loses_nothing() -> None:
    """Not even when each document has a single story."""
    a, b, c = (replace(one, guid="the-feed", published=NOON + i * HOUR) for i, one in enumerate((A, B, C)))
    feed = History(a)
    feed.read(b, new=["Carrier denies"])
    feed.read(c, a, new=["Deal is off"])
    feed.read(replace(b, title="Carrier denies it again"), c, edited=["Carrier denies it again"])


def test_a_plain_double_is_dropped() -> None:
    """The same entry twice in a document is one; the second is neither new nor edited."""
    feed = History(A)
    feed.read(A, B, B, replace(B, url="https://paper.example/other-section"), A, new=["Carrier denies"])
    feed.read(B, B, A)
    found = recognise([marks(A), marks(A)], feed.rows)
    assert (found.new, dict(found.edited), dict(found.unchanged)) == ((), {}, {0: 0})


def test_a_guid_reset_wakes_nobody() -> None:
    """All guids change at once, even where the dates are stamped anew, missing, or the addresses are missing."""
    for lack in (
        {},
        {"published": None},
        {"url": ""},
        {"url": "", "published": None},
        {"url": "https://paper.example/"},
    ):
        a, b, c = (replace(one, **lack) for one in (A, B, C))
        feed = History(a, b)
        feed.read(c, *(replace(one, guid=f"new-{one.guid}") for one in (a, b)), new=["Deal is off"])
    feed = History(A, B)
    feed.read(*(replace(one, guid=f"new-{one.guid}", published=NOON + DAY) for one in (A, B)))


def test_a_guid_reset_does_not_hide_a_later_edit() -> None:
    """An edit after the reset is an edit, though the row still has the old guid."""
    feed = History(A, B)
    feed.read(replace(A, guid="new-1"), replace(B, guid="new-2"))
    feed.read(replace(A, guid="new-1", title="Talks begin again"), B, edited=["Talks begin again"])


@pytest.mark.parametrize("published", [NOON, None])
def test_guids_counted_from_one_every_time_lose_nothing(published: datetime | None) -> None:
    """The newest entry always has guid 1; with one address for all or none, too."""
    for place in ({}, {"url": ""}, {"url": "https://paper.example/news"}):
        a, b, c, d = (
            replace(one, published=published and published + i * HOUR, **place) for i, one in enumerate((A, B, C, D))
        )

        def counted(*document: Entry) -> list[Entry]:
            return [replace(one, guid=str(number)) for number, one in enumerate(document, 1)]

        feed = History(*counted(b, a))
        feed.read(*counted(c, b, a), new=["Deal is off"])
        feed.read(*counted(d, c, b), new=["Phone on sale"])


@pytest.mark.parametrize("change", ["guid", "url", "guid url", "published", "guid published"])
def test_servers_that_take_turns_repeat_nothing(change: str) -> None:
    """Two servers write different guids, addresses or dates for one article, and answer in turn."""
    other = {"guid": "b-{}", "url": "https://b.example/{}", "published": NOON + HOUR}
    ours = (A, B)
    theirs = [
        replace(one, **{name: v.format(i) if isinstance(v := other[name], str) else v for name in change.split()})
        for i, one in enumerate(ours)
    ]
    feed = History(*ours)
    for _ in range(3):
        feed.read(*theirs)
        feed.read(*ours)
    feed.read(*theirs, C, new=["Deal is off"])


def test_order_counts_for_nothing() -> None:
    """A feed sorted anew has nothing new."""
    feed = History(A, B, C)
    feed.read(C, A, B)
    feed.read(B, D, C, A, new=["Phone on sale"])


def test_what_left_and_comes_back_is_known() -> None:
    """An entry dropped for a month is no news when it is there again."""
    feed = History(A, B)
    feed.read(C, new=["Deal is off"])
    feed.read(A, C)
    feed.read(replace(B, published=NOON + 30 * DAY), C)


@pytest.mark.parametrize(
    "alias",
    [
        "http://www.paper.example/2018/talks-begin",
        "https://paper.example/2018/talks-begin/",
        "https://WWW.Paper.example:443/2018/talks-begin#comments",
        "http://paper.example:80/2018/talks-begin?",
        "https://www.paper.example/2018/talks-begin?utm_source=rss&utm_medium=feed&fbclid=x1",
        "https://www.paper.example/2018/talks-begin?&UTM_Source=x&at_medium=RSS&mod=rss_home&partner=rss",
        "https://www.paper.example/2018/talks-begin?PHPSESSID=5f2e&ttclid=1&dclid=2&smid=rss-home",
    ],
)
def test_an_address_has_many_spellings(alias: str) -> None:
    """Scheme, www, port, fragment, trailing slash and tracking parameters do not count."""
    assert marks(replace(A, url=alias)).url == marks(A).url
    feed = History(replace(A, guid=A.url))
    feed.read(replace(A, guid=alias, url=alias, published=None, title="Talks began"), new=["Talks began"])
    feed = History(replace(A, guid=""))
    feed.read(replace(A, guid="", url=alias, published=None, title="Talks began"), edited=["Talks began"])
    feed.read(replace(A, guid=alias, url=alias, published=None, title="Talks began"))


def test_parameters_count_but_not_their_order() -> None:
    """What tells articles apart stays, under any name and without one."""

    def place(url: str) -> int | None:
        return marks(replace(A, url=url)).url

    base = "https://paper.example/news.php"
    assert place(f"{base}?id=1&page=2&") == place(f"{base}?page=2&utm_campaign=x&id=1")
    apart = [
        "",
        "?id=1",
        "?id=2",
        "?cid=1",
        "?eid=1",
        "?1",
        "?2",
        "?source=1",
        "?topic=feedback",
        "?pk_id=1",
        "?at_id=1",
        "?smid=1",
        "?id=rss",
        "?id=feed",
        "?section=feed",
        "?section=rss",
        "#!/1",
        "#!/2",
    ]
    assert len({place(base + end) for end in apart}) == len(apart)
    assert place("https://Paper.example/A") != place("https://paper.example/a")
    assert place("https://paper.example:8080/a") != place("https://paper.example/a")


@pytest.mark.parametrize(
    "home", ["https://paper.example", "http://www.paper.example/", "https://paper.example/?utm_a=b"]
)
def test_a_home_page_is_the_address_of_no_entry(home: str) -> None:
    """A feed without guids whose links all lead to the home page still has stories of its own."""
    a, b, c = (bare(one.title, url=home) for one in (A, B, C))
    feed = History(a)
    feed.read(b, new=["Carrier denies"])
    feed.read(c, a, b, new=["Deal is off"])


def test_an_address_that_several_entries_share_is_the_address_of_none() -> None:
    """A feed without guids whose links all lead to one page loses no story, and repeats none."""
    a, b, c, d = (bare(one.title, url="https://paper.example/ticker", published=NOON) for one in (A, B, C, D))
    feed = History(a, b)
    feed.read(c, b, new=["Deal is off"])
    feed.read(d, new=["Phone on sale"])
    feed.read(a, c, d)


@pytest.mark.parametrize(
    "lack",
    [
        {},
        {"guid": ""},
        {"url": ""},
        {"published": None},
        {"guid": "", "published": None},
        {"url": "", "published": None},
    ],
)
def test_an_edited_headline_is_an_edit(lack: dict[str, object]) -> None:
    """A changed title is a revision, by guid or by address; so is the next one."""
    a = replace(A, **lack)
    feed = History(a, B)
    feed.read(replace(a, title="Talks have begun"), B, edited=["Talks have begun"])
    feed.read(replace(a, title="Talks have begun, say sources"), B, edited=["Talks have begun, say sources"])
    feed.read(replace(a, title="Talks have begun, say sources"), B)


@pytest.mark.parametrize("part", ["summary", "body"])
def test_an_edited_text_is_an_edit(part: str) -> None:
    """A changed text under the same headline is a revision, even of an entry that has nothing else."""
    for a in (A, replace(A, guid="other"), replace(A, url="https://b.example/"), bare("Talks begin")):
        feed = History(a, B)
        changed = replace(a, **{part: "They deny it now."})
        feed.read(B, changed, edited=[a.title])
        feed.read(B, changed)


def test_another_publisher_is_an_edit() -> None:
    """Whose report it is counts like a word of it."""
    feed = History(A)
    feed.read(replace(A, outlet="The Herald"), edited=["Talks begin"])


@pytest.mark.parametrize("stays", ["guid", "url"])
@pytest.mark.parametrize("published", [None, NOON + DAY])
def test_a_headline_under_its_guid_or_address_is_known(stays: str, published: datetime | None) -> None:
    """Though all else changes, the text too."""
    others = {"guid": "other", "url": "https://b.example/", "summary": "They deny it.", "published": published}
    feed = History(A, B)
    feed.read(replace(A, **others | {stays: getattr(A, stays)}), B, edited=["Talks begin"])


def test_words_under_their_address_are_known() -> None:
    """A short message without a headline survives a guid reset with dates stamped anew."""
    a = entry("", guid="1", url="https://paper.example/1", summary="We did not sign.")
    feed = History(a, B)
    feed.read(replace(a, guid="2", published=NOON + DAY), B)


def test_words_under_a_guid_that_all_share_are_known() -> None:
    """Though their address and date change."""
    a, b = (replace(one, guid="same") for one in (A, B))
    feed = History(a, b)
    feed.read(replace(a, url="https://b.example/", published=NOON + DAY), b)


@pytest.mark.parametrize("dates", [(NOON, NOON + DAY), (None, None)])
def test_of_several_that_are_alike_each_stays_itself(dates: tuple[datetime | None, ...]) -> None:
    """Notices with one headline and address and no guid keep their rows, when edited and when stamped anew."""
    url = "https://paper.example/notices"
    one, two = (bare("Notice", url=url, summary=f"Number {n}.", published=day) for n, day in enumerate(dates))
    found = recognise([marks(replace(n, body="Corrected.")) for n in (one, two)], {5: marks(one), 6: marks(two)})
    assert dict(found.edited) == {0: 5, 1: 6}
    same = [replace(two, published=day) for day in (NOON, NOON + DAY)]
    rows = {5: marks(same[0]), 6: marks(same[1])}
    assert dict(recognise([marks(same[1])], rows).unchanged) == {0: 6}
    stamped = [marks(replace(n, published=n.published and n.published + HOUR)) for n in same]
    assert dict(recognise(stamped, rows).unchanged) == {0: 5, 1: 6}


def filing(number: int, **parts: object) -> Entry:
    """One of many filings under one headline: no words of its own, no date, but a guid and an address."""
    usual = {"guid": f"f-{number}", "url": f"https://wire.example/{number}", "summary": "", "published": None}
    return entry("Form 8.3", **usual | parts)


def test_undated_boilerplate_is_new_each_time() -> None:
    """Each filing with its own guid and address is told, beside the last one or in its place."""
    feed = History(A, filing(1))
    feed.read(A, filing(2), new=["Form 8.3"])
    feed.read(A, filing(3), filing(2), new=["Form 8.3"])
    feed.read(A, filing(1), filing(2), filing(3))


def test_an_undated_report_that_comes_back_is_told_again() -> None:
    """The same words under another guid and address, weeks after the talks were off, say that they are on again."""
    first, off, other = (replace(one, published=None) for one in (A, C, D))
    again = replace(first, guid="again", url="https://www.paper.example/2018/talks-begin-2")
    feed = History(first, other)
    feed.read(off, other, new=["Deal is off"])
    feed.read(other)
    feed.read(again, other, new=["Talks begin"])


def test_an_undated_feed_renumbered_and_moved_is_new_once() -> None:
    """Nothing but boilerplate words is left to know it by; from then on both spellings are known."""
    ours = [replace(one, published=None) for one in (A, B)]
    theirs = [replace(one, guid=f"b-{n}", url=f"https://b.example/{n}") for n, one in enumerate(ours)]
    feed = History(*ours)
    feed.read(*theirs, new=["Talks begin", "Carrier denies"])
    feed.read(*ours)
    feed.read(*theirs)


@pytest.mark.parametrize("published", [NOON, MIDNIGHT])
def test_a_dated_feed_renumbered_and_moved_is_known(published: datetime) -> None:
    """The same words of the same date, be it only a day, are the same entry, even without a headline."""
    for a in (A, replace(A, title="")):
        a = replace(a, published=published)
        feed = History(a, B)
        feed.read(replace(a, guid="b-1", url="https://b.example/1"), B)


def test_the_same_words_with_one_date_missing_need_a_guid_or_an_address() -> None:
    """A date on one side only proves nothing."""
    for before, after in ((None, NOON), (NOON, None)):
        feed = History(filing(1, published=before))
        feed.read(filing(2, url=filing(1).url, published=after))
        feed.read(filing(3, published=after), new=["Form 8.3"])


def test_boilerplate_with_too_little_to_tell_it_apart_is_known_until_it_has_come_back() -> None:
    """Without a guid or an address on both sides, the words of one known entry do, those of two tell nothing."""
    for missing in ({"guid": ""}, {"url": ""}):
        feed = History(filing(1, **missing))
        feed.read(filing(2, **missing))
        feed = History(filing(1, **missing), filing(2, **missing))
        feed.read(filing(3, **missing), new=["Form 8.3"])
        feed = History(filing(1, published=NOON, **missing))
        feed.read(filing(2, published=NOON + DAY, **missing), new=["Form 8.3"])
    feed = History(filing(1, url="", published=NOON))
    feed.read(filing(2, guid="", published=NOON + DAY))


def test_filings_of_one_minute_are_as_many_as_there_are_filers() -> None:
    """At 07:00:00 each filer has the same headline and words of its own; none hides the other, whichever is there."""
    one, two, three = (filing(n, summary=f"Filer {n} holds {n} %.", published=NOON) for n in range(3))
    feed = History(A, one)
    feed.read(A, two, new=["Form 8.3"])
    feed.read(A, two, three, new=["Form 8.3"])
    feed.read(A, one, two, three)


@pytest.mark.parametrize("lack", [{"guid": ""}, {"url": ""}])
def test_a_headline_and_minute_that_several_share_name_none_of_them(lack: dict[str, object]) -> None:
    """Where guid or address are missing, one filing may be an edited one, but not where there are two."""
    one, two, three = (filing(n, summary=f"Filer {n} holds {n} %.", published=NOON, **lack) for n in range(3))
    feed = History(one)
    feed.read(two, edited=["Form 8.3"])
    feed = History(one)
    feed.read(two, three, new=["Form 8.3", "Form 8.3"])
    feed = History(one, two)
    feed.read(three, new=["Form 8.3"])


@pytest.mark.parametrize("words", ["Filer {} holds {} %.", ""])
def test_filings_of_one_minute_survive_new_guids_and_addresses(words: str) -> None:
    """With words of their own or without any, they are still the same ones."""
    ours = [filing(n, summary=words.format(n, n), published=NOON) for n in range(3)]
    theirs = [replace(one, guid=f"b-{n}", url=f"https://b.example/{n}") for n, one in enumerate(ours)]
    feed = History(*ours)
    feed.read(*theirs)
    feed.read(*ours)


@pytest.mark.parametrize("part", ["guid", "url", "published"])
def test_a_headline_alone_is_known_only_if_nothing_else_differs(part: str) -> None:
    """One other mark that differs, under other words, makes a new article; so does a headline that has come back."""
    first = {"guid": "1", "url": "https://paper.example/1", "published": NOON}
    second = {"guid": "2", "url": "https://paper.example/2", "published": NOON + DAY}
    feed = History(bare("Morning briefing", **{part: first[part]}))
    feed.read(bare("Morning briefing", summary="Other words.", **{part: second[part]}), new=["Morning briefing"])
    feed.read(bare("Morning briefing", summary="Again others."), new=["Morning briefing"])


def test_a_bare_day_proves_nothing() -> None:
    """Another story of the same day under the same guid, or the same address, is another story."""
    for shared in ("guid", "url"):
        a, b = (
            replace(one, published=MIDNIGHT, day_only=True, **{shared: "https://paper.example/x"}) for one in (A, B)
        )
        feed = History(a)
        feed.read(b, new=["Carrier denies"])


def test_a_headline_edited_together_with_its_address_is_an_edit() -> None:
    """Where the address is made from the headline, the guid and the date still tell."""
    feed = History(A, B)
    feed.read(entry("Talks collapse", guid=A.guid), B, edited=["Talks collapse"])


def test_noise_is_no_edit() -> None:
    """White space, entities, letter case and where the feed puts its words do not count."""
    a = replace(A, title="AT&T says no", summary="It says so.\nTwice.")
    feed = History(a)
    feed.read(replace(a, title="AT&amp;T  SAYS no", summary="It says  so.", body="twice."))
    feed = History(replace(a, summary="D\u00e9menti"))
    feed.read(replace(a, summary="De\u0301menti"))
    feed.read(replace(a, title="AT&T says no?"), edited=["AT&T says no?"])


def test_google_news_changes_links_and_guids() -> None:
    """Publisher, title, words and date stay; the same headline of another publisher is another article."""
    a, b = (replace(one, url=f"https://news.example/x{i}", guid=f"CBM{i}") for i, one in enumerate((A, B)))
    feed = History(a, b)
    feed.read(*(replace(one, guid=one.guid + "k", url=one.url + "k") for one in (b, a)))
    feed.read(*(replace(one, guid=one.guid + "z", url=one.url + "z") for one in (b, a)))
    other = {"outlet": "The Herald", "summary": "What the Herald says."}
    feed.read(replace(a, guid="CBMq", url="https://news.example/q", **other), new=["Talks begin"])


@pytest.mark.parametrize("stays", ["guid", "url", "summary"])
def test_a_headline_of_one_minute_needs_one_more_mark(stays: str) -> None:
    """Guid, address or words that stay make it the same report; where all three change, it is another one."""
    others = {"guid": "b-1", "url": "https://b.example/1", "summary": "Other links"}
    feed = History(A, B)
    feed.read(replace(A, **others | {stays: getattr(A, stays)}), B, edited=[A.title] if stays != "summary" else [])
    feed = History(A, B)
    feed.read(replace(A, **others), B, new=["Talks begin"])


@pytest.mark.parametrize("text", ["Always the same words.", ""])
def test_a_headline_that_comes_back_is_new_each_time(text: str) -> None:
    """A "Morning briefing" with its own guid, address and date is a new article, with or without the last one."""
    issues = [
        entry(
            "Morning briefing",
            guid=f"issue-{n}",
            url=f"https://paper.example/{n}",
            summary=text,
            published=NOON + n * DAY,
        )
        for n in range(4)
    ]
    feed = History(issues[0])
    feed.read(issues[1], issues[0], new=["Morning briefing"])
    feed.read(issues[2], new=["Morning briefing"])
    feed.read(issues[3], issues[2], new=["Morning briefing"])
    feed.read(*issues)


def test_one_headline_twice_a_day_is_two_articles() -> None:
    """A bare day is no proof that two filings under one headline are the same."""
    one, two = (
        entry(
            "Form 8.3",
            guid=f"f-{n}",
            url=f"https://wire.example/{n}",
            summary=f"{n} %",
            published=MIDNIGHT,
            day_only=True,
        )
        for n in range(2)
    )
    feed = History(one)
    feed.read(two, new=["Form 8.3"])


def test_a_page_that_changes_its_story_has_new_stories() -> None:
    """A fixed address under a fresh guid, headline and date is a new article."""
    feed = History(entry("Live: talks", guid="1", url="https://paper.example/live"))
    feed.read(
        entry("Live: denial", guid="2", url="https://paper.example/live", published=NOON + DAY), new=["Live: denial"]
    )


@pytest.mark.parametrize("published", [NOON - 900 * DAY, NOON + 900 * DAY, None, NOON])
def test_dates_never_decide_newness(published: datetime | None) -> None:
    """A known entry with another date is known, and a new one is new however old it says it is."""
    feed = History(A, B)
    feed.read(replace(A, published=published), B, replace(C, published=published), new=["Deal is off"])


def test_entries_without_a_headline_are_known_by_their_words() -> None:
    """Short messages have no title."""
    a, b = (bare("", summary=words) for words in ("We did not sign.", "We never will."))
    feed = History(a)
    feed.read(b, a, new=[""])
    feed.read(a, b)
    assert marks(a).title is None
    assert marks(replace(A, title="!?")).title is None


def test_a_guid_that_appears_later_changes_nothing() -> None:
    """A feed that starts to write guids, or links, has no news by that."""
    bares = [bare(one.title, published=NOON) for one in (A, B)]
    for lack in ({"guid": ""}, {"url": ""}, {"guid": "", "url": ""}):
        feed = History(*(replace(one, **lack) for one in (A, B)))
        feed.read(A, B, C, new=["Deal is off"])
        feed.read(*bares)


def test_rows_of_a_time_without_texts_are_known_and_never_edited() -> None:
    """An old row knows a guid or an address only."""
    old = {
        7: Marks(marks(A).guid, None, None, None, None),
        8: Marks(None, marks(B).url, None, None, None),
        9: Marks(marks(C).guid, marks(A).url, marks(D).title, None, None),
    }
    found = recognise([marks(one) for one in (C, B, A, D)], old)
    assert dict(found.unchanged) == {0: 9, 1: 8, 2: 7}
    assert (found.new, dict(found.edited)) == ((3,), {})
    moved = replace(A, guid="b-1", url="https://b.example/1")
    assert dict(recognise([marks(moved)], {7: replace(marks(A), text=None)}).unchanged) == {0: 7}


def test_marks_are_64_bit_numbers_that_the_database_can_keep() -> None:
    """Signed, stable from one run to the next, and None for what is missing; the date is kept as it was given."""
    assert marks(bare("", summary="")) == Marks(None, None, None, None, None)
    made = [marks(entry(f"Number {n}", guid=f" {n} \n", published=MIDNIGHT, day_only=True)) for n in range(50)]
    numbers = [number for m in made for number in (m.guid, m.url, m.title, m.text)]
    assert all(number is not None and -(2**63) <= number < 2**63 for number in numbers)
    assert len(set(numbers)) == 200
    assert min(n or 0 for n in numbers) < 0 < max(n or 0 for n in numbers)
    assert marks(replace(A, guid="7")).guid == marks(replace(A, guid=" 7\n")).guid == -1778895692996505726
    assert made[0].published == MIDNIGHT


# --- Whatever a feed holds. ------------------------------------------------------------------------------------------

PARTS = st.fixed_dictionaries(
    {
        "guid": st.sampled_from(["", "1", "2", "3", "tag:x"]),
        "url": st.sampled_from(["", "https://p.example/", *(f"https://p.example/{n}" for n in "abc")]),
        "title": st.sampled_from(["", "Talks", "Denial", "Morning briefing"]),
        "summary": st.sampled_from(["", "So they say.", "Not so."]),
        "published": st.sampled_from([None, MIDNIGHT, NOON, NOON + HOUR]),
    }
)
ENTRIES = PARTS.map(lambda parts: entry(**parts))
DOCUMENTS = st.lists(ENTRIES, max_size=8)
FRESH = entry("Something else entirely", published=NOON + timedelta(minutes=7))


def remembered(*documents: Sequence[Entry]) -> dict[int, Marks]:
    """The rows after these documents were read one after the other, each with the marks it was last seen with."""
    rows: dict[int, Marks] = {}
    for document in documents:
        made = [marks(one) for one in document]
        found = recognise(made, rows)
        rows |= {row: made[index] for index, row in [*found.edited.items(), *found.unchanged.items()]}
        rows |= {len(rows) + place: made[index] for place, index in enumerate(found.new)}
    return rows


@given(st.lists(DOCUMENTS, max_size=3), DOCUMENTS, st.randoms(use_true_random=False))
def test_the_same_again_in_any_order_is_never_news(
    past: list[list[Entry]], document: list[Entry], chance: random.Random
) -> None:
    """Whatever was before, a document read for the second time, shuffled, has nothing new."""
    rows = remembered(*past, document)
    again = chance.sample(document, len(document))
    assert recognise([marks(one) for one in again], rows).new == ()


@given(st.lists(DOCUMENTS, max_size=3), DOCUMENTS, st.integers(0, 8))
def test_a_wholly_different_entry_is_always_the_only_news(
    past: list[list[Entry]], document: list[Entry], place: int
) -> None:
    """Anywhere in a known document."""
    rows = remembered(*past, document)
    longer = [*document[:place], FRESH, *document[place:]]
    found = recognise([marks(one) for one in longer], rows)
    assert [longer[index] for index in found.new] == [FRESH]


@given(DOCUMENTS, st.sampled_from(["?utm_source=rss", "#top", "/?fbclid=2&utm_id=3"]))
def test_other_spellings_of_the_addresses_are_never_news(document: list[Entry], end: str) -> None:
    """Tracking parameters and http in place of https make nothing new and nothing edited."""
    rows = remembered(document)
    spelt = [replace(one, url=one.url and one.url.replace("https", "http").rstrip("/") + end) for one in document]
    found = recognise([marks(one) for one in spelt], rows)
    assert (found.new, dict(found.edited)) == ((), {})


@given(DOCUMENTS, DOCUMENTS)
def test_each_entry_is_told_apart_once(known: list[Entry], document: list[Entry]) -> None:
    """Every entry but the doubles is new, edited or unchanged, and no known entry stands for two."""
    made = [marks(one) for one in document]
    found = recognise(made, remembered(known))
    told = [*found.new, *found.edited, *found.unchanged]
    rows = [*found.edited.values(), *found.unchanged.values()]
    doubles = set(range(len(made))) - set(told)
    assert len(told) == len(set(told)) >= len({(m.guid, m.text) for m in made})
    assert len(rows) == len(set(rows))
    assert all(made[index] in made[:index] or made[index].guid is not None for index in doubles)
    assert list(found.new) == sorted(found.new)


@pytest.mark.chaos
def test_much_in_common_takes_no_time(times: Callable[..., int]) -> None:
    """A feed of entries that are all alike but for their guids asks for no more comparisons than others do."""
    size = times(gate=500, chaos=5000)
    looks = 0

    class Counted(int):
        def __hash__(self) -> int:
            nonlocal looks
            looks += 1
            return int.__hash__(self)

        def __eq__(self, other: object) -> bool:
            nonlocal looks
            looks += 1
            return int.__eq__(self, other)

        def __ne__(self, other: object) -> bool:
            return not self == other

    def alike(first: int, text: int) -> list[Marks]:
        return [Marks(first + n, Counted(1), Counted(2), Counted(text), NOON + n * HOUR) for n in range(size)]

    known = dict(enumerate(alike(0, 3)))
    assert len(recognise(alike(2 * size, 4), known).new) == 0
    assert looks < 200 * size
