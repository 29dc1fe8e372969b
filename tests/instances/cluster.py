"""Several instances of the product over one storage: real processes, each request sent to a random
one.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import aiohttp

from tests.emulator import answers, free_port

ROOT = Path(__file__).parent.parent.parent
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_START_SECONDS = 60.0
Result = TypeVar("Result")


@dataclass(slots=True)
class Instance:
    """A process `python -m local serve` that can be killed, frozen and started again."""

    tables: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start the process without waiting until it responds."""
        program = os.environ.get("INSTANCES_PROGRAM", str(ROOT / "function_app.py"))
        command = [sys.executable, "-m", "local", "serve", "--port", str(self.port)]
        command += ["--tables", self.tables, "--log", "json", "--no-timers", "--app", program]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Wait until the instance responds; raise RuntimeError if it doesn't."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                break
            if answers(self.port):
                return
            time.sleep(0.02)
        raise RuntimeError("an instance did not start")

    def kill(self) -> None:
        """Send SIGKILL, so that the process finishes and flushes nothing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Stop the process with SIGSTOP, as if its machine were paused."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process continue."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class ClusterResponse:
    """A response; `body` is the parsed JSON, None if empty, or the text if it isn't JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def id(self) -> str:
        """Return the id of the resource in the body."""
        return str(self.body["id"])


@dataclass(slots=True)
class Cluster:
    """Instances over one storage, and one directory."""

    tables: str
    instances: list[Instance]
    directory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, tables: str, count: int = 3) -> "Cluster":
        """Start the instances and create a directory; the first one starts alone because it creates
        the tables.
        """
        first, *others = instances = [Instance(tables) for _ in range(count)]
        first.start()
        first.wait()
        for one in others:
            one.start()
        for one in others:
            one.wait()
        running = cls(tables, instances)
        running.directory = running.add_directory()
        return running

    def add_directory(self, name: str = "") -> dict[str, Any]:
        """Create a directory, by default with a unique name; return `directory_id` and `token`."""
        address = f"http://127.0.0.1:{self.instances[0].port}"
        body = {"name": name or f"Contoso {random.getrandbits(64):x}"}
        headers = {"Content-Type": "application/json", "Origin": address}
        request = Request(f"{address}/api/directories", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=_START_SECONDS) as answer:
            made = json.load(answer)
        return {"directory_id": made["id"], "token": made["token"]}

    def stop(self) -> None:
        """Kill all instances."""
        for one in self.instances:
            one.kill()

    def client(self, directory: dict[str, Any] | None = None) -> "Client":
        """Return a client of the directory."""
        return Client(self, directory or self.directory)


class Client:
    """A SCIM client that is also signed in as an administrator; requests go to a random
    instance.
    """

    def __init__(self, cluster: Cluster, directory: dict[str, Any]) -> None:
        self.cluster, self.directory = cluster, directory
        self.random = random.Random(len(directory["directory_id"]))

    async def __aenter__(self) -> "Client":
        timeout = aiohttp.ClientTimeout(total=60)
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=jar)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        at: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ClusterResponse:
        """Send a request to the instance with index `at`, or to a random one, and return the
        response.
        """
        number = self.random.randrange(len(self.cluster.instances)) if at is None else at
        port = self.cluster.instances[number].port
        url = f"http://127.0.0.1:{port}{path}"
        sent = {"Content-Type": "application/json", **(headers or {})}
        data = None if body is None else json.dumps(body)
        if method != "GET" and "/api/" in path:
            sent["Origin"] = f"http://127.0.0.1:{port}"
        async with self._session.request(method, url, data=data, headers=sent) as response:
            text = await response.text()
            try:
                read = json.loads(text) if text else None
            except ValueError:
                read = text
            return ClusterResponse(response.status, response.headers, read)

    async def scim(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        at: int | None = None,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> ClusterResponse:
        """Send a SCIM request and return the response; `path` follows the directory's base URL."""
        own = {"Authorization": f"Bearer {token or self.directory['token']}", **(headers or {})}
        base = f"/scim/{self.directory['directory_id']}/v2"
        return await self.call(method, f"{base}{path}", body, at=at, headers=own)

    async def api(
        self, method: str, path: str, body: Any = None, *, at: int | None = None
    ) -> ClusterResponse:
        """Send a request to the directory's API and return the response; `path` follows the
        directory's id.
        """
        base = f"/api/directories/{self.directory['directory_id']}"
        return await self.call(method, f"{base}{path}", body, at=at)

    async def people(self, count: int, first: int = 0) -> list[str]:
        """Create `count` people over all instances, and return their ids."""
        made = await together(
            12, [self.scim("POST", "/Users", person(first + n)) for n in range(count)]
        )
        assert {one.status for one in made} == {201}
        return [one.id for one in made]

    async def members(self, group_id: str) -> set[str]:
        """Return the ids of a group's members."""
        group = (await self.scim("GET", f"/Groups/{group_id}")).body
        return {one["value"] for one in group.get("members", [])}


def person(number: int) -> dict[str, Any]:
    """Return the body of a user with a unique name, address and number."""
    name = f"p{number:07}"
    return {
        "schemas": [USER],
        "userName": f"{name}@example.com",
        "externalId": f"00000000-0000-4000-9000-{number:012}",
        "displayName": f"Given{name} Family{name}",
        "active": True,
        "emails": [{"type": "work", "value": f"{name}@example.com"}],
        "phoneNumbers": [{"type": "work", "value": f"+4420{79_000_000 + number:08}"}],
    }


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    """Return a PatchOp message with these operations."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def replacing(path: str, value: Any) -> dict[str, Any]:
    """Return a PatchOp message that replaces one attribute."""
    return patch({"op": "replace", "path": path, "value": value})


def adding(*ids: str) -> dict[str, Any]:
    """Return a PatchOp message that adds members."""
    return patch({"op": "add", "path": "members", "value": [{"value": one} for one in ids]})


async def together(most: int, calls: Iterable[Awaitable[Result]]) -> list[Result]:
    """Await all calls, at most `most` at a time; return their results in order."""
    gate = asyncio.Semaphore(most)

    async def one(call: Awaitable[Result]) -> Result:
        async with gate:
            return await call

    return await asyncio.gather(*map(one, calls))


def command(*arguments: str) -> tuple[int, str]:
    """Run `python -m local`; return its exit code and its output."""
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def scratch() -> str:
    """Return the setting TABLES for a new SQLite file."""
    return f"sqlite:///{tempfile.mkdtemp(prefix='instances-')}/data.db"


def remove(tables: str) -> None:
    """Delete the folder that `scratch` created."""
    folder = Path(tables.removeprefix("sqlite:///")).parent
    for one in folder.iterdir():
        with suppress(OSError):
            one.unlink()
    with suppress(OSError):
        folder.rmdir()
