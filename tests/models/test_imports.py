from datetime import UTC, date, datetime, timedelta

import pytest
from builders import HOUR, NOON, a_deal, a_follower, a_report, write_claim
from sqlalchemy import event, select
from sqlalchemy.orm import selectinload

from matcher.vocabulary import Deal as DealValue
from matcher.vocabulary import Kind, Party, Stage, Status
from models import change, deal, imports, ledger
from models import subscription as subscriptions
from models.database import Database
from models.deal import Deal
from models.imports import Effect, import_deals
from models.watchlist import WatchlistDeal

ALPHA_BETA = a_deal()
RENAMED = DealValue("alpha-beta", "Alpha wants Beta", Kind.MERGER, (Party("Alpha", ("Alpha Inc",)), Party("Beta")))


async def load(database: Database, *entries: WatchlistDeal, now: datetime = NOON) -> list[tuple[str, Effect]]:
    async with database.write() as session:
        return [(done.slug, done.effect) for done in await import_deals(session, entries, now)]


async def test_an_import_adds_updates_and_leaves_alone(database: Database) -> None:
    """It says for every deal what it did; a deal that is not in the file stays."""
    assert await load(database, WatchlistDeal(ALPHA_BETA), WatchlistDeal(a_deal("gamma-delta"))) == [
        ("alpha-beta", Effect.ADDED),
        ("gamma-delta", Effect.ADDED),
    ]
    assert await load(database, WatchlistDeal(RENAMED), now=NOON + HOUR) == [("alpha-beta", Effect.UPDATED)]
    assert await load(database, WatchlistDeal(RENAMED), now=NOON + HOUR) == [("alpha-beta", Effect.UNCHANGED)]

    async with database.read() as session:
        stored = await deal.all_deals(session)
        assert [row.value for row in stored] == [RENAMED, a_deal("gamma-delta")]
        assert [row.revision for row in stored] == [2, 1]
        assert await deal.find_party(session, "alpha inc") == "Alpha"


async def test_a_forgotten_spelling_is_forgotten(database: Database) -> None:
    """A name that the watchlist no longer has finds nothing."""
    await load(database, WatchlistDeal(RENAMED))
    await load(database, WatchlistDeal(ALPHA_BETA))

    async with database.read() as session:
        assert await deal.find_party(session, "alpha inc") is None
        assert [d.slug for d in (await deal.find(session, "alpha")).deals] == ["alpha-beta"]


async def test_an_update_keeps_status_history_and_followers(database: Database) -> None:
    """Describing a deal anew loses nothing that was learned."""
    await load(database, WatchlistDeal(ALPHA_BETA))
    async with database.write() as session:
        row = (await session.scalars(select(Deal))).one()
        await a_follower(session, 1, row)
        await ledger.hear(session, write_claim(row, a_report(Stage.TALKS)), NOON)

    await load(database, WatchlistDeal(RENAMED, Stage.AGREED, date(2018, 1, 1)), now=NOON + HOUR)

    async with database.read() as session:
        row = (await session.scalars(select(Deal).options(selectinload(Deal.parties)))).one()
        assert (row.title, row.stage, row.origins) == ("Alpha wants Beta", Stage.TALKS, ["bloomberg"])
        assert len(await change.history(session, row, limit=9)) == 1
        assert await subscriptions.follows(session, 1, row)


async def test_a_starting_point_is_taken_over(database: Database) -> None:
    """With the time given, with the day given, or from now on."""
    moment = datetime(2017, 12, 15, 9, 30, tzinfo=UTC)
    await load(
        database,
        WatchlistDeal(a_deal("a-b", "Alpha", "Beta"), Stage.CALLED_OFF, date(2018, 1, 7)),
        WatchlistDeal(a_deal("c-d", "Gamma", "Delta"), Stage.TALKS, moment),
        WatchlistDeal(a_deal("e-f", "Epsilon", "Phi"), Stage.AGREED),
        WatchlistDeal(a_deal("g-h", "Eta", "Theta")),
    )

    async with database.read() as session:
        stored = await deal.all_deals(session)
        assert [(row.stage, row.moment) for row in stored[:3]] == [
            (Stage.CALLED_OFF, datetime(2018, 1, 7, tzinfo=UTC)),
            (Stage.TALKS, moment),
            (Stage.AGREED, NOON),
        ]
        assert stored[3].status is None
        (begun,) = await change.history(session, stored[0], limit=9)
        assert (begun.from_status, begun.status, begun.quiet) == (None, Status.DENIED, True)


async def test_a_late_starting_point_is_an_update(database: Database) -> None:
    """A deal that had no status gets one, and the import says that something changed."""
    await load(database, WatchlistDeal(ALPHA_BETA))
    entry = WatchlistDeal(ALPHA_BETA, Stage.TALKS)

    assert await load(database, entry) == [("alpha-beta", Effect.UPDATED)]
    assert await load(database, entry) == [("alpha-beta", Effect.UNCHANGED)]


async def test_the_order_of_parties_is_part_of_a_deal(database: Database) -> None:
    """Who is named first may be who buys."""
    reverse = DealValue(ALPHA_BETA.slug, ALPHA_BETA.title, ALPHA_BETA.kind, ALPHA_BETA.parties[::-1])
    await load(database, WatchlistDeal(ALPHA_BETA))

    assert await load(database, WatchlistDeal(reverse), now=NOON + timedelta(1)) == [("alpha-beta", Effect.UPDATED)]


async def test_a_long_watchlist_is_written_some_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others get their turn between; what each deal came to is told as if it were written at once."""
    monkeypatch.setattr(imports, "AT_ONCE", 2)
    entries = [WatchlistDeal(a_deal(slug)) for slug in ("a-b", "c-d", "e-f", "g-h", "alpha-beta")]
    await load(database, WatchlistDeal(RENAMED), entries[1])
    written: list[int] = []
    async with database.write() as session:
        event.listen(session.sync_session, "before_flush", lambda flushed, *_: written.append(len(flushed.new)))
        done = await import_deals(session, entries, NOON)
        revisions = {row.revision for row in await deal.all_deals(session) if row.slug != "c-d"}
    assert [imported.effect for imported in done] == [
        Effect.ADDED, Effect.UNCHANGED, Effect.ADDED, Effect.ADDED, Effect.UPDATED,
    ]  # fmt: skip
    assert max(written) <= 2 * len(["deal", *["party", "spelling"] * 2])
    assert revisions == {2}
