"""The command `python -m local directory`."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from directories.authenticate import Unauthenticated, authenticate
from local.__main__ import main
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings
from shared.tables.open import open_tables
from tests.directories.made import ACCOUNT


class Command:
    """Runs the command on a SQLite file of its own."""

    def __init__(self, path: Path, output: pytest.CaptureFixture[str]) -> None:
        self.url = f"sqlite:///{path}/command.db"
        self._output = output

    def run(self, *arguments: str, code: int = 0) -> Any:
        """Run the command and return its JSON; with `code` 1, return the printed error."""
        assert main(["directory", *arguments, "--tables", self.url]) == code
        printed = self._output.readouterr()
        return orjson.loads(printed.out) if code == 0 else printed.err

    async def opens(self, directory_id: str, token: str) -> bool:
        """Return whether the SCIM endpoint accepts the token."""
        app = App(
            Settings.read({"TABLES": self.url}),
            SystemClock(),
            open_tables(Settings(tables=self.url)),
        )
        try:
            await authenticate(app, directory_id, f"Bearer {token}")
        except Unauthenticated:
            return False
        else:
            return True
        finally:
            await app.close()


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command on an empty file."""
    return Command(tmp_path, capsys)


def test_a_name_that_is_taken_gets_a_number(command: Command) -> None:
    """A script may add several directories with one name; the pages need unique names."""
    for name in ("Contoso", "CONTOSO", "Contoso"):
        command.run("add", "--name", name)
    names = {one["name"] for one in command.run("list")}
    assert names == {"Contoso", "CONTOSO (2)", "Contoso (3)"}


def opens(command: Command, directory_id: str, token: str) -> bool:
    """Return whether the directory accepts the token."""
    import asyncio

    return asyncio.run(command.opens(directory_id, token))


def test_add_prints_the_settings_for_entra(command: Command) -> None:
    """A JSON object with the id, the SCIM base URL, and a valid token."""
    made = command.run(
        "add", "--name", "Contoso", "--kind", "other", "--region", "de", "--strict-numbers"
    )
    assert set(made) == {"directory_id", "scim_base_url", "token"}
    assert made["scim_base_url"] == f"http://127.0.0.1:7071/scim/{made['directory_id']}/v2"
    assert opens(command, made["directory_id"], made["token"])
    (listed,) = command.run("list")
    assert (listed["name"], listed["region"], listed["strict_numbers"], listed["people"]) == (
        "Contoso",
        "DE",
        True,
        0,
    )


def test_a_directory_moves_with_its_address_and_token(command: Command) -> None:
    """With --id and --token of the old deployment, Entra's settings stay as they are."""
    token = "a-token-from-the-old-deployment"
    made = command.run(
        "add",
        "--name",
        "Moved",
        "--id",
        "Old-Id-1",
        "--token",
        token,
        "--url",
        "https://new.example",
    )
    assert made == {
        "directory_id": "Old-Id-1",
        "scim_base_url": "https://new.example/scim/Old-Id-1/v2",
        "token": token,
    }
    assert opens(command, "Old-Id-1", token)
    assert "--id" in command.run("add", "--name", "Again", "--id", "Old-Id-1", code=1)


def test_rotate_prints_a_new_token_and_the_expiry_of_the_old_one(command: Command) -> None:
    """By default the old token stays valid for the overlap."""
    made = command.run("add", "--name", "Contoso")
    rotated = command.run("rotate", "--id", made["directory_id"])
    assert rotated["old_token_until"]
    assert opens(command, made["directory_id"], made["token"])
    assert opens(command, made["directory_id"], rotated["token"])


def test_rotate_with_two_valid_tokens_ends_the_named_one_only(command: Command) -> None:
    """Without --replaces the error names both, so that the one in use isn't revoked by accident."""
    made = command.run("add", "--name", "Contoso")
    place = ("rotate", "--id", made["directory_id"], "--overlap", "0")
    rotated = command.run("rotate", "--id", made["directory_id"])
    refused = command.run(*place, code=1)
    assert "Two are already valid" in refused
    ids = re.findall(r"([a-z0-9]{8}) \(", refused)
    newest = command.run(*place, "--replaces", ids[1])
    assert opens(command, made["directory_id"], made["token"])
    assert not opens(command, made["directory_id"], rotated["token"])
    assert opens(command, made["directory_id"], newest["token"])


def test_delete_removes_the_directory(command: Command) -> None:
    """Neither the directory nor its token exists afterwards; a second deletion is a one-line
    error.
    """
    made = command.run("add", "--name", "Contoso")
    assert command.run("delete", "--id", made["directory_id"]) == {
        "directory_id": made["directory_id"],
        "deleted": True,
        "rows_removed": True,
    }
    assert command.run("list") == []
    assert not opens(command, made["directory_id"], made["token"])
    assert "there is no directory" in command.run("delete", "--id", made["directory_id"], code=1)


def test_accounts_are_kept_apart(command: Command) -> None:
    """--account selects the owner; a directory of another account isn't found."""
    made = command.run("add", "--name", "Contoso", "--account", ACCOUNT)
    assert command.run("list") == []
    assert len(command.run("list", "--account", ACCOUNT)) == 1
    command.run("rotate", "--id", made["directory_id"], code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "--name", " "), "--name: The name is empty."),
        (("add", "--name", "A", "--region", "XX"), "--region"),
        (("add", "--name", "A", "--token", "short"), "--token"),
        (("add", "--name", "A", "--url", "ftp://x"), "PUBLIC_URL"),
        (("rotate", "--id", "none", "--overlap", "99999"), "--overlap"),
    ],
)
def test_an_error_is_reported_in_one_line(
    command: Command, arguments: tuple[str, ...], said: str
) -> None:
    """It names the option, the fault and the remedy, without a traceback."""
    printed = command.run(*arguments, code=1)
    assert printed.startswith("directory: ")
    assert said in printed
    assert printed.count("\n") == 1


def test_wrong_storage_is_reported_in_one_line(command: Command) -> None:
    """A malformed TABLES value, and a file that can't be opened."""
    for url in ("nonsense", "sqlite:////proc/none/x.db"):
        command.url = url
        assert command.run("list", code=1).count("\n") == 1
