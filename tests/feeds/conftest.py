from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import world
from builders import NOON, a_chat, a_deal, track
from loopback import Web
from world import World

from feeds.fetch import Fetcher, make_client
from models import owner
from models import subscription as subscriptions
from models.database import Database
from models.subscription import EVERYTHING

OWNER = 9


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with Web() as server:
        yield server


@pytest.fixture
async def followed(database: Database) -> Database:
    """One deal, followed by one chat; another chat is the owner's."""
    async with database.write() as session:
        await track(session, a_deal("alpha-beta", "Alphacom", "Betasoft"))
        await subscriptions.follow(session, await a_chat(session, 1), EVERYTHING, NOON)
        await a_chat(session, OWNER)
        await owner.appoint(session, OWNER)
    return database


@pytest.fixture
async def newsroom(followed: Database) -> AsyncIterator[World]:
    """A poller whose web has no sockets; one feed, "news", is polled, and nothing is in it yet."""
    wire = world.Web()
    async with make_client("Hearsay tests", transport=httpx.MockTransport(wire)) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=5), max_bytes=1_000_000)
        made = World(followed, fetcher, "https://news.example", wire)
        made.publisher("news")
        await made.add("news")
        yield made
        await made.poller.stop()


@pytest.fixture
def corpus(corpus: Path) -> Path:
    """The feeds of others."""
    return corpus / "feeds"
