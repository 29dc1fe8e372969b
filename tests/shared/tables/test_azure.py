"""The Azure Tables engine: its pipeline, its connection pool, and network errors raised as the
port's errors.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from azure.core.credentials import AccessToken, AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest

from shared.settings import Settings
from shared.tables.azure import AzureTables
from shared.tables.azure_account import Account
from shared.tables.open import open_tables
from shared.tables.port import (
    AlreadyExists,
    Delete,
    Insert,
    PreconditionFailed,
    Replace,
    Row,
    StorageUnavailable,
)
from tests.shared.tables.canned import answer, service

TABLE = "contacts"
_KEY: Any = AzureNamedKeyCredential("devstoreaccount1", "a2V5")


@pytest.fixture
async def azure(azurite_tables: str) -> AsyncIterator[AzureTables]:
    """Yield the engine on the emulator."""
    engine = open_tables(Settings.read({"TABLES": azurite_tables}))
    assert isinstance(engine, AzureTables)
    yield engine
    await engine.close()


async def test_all_calls_share_one_pool_of_connections(azure: AzureTables, partition: str) -> None:
    """Consecutive calls use the same connection, whatever their tables."""
    for table in ("contacts", "presence", "work"):
        await azure.get(table, partition, "a")
    session = azure._account._transport.session
    assert session is not None
    assert session.connector is not None
    assert sum(len(kept) for kept in session.connector._conns.values()) == 1


async def test_the_environment_is_not_read_at_each_call() -> None:
    """The HTTP client would look for proxies and ~/.netrc, which costs more than the call
    itself.
    """
    account = Account("https://account.table.core.windows.net", _KEY)
    await account._transport.open()
    assert account._transport.session is not None
    assert account._transport.session.trust_env is False
    await account.close()


async def test_every_call_has_a_timeout() -> None:
    """Two attempts of a read fit into the 20 seconds of a request (the SDK's default is 300 s)."""
    account = Account("https://account.table.core.windows.net", _KEY)
    assert account._transport.connection_config.timeout == 5
    assert account._transport.connection_config.read_timeout == 8
    await account.close()


async def test_concurrent_first_calls_create_a_table_once(
    azure: AzureTables, partition: str
) -> None:
    """On an emulator the first call creates its table before it continues."""
    made = list[str]()
    create = azure._account.create_table

    async def count(table: str) -> None:
        made.append(table)
        await create(table)

    azure._account.create_table = count  # type: ignore[method-assign]
    await asyncio.gather(*(azure.get("directories", partition, f"{n}") for n in range(10)))
    assert made == ["directories"]


async def test_a_table_that_was_never_deployed_is_not_an_empty_one(
    azurite_tables: str, partition: str
) -> None:
    """A missing table is an error of the deployment; agents mustn't see an empty directory."""
    made = open_tables(Settings.read({"TABLES": azurite_tables}))
    assert isinstance(made, AzureTables)
    bare = AzureTables(made._account.url, made._account._credential)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.tables.azure.TABLES", ("nowhere",))
        with pytest.raises(StorageUnavailable, match="does not exist"):
            await bare.get("nowhere", partition, "a")
        with pytest.raises(StorageUnavailable, match="does not exist"):
            await bare.query("nowhere", partition, "a", "b")
        with pytest.raises(StorageUnavailable):
            await bare.transact("nowhere", partition, [Insert("a", b"")])
    await bare.close()
    await made.close()


def _calls(tables: AzureTables) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "get": lambda: tables.get(TABLE, "p", "a"),
        "query": lambda: tables.query(TABLE, "p", "a", "b"),
        "transact": lambda: tables.transact(TABLE, "p", [Delete("a")]),
    }


