"""Measure the lower bound of provisioning's CPU time: the storage library alone writes the same rows.

    python -m bench.bare [--people 500] [--engine sqlite|azurite]

Records the transactions of POST /Users requests, then writes them to an empty store: either in a
loop over `sqlite3` that commits the transactions of eight clients together, or with
`azure-data-tables`, one transaction after the other. `bench.provisioning` shows these figures next
to the product's figures of the same run.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables.aio import TableServiceClient

from bench.modules import deployed
from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.entra import mapping
from local.entra.people import Company
from shared.http import Request
from shared.tables.azure import EMULATOR_KEY
from shared.tables.port import Insert, Operation
from shared.tables.schema.base import CONTACTS

_ACCOUNT = "00000000-0000-4000-8000-000000000001"
_CLIENTS = 8
Transaction = tuple[str, Sequence[Operation]]  # partition and operations


async def recorded(people: int) -> list[Transaction]:
    """Return the transactions that POST /Users makes for this many people, in order."""
    transactions: list[Transaction] = []
    async with deployed("http://127.0.0.1:9") as (app, host):
        directory, token = await create(app, operator_actor(_ACCOUNT), NewDirectory("Contoso"))
        headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
        transact = app.tables.transact

        async def note(table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
            # This leaves out the transaction that records the connection test.
            if table == CONTACTS and len(operations) > 2:
                transactions.append((partition, operations))
            return await transact(table, partition, operations)

        app.tables.transact = note  # type: ignore[method-assign]
        for person in Company(1, subdomain="measured").people(0, people):
            body = orjson.dumps(mapping.post_body(mapping.target_attributes(person)))
            framed = {**headers, "content-length": str(len(body))}
            url = f"https://app.example/scim/{directory.id}/v2/Users"
            response = await host.call(Request("POST", url, framed, body))
            assert response.status == 201, response.body
    assert len(transactions) == people, len(transactions)
    return transactions


def sqlite_milliseconds(transactions: Sequence[Transaction]) -> float:
    """Return the CPU milliseconds per transaction of a loop over `sqlite3`."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        connection.execute(
            "CREATE TABLE contacts (partition TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
            " version INTEGER NOT NULL, PRIMARY KEY (partition, key))"
        )
        started = time.process_time()
        for first in range(0, len(transactions), _CLIENTS):
            connection.execute("BEGIN IMMEDIATE")
            for partition, operations in transactions[first : first + _CLIENTS]:
                rows = [(partition, each.key, _value(each), first) for each in operations]
                connection.executemany("INSERT INTO contacts VALUES (?,?,?,?)", rows)
            connection.execute("COMMIT")
        seconds = time.process_time() - started
        connection.close()
    return seconds * 1000 / len(transactions)


async def sdk_milliseconds(transactions: Sequence[Transaction], endpoint: str) -> float:
    """Return the CPU milliseconds per transaction of a loop over the Azure SDK."""
    account = endpoint.rpartition("/")[2]
    credential = AzureNamedKeyCredential(account, EMULATOR_KEY)
    async with TableServiceClient(endpoint, credential=credential) as service:
        await service.create_table_if_not_exists("bare")
        table = service.get_table_client("bare")
        started = time.process_time()
        for partition, operations in transactions:
            await table.submit_transaction([_entity(partition, each) for each in operations])
        seconds = time.process_time() - started
    return seconds * 1000 / len(transactions)


def _value(operation: Operation) -> bytes:
    assert isinstance(operation, Insert)
    return operation.value


def _entity(partition: str, operation: Operation) -> tuple[str, dict[str, Any]]:
    entity = {"PartitionKey": partition, "RowKey": operation.key, "v0": _value(operation).decode()}
    return "create", entity


async def milliseconds(engine: str, people: int) -> float:
    """Return the lower bound of a POST on an engine, in CPU milliseconds."""
    transactions = await recorded(people)
    if engine == "sqlite":
        return sqlite_milliseconds(transactions)
    from tests import emulator

    with emulator.running() as tables:
        endpoint = tables.rpartition("TableEndpoint=")[2]
        return await sdk_milliseconds(transactions, endpoint)


def main() -> None:
    """Print the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--engine", choices=("sqlite", "azurite"), default="sqlite")
    arguments = parser.parse_args()
    found = asyncio.run(milliseconds(arguments.engine, arguments.people))
    print(f"{arguments.engine}: {found:.2f} ms of CPU for the rows of a POST")


if __name__ == "__main__":
    main()
