"""Measure how long a directory's GET takes while another directory's client attacks the same instance.

    python -m bench.neighbours [--seconds 5] [--people 600] [--limits]

The function app runs in a process of its own on SQLite. One directory has people of 50 KiB each and
a person with 490 addresses; its client repeats each attack on 16 connections. The other directory's
client requests one person every 10 ms. Printed per attack: the attacker's responses by status; the
50th and 99th percentile and the maximum of the other client's response times in milliseconds; and
the instance's peak memory so far. `--limits` makes the exit code 1 if the p99 is above 25 ms, which
only a quiet machine can keep, or the memory above 400 MB.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import orjson

from bench.provisioning import directory, serving

MAX_P99_MS = 25.0
MAX_MEMORY_MB = 400.0
_CONNECTIONS = 16
_ROOT = Path(__file__).parent.parent
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Attack:
    """One request that is sent repeatedly; with `method` "" none is sent."""

    name: str
    method: str
    path: str
    body: bytes | None = None


@dataclass(slots=True)
class Outcome:
    """The attacker's responses by status, and the other client's response times in milliseconds."""

    statuses: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the percentile of the response times for a share from 0 to 1."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def attacks(victim: str) -> list[Attack]:
    """Return the attacks; the first sends nothing, for comparison.

    `victim` is the ID of the person with many addresses.
    """
    any_of = " or ".join(f'title co "B{number}"' for number in range(50))
    path_terms = " or ".join(f'value co "{number}z"' for number in range(19)) + ' or value co "9"'
    long_terms = " or ".join(f'value co "{number}z"' for number in range(390))

    def patch(terms: str, operations: int) -> bytes:
        path = f"emails[{terms}].display"
        listed = [{"op": "replace", "path": path, "value": f"d{n}"} for n in range(operations)]
        return orjson.dumps({"schemas": [_PATCH], "Operations": listed})

    def listing(**query: object) -> str:
        return f"/Users?{urlencode(query)}"

    one, search = f"/Users/{victim}", orjson.dumps({"filter": any_of, "count": 1})
    return [
        Attack("quiet", "", ""),
        Attack("sort 1,000 large people", "GET", listing(sortBy="userName", count=1000)),
        Attack("filter 1,000 large people", "GET", listing(filter='userName sw "u"', count=1000)),
        Attack("page of 1,000 large people", "GET", listing(count=1000)),
        Attack("50 comparisons over all", "POST", "/Users/.search", search),
        Attack("PATCH, 390 comparisons", "PATCH", one, patch(long_terms, 7)),
        Attack("PATCH, largest that is allowed", "PATCH", one, patch(path_terms, 5)),
        Attack("PATCH, 100 operations of 490", "PATCH", one, patch('value co "9"', 100)),
    ]


async def _fill(session: aiohttp.ClientSession, base: str, people: int) -> str:
    """Create the attacker's people; return the ID of the one with many addresses."""
    many = [{"value": f"{number:x}"} for number in range(490)]
    names = ("roles", "entitlements", "ims", "emails", "photos", "phoneNumbers")
    gate = asyncio.Semaphore(4)

    async def create(number: int) -> None:
        body = {"schemas": [_USER], "userName": f"u{number}", **dict.fromkeys(names, many)}
        async with gate, session.post(f"{base}/Users", json=body) as response:
            assert response.status == 201, await response.text()

    await asyncio.gather(*map(create, range(people)))
    emails = [{"value": f"{number}@x", "type": f"t{number}"} for number in range(490)]
    body = {"schemas": [_USER], "userName": "victim", "emails": emails}
    async with session.post(f"{base}/Users", json=body) as response:
        return str((await response.json(content_type=None))["id"])


async def _attack(
    session: aiohttp.ClientSession, base: str, attack: Attack, end: float, outcome: Outcome
) -> None:
    while attack.method and time.monotonic() < end:
        async with session.request(attack.method, base + attack.path, data=attack.body) as response:
            await response.read()
            outcome.statuses[str(response.status)] += 1


async def _probe(session: aiohttp.ClientSession, url: str, end: float, outcome: Outcome) -> None:
    while time.monotonic() < end:
        started = time.perf_counter()
        async with session.get(url) as response:
            await response.read()
            assert response.status == 200
        outcome.waits.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.01)


def _peak_mb(pid: int) -> float:
    """Return a process's peak memory in MB (Linux: VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [one for one in status.splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def _measure(
    targets: Sequence[tuple[str, str]], pid: int, seconds: float, people: int
) -> list[str]:
    """Run every attack and print a line for each; return the names of those that exceeded a limit."""
    (attacked, token), (other, other_token) = targets
    timeout, above = aiohttp.ClientTimeout(total=120), list[str]()
    async with (
        aiohttp.ClientSession(headers=_headers(token), timeout=timeout) as attacker,
        aiohttp.ClientSession(headers=_headers(other_token), timeout=timeout) as neighbour,
    ):
        victim = await _fill(attacker, attacked, people)
        body = {"schemas": [_USER], "userName": "other"}
        async with neighbour.post(f"{other}/Users", json=body) as response:
            url = f"{other}/Users/{(await response.json(content_type=None))['id']}"
        for attack in attacks(victim):
            await asyncio.sleep(10)  # until the attacker's token bucket is full again
            outcome, end = Outcome(), time.monotonic() + seconds
            attackers = [
                _attack(attacker, attacked, attack, end, outcome) for _ in range(_CONNECTIONS)
            ]
            await asyncio.gather(_probe(neighbour, url, end, outcome), *attackers)
            p50, p99, memory = outcome.percentile(0.5), outcome.percentile(0.99), _peak_mb(pid)
            statuses = " ".join(f"{n} x {status}" for status, n in sorted(outcome.statuses.items()))
            print(
                f"{attack.name:<32}{p50:8.1f}{p99:8.1f}{max(outcome.waits):8.1f}{memory:8.0f}  {statuses}",
                flush=True,
            )
            if p99 > MAX_P99_MS or memory > MAX_MEMORY_MB:
                above.append(attack.name)
    return above


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}


def main() -> int:
    """Print the table; with `--limits`, return 1 if a limit was exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--limits", action="store_true")
    arguments = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        tables = f"sqlite:///{folder}/bench.db"
        with serving(_ROOT, tables, port) as server:
            made = [directory(_ROOT, tables, port) for _ in range(2)]
            targets = [
                (one.get("scimBaseUrl") or one["scim_base_url"], one["token"]) for one in made
            ]
            print(f"{'attack':<32}{'p50 ms':>8}{'p99 ms':>8}{'max':>8}{'MB':>8}  answers")
            above = asyncio.run(_measure(targets, server.pid, arguments.seconds, arguments.people))
    print("above the limits: " + (", ".join(above) or "none"))
    return int(bool(above) and arguments.limits)


if __name__ == "__main__":
    sys.exit(main())
