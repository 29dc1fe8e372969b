"""Settings of local.settings.json (Microsoft Learn, functions-develop-local, "Local settings file")."""

from pathlib import Path

import pytest

from local.host.errors import HostError
from local.host.local_settings import read_local_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "local.settings.json"
    path.write_text(text)
    return path


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A variable of the environment replaces the file's value, as with Core Tools; values are strings."""
    path = written(
        tmp_path, '{"IsEncrypted":false,"Values":{"A":"file","B":"file","C":5,"D":null}}'
    )
    assert read_local_settings(path, {"A": "set"}) == {"B": "file", "C": "5"}


def test_file_need_not_be_there(tmp_path: Path) -> None:
    """Without a file, every setting has its default."""
    assert read_local_settings(tmp_path / "local.settings.json", {}) == {}


@pytest.mark.parametrize("text", ["", "[]", '{"Values":[]}', '{"IsEncrypted":true,"Values":{}}'])
def test_file_that_can_not_be_used_is_named(tmp_path: Path, text: str) -> None:
    """An invalid file is an error that names it."""
    with pytest.raises(HostError, match=r"local\.settings\.json can't be used"):
        read_local_settings(written(tmp_path, text), {})
