"""Open the engine that the setting `TABLES` names."""

from pathlib import Path

from shared.settings import Settings
from shared.tables.port import Tables


def open_tables(settings: Settings, *, read_only: bool = False) -> Tables:
    """Return the engine for `settings.tables`; with `read_only`, an SQLite file is never written.

    The setting is `sqlite:///PATH` (relative to the working folder), `UseDevelopmentStorage=true`
    with an optional `;TableEndpoint=URL`, or the table endpoint of an account, for which the app
    uses its managed identity.
    """
    where = settings.tables
    if where.startswith("sqlite:///"):
        from shared.tables.sqlite import SqliteTables

        return SqliteTables(Path(where.removeprefix("sqlite:///")), read_only=read_only)
    if where.startswith("UseDevelopmentStorage=true"):
        from shared.tables.azure import open_emulator

        return open_emulator(where)
    from shared.tables.azure import open_account

    return open_account(where, settings.managed_identity_client_id)
