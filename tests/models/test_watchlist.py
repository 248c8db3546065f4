import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.vocabulary import Deal, Kind, Party, Role, Stage, Status
from models.watchlist import (
    SLUG_LENGTH,
    WatchlistDeal,
    WatchlistError,
    read_watchlist,
    read_watchlist_file,
    write_watchlist,
)

FOUNDING_DEAL = """
[[deal]]
slug = "huawei-att"
title = "Huawei phones on AT&T"
kind = "partnership"
keywords = ["carrier deal"]
status = "denied"
stage = "called_off"
since = 2018-01-08

  [[deal.party]]
  name = "Huawei"
  aliases = ["Huawei Technologies"]
  role = "partner"

  [[deal.party]]
  name = "AT&T"
  aliases = ["AT&T Inc", "AT and T"]
  ticker = "T"
  requires = ["carrier"]
  not = ["AT&T Park"]
"""


def deal_with(deal: str = "", party: str = 'name = "Huawei"', slug: str = "huawei-att") -> str:
    return f'[[deal]]\nslug = "{slug}"\ntitle = "A title"\nkind = "stake"\n{deal}\n[[deal.party]]\n{party}\n'


def problems_of(text: str) -> list[str]:
    with pytest.raises(WatchlistError) as caught:
        read_watchlist(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_of_the_file_is_read() -> None:
    """Every key that a watchlist may hold reaches the deal."""
    huawei = Party("Huawei", ("Huawei Technologies",), role=Role.PARTNER)
    att = Party("AT&T", ("AT&T Inc", "AT and T"), "T", requires=("carrier",), excludes=("AT&T Park",))
    deal = Deal("huawei-att", "Huawei phones on AT&T", Kind.PARTNERSHIP, (huawei, att), ("carrier deal",))

    assert read_watchlist(FOUNDING_DEAL) == [WatchlistDeal(deal, Stage.CALLED_OFF, date(2018, 1, 8))]


def test_an_empty_file_is_an_empty_watchlist() -> None:
    """Nothing in the file means no deals, both ways."""
    assert read_watchlist("") == []
    assert write_watchlist([]) == ""


def test_a_byte_order_mark_does_not_matter() -> None:
    """Editors that put a byte order mark before the first deal do no harm."""
    assert read_watchlist("\ufeff" + FOUNDING_DEAL) == read_watchlist(FOUNDING_DEAL)


def test_names_recur_across_deals() -> None:
    """The same party with the same aliases may stand in several deals."""
    text = deal_with(slug="one") + deal_with(slug="two")

    assert [entry.deal.parties for entry in read_watchlist(text)] == [(Party("Huawei"),)] * 2


def test_a_short_name_is_taken_if_it_is_meant() -> None:
    """A name of one letter with words that must stand beside it; one that is a legal form, too."""
    text = deal_with(party='name = "X Corp"\naliases = ["X"]\nrequires = ["Musk"]\n[[deal.party]]\nname = "SAB"')
    assert [party.names for party in read_watchlist(text)[0].deal.parties] == [("X Corp", "X"), ("SAB",)]


def test_watchlists_of_others_are_taken(corpus: Path) -> None:
    """Those that were written for the labelled news, each whole."""
    files = list(corpus.glob("bench/**/deals.toml"))
    assert files
    for file in files:
        assert len(read_watchlist_file(file)) == file.read_text(encoding="utf-8").count("[[deal]]")


def test_one_party_makes_an_open_ended_deal() -> None:
    """A deal needs only one known party."""
    assert read_watchlist(deal_with())[0].deal.parties == (Party("Huawei"),)


@pytest.mark.parametrize(
    ("status", "stage"),
    [("rumored", Stage.SPECULATION), ("denied", Stage.DENIED), ("finalized", Stage.AGREED)],
)
def test_a_status_without_a_stage_takes_the_least_of_it(status: str, stage: Stage) -> None:
    """A status alone starts at the stage that claims least."""
    entry = read_watchlist(deal_with(f'status = "{status}"'))[0]

    assert (entry.stage, entry.status) == (stage, Status(status))


def test_a_stage_brings_its_status() -> None:
    """A stage alone says the status too."""
    assert read_watchlist(deal_with('stage = "near"'))[0].status == Status.RUMORED


def test_a_time_is_kept_in_utc() -> None:
    """A starting time with an offset is read as UTC."""
    entry = read_watchlist(deal_with('stage = "near"\nsince = 2018-01-08T09:30:00-05:00'))[0]

    assert entry.since == datetime(2018, 1, 8, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            deal_with() + deal_with(),
            "deal 2 (huawei-att), slug: deal 1 has the same slug; give each deal its own",
        ),
        (
            deal_with(party='name = "AT&T"\naliasses = ["ATT"]'),
            'deal 1 (huawei-att), party 1 "AT&T", aliasses: this key is not known; maybe "aliases" is meant',
        ),
        (
            deal_with("x9 = 1"),
            "deal 1 (huawei-att), x9: this key is not known; remove it",
        ),
        (
            "[[deals]]\n",
            'the file, deals: this key is not known; maybe "deal" is meant',
        ),
        (
            deal_with(slug="Huawei_ATT"),
            (
                'deal 1 (Huawei_ATT), slug: "Huawei_ATT" is not a slug; '
                'use lower-case letters, digits and hyphens, such as "huawei-att"'
            ),
        ),
        (
            deal_with(slug="a" * (SLUG_LENGTH + 1)),
            f"deal 1 ({'a' * 49}), slug: it has 49 characters; shorten it to at most 48",
        ),
        (
            deal_with(party='name = "AT&T"\naliases = ["ATT", "T"]'),
            (
                'deal 1 (huawei-att), party 1 "AT&T", aliases: "T" has fewer than two letters or digits '
                "and would be found everywhere; use a longer name, `ticker` for a one-letter ticker, or `requires` for "
                "words that must stand beside it"
            ),
        ),
        (
            deal_with(party='name = "X"'),
            (
                'deal 1 (huawei-att), party 1 "X", name: "X" has fewer than two letters or digits '
                "and would be found everywhere; use a longer name, `ticker` for a one-letter ticker, or `requires` for "
                "words that must stand beside it"
            ),
        ),
        (
            deal_with(party='name = "Huawei"\naliases = ["Honor"]\n[[deal.party]]\nname = "HONOR"'),
            (
                'deal 1 (huawei-att), party: "HONOR" is a name of "Huawei" and of "HONOR", so the two cannot be told '
                "apart; give each party names of its own"
            ),
        ),
        (
            deal_with(party='ticker = "T"'),
            "deal 1 (huawei-att), party 1, name: it is missing; add it",
        ),
        (
            deal_with(party='name = "AT&T"\nticker = "NYSE:T"'),
            (
                'deal 1 (huawei-att), party 1 "AT&T", ticker: "NYSE:T" is not a ticker; '
                'write the bare symbol, such as "T", without "$" or the exchange'
            ),
        ),
        (
            deal_with(party='name = "AT&T"\nrole = "buyer"'),
            (
                'deal 1 (huawei-att), party 1 "AT&T", role: "buyer" is not known here; '
                "choose 'acquirer', 'target' or 'partner'"
            ),
        ),
        (
            deal_with(party='name = "AT&T"\naliases = "ATT"'),
            'deal 1 (huawei-att), party 1 "AT&T", aliases: it must be a list of texts, such as ["one", "two"]',
        ),
        (
            deal_with(party="name = 3"),
            "deal 1 (huawei-att), party 1, name: it must be text in quotes",
        ),
        (
            deal_with('status = "finalised"'),
            "deal 1 (huawei-att), status: \"finalised\" is not known here; choose 'rumored', 'denied' or 'finalized'",
        ),
        (
            deal_with('status = "rumored"\nstage = "agreed"'),
            'deal 1 (huawei-att): stage "agreed" belongs to status "finalized", not to "rumored"; change one',
        ),
        (
            deal_with("since = 2018-01-08"),
            "deal 1 (huawei-att): `since` says from when a status holds; add `status` or remove `since`",
        ),
        (
            deal_with('stage = "near"\nsince = "2018-01-08"'),
            "deal 1 (huawei-att), since: it must be a date without quotes, such as 2018-01-08",
        ),
        (
            deal_with('stage = "near"\nsince = 2018-01-08T10:00:00'),
            (
                "deal 1 (huawei-att), since: the time has no offset; "
                "add one, such as 2018-01-08T14:00:00Z, or write the day alone"
            ),
        ),
        (
            deal_with('keywords = ["", "carrier"]'),
            "deal 1 (huawei-att), keywords: one of the words is empty; write it or remove it",
        ),
        (
            '[[deal]]\nslug = "a"\ntitle = " "\nkind = "stake"\nparty = [{ name = "AT&T" }]',
            "deal 1 (a), title: it is empty; write what the deal is about",
        ),
        (
            f'[[deal]]\nslug = "a"\ntitle = "{"t" * 201}"\nkind = "stake"\nparty = [{{ name = "AT&T" }}]',
            "deal 1 (a), title: it has 201 characters; shorten it to at most 200",
        ),
        (
            '[[deal]]\nslug = "a"\ntitle = "A"\nkind = "purchase"\nparty = [{ name = "AT&T" }]',
            (
                'deal 1 (a), kind: "purchase" is not known here; '
                "choose 'acquisition', 'merger', 'stake', 'joint-venture' or 'partnership'"
            ),
        ),
        (
            '[[deal]]\nslug = "a"\ntitle = "A"\nkind = "stake"\nparty = []',
            "deal 1 (a), party: there is none; add at least one",
        ),
        (
            '[[deal]]\nslug = "a"\ntitle = "A"\nkind = "stake"\nparty = ["AT&T"]',
            "deal 1 (a), party 1: it must be a table; write it under a header as in [[deal]] and [[deal.party]]",
        ),
        (
            '[deal]\nslug = "a"',
            (
                "the file, deal: it must be a list of tables; "
                "write its header with two brackets, as in [[deal]] and [[deal.party]]"
            ),
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, problem: str) -> None:
    """Each mistake is told alone, in plain words, with its place and what to do."""
    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            deal_with(party='name = "Evil\\u001b[31m"'),
            (
                r'deal 1 (huawei-att), party 1 "Evil\x1b[31m", name: "Evil\x1b[31m" has characters '
                "that cannot be printed; remove them"
            ),
        ),
        (
            deal_with(party='name = "AT&T"\naliases = ["\\u202eATT"]'),
            (
                r'deal 1 (huawei-att), party 1 "AT&T", aliases: "\u202eATT" has characters '
                "that cannot be printed; remove them"
            ),
        ),
        (
            '[[deal]]\nslug = "a"\ntitle = "A\\u0007"\nkind = "stake"\nparty = [{ name = "AT&T" }]',
            r'deal 1 (a), title: "A\x07" has characters that cannot be printed; remove them',
        ),
        (
            deal_with('keywords = ["deal\\u0000"]'),
            r'deal 1 (huawei-att), keywords: "deal\x00" has characters that cannot be printed; remove them',
        ),
        (
            deal_with(slug="a\\u001b"),
            (
                r'deal 1 (a\x1b), slug: "a\x1b" is not a slug; '
                'use lower-case letters, digits and hyphens, such as "huawei-att"'
            ),
        ),
    ],
)
def test_what_cannot_be_printed_is_refused(text: str, problem: str) -> None:
    """Control characters are no part of a deal, and the refusal shows them without obeying them."""
    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    ("data", "reason"), [(b"x = 1", "x: this key is not known"), (b"\xff", "it is not UTF-8 text")]
)
def test_the_problems_of_a_file_name_it(tmp_path: Path, data: bytes, reason: str) -> None:
    """Of several watchlists one knows which to mend."""
    path = tmp_path / "deals.toml"
    path.write_bytes(data)
    with pytest.raises(WatchlistError) as caught:
        read_watchlist_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


