"""Measure the list of directories as an account grows: `python -m bench.directory_list [--directories 1000]`.

Each line is the median of warm calls with the embedded engine: of the page, without HTTP, and of
the API's first page. Bytes are uncompressed.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from directories import api
from directories.audit import operator_actor
from directories.handlers import respond
from directories.service import NewDirectory, create, set_up
from local.counting_tables import CountingTables
from local.host.sign_in import ACCOUNT, principal_headers
from shared.app import App
from shared.clock import SystemClock
from shared.http import Request, Response
from shared.settings import Settings
from shared.tables.sqlite import SqliteTables
from web import routes
from web.endpoints import agent

_CALLS = 20
_URL = "https://directories.example"
Ask = Callable[[], Awaitable[Response]]


def main() -> None:
    """Measure an account with ten directories and one with many, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.directory_list", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--directories", type=int, default=1000)
    count = parser.parse_args().directories
    print("| account | request | milliseconds | bytes | round trips |\n|---|---|---|---|---|")
    for size in (10, count):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_measure(Path(folder), size))


async def _measure(folder: Path, count: int) -> None:
    tables = CountingTables(SqliteTables(folder / "bench.db"))
    app = App(Settings(platform_sign_in=True), SystemClock(), tables)
    actor = operator_actor(ACCOUNT)
    for number in range(count):
        made, _ = await create(app, actor, NewDirectory(f"Brightwater {number:04} Ltd"))
        await set_up(app, actor, made.id, setup="done")
    headers = principal_headers(f"admin.{ACCOUNT}")
    page = agent(app, routes.of_home)

    async def ask_page() -> Response:
        return await page(Request("GET", f"{_URL}/", headers, b""))

    async def ask_api() -> Response:
        address = f"{_URL}/api/directories?sort=attention"
        return await respond(app, Request("GET", address, headers, b""), api.list_all)

    cases: dict[str, Ask] = {"page": ask_page, "API": ask_api}
    for name, ask in cases.items():
        print(await _line(app, tables, f"{count:,} directories | {name}", ask))
    await app.close()


async def _line(app: App, tables: CountingTables, name: str, ask: Ask) -> str:
    await ask()
    await app.background.drain()
    took = list[float]()
    for _ in range(_CALLS):
        with tables.measured() as calls:
            began = time.perf_counter()
            response = await ask()
            took.append((time.perf_counter() - began) * 1000)
        await app.background.drain()
    assert response.status == 200, orjson.loads(response.body)
    return f"| {name} | {statistics.median(took):.0f} | {len(response.body):,} | {len(calls)} |"


if __name__ == "__main__":
    main()
