"""Writing what must not be forgotten, however long the database refuses it."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from models.database import DatabaseBusyError

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

STORE_AGAIN_SECONDS = 5.0
"""Between two attempts."""


async def insist(write: Callable[[], Awaitable[_Result]], wait: Callable[[], Awaitable[object]]) -> _Result:
    """Write again and again until the database takes it, as after a full disk; ``wait`` passes the time between.

    For what happened outside the database already, such as a message that was sent: forgetting it would repeat it.
    """
    while True:
        try:
            return await write()
        except (DBAPIError, DatabaseBusyError, OSError) as error:
            reason = str(error)
        logger.error("the database does not take a change; trying again", extra={"reason": reason})
        await wait()