@pytest.mark.parametrize("call", ["get", "query", "transact"])
async def test_an_account_that_does_not_answer_is_storage_unavailable(call: str) -> None:
    """A refused connection raises the port's error, so that clients get 503 with Retry-After, not
    500.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        tables = AzureTables(f"http://127.0.0.1:{probe.getsockname()[1]}/devstoreaccount1", _KEY)
        with pytest.raises(StorageUnavailable) as refusal:
            await _calls(tables)[call]()
        assert refusal.value.retry_after > 0
        await tables.close()


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (500, 1), (408, 1), (403, 1)])
async def test_a_transaction_is_retried_only_if_it_was_not_executed(
    status: int, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 means that the service refused it; after any other failure a retry could execute it
    twice.
    """
    waits = list[float]()

    async def wait(seconds: float) -> None:
        if seconds:
            waits.append(seconds)

    monkeypatch.setattr("shared.tables.azure.sleep", wait)
    async with service(answer(status, Retry_After="1")) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(StorageUnavailable):
            await tables.transact(TABLE, "p", [Insert("a", b"")])
        await tables.close()
    assert len({body for _, body in canned.requests}) == 1
    assert len(canned.requests) == attempts
    assert waits == sorted(waits)
    assert len(waits) == attempts - 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_read_is_retried(status: int) -> None:
    """A retried read has no side effect, so a passing failure isn't reported to the caller."""
    row = json.dumps({"odata.etag": "W/1", "RowKey": "a", "v0": "1"}).encode()
    async with service(answer(status), answer(200, row)) as canned:
        tables = AzureTables(canned.url, _KEY)
        assert await tables.get(TABLE, "p", "a") == Row("a", b"1", "W/1")
        await tables.close()
    assert len(canned.requests) == 2


@pytest.mark.parametrize("more", [{"NextRowKey": "1!4!YQ--"}, {}], ids=["with a row", "without"])
async def test_a_page_that_ends_early_is_continued(more: dict[str, str]) -> None:
    """The service may end a page after five seconds or at a partition boundary, with a continuation
    token.
    """
    rows = [{"odata.etag": "W/1", "RowKey": key, "v0": key} for key in "abc"]
    tokens = {
        f"x_ms_continuation_{name}": value
        for name, value in {"NextPartitionKey": "1!4!cA--", **more}.items()
    }
    pages = [
        answer(200, json.dumps({"value": []}).encode(), **tokens),
        answer(200, json.dumps({"value": rows[:2]}).encode(), **tokens),
        answer(200, json.dumps({"value": rows[2:]}).encode()),
    ]
    async with service(*pages) as canned:
        tables = AzureTables(canned.url, _KEY)
        found = await tables.query(TABLE, "p", "a", "d")
        await tables.close()
    assert [row.key for row in found] == ["a", "b", "c"]
    lines = [head.partition("\r\n")[0] for head, _ in canned.requests]
    added = "&NextPartitionKey=1!4!cA--" + "".join(
        f"&{name}={value}" for name, value in more.items()
    )
    assert [added in line for line in lines] == [False, True, True]


@pytest.mark.parametrize("call", ["get", "query", "transact"])
async def test_a_response_without_rows_is_storage_unavailable(call: str) -> None:
    """A proxy's page with status 200 is neither a row nor the absence of one."""
    async with service(
        answer(202 if call == "transact" else 200, b"<html>sign in</html>")
    ) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(StorageUnavailable, match="cannot be read"):
            await _calls(tables)[call]()
        await tables.close()


async def test_a_response_with_too_few_results_is_storage_unavailable() -> None:
    """A transaction returns one result per operation; without one, it isn't known which rows were
    stored.
    """
    body = b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 X\r\nETag: W/1\r\n\r\n\r\n--b--\r\n"
    async with service(answer(202, body)) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(StorageUnavailable, match="1 answers to 2"):
            await tables.transact(TABLE, "p", [Insert("a", b""), Insert("b", b"")])
        await tables.close()


async def test_a_409_of_another_kind_is_not_an_existing_key() -> None:
    """The service also returns 409 while a table is being deleted (Microsoft Learn,
    "table-service-error-codes").
    """
    body = (
        b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 409 X\r\n\r\n"
        b'{"odata.error":{"code":"TableBeingDeleted","message":{"value":"0:The table is being deleted."}}}\r\n--b--\r\n'
    )
    async with service(answer(202, body)) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(StorageUnavailable, match="TableBeingDeleted"):
            await tables.transact(TABLE, "p", [Insert("a", b"")])
        await tables.close()


