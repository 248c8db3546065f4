"""The declarative base: one naming convention, one kind of time, one way to store the core's words."""

import enum
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, Integer, MetaData, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

from models.wording import Wording


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps no time zone: it is taken off on the way in and put back on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (interface)
        """Refuse a naive datetime: it would be stored as if it were UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a time zone cannot be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (interface)
        """Give the time zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Seconds(TypeDecorator[timedelta]):
    """A length of time, to the second."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (interface)
        """As a number that a person can read in the database."""
        return None if value is None else round(value.total_seconds())

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002 (interface)
        """As a length of time again."""
        return None if value is None else timedelta(seconds=value)


class WordingText(TypeDecorator[Wording]):
    """A text that is translated when it is read: its words alone, or with its values as JSON ``[words, values]``."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Wording | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (interface)
        """As a text that a person can read in the database."""
        if value is None or not value.values:
            return None if value is None else value.words
        return json.dumps(value, ensure_ascii=False, default=lambda wording: [wording.words, wording.values])

    def process_result_value(self, value: str | None, dialect: Dialect) -> Wording | None:  # noqa: ARG002 (interface)
        """With its words and values apart again."""
        if value is None or not value.startswith("["):
            return None if value is None else Wording(value)
        try:
            return _wording(*json.loads(value))
        except (AttributeError, TypeError, ValueError):  # words that begin so, as a system's error may
            return Wording(value)


def _wording(words: str, values: dict[str, Any]) -> Wording:
    return Wording(words, {name: _wording(*v) if isinstance(v, list) else v for name, v in values.items()})


class Base(DeclarativeBase):
    """What every table is built on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads this class attribute; it is never changed)
        datetime: UtcDateTime(),
        timedelta: Seconds(),
        Wording: WordingText(),
        list[str]: JSON(),
        dict[str, Any]: JSON(),
        enum.Enum: Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=False,  # a new stage must not need a table rebuild
            length=20,
            values_callable=lambda words: [word.value for word in words],
        ),
    }
