"""Settings: documented, checked at the start, and silent about secrets."""

from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings, SettingsError, load

EXAMPLE = Path(__file__).parent.parent.parent / ".env.example"


def test_the_example_file_has_every_setting_with_its_default() -> None:
    """.env.example says for every setting what it is for, in one sentence, and its default."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    expected = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default).rstrip("/")
        expected += ["", f"# {field.description}", f"{PREFIX}{name.upper()}={default}"]
    assert lines[1:] == expected


def test_the_example_file_itself_is_valid() -> None:
    """Copied as it stands, .env.example gives exactly the defaults."""
    assert load(EXAMPLE) == Settings(_env_file=None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OWNER", "@me"),
        ("OWNER", "-5"),
        ("CHECK_MINUTES", "1"),
        ("CHECK_MINUTES", "soon"),
        ("FETCH_SECONDS", "0"),
        ("FETCH_MEGABYTES", "5000"),
        ("KEEP_DAYS", "1"),
        ("TELEGRAM_URL", "ftp://telegram.example"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_with_name_and_rule(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The message names the setting and says what is allowed."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as refused:
        load(None)
    assert PREFIX + name in str(refused.value)
    assert str(Settings.model_fields[name.lower()].description) in str(refused.value)


def test_a_misspelled_setting_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A line of .env that names no setting is an error with the nearest name, not silence."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("HEARSAY_TOKN=1:secret\n")
    with pytest.raises(SettingsError) as refused:
        load()
    assert "HEARSAY_TOKN" in str(refused.value)
    assert "HEARSAY_TOKEN" in str(refused.value)
    assert "1:secret" not in str(refused.value)


def test_the_token_shows_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings does not print the token."""
    monkeypatch.setenv("HEARSAY_TOKEN", "123:very-secret")
    assert "very-secret" not in repr(load(None))
    assert "very-secret" not in str(load(None).model_dump())
