"""Chooses the engine that the setting `TABLES` names."""

from pathlib import Path

from shared.settings import Settings
from shared.tables.port import Tables

# The emulator's published account, the same on every machine
# (learn.microsoft.com/azure/storage/common/storage-connect-azurite).
_EMULATOR_ACCOUNT = "devstoreaccount1"
_EMULATOR_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_EMULATOR_ENDPOINT = f"http://127.0.0.1:10002/{_EMULATOR_ACCOUNT}"


def open_tables(settings: Settings) -> Tables:
    """The engine of `settings.tables`.

    `sqlite:///PATH` (relative to the working folder), `UseDevelopmentStorage=true` with an optional
    `;TableEndpoint=URL`, or an account's table endpoint, where the app signs in with its managed identity.
    """
    where = settings.tables
    if where.startswith("sqlite:///"):
        from shared.tables.sqlite import SqliteTables

        return SqliteTables(Path(where.removeprefix("sqlite:///")))
    if where.startswith("UseDevelopmentStorage=true"):
        return _emulator(where)
    return _account(where, settings.managed_identity_client_id)


def _emulator(where: str) -> Tables:
    from azure.core.credentials import AzureNamedKeyCredential

    from shared.tables.azure import AzureTables

    options = dict(part.split("=", 1) for part in where.split(";") if "=" in part)
    endpoint = options.get("TableEndpoint", _EMULATOR_ENDPOINT)
    return AzureTables(
        endpoint, AzureNamedKeyCredential(_EMULATOR_ACCOUNT, _EMULATOR_KEY), create_tables=True
    )


def _account(endpoint: str, client_id: str) -> Tables:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    from shared.tables.azure import AzureTables

    # Without a managed identity it is a person's own machine, signed in with the Azure CLI.
    credential = (
        ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()
    )
    return AzureTables(endpoint, credential)
