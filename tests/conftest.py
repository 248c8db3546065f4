import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models import migration
from models.database import Database


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
