import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import Web


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with Web() as server:
        yield server


@pytest.fixture
def corpus() -> Path:
    """The shared folder with feeds by others."""
    place = os.environ.get("HEARSAY_CORPUS")
    if not place:
        pytest.skip("HEARSAY_CORPUS does not say where the feeds of others are")
    return Path(place) / "feeds"
