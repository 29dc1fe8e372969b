"""Settings are read once, checked, and refused with the name, the fault and the remedy."""

import pytest

from shared.settings import Settings, SettingsError


def test_nothing_set_gives_the_embedded_defaults() -> None:
    """A fresh machine needs no setting at all."""
    settings = Settings.read({})
    assert (settings.product_name, settings.tables) == ("NEONNOW", "sqlite:///data/directory.db")


def test_an_empty_variable_counts_as_not_set() -> None:
    """Deployment templates pass empty strings for what is not wanted."""
    assert Settings.read({"PRODUCT_NAME": " "}).product_name == "NEONNOW"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLES", "postgres://db"),
        ("PRESENCE_INTERVAL_SECONDS", "5"),
        ("PRESENCE_INTERVAL_SECONDS", "45"),
        ("DEFAULT_REGION", "Germany"),
        ("CLOUD", "mars"),
        ("LOGIN_URL", "http://login.example.com"),
        ("PUBLIC_URL", "ftp://example.com"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """An operator sees which setting is wrong, not a traceback."""
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})


def test_a_refused_secret_is_not_shown() -> None:
    """Secrets are never logged, not even by an error about another setting."""
    with pytest.raises(SettingsError) as refused:
        Settings.read({"PRESENCE_CLIENT_SECRET": "s3cret", "CLOUD": "s3cret"})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("seconds", "schedule"),
    [("10", "*/10 * * * * *"), ("30", "*/30 * * * * *"), ("300", "0 */5 * * * *")],
)
def test_the_interval_becomes_a_schedule(seconds: str, schedule: str) -> None:
    """NCRONTAB has six fields, seconds first (Azure Functions timer trigger)."""
    assert Settings.read({"PRESENCE_INTERVAL_SECONDS": seconds}).presence_schedule == schedule
