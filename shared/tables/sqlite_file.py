"""The file of the embedded engine: its permissions, its identity, and the mapping of its errors."""

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
    """Create the file and its folder if they are missing, readable only by the app's user.

    Raise OSError if the file was created before and is missing now, because with an empty file in
    its place every client's token would be refused.
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
    """Create a marker file next to the database, from which `make` knows that the database existed."""
    os.close(os.open(_mark(path), os.O_WRONLY | os.O_CREAT, _FILE_MODE))


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}-made")


def lost(path: Path) -> OSError:
    """Return the error for a database file that was moved, removed or replaced, with the remedy."""
    return FileNotFoundError(
        f"the database file {path} was moved or removed. Put it back or restore a backup, then restart the app."
        f" To begin with an empty one, remove {_mark(path).name}, too"
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that creates and writes no file, so that it works on a read-only file system."""
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
            raise  # an immutable connection ignores the log, so its rows would be missing
        connection = sqlite3.connect(
            f"{address}?immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    return connection


def unavailable(error: Exception) -> StorageUnavailable:
    """Return the StorageUnavailable for an error of SQLite or of the file system, with its cause if known."""
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
