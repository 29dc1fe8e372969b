"""The steps of a demo's administrator, over HTTP: add a directory, provision it, connect its presence."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from local.entra import Options, Progress, Summary
from local.entra import run as provision
from local.graph.simulator import CONTOSO, Simulator

NAME = "Brightwater (demo)"
_PATIENCE = 120  # checks, half a second apart, until presence is active
_ADMINISTRATOR = "gloria@contoso.example"


@dataclass(frozen=True, slots=True)
class Directory:
    """The demo's directory. The demo keeps the token in a file, because the product stores only its hash."""

    id: str
    scim_base_url: str
    token: str


class DemoError(Exception):
    """The demo can't continue; the text is the reason."""


async def directory(session: aiohttp.ClientSession, keep: Path) -> Directory:
    """Return the demo's directory: the one from an earlier start if it still exists, else a new one."""
    if keep.exists():
        known = Directory(**orjson.loads(keep.read_bytes()))
        async with session.get(f"/api/directories/{known.id}") as response:
            if response.status == 200:
                body = await response.json()
                return Directory(known.id, body["scimBaseUrl"], known.token)
    body = await _json(
        session, "POST", "/api/directories", {"name": NAME, "kind": "entra", "region": "GB"}, 201
    )
    made = Directory(body["id"], body["scimBaseUrl"], body["token"])
    keep.parent.mkdir(parents=True, exist_ok=True)
    keep.touch(mode=0o600)
    keep.write_bytes(orjson.dumps(made))
    return made


async def people(made: Directory, count: int, report: Callable[[Progress], None]) -> Summary:
    """Provision the company and return the summary; a second start finds all people and changes nothing."""
    cycles = ("connect", "initial", "groups")
    return await provision(
        Options(made.scim_base_url, made.token, people=count, cycles=cycles), report
    )


async def presence(session: aiohttp.ClientSession, made: Directory, simulator: Simulator) -> None:
    """Consent on the simulator's pages, as the company's administrator would, and wait until presence is active.

    If the directory was connected by an earlier start, only repeat the consent, because the
    simulator forgets it when it stops.
    """
    simulator.tenants[CONTOSO].anyone = True
    path = f"/api/directories/{made.id}/presence"
    state = await _json(session, "GET", path)
    if state["state"] in ("waiting", "active", "troubled", "lost"):
        simulator.consent(CONTOSO)  # a stopped simulator loses its state
        await _json(session, "POST", path, {"action": "retry"})
        return
    address = (await _json(session, "POST", path, {"action": "connect"}))["location"]
    form = urlencode({"sign_in_as": _ADMINISTRATOR, "decide": "accept"})
    while address.startswith(simulator.url):  # sign-in, callback, consent, callback
        address = await _redirect(session, await _redirect(session, f"{address}&{form}"))
    for _ in range(_PATIENCE):
        state = await _json(session, "POST", path, {"action": "check"})
        if state["state"] == "active":
            finished = {"setup": "done", "presence": "on"}
            await _json(session, "PATCH", f"/api/directories/{made.id}", finished)
            return
        await asyncio.sleep(0.5)
    raise DemoError(f"Presence was not connected: {state['sentence']}")


async def _redirect(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(address, allow_redirects=False) as response:
        if response.status not in (302, 303):
            raise DemoError(
                f"Expected a redirect, got {response.status} from {address.partition('?')[0]}"
            )
        return response.headers["Location"]


async def _json(
    session: aiohttp.ClientSession, method: str, path: str, body: Any = None, status: int = 200
) -> dict[str, Any]:
    async with session.request(method, path, json=body) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        if response.status not in (status, 200, 202):
            raise DemoError(f"{method} {path}: {response.status} {answer.get('detail', '')}")
        return answer
