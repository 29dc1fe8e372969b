"""Random octets for identifiers: unique in threads and after a fork, and drawn in blocks."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from directories.audit import operator_actor
from directories.service import NewDirectory, create
from local.counting_tables import CountingTables
from local.host.running import running
from scim import endpoints
from shared.app import App
from shared.clock import SystemClock
from shared.http import Request
from shared.ids import RandomSource
from shared.settings import Settings
from tests.hosts import functions_of


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all calls of os.urandom from here on."""
    drawn, urandom = list[int](), os.urandom

    def draw(size: int) -> bytes:
        drawn.append(size)
        return urandom(size)

    monkeypatch.setattr(os, "urandom", draw)
    return drawn


def test_the_system_is_asked_for_a_block(draws: list[int]) -> None:
    """Once for 256 identifiers, each of which has all its bits."""
    source = RandomSource()
    numbers = [source.bits(80) for _ in range(256)]
    assert draws == [4096]
    assert max(number.bit_length() for number in numbers) == 80
    every = 0
    for number in numbers:
        every |= number
    assert every == (1 << 80) - 1


def test_a_short_text_keeps_its_length() -> None:
    """A request id has 16 digits, also one that begins with zeros."""
    source = RandomSource()
    source._pieces.append(bytes(16))
    assert source.hex(8) == "0" * 16
    assert len(source.hex(8)) == 16
    with pytest.raises(ValueError, match="at most 128"):
        source.bits(129)


def test_threads_never_get_the_same() -> None:
    """A line that a thread logs begins no call, but nothing must depend on it."""
    source = RandomSource()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: source.bits(128), range(20_000)))
    assert len(set(found)) == len(found)


def test_a_child_never_gives_out_what_its_parent_does() -> None:
    """After a fork both have the same pieces in memory."""
    source = RandomSource()
    source.bits(128)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover - another process
        os.write(writing, source.hex(16).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 64).decode() != source.hex(16)
    os.close(reading)
    os.close(writing)


async def test_requests_ask_the_system_for_no_octets(
    tables: CountingTables, draws: list[int]
) -> None:
    """Ids of people, of their events and of requests come out of blocks: at most one for 100 creations and reads."""
    app = App(Settings.read({}), SystemClock(), tables)
    functions = functions_of(app, endpoints)
    directory, token = await create(app, operator_actor("account"), NewDirectory("Contoso"))
    async with running(functions) as host:
        base = f"{host.url}/scim/{directory.id}/v2/Users"
        headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
        schemas = '"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]'

        async def post(number: int) -> None:
            body = f'{{{schemas},"userName":"p{number}@example.com"}}'.encode()
            assert (await host.call(Request("POST", base, headers, body))).status == 201
            assert (await host.call(Request("GET", base + "?count=0", headers, b""))).status == 200

        await post(0)
        draws.clear()
        for number in range(1, 101):
            await post(number)
    await app.background.drain()
    assert [size for size in draws if size != 4096] == []
    assert len(draws) <= 2