def test_broken_toml_is_refused_with_its_line() -> None:
    """A slip in the syntax is told with its line."""
    (problem,) = problems_of('[[deal]]\nslug = "a"\ntitle = \n')

    assert problem.startswith("line 3, column 9: this is not valid TOML: ")


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "9" * 5_000])
def test_a_hostile_file_is_refused(text: str) -> None:
    """Values that no parser can hold are refused like any other mistake."""
    assert problems_of(text) == [
        "the file: it has brackets nested too deep or a number too long to be a watchlist; remove them"
    ]


def test_all_mistakes_are_told_at_once() -> None:
    """One reading names every mistake, so that one correction is enough."""
    text = deal_with(slug="A b") + deal_with('stage = "soon"', 'name = "X"') + deal_with()

    assert [problem.partition(":")[0] for problem in problems_of(text)] == [
        "deal 3 (huawei-att), slug",
        "deal 1 (A b), slug",
        "deal 2 (huawei-att), stage",
        'deal 2 (huawei-att), party 1 "X", name',
    ]


texts = (
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=20)
    .map(lambda s: " ".join(s.split()))
    .filter(str.isprintable)
)
words = st.lists(texts.filter(bool), max_size=3).map(tuple)
names = texts.map(lambda s: f"abc{s}")
parties = st.builds(
    Party,
    names,
    st.lists(names, max_size=3).map(tuple),
    st.none() | st.sampled_from(["T", "BRK.B", "005930.KS", "BRKa"]),
    st.none() | st.sampled_from(Role),
    words,
    words,
)


