"""The Azure Tables engine, for production with the app's managed identity, and for the official emulator in tests.

`azure_account` sends requests with the SDK's pipeline, and `azure_protocol` encodes requests and
decodes responses. This module has the operations and the mapping of errors.
"""

import asyncio
import contextlib
from asyncio import sleep
from collections.abc import Iterator, Sequence
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.tables import azure_protocol as wire
from shared.tables import port
from shared.tables.azure_account import Account, Credential
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    NotFound,
    Operation,
    PreconditionFailed,
    Replace,
    Row,
    StorageUnavailable,
    TableError,
)
from shared.tables.schema.base import TABLES

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.1  # doubled from one attempt to the next
_ROLE_CODES = ("AuthorizationPermissionMismatch", "AuthorizationFailure", "")
_NO_ROLE = (
    "the app's identity lacks the role Storage Table Data Contributor on the account, or the account's firewall"
    " refuses it"
)

# The emulator's published account, the same on every machine
# (learn.microsoft.com/azure/storage/common/storage-connect-azurite).
_EMULATOR_ACCOUNT = "devstoreaccount1"
EMULATOR_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_EMULATOR_ENDPOINT = f"http://127.0.0.1:10002/{_EMULATOR_ACCOUNT}"


class AzureTables:
    """The tables of the storage account at `endpoint`.

    With `create_tables`, used for the emulator, a missing table is created before its first use.
    """

    def __init__(
        self, endpoint: str, credential: Credential, *, create_tables: bool = False
    ) -> None:
        self._account = Account(endpoint, credential)
        self._missing = set(TABLES) if create_tables else set[str]()
        self._creating = asyncio.Lock()

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        port.check_key(key)
        url = wire.row_url(await self._table_url(table), partition, key)
        response = await self._send("GET", url, wire.READ)
        if response.status_code == 200:
            with _readable():
                return wire.parse_row(key, response.content)
        code = wire.error_code(response.headers, response.content)
        if response.status_code == 404 and code != wire.NO_TABLE:
            return None
        raise _unavailable(response.status_code, code)

    async def query(
        self,
        table: str,
        partition: str,
        start: str,
        stop: str,
        *,
        limit: int = 1000,
        keys_only: bool = False,
    ) -> list[Row]:
        if not 1 <= limit <= port.MAX_QUERY_ROWS:
            raise ValueError(f"limit {limit} is not in 1..{port.MAX_QUERY_ROWS}")
        url = wire.range_url(await self._table_url(table), partition, start, stop, limit, keys_only)
        headers, read = (
            (wire.READ_KEYS, wire.parse_keys) if keys_only else (wire.READ, wire.parse_rows)
        )
        rows, rest = list[Row](), ""
        while True:
            response = await self._send("GET", url + rest, headers)
            if response.status_code != 200:
                raise _unavailable(
                    response.status_code, wire.error_code(response.headers, response.content)
                )
            with _readable():
                rows += read(response.content)
            rest = wire.continuation(response.headers)
            # A page may have fewer rows than `limit` (a partition boundary, five seconds), so read on up to it.
            if not rest or len(rows) >= limit:
                return rows[:limit]

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        port.check(operations)
        content_type, body = wire.transaction(await self._table_url(table), partition, operations)
        is_repetition = False
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                # Only this loop repeats it, because only here it is known how to recognise a stored transaction.
                response = await self._send(
                    "POST",
                    f"{self._account.url}/$batch",
                    {**wire.WRITE, "Content-Type": content_type},
                    content=body,
                    retry_total=0,
                )
                return _tags(response, operations)
            except (AlreadyExists, NotFound, PreconditionFailed):
                tags = await self._tags_if_stored(table, partition, operations, is_repetition)
                if tags is None:
                    raise
                return tags
            except _Refused:
                raise
            except StorageUnavailable as error:
                if attempt == _ATTEMPTS or not _is_repeatable(operations, error):
                    raise
                is_repetition = True
                await sleep(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("unreachable")

    async def _tags_if_stored(
        self,
        table: str,
        partition: str,
        operations: Sequence[Operation],
        is_repetition: bool,
    ) -> list[str] | None:
        """Return the new tags of a transaction if its repetition was refused because an earlier attempt stored it; else None.

        If the transaction inserts a unique row, the presence of that row proves that it was stored. Otherwise the
        transaction counts as stored if it replaces a row, and all its rows have the values that it
        writes.
        """
        if not is_repetition:
            return None
        unique = next(
            (one for one in operations if isinstance(one, Insert) and one.is_unique), None
        )
        if unique is not None and await self.get(table, partition, unique.key) is None:
            return None
        if unique is None and not _has_replacement(operations):
            return None
        rows = await asyncio.gather(*(self.get(table, partition, one.key) for one in operations))
        tags, are_all_in_place = list[str](), True
        for operation, row in zip(operations, rows, strict=True):
            if isinstance(operation, Delete):
                is_in_place = row is None
                tags.append("")
            else:
                is_in_place = row is not None and row.value == operation.value
                # If another writer changed the row since, return a tag that no row ever has.
                tags.append(row.etag if row and is_in_place else wire.NEVER)
            are_all_in_place = are_all_in_place and is_in_place
        return tags if unique is not None or are_all_in_place else None

    async def close(self) -> None:
        await self._account.close()

    async def _table_url(self, table: str) -> str:
        """Return the URL of a table. On an emulator, create the table if it is missing."""
        if table not in TABLES:
            raise ValueError(f"unknown table {table!r}")
        if table in self._missing:
            async with self._creating:
                if table in self._missing:
                    with _translated():
                        await self._account.create_table(table)
                    self._missing.discard(table)
        return f"{self._account.url}/{table}"

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        content: bytes | None = None,
        **options: Any,
    ) -> AsyncHttpResponse:
        with _translated():
            return await self._account.send(
                HttpRequest(method, url, headers=headers, content=content), **options
            )


