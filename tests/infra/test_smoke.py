"""The smoke test of a deployment passes a good one, and finds each fault that it is there for."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra import smoke
from local.host.running import ROOT, running
from local.host.sign_in import ACCOUNT, COOKIE


class _Deployment(BaseHTTPRequestHandler):
    """Answers as a deployment does; `faults` switches one thing off."""

    faults: set[str]
    people: dict[str, dict[str, Any]]
    directories: set[str]

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""

    def _answer(self, status: int, body: object = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        if address.path == "/health":
            self._answer(503 if "sick" in self.faults else 200)
        elif address.path.startswith("/scim/"):
            self._scim(address.path, parse_qs(address.query), body)
        else:
            self._signed_in(address.path)

    def _signed_in(self, path: str) -> None:
        trusted = "forgeable" in self.faults and "X-MS-CLIENT-PRINCIPAL" in self.headers
        if (
            self.headers.get("Authorization") != "Bearer admin"
            and not trusted
            and "open" not in self.faults
        ):
            self._answer(401)
        elif self.command == "POST":
            self.directories.add("d1")
            base = f"http://{self.headers['Host']}/scim/d1/v2"
            self._answer(201, {"id": "d1", "scimBaseUrl": base, "token": "secret"})
        elif self.command == "DELETE":
            self.directories.discard(path.rpartition("/")[2])
            self._answer(202)
        else:
            self._answer(200, {})

    def _scim(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        user = path.partition("/Users/")[2]
        if self.headers.get("Authorization") != "Bearer secret" or "/d1/" not in path:
            self._answer(401)
        elif self.command == "POST":
            self.people["u1"] = {**json.loads(body), "id": "u1"}
            self._answer(500 if "broken" in self.faults else 201, self.people["u1"])
        elif "filter" in query:
            found = [
                p for p in self.people.values() if json.dumps(p["userName"]) in query["filter"][0]
            ]
            self._answer(200, {"totalResults": len(found)})
        elif user not in self.people:
            self._answer(404, {})
        elif self.command == "PATCH":
            self.people[user]["active"] = "deaf" in self.faults
            self._answer(200, self.people[user])
        elif self.command == "DELETE":
            del self.people[user]
            self._answer(204)
        else:
            self._answer(200, self.people[user])

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names that http.server calls


@pytest.fixture
def handler() -> type[_Deployment]:
    """A deployment of its own for each test."""
    return type("Handler", (_Deployment,), {"faults": set(), "people": {}, "directories": set()})


@pytest.fixture
def target(handler: type[_Deployment]) -> Iterator[smoke.Deployment]:
    """The deployment, running on loopback, as the smoke test sees it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield smoke.Deployment(url, "admin", wait_seconds=10, pause=lambda _: None)
        server.shutdown()
        thread.join()


def test_a_good_deployment_passes(target: smoke.Deployment, handler: type[_Deployment]) -> None:
    """Health, doors and a whole life over SCIM; nothing is left behind."""
    smoke.run(target)
    assert len(target.passed) == 13
    assert handler.directories == set()


class _AtHome(smoke.Deployment):
    """The local host, whose played sign-in knows people by a cookie instead of a token."""

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> smoke.Answer:
        person = (
            f"admin.{ACCOUNT}"
            if (headers or {}).get("Authorization") == f"Bearer {self.token}"
            else "out"
        )
        return super().call(
            method, path, body, headers={**(headers or {}), "Cookie": f"{COOKIE}={person}"}
        )


async def test_the_product_passes(tmp_path: Path) -> None:
    """The real function app over HTTP: all checks, and the throw-away directory is gone from the list."""
    async with running(
        ROOT / "function_app.py", {"TABLES": f"sqlite:///{tmp_path}/smoke.db"}
    ) as host:
        target = _AtHome(host.url, "admin", wait_seconds=10)
        await asyncio.to_thread(smoke.run, target)
        left = await asyncio.to_thread(
            target.call, "GET", "/api/directories", headers=target.bearer("admin")
        )
    assert len(target.passed) == 13
    assert left.json() == {"directories": []}


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("sick", "health answers without sign-in"),
        ("open", "pages ask for sign-in"),
        ("forgeable", "a forged principal gets nowhere"),
        ("broken", "a person is created"),
        ("deaf", "still active"),
    ],
)
def test_a_fault_is_found(
    target: smoke.Deployment, handler: type[_Deployment], fault: str, what: str
) -> None:
    """Each fault fails the test by name, and the throw-away directory is deleted all the same."""
    handler.faults.add(fault)
    with pytest.raises(smoke.Failure, match=what):
        smoke.run(target)
    assert handler.directories == set()


def test_a_missing_token_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a token half of the test could not run, so none of it does."""
    assert smoke.main(["https://example.com"], {}) == 2
    assert "SMOKE_TOKEN" in capsys.readouterr().err


def test_only_https_is_tested() -> None:
    """A token never leaves in the clear."""
    assert smoke.main(["http://example.com"], {"SMOKE_TOKEN": "t"}) == 2