def apart(parties: list[Party]) -> tuple[Party, ...]:
    """The parties, with names that none of the others has."""
    return tuple(
        replace(party, name=f"{n}-{party.name}", aliases=tuple(f"{n}-{alias}" for alias in party.aliases))
        for n, party in enumerate(parties)
    )


deals = st.builds(
    Deal,
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
    names,
    st.sampled_from(Kind),
    st.lists(parties, min_size=1, max_size=3).map(apart),
    words,
)
moments = st.dates() | st.datetimes(timezones=st.just(UTC))


@st.composite
def watchlists(draw: Any) -> list[WatchlistDeal]:
    def entry(deal: Deal) -> WatchlistDeal:
        stage = draw(st.none() | st.sampled_from(Stage))
        return WatchlistDeal(deal, stage, draw(st.none() | moments) if stage else None)

    return [entry(deal) for deal in draw(st.lists(deals, max_size=3, unique_by=lambda deal: deal.slug))]


@given(watchlists())
def test_what_is_written_reads_back_the_same(watchlist: list[WatchlistDeal]) -> None:
    """An exported watchlist is imported as exactly the same deals."""
    assert read_watchlist(write_watchlist(watchlist)) == watchlist


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3), st.data())
def test_wrong_types_are_problems_and_not_crashes(value: object, data: st.DataObject) -> None:
    """Whatever stands where something else should, the answer is a list of problems."""
    key = data.draw(st.sampled_from(["deal", "slug", "title", "kind", "keywords", "status", "stage", "since", "party"]))
    text = f"{key} = {toml(value)}"
    with contextlib.nullcontext() if (key, value) == ("deal", []) else pytest.raises(WatchlistError):
        read_watchlist(text if key == "deal" else f"[[deal]]\n{text}")


def toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"text"'
