import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from models import migration
from models.database import Database


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", action="store_true", help="count as far as the promises say, not as far as the gate")


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, object]:  # noqa: ARG001
    """The loop that the program runs on; asyncio's own where a test turns the loop's clock."""
    turns_clock = "skip" in getattr(item, "fixturenames", ())
    return {"loop": asyncio.new_event_loop if turns_clock else uvloop.new_event_loop}


@pytest.fixture
def times(request: pytest.FixtureRequest) -> Callable[..., int]:
    """How often to do something: a representative part in the gate, the full count in ``make chaos``."""

    def choose(*, gate: int, chaos: int) -> int:
        return chaos if request.config.getoption("--chaos") else gate

    return choose


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("database") / "migrated.db"
    migration.upgrade(path)
    return path


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "hearsay.db"
    shutil.copy(migrated, path)
    async with Database(path) as database:
        yield database
