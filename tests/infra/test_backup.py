"""infra/backup.sh stores what can be restored, and infra/lock.sh locks what must not go."""

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
    """Tables with a directory in them."""
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
    """The documented restore, from the very blob that was stored: the same rows, and `check` finds no fault."""
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
    restored, file = f"sqlite:///{tmp_path}/restored.db", tmp_path / "backup.jsonl"
    file.write_bytes(gzip.decompress(blob.read_bytes()))
    assert _local("import", "--tables", restored, "--from", str(file)).returncode == 0
    assert _local("check", "--tables", restored).returncode == 0
    again = tmp_path / "again.jsonl"
    assert _local("export", "--tables", restored, "--to", str(again)).returncode == 0
    assert sorted(again.read_text().splitlines()[1:]) == sorted(file.read_text().splitlines()[1:])


def test_nothing_is_stored_if_the_data_cannot_be_read(tmp_path: Path) -> None:
    """A backup of nothing must not look like one."""
    az = FakeAz(tmp_path)
    done = _backup(az, TABLES=f"sqlite:///{tmp_path}/none.db", BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 1
    assert "nothing to read" in done.stderr
    assert az.calls() == []


def test_a_refused_upload_fails_the_run(tmp_path: Path, data: str) -> None:
    """The pipeline turns red, and *Backup missing* rings."""
    folder = tmp_path / "bin"
    folder.mkdir()
    az = FakeAz(folder)
    az.answer("storage blob upload", error="AuthorizationPermissionMismatch", status=1)
    done = _backup(az, TABLES=data, BACKUP_STORAGE_ACCOUNT="bak1")
    assert done.returncode == 1
    assert "Stored" not in done.stdout


def test_without_its_settings_it_says_what_to_set(tmp_path: Path) -> None:
    """BACKUP_STORAGE_ACCOUNT is empty until BACKUPS is true."""
    done = _backup(FakeAz(tmp_path), TABLES="sqlite:///x.db", BACKUP_STORAGE_ACCOUNT="")
    assert done.returncode == 2
    assert "azd env set BACKUPS true" in done.stderr


def test_every_account_is_locked_and_a_refusal_stops(tmp_path: Path) -> None:
    """CanNotDelete on each; the first refusal ends the script."""
    az = FakeAz(tmp_path)
    az.answer("lock create", "--resource-name st1", "--lock-type CanNotDelete")
    az.answer("lock create", error="AuthorizationFailed", status=1)
    command = [str(INFRA / "lock.sh"), "rg-1", "st1", "pkg1", "bak1"]
    done = subprocess.run(command, capture_output=True, text=True, env=az.environment())
    assert (done.returncode, done.stdout) == (1, "Locked st1.\n")
    assert len(az.calls()) == 2
