"""The common parts of the commands on stored data: open the tables, and report a failure in one line."""

import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from local.transfer.file import TransferError
from shared.app import App
from shared.clock import SystemClock
from shared.settings import Settings, SettingsError
from shared.tables.open import open_tables
from shared.tables.port import TableError

_SQLITE = "sqlite:///"


async def carry_out(
    where: str | None,
    work: Callable[[App], Awaitable[int]],
    *,
    reading: bool = False,
    existing: bool = False,
) -> int:
    """Run `work` with the tables at `where` (None: those of the settings) and return its exit code.

    Return 1, after a line on standard error, if the settings or the storage can't be used, or if
    the transfer fails. With `existing` or `reading`, an SQLite file must exist; with `reading`, it
    is opened read-only.
    """
    try:
        settings = Settings.read({**os.environ, **({"TABLES": where} if where else {})})
        path = Path(settings.tables.removeprefix(_SQLITE))
        is_needed = reading or existing
        if is_needed and settings.tables.startswith(_SQLITE) and not path.exists():
            raise TransferError(f"{path} does not exist: there is nothing to read.")
        tables = open_tables(settings, read_only=reading)
        app = App(settings, SystemClock(), tables)
        try:
            return await work(app)
        finally:
            await app.close()
    except SettingsError as error:
        print(f"The settings can't be used: {error}.", file=sys.stderr)
    except TransferError as error:
        print(error, file=sys.stderr)
    except (TableError, sqlite3.Error, OSError) as error:
        print(f"The storage can't be used: {error}. Check --tables.", file=sys.stderr)
    return 1
