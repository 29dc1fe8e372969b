"""The file of the embedded engine: who may read it, whether it is the right one, what its errors mean."""

import contextlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from shared.tables.port import Cause, StorageUnavailable

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
# Primary result codes (sqlite.org/rescode.html).
_CAUSES: dict[int, Cause] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CANTOPEN: "missing",
}
_WORDS: dict[Cause, str] = {
    "full": "the disk is full",
    "damaged": "the database file is damaged; restore a backup",
    "read_only": "the database file can't be written",
    "missing": "the database file can't be opened",
}


def make(path: Path) -> None:
    """Make the file if it is missing, readable by the app's user alone, and its folder likewise.

    Raises OSError if the file was made before and is missing: an empty one in its place would refuse every token.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=_FOLDER_MODE)
    if not path.exists() and _mark(path).exists():
        raise lost(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE))
    if path.stat().st_mode & 0o077:
        # A file of another user stays as it is.
        with contextlib.suppress(PermissionError):
            path.chmod(_FILE_MODE)


def mark_made(path: Path) -> None:
    """Leave a mark next to the file, by which `make` notices that the file is missing."""
    os.close(os.open(_mark(path), os.O_WRONLY | os.O_CREAT, _FILE_MODE))


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}-made")


def lost(path: Path) -> OSError:
    """Return the error for a file that was moved, removed or replaced."""
    return FileNotFoundError(
        f"the database file {path} was moved or removed. Put it back or restore a backup, then restart the app."
        f" To begin with an empty one, remove {_mark(path).name}, too"
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that writes no file at all, so it works on a read-only file system."""
    address = f"file:{quote(str(path.resolve()))}"
    connection = sqlite3.connect(
        f"{address}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise  # rows that are only in the log would be missing
        connection = sqlite3.connect(
            f"{address}?immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    return connection


def unavailable(error: Exception) -> StorageUnavailable:
    """Return the port's error for one of SQLite or of the file system."""
    cause: Cause = ""
    if isinstance(error, FileNotFoundError):
        return StorageUnavailable(str(error), cause="missing")
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None) or 0
        cause = _CAUSES.get(code & 0xFF, "")
    elif isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        cause = "full"
    reason = f"{_WORDS[cause]} ({error})" if cause else str(error)
    return StorageUnavailable(reason, cause=cause)
