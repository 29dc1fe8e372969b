"""Chooses the engine that the setting `TABLES` names."""

from pathlib import Path

from shared.settings import Settings
from shared.tables.port import Tables


def open_tables(settings: Settings) -> Tables:
    """The engine of `settings.tables`.

    `sqlite:///PATH` (relative to the working folder), `UseDevelopmentStorage=true` with an optional
    `;TableEndpoint=URL`, or an account's table endpoint, to which the app signs in with its managed identity.
    """
    where = settings.tables
    if where.startswith("sqlite:///"):
        from shared.tables.sqlite import SqliteTables

        return SqliteTables(Path(where.removeprefix("sqlite:///")))
    if where.startswith("UseDevelopmentStorage=true"):
        from shared.tables.azure import open_emulator

        return open_emulator(where)
    from shared.tables.azure import open_account

    return open_account(where, settings.managed_identity_client_id)