async def test_a_cancelled_read_keeps_the_connections_usable(
    azure: AzureTables, partition: str
) -> None:
    """An agent may leave the page during a read."""
    await azure.transact(TABLE, partition, [Insert("a", b"1")])
    for _ in range(5):
        reading = asyncio.create_task(azure.query(TABLE, partition, "a", "b"))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await azure.get(TABLE, partition, "a") is not None


def _done(*parts: tuple[int, str]) -> bytes:
    """Return the response to a transaction with the status and error code of each operation."""
    body = b""
    for status, code in parts:
        error = json.dumps({"odata.error": {"code": code, "message": {"value": f"0:{code}"}}})
        said = error if code else ""
        body += (
            f"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {status} X\r\n"
            f"ETag: W/1\r\n\r\n{said}\r\n"
        ).encode()
    return answer(202, body + b"--b--\r\n")


_TAKEN = _done((409, "EntityAlreadyExists"))
_ROW = answer(200, json.dumps({"odata.etag": "W/7", "RowKey": "a", "v0": "1"}).encode())


@pytest.mark.parametrize("lost", [answer(503), answer(500), answer(200, b"<html>")])
async def test_a_transaction_that_was_stored_is_recognised_by_its_unique_row(lost: bytes) -> None:
    """The response was lost and the retry refused, but the event's row exists, so the first attempt
    was stored.
    """
    async with service(lost, _TAKEN, _ROW) as canned:
        tables = AzureTables(canned.url, _KEY)
        assert await tables.transact(TABLE, "p", [Insert("a", b"1", is_unique=True)]) == ["W/7"]
        await tables.close()


async def test_a_retry_that_conflicts_with_another_writer_is_refused() -> None:
    """Without the unique row the first attempt wasn't stored, so another writer has the key."""
    async with service(answer(503), _TAKEN, answer(404)) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(AlreadyExists):
            await tables.transact(TABLE, "p", [Insert("a", b"1", is_unique=True)])
        await tables.close()


@pytest.mark.parametrize(("stored", "is_own"), [("new", True), ("another's", False)])
async def test_a_replaced_row_is_recognised_by_its_value(stored: str, is_own: bool) -> None:
    """A change without an event, such as a new token of a directory, is recognised by the row's
    value.
    """
    row = json.dumps({"odata.etag": "W/7", "RowKey": "a", "v0": stored}).encode()
    refused = _done((412, "UpdateConditionNotSatisfied"))
    async with service(answer(503), refused, answer(200, row)) as canned:
        tables = AzureTables(canned.url, _KEY)
        change = [Replace("a", b"new", "W/\"datetime'1'\"")]
        if is_own:
            assert await tables.transact(TABLE, "p", change) == ["W/7"]
        else:
            with pytest.raises(PreconditionFailed):
                await tables.transact(TABLE, "p", change)
        await tables.close()


async def test_a_missing_role_is_named() -> None:
    """The operator's log has the role to grant."""
    async with service(answer(403, x_ms_error_code="AuthorizationPermissionMismatch")) as canned:
        tables = AzureTables(canned.url, _KEY)
        with pytest.raises(StorageUnavailable, match="Storage Table Data Contributor"):
            await tables.transact(TABLE, "p", [Insert("a", b"1", is_unique=True)])
        await tables.close()
    assert len(canned.requests) == 1


async def test_a_managed_identity_signs_in_to_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK requests a token for storage from the credential and sends it; its scope is the same
    in every cloud.
    """
    asked, sent = list[str](), list[str]()

    class Identity:
        async def get_token(self, *scopes: str, **_: object) -> AccessToken:
            asked.extend(scopes)
            return AccessToken("a-token", 9_999_999_999)

        async def close(self) -> None:
            """Hold no connection."""

    async def send(_: object, request: HttpRequest, **__: object) -> None:
        sent.append(request.headers["Authorization"])
        raise ServiceRequestError("there is no network in tests")

    monkeypatch.setattr(AioHttpTransport, "send", send)
    account = Account(
        "https://people.table.core.windows.net/", cast(AsyncTokenCredential, Identity())
    )
    with pytest.raises(ServiceRequestError):
        await account.send(HttpRequest("GET", f"{account.url}/work"), retry_total=0)
    assert account.url == "https://people.table.core.windows.net"
    assert (asked, sent) == (["https://storage.azure.com/.default"], ["Bearer a-token"])
    await account.close()
