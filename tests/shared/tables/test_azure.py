"""The Azure Tables engine: a lean pipeline, one pool of connections, errors of the network as the port's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential

from shared.settings import Settings
from shared.tables.azure import AzureTables
from shared.tables.open import open_tables
from shared.tables.port import Delete, Insert, StorageUnavailable

TABLE = "contacts"
_KEY: Any = AzureNamedKeyCredential("devstoreaccount1", "a2V5")


def _core(client: Any) -> Any:
    return client._client._client._pipeline


def _pipeline(client: Any) -> list[Any]:
    return list(_core(client)._impl_policies)


@pytest.fixture
async def azure(azurite_tables: str) -> AsyncIterator[AzureTables]:
    """The engine on the emulator."""
    engine = open_tables(Settings.read({"TABLES": azurite_tables}))
    assert isinstance(engine, AzureTables)
    yield engine
    await engine.close()


async def test_the_pipeline_has_only_what_a_call_needs(azure: AzureTables) -> None:
    """Each policy of the SDK costs CPU at every call: headers, sign-in, decoding, hosts and retries stay."""
    names = [type(getattr(policy, "_policy", policy)).__name__ for policy in _pipeline(await azure._client(TABLE))]
    assert names == [
        "StorageHeadersPolicy",
        "SharedKeyCredentialPolicy",
        "ContentDecodePolicy",
        "StorageHosts",
        "AsyncTablesRetryPolicy",
    ]


async def test_all_tables_share_one_pool_of_connections(azure: AzureTables, partition: str) -> None:
    """One session for the account: a table more costs no connection more."""
    for table in ("contacts", "presence", "work"):
        await azure.get(table, partition, "a")
    sessions = {id(_core(client)._transport._inner.session) for client in azure._clients.values()}
    assert len(azure._clients) == 3
    assert len(sessions) == 1


async def test_concurrent_first_calls_open_a_table_once(azure: AzureTables, partition: str) -> None:
    """A cold start under load makes one client a table."""
    await asyncio.gather(*(azure.get("directories", partition, f"{n}") for n in range(10)))
    assert list(azure._clients) == ["directories"]


async def test_a_table_that_was_never_deployed_is_not_an_empty_one(azurite_tables: str, partition: str) -> None:
    """Without its table the account is misconfigured: agents must not be told that nobody is there."""
    made = open_tables(Settings.read({"TABLES": azurite_tables}))
    assert isinstance(made, AzureTables)
    bare = AzureTables(made._endpoint, made._credential)
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


@pytest.mark.parametrize("call", ["get", "query", "transact"])
async def test_an_account_that_does_not_answer_is_storage_unavailable(call: str) -> None:
    """A refused connection becomes the port's error, so that clients get 503 with Retry-After, never 500."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        tables = AzureTables(f"http://127.0.0.1:{probe.getsockname()[1]}/devstoreaccount1", _KEY)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get": lambda: tables.get(TABLE, "p", "a"),
            "query": lambda: tables.query(TABLE, "p", "a", "b"),
            "transact": lambda: tables.transact(TABLE, "p", [Delete("a")]),
        }
        with pytest.raises(StorageUnavailable) as refusal:
            await calls[call]()
        assert refusal.value.retry_after > 0
        await tables.close()


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (500, 1), (403, 1)])
async def test_a_transaction_is_sent_again_only_where_nothing_was_done(
    status: int, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 says that the service refused for load; after any other failure a repetition could do things twice."""
    received = list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        received.append(await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    waits = list[float]()

    async def wait(seconds: float) -> None:
        if seconds:
            waits.append(seconds)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tables = AzureTables(f"http://127.0.0.1:{port}/devstoreaccount1", _KEY)
    monkeypatch.setattr("shared.tables.azure.sleep", wait)
    with pytest.raises(StorageUnavailable):
        await tables.transact(TABLE, "p", [Insert("a", b"")])
    await tables.close()
    server.close()
    assert len(received) == attempts
    assert waits == sorted(waits)
    assert len(waits) == attempts - 1


async def test_a_cancelled_read_leaves_the_engine_in_order(azure: AzureTables, partition: str) -> None:
    """An agent who leaves the page takes no connection along."""
    await azure.transact(TABLE, partition, [Insert("a", b"1")])
    for _ in range(5):
        reading = asyncio.create_task(azure.query(TABLE, partition, "a", "b"))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await azure.get(TABLE, partition, "a") is not None
