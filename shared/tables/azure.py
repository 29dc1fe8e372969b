"""The Azure Tables engine: production with the app's managed identity, and the official emulator for tests.

The SDK costs 1 to 3 ms of CPU a call with its default pipeline, so ours keeps only what a call needs: the headers of
the service, sign-in, decoding and retries of reads.
"""

import asyncio
import contextlib
from asyncio import sleep
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    CustomHookPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    ProxyPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import TableErrorCode, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient

from shared.tables import limits
from shared.tables.port import (
    TABLES,
    AlreadyExists,
    Changed,
    Delete,
    Insert,
    NotFound,
    Operation,
    Replace,
    Row,
    StorageUnavailable,
    TableError,
    Upsert,
)

_NOT_NEEDED = (
    AsyncRedirectPolicy,
    CustomHookPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    ProxyPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
_NEVER = "W/\"datetime'1601-01-01T00%3A00%3A00.0000000Z'\""
_NO_TABLE = "the table does not exist; deploy the infrastructure"
_BACKOFF = 0.2  # seconds, doubled from try to try: a reader waits at most 1.5 s for an account that is gone
_BUSY_ATTEMPTS = 3  # a 503 says that nothing was carried out, so a transaction may be sent again


class _LeanTableClient(TableClient):
    """The SDK's client without the policies that this product does not use (SDK 12.7.0, pinned)."""

    def _configure_policies(self, **options: Any) -> list[Any]:
        policies = super()._configure_policies(**options)  # type: ignore[no-untyped-call, unused-ignore]
        return [policy for policy in policies if not isinstance(policy, _NOT_NEEDED)]


class AzureTables:
    """Tables of the account at `endpoint`; with `create_tables`, missing tables are made at first use (emulator)."""

    def __init__(
        self,
        endpoint: str,
        credential: AzureNamedKeyCredential | AsyncTokenCredential,
        *,
        create_tables: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._create_tables = create_tables
        self._clients: dict[str, _LeanTableClient] = {}
        self._transport: AioHttpTransport | None = None
        self._opening: asyncio.Lock | None = None

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        limits.check_key(key)
        client = await self._client(table)
        try:
            async with _translated():
                entity = await client.get_entity(partition, key)
        except NotFound:
            return None
        return Row(key, _value_of(entity), str(entity.metadata["etag"]))

    async def query(
        self, table: str, partition: str, start: str, stop: str, *, limit: int = 1000, keys_only: bool = False
    ) -> list[Row]:
        if not 1 <= limit <= limits.MAX_QUERY_ROWS:
            raise ValueError(f"limit {limit} is not in 1..{limits.MAX_QUERY_ROWS}")
        client = await self._client(table)
        rows: list[Row] = []
        condition = (
            f"PartitionKey eq '{_quoted(partition)}' and RowKey ge '{_quoted(start)}' and RowKey lt '{_quoted(stop)}'"
        )
        async with _translated():
            # The service may end a page early (a partition's border, five seconds), so pages are read to the limit.
            pages = client.query_entities(
                condition, results_per_page=limit, select=["RowKey"] if keys_only else None
            ).by_page()
            async for page in pages:
                async for entity in page:
                    value, etag = (b"", "") if keys_only else (_value_of(entity), str(entity.metadata["etag"]))
                    rows.append(Row(entity["RowKey"], value, etag))
                if len(rows) >= limit:
                    break
        return rows[:limit]

    async def transact(self, table: str, partition: str, operations: Sequence[Operation]) -> list[str]:
        limits.check(operations)
        client = await self._client(table)
        batch = [_to_batch(partition, operation) for operation in operations]
        for attempt in range(1, _BUSY_ATTEMPTS + 1):
            try:
                async with _translated(operations):
                    done = await client.submit_transaction(batch, retry_total=0)
                return [str(part.get("etag") or "") for part in done]
            except _BusyError as busy:
                if attempt == _BUSY_ATTEMPTS:
                    raise StorageUnavailable("server busy") from busy
                await sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None
        if hasattr(self._credential, "close"):
            await self._credential.close()

    async def _client(self, table: str) -> _LeanTableClient:
        """The client of a table; made inside the running loop because its connections belong to that loop."""
        if client := self._clients.get(table):
            return client
        if table not in TABLES:
            raise ValueError(f"unknown table {table!r}")
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if client := self._clients.get(table):
                return client
            self._transport = self._transport or AioHttpTransport()
            client = _LeanTableClient(
                self._endpoint,
                table,
                credential=self._credential,
                transport=_Shared(self._transport),
                retry_backoff_factor=_BACKOFF,
            )
            if self._create_tables:
                async with _translated():
                    with contextlib.suppress(ResourceExistsError):
                        await client.create_table()
            self._clients[table] = client
            return client


class _Shared(AioHttpTransport):  # type: ignore[misc]
    """One pool of connections for all tables: closing one table's client leaves it open."""

    def __init__(self, inner: AioHttpTransport) -> None:
        super().__init__()
        self._inner = inner

    async def send(self, request: Any, **options: Any) -> Any:
        return await self._inner.send(request, **options)

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        return None


class _BusyError(Exception):
    """The service refused for load before doing anything."""


@contextlib.asynccontextmanager
async def _translated(operations: Sequence[Operation] = ()) -> AsyncIterator[None]:
    """Turns the SDK's errors into the port's."""
    try:
        yield
    except ResourceExistsError:
        if not operations:
            raise
        raise AlreadyExists(operations[0].key) from None
    except TableTransactionError as error:
        raise _refusal(error, operations[min(error.index, len(operations) - 1)]) from None
    except ResourceNotFoundError as error:
        if _is_without_table(error):
            raise StorageUnavailable(_NO_TABLE) from error
        raise NotFound("") from error
    except HttpResponseError as error:
        if error.status_code == 503 and operations:
            raise _BusyError from error
        raise StorageUnavailable(f"status {error.status_code}") from error
    except (AzureError, OSError, TimeoutError) as error:
        raise StorageUnavailable(type(error).__name__) from error


def _refusal(error: TableTransactionError, operation: Operation) -> TableError | _BusyError:
    match error.status_code:
        case 409:
            return AlreadyExists(operation.key)
        case 404 if _is_without_table(error):
            return StorageUnavailable(_NO_TABLE)
        case 404:
            return NotFound(operation.key)
        case 412:
            return Changed(operation.key)
        case 503:
            return _BusyError()
        case status:
            return StorageUnavailable(f"status {status}")


def _is_without_table(error: HttpResponseError) -> bool:
    """Whether the table itself is missing, which must not look like a table without rows."""
    return getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND


def _to_batch(partition: str, operation: Operation) -> tuple[Any, ...]:
    match operation:
        case Insert(key, value):
            return "create", _entity(partition, key, value)
        case Upsert(key, value):
            return "upsert", _entity(partition, key, value), {"mode": UpdateMode.REPLACE}
        case Replace(key, value, etag):
            match_tag = {
                "mode": UpdateMode.REPLACE,
                "etag": _well_formed(etag),
                "match_condition": MatchConditions.IfNotModified,
            }
            return "update", _entity(partition, key, value), match_tag
        case Delete(key, None):
            return "delete", {"PartitionKey": partition, "RowKey": key}
        case Delete(key, etag):
            return (
                "delete",
                {"PartitionKey": partition, "RowKey": key},
                {"etag": _well_formed(etag or ""), "match_condition": MatchConditions.IfNotModified},
            )


def _well_formed(etag: str) -> str:
    """The tag, or one that no row ever has: the service refuses the form of a foreign tag before it compares."""
    return etag if etag.startswith("W/\"datetime'") else _NEVER


def _entity(partition: str, key: str, value: bytes) -> dict[str, str]:
    entity = {"PartitionKey": partition, "RowKey": key}
    for index, piece in enumerate(limits.split(value.decode())):
        entity[f"v{index}"] = piece
    return entity


def _value_of(entity: Mapping[str, Any]) -> bytes:
    first = entity.get("v0", "")
    if "v1" not in entity:
        return str(first).encode()
    pieces, index = [], 0
    while (piece := entity.get(f"v{index}")) is not None:
        pieces.append(piece)
        index += 1
    return "".join(pieces).encode()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
