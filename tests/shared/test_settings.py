"""Settings are read once and validated; an error has the name, the fault and the remedy."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shared.settings import Settings, SettingsError

ROOT = Path(__file__).parent.parent.parent


def test_nothing_set_gives_the_embedded_defaults() -> None:
    """A fresh machine needs no setting at all."""
    settings = Settings.read({})
    assert (settings.product_name, settings.tables) == ("NEONNOW", "sqlite:///data/directory.db")


def test_an_empty_variable_counts_as_not_set() -> None:
    """Deployment templates pass empty strings for settings that are not wanted."""
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
        ("SECURITY_CONTACT", "security@example.com"),
        ("SECURITY_CONTACT", "mailto:security@example.com\nContact: mailto:else@example.com"),
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


ON_AZURE = {
    "WEBSITE_SITE_NAME": "func-dev",
    "TABLES": "https://st1.table.core.windows.net/",
    "PUBLIC_URL": "https://func-dev.azurewebsites.net",
    "WEBSITE_AUTH_ENABLED": "True",
}


def test_the_required_settings_are_enough_on_azure() -> None:
    """A storage account, the public address and the sign-in."""
    assert Settings.read(ON_AZURE).platform_sign_in


@pytest.mark.parametrize(
    "platform",
    ["WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST"],
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLES", ""),
        ("TABLES", "sqlite:///data/directory.db"),
        ("TABLES", "UseDevelopmentStorage=true"),
        ("TABLES", "http://st1.table.core.windows.net/"),
        ("PUBLIC_URL", ""),
        ("PUBLIC_URL", "http://localhost:7071"),
        ("WEBSITE_AUTH_ENABLED", ""),
        ("WEBSITE_AUTH_ENABLED", "False"),
    ],
)
def test_on_azure_a_missing_setting_stops_the_start(platform: str, name: str, value: str) -> None:
    """SQLite on an instance's disk would lose all data at scale-in; one line has the setting and
    the remedy.
    """
    given = {key: text for key, text in ON_AZURE.items() if key != "WEBSITE_SITE_NAME"}
    with pytest.raises(SettingsError) as refused:
        Settings.read({**given, platform: "x", name: value})
    text = str(refused.value)
    assert text.startswith(f"{name}: ")
    assert text.count(f"{name}:") == 1
    assert "\n" not in text


def test_a_container_elsewhere_is_not_azure() -> None:
    """CONTAINER_NAME alone proves nothing: other platforms set it too."""
    assert Settings.read({"CONTAINER_NAME": "x", "WEBSITE_HOSTNAME": "localhost:7071"}).tables


def test_the_function_app_does_not_start_on_azure_without_its_account() -> None:
    """The last line of the error names the setting, and no database file is created."""
    environment = {**os.environ, **ON_AZURE, "TABLES": ""}
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", "import function_app"],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
        )
        assert os.listdir(folder) == []
    assert done.returncode == 1
    assert "SettingsError: TABLES: on Azure must be" in done.stderr.splitlines()[-1]
