"""Several instances of the product over one storage: real processes, requests routed at random."""

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
    """`python -m local serve`, which can be killed, frozen and started again."""

    tables: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start the process; `wait` tells when it answers."""
        program = os.environ.get("INSTANCES_PROGRAM", str(ROOT / "function_app.py"))
        command = [sys.executable, "-m", "local", "serve", "--port", str(self.port)]
        command += ["--tables", self.tables, "--log", "json", "--no-timers", "--app", program]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Wait until it answers; raise RuntimeError if it does not."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                break
            if answers(self.port):
                return
            time.sleep(0.02)
        raise RuntimeError("an instance did not start")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Stop it as a machine that is taken away for a while."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it continue."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `body` is its JSON, None if there is none, or its text if it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def id(self) -> str:
        """The id of the resource."""
        return str(self.body["id"])


@dataclass(slots=True)
class Cluster:
    """Instances over one storage, and a directory in it."""

    tables: str
    instances: list[Instance]
    directory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, tables: str, count: int = 3) -> "Cluster":
        """Start the instances, the first one alone because it makes the tables; then make a directory."""
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
        """Make a directory, with a name of its own unless one is given; return its id and token."""
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
    """A SCIM client, and an agent with the administrator's role; their calls go to any instance."""

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
    ) -> Answer:
        """Send a request to the instance number `at`, or to any."""
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
            return Answer(response.status, response.headers, read)

    async def scim(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        at: int | None = None,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a SCIM request."""
        own = {"Authorization": f"Bearer {token or self.directory['token']}", **(headers or {})}
        base = f"/scim/{self.directory['directory_id']}/v2"
        return await self.call(method, f"{base}{path}", body, at=at, headers=own)

    async def api(
        self, method: str, path: str, body: Any = None, *, at: int | None = None
    ) -> Answer:
        """Send a request to the API of the directory; `path` begins after its id."""
        base = f"/api/directories/{self.directory['directory_id']}"
        return await self.call(method, f"{base}{path}", body, at=at)

    async def people(self, count: int, first: int = 0) -> list[str]:
        """Create people over all instances; return their ids."""
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
    """Return a person with a name, address and numbers that no other has."""
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
    """Return a PATCH message."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def replacing(path: str, value: Any) -> dict[str, Any]:
    """Return a PATCH that replaces one attribute."""
    return patch({"op": "replace", "path": path, "value": value})


def adding(*ids: str) -> dict[str, Any]:
    """Return a PATCH that adds members."""
    return patch({"op": "add", "path": "members", "value": [{"value": one} for one in ids]})


async def together(most: int, calls: Iterable[Awaitable[Result]]) -> list[Result]:
    """Await all calls, at most so many at once; return their results in order."""
    gate = asyncio.Semaphore(most)

    async def one(call: Awaitable[Result]) -> Result:
        async with gate:
            return await call

    return await asyncio.gather(*map(one, calls))


def command(*arguments: str) -> tuple[int, str]:
    """Run `python -m local`; return its exit code and all that it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def scratch() -> str:
    """Return the setting TABLES of a new SQLite file."""
    return f"sqlite:///{tempfile.mkdtemp(prefix='instances-')}/data.db"


def remove(tables: str) -> None:
    """Remove the folder of `scratch`."""
    folder = Path(tables.removeprefix("sqlite:///")).parent
    for one in folder.iterdir():
        with suppress(OSError):
            one.unlink()
    with suppress(OSError):
        folder.rmdir()
