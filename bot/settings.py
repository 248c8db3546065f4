"""The environment as one frozen value, read once at the start and handed down as plain arguments.

Every field is a setting ``HEARSAY_<NAME>``, in the environment or in the file ``.env``. Its description is the sentence
that stands in ``.env.example`` (a test keeps the two equal).
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from rapidfuzz import process

from feeds.addresses import PrivateHosts

PREFIX = "HEARSAY_"
CORPUS = "HEARSAY_CORPUS"
"""Where the tests find their corpus: no setting of the program, but it may stand in the environment."""


class SettingsError(Exception):
    """A setting has a value that cannot work. The message names each such setting and says what is allowed."""


class Settings(BaseSettings):
    """All settings with their defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    token: SecretStr | None = Field(
        default=None, description="The bot's token. Talk to @BotFather in Telegram, send /newbot, and copy it here."
    )
    owner: Annotated[int, Field(gt=0)] | None = Field(
        default=None,
        description="Your Telegram user id, a number. Left empty, the first start prints a code for /claim.",
    )
    database: Path = Field(default=Path("hearsay.db"), description="The SQLite file with everything Hearsay remembers.")
    contact: str = Field(
        default="",
        max_length=200,
        description="A web or mail address that feed servers see, so that they can reach you instead of blocking you.",
    )
    check_minutes: int = Field(
        default=60,
        ge=10,
        le=1440,
        description="The usual time between two checks of one feed, in minutes, 10 to 1440. Busy feeds: down to 10.",
    )
    fetch_seconds: int = Field(
        default=60, ge=5, le=600, description="How long one fetch may take in all, in seconds, 5 to 600."
    )
    fetch_megabytes: int = Field(
        default=5, ge=1, le=100, description="The largest feed that is read, unpacked, in megabytes, 1 to 100."
    )
    private_hosts: str = Field(
        default="",
        description="Hosts or networks of your own that feeds may be read from, with commas between; none if empty.",
    )
    keep_days: int = Field(
        default=90,
        ge=7,
        le=3650,
        description="How long an entry is remembered after it left its feed, in days, 7 to 3650.",
    )
    telegram_url: HttpUrl = Field(
        default=HttpUrl("https://api.telegram.org"),
        description="The address of the Bot API, for those who run a Bot API server of their own.",
    )
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = Field(
        default="INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("private_hosts")
    @classmethod
    def _is_list_of_hosts(cls, value: str) -> str:
        PrivateHosts.parse(value)
        return value

    @property
    def private(self) -> PrivateHosts:
        """Hosts and networks of the owner's that feeds may be read from."""
        return PrivateHosts.parse(self.private_hosts)

    @property
    def check_every(self) -> timedelta:
        """The usual time between two checks of one feed."""
        return timedelta(minutes=self.check_minutes)

    @property
    def fetch_time(self) -> timedelta:
        """How long one fetch may take in all."""
        return timedelta(seconds=self.fetch_seconds)

    @property
    def fetch_bytes(self) -> int:
        """The largest feed that is read, unpacked."""
        return self.fetch_megabytes * 1_000_000

    @property
    def keep(self) -> timedelta:
        """How long an entry is remembered after it left its feed."""
        return timedelta(days=self.keep_days)


def _refuse_unknown(env_file: Path | None) -> None:
    """A misspelled name would otherwise be silence, and its default in force."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    given = {*os.environ, *(dotenv_values(env_file) if env_file else ())}
    for name in sorted(given):
        if name.upper().startswith(PREFIX) and name.upper() not in known and name != CORPUS:
            nearest = process.extractOne(name.upper(), known)[0]
            raise SettingsError(f"There is no setting {name}. Did you mean {nearest}? .env.example lists all.")


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings. Raises :class:`SettingsError` that names every wrong one; values are never repeated."""
    _refuse_unknown(env_file)
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own argument
    except ValidationError as error:
        lines = [f"{PREFIX}{_name(problem['loc'])}: {_allowed(problem['loc'])}" for problem in error.errors()]
        raise SettingsError("A setting cannot be used. " + " ".join(dict.fromkeys(lines))) from None


def _name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper()


def _allowed(location: tuple[int | str, ...]) -> str:
    return Settings.model_fields[str(location[0])].description or ""
