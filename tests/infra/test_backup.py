"""infra/backup.sh stores a backup that infra/restore.sh can restore; infra/lock.sh locks the storage
accounts against deletion.
"""

import asyncio
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from local.host.running import ROOT, running
from shared.http import Request
from tests.infra.az import FakeAz
from tests.infra.bicep import INFRA


def _local(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Return the setting TABLES of a database that contains one directory."""
    tables = f"sqlite:///{tmp_path}/product.db"

    async def fill() -> None:
        async with running(ROOT / "function_app.py", {"TABLES": tables}) as host:
            body = b'{"name":"Contoso","kind":"entra"}'
            headers = {"content-type": "application/json", "host": "localhost"}
            request = Request("POST", f"{host.url}/api/directories", headers, body)
            assert (await host.call(request)).status == 201

    asyncio.run(fill())
    return tables


def _backup(az: FakeAz, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = az.environment(PYTHON=sys.executable, **variables)
    return subprocess.run(
        [INFRA / "backup.sh"], capture_output=True, text=True, env=environment, cwd=ROOT
    )


def test_a_stored_backup_restores_the_deployment(tmp_path: Path, data: str) -> None:
    """Restoring the stored blob as docs/operations.md describes gives the same rows, and `check` finds no
    fault.
    """
    store, bin_folder = tmp_path / "store", tmp_path / "bin"
    store.mkdir()
    bin_folder.mkdir()
    az = FakeAz(bin_folder)
    az.answer("storage blob upload", "--container-name backups", keep=store)
    done = _backup(az, TABLES=data, BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 0, done.stderr
    (call,) = az.calls()
    assert call[call.index("--overwrite") + 1] == "false"
    assert call[call.index("--account-name") + 1] == "bak1"
    (blob,) = store.iterdir()
    before = _exported(data, tmp_path / "before.jsonl")

    async def change() -> None:
        async with running(ROOT / "function_app.py", {"TABLES": data}) as host:
            body = b'{"name":"Added after the backup","kind":"entra"}'
            headers = {"content-type": "application/json", "host": "localhost"}
            request = Request("POST", f"{host.url}/api/directories", headers, body)
            assert (await host.call(request)).status == 201

    asyncio.run(change())
    assert _exported(data, tmp_path / "changed.jsonl") != before
    az.answer("storage blob list", "--container-name backups", out=f"{blob.name}\n")
    az.answer("storage blob download", "--account-name bak1", give=store)
    done = _restore(az, TABLES=data, BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 0, done.stderr
    assert f"Restored {blob.name} into {data}" in done.stdout
    assert _local("check", "--tables", data).returncode == 0
    assert _exported(data, tmp_path / "after.jsonl") == before
    listed, downloaded = az.calls()[1:]
    assert listed[listed.index("--query") + 1] == "sort_by(@, &name)[-1].name"
    assert downloaded[downloaded.index("--name") + 1] == blob.name


def _exported(tables: str, file: Path) -> list[str]:
    assert _local("export", "--tables", tables, "--to", str(file)).returncode == 0
    return sorted(file.read_text().splitlines()[1:])


def _restore(az: FakeAz, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = az.environment(PYTHON=sys.executable, **variables)
    return subprocess.run(
        [INFRA / "restore.sh", *words], capture_output=True, text=True, env=environment, cwd=ROOT
    )


def test_an_invalid_backup_changes_nothing(tmp_path: Path, data: str) -> None:
    """A file that isn't a backup is refused before any row is removed."""
    store, folder = tmp_path / "store", tmp_path / "bin"
    store.mkdir()
    folder.mkdir()
    (store / "x.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    az = FakeAz(folder)
    az.answer("storage blob download", give=store)
    before = _exported(data, tmp_path / "before.jsonl")
    done = _restore(az, "x.jsonl.gz", TABLES=data, BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode != 0
    assert "Restored" not in done.stdout
    assert _exported(data, tmp_path / "after.jsonl") == before


@pytest.mark.parametrize(
    ("answered", "status", "said"),
    [("", 1, "There is no backup in bak1"), ("None\n", 1, "There is no backup in bak1")],
)
def test_an_empty_account_is_reported(
    tmp_path: Path, answered: str, status: int, said: str
) -> None:
    """If the account has no backup, the script reports it and downloads and removes nothing."""
    az = FakeAz(tmp_path)
    az.answer("storage blob list", out=answered)
    done = _restore(az, TABLES="sqlite:///x.db", BACKUP_STORAGE_ACCOUNT="bak1")
    assert (done.returncode, said in done.stderr) == (status, True)
    assert len(az.calls()) == 1


def test_a_restore_without_its_settings_names_them(tmp_path: Path) -> None:
    """The usage (exit status 2) shows the command that prints the missing settings."""
    done = _restore(FakeAz(tmp_path), TABLES="", BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 2
    assert "azd env get-values" in done.stderr


def test_the_policy_of_the_backups_is_locked_as_it_was_read(tmp_path: Path) -> None:
    """The lock request has the ETag of the policy that was read, so that a changed policy isn't locked;
    the output names the setting to change next.
    """
    az = FakeAz(tmp_path)
    az.answer("immutability-policy show", "--account-name bak1", out="the-etag\n")
    az.answer("immutability-policy lock", "--container-name backups", "--if-match the-etag")
    command = [str(INFRA / "lock.sh"), "--immutable", "rg-1", "bak1"]
    done = subprocess.run(command, capture_output=True, text=True, env=az.environment())
    assert done.returncode == 0, done.stderr
    assert "azd env set BACKUPS_LOCKED true" in done.stdout
    assert len(az.calls()) == 2


@pytest.mark.parametrize(
    "words", [[], ["rg-1"], ["--immutable", "rg-1"], ["--immutable", "r", "a", "b"]]
)
def test_a_lock_without_names_prints_the_usage(tmp_path: Path, words: list[str]) -> None:
    """With missing or surplus names the script calls nothing and prints its usage, which warns that the
    lock of the policy can't be undone.
    """
    az = FakeAz(tmp_path)
    command = [str(INFRA / "lock.sh"), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=az.environment())
    assert (done.returncode, "can't be undone" in done.stderr) == (2, True)
    assert az.calls() == []


def test_nothing_is_stored_if_the_data_cannot_be_read(tmp_path: Path) -> None:
    """If the export fails, nothing is uploaded, so that no empty file looks like a backup."""
    az = FakeAz(tmp_path)
    done = _backup(az, TABLES=f"sqlite:///{tmp_path}/none.db", BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 1
    assert "nothing to read" in done.stderr
    assert az.calls() == []


def test_a_refused_upload_fails_the_run(tmp_path: Path, data: str) -> None:
    """Exit status 1 fails the pipeline, and without a new blob the alert *Backup missing* fires."""
    folder = tmp_path / "bin"
    folder.mkdir()
    az = FakeAz(folder)
    az.answer("storage blob upload", error="AuthorizationPermissionMismatch", status=1)
    done = _backup(az, TABLES=data, BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 1
    assert "Stored" not in done.stdout


def test_a_backup_without_its_settings_names_them(tmp_path: Path) -> None:
    """BACKUP_STORAGE_ACCOUNT is empty unless BACKUPS is true, so the usage shows how to set BACKUPS."""
    done = _backup(FakeAz(tmp_path), TABLES="sqlite:///x.db", BACKUP_STORAGE_ACCOUNT="")
    assert done.returncode == 2
    assert "azd env set BACKUPS true" in done.stderr


def test_every_account_is_locked_and_a_refusal_stops(tmp_path: Path) -> None:
    """The script creates a CanNotDelete lock on each account in order, and ends at the first refusal."""
    az = FakeAz(tmp_path)
    az.answer("lock create", "--resource-name st1", "--lock-type CanNotDelete")
    az.answer("lock create", error="AuthorizationFailed", status=1)
    command = [str(INFRA / "lock.sh"), "rg-1", "st1", "pkg1", "bak1"]
    done = subprocess.run(command, capture_output=True, text=True, env=az.environment())
    assert (done.returncode, done.stdout) == (1, "Locked st1.\n")
    assert len(az.calls()) == 2