class _Refused(StorageUnavailable):
    """Raised if the service carried out nothing and would refuse the same request again."""


class _Busy(StorageUnavailable):
    """Raised if the service is overloaded; it may have carried out the transaction nevertheless."""


def _is_repeatable(operations: Sequence[Operation], error: StorageUnavailable) -> bool:
    """Return whether a failed transaction may be sent again, although the service may have stored it."""
    if isinstance(error, _Busy) or _has_replacement(operations):
        return True
    return any(isinstance(one, Insert) and one.is_unique for one in operations)


def _has_replacement(operations: Sequence[Operation]) -> bool:
    return any(isinstance(one, Replace) for one in operations)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raise StorageUnavailable in place of an SDK or network error, which means that there was no response."""
    try:
        yield
    except (AzureError, OSError, TimeoutError) as error:
        raise StorageUnavailable(type(error).__name__) from error


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Raise StorageUnavailable if a response can't be decoded, because another server, such as a proxy, sent it."""
    try:
        yield
    except (ValueError, LookupError, TypeError) as error:
        raise StorageUnavailable("an answer that cannot be read") from error


def _tags(response: AsyncHttpResponse, operations: Sequence[Operation]) -> list[str]:
    """Return the new ETags from the response to a transaction; raise the error that it reports."""
    if response.status_code != 202:
        raise _unavailable(
            response.status_code, wire.error_code(response.headers, response.content)
        )
    with _readable():
        parts = wire.parse_transaction(response.content)
    for part in parts:
        if part.status >= 300:
            raise _refusal(part, operations[min(part.failed, len(operations) - 1)])
    if len(parts) != len(operations):
        raise StorageUnavailable(f"{len(parts)} answers to {len(operations)} operations")
    return [part.etag for part in parts]


def _refusal(part: wire.Part, operation: Operation) -> TableError:
    match part.status, part.code:
        case 409, "EntityAlreadyExists" | "":
            return AlreadyExists(operation.key)
        case 404, code if code != wire.NO_TABLE:
            return NotFound(operation.key)
        case 412, _:
            return PreconditionFailed(operation.key)
    return _unavailable(part.status, part.code)


def _unavailable(status: int, code: str) -> StorageUnavailable:
    if code == wire.NO_TABLE:  # must not look like a table without rows
        return _Refused("the table does not exist; deploy the infrastructure")
    reason = f"status {status} {code}".rstrip()
    if status in (429, 503):
        return _Busy(reason)
    if status == 403:
        is_role = code in _ROLE_CODES
        return _Refused(f"{reason}: {_NO_ROLE}" if is_role else reason, cause="role")
    return _Refused(reason) if 400 <= status < 500 and status != 408 else StorageUnavailable(reason)


def open_emulator(where: str) -> AzureTables:
    """Return the tables of the emulator Azurite; `where` is the value of the setting TABLES."""
    from azure.core.credentials import AzureNamedKeyCredential

    options = dict(part.split("=", 1) for part in where.split(";") if "=" in part)
    endpoint = options.get("TableEndpoint", _EMULATOR_ENDPOINT)
    credential = AzureNamedKeyCredential(_EMULATOR_ACCOUNT, EMULATOR_KEY)
    return AzureTables(endpoint, credential, create_tables=True)


def open_account(endpoint: str, client_id: str) -> AzureTables:
    """Return the tables of a storage account, using the managed identity `client_id`.

    If `client_id` is "", use DefaultAzureCredential, which on a developer's machine finds the
    sign-in of the Azure CLI.
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    credential = (
        ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()
    )
    return AzureTables(endpoint, credential)
