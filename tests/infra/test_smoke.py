"""infra/smoke.py passes for a correct deployment, and each of its checks finds the fault that it is
for.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from infra import smoke
from local.host.host import HostOptions
from local.host.running import ROOT, running
from local.host.sign_in import ACCOUNT, COOKIE
from shared.version import VERSION
from tests.clock import FixedClock
from tests.infra.az import FakeAz

CLIENT_ID = "33333333-3333-3333-3333-333333333333"


class _Deployment(BaseHTTPRequestHandler):
    """A handler that responds as a deployment on the platform; each word of `faults` breaks one thing."""

    faults: set[str]
    names: str = "readable"
    people: dict[str, dict[str, Any]]
    directories: set[str]
    calls: dict[str, int]

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def _answer(self, status: int, body: object = None, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        self.calls[address.path[:6]] = self.calls.get(address.path[:6], 0) + 1
        if "not started" in self.faults:
            self._answer(503)
        elif address.path == "/health":
            self._health()
        elif address.path.startswith("/scim/"):
            self._scim(address.path, parse_qs(address.query), body)
        else:
            self._signed_in(address.path)

    def _health(self) -> None:
        late = self.calls["/healt"] < 3
        if "no role" in self.faults or ("late role" in self.faults and late):
            checks = {"storage": {"ok": False, "reason": "forbidden"}}
            return self._answer(503, {"status": "failing", "signIn": "on", "checks": checks})
        if "no storage" in self.faults:
            return self._answer(503, {"title": "Storage unavailable"})
        state = "own_credential" if "credential" in self.faults else "accepted"
        ran = None if "no timer" in self.faults or ("late timer" in self.faults and late) else 4
        if "old timer" in self.faults:
            ran = 4 + 10 * self.calls["/healt"]  # the same tick, seen later and later
        checks = {
            "storage": {"ok": True, "engine": "local" if "disk" in self.faults else "azure-tables"},
            "timer": {"ok": True, "lastRunSecondsAgo": ran},
            "credential": {"ok": state == "accepted", "state": state},
            "companyNames": {"ok": True, "state": self.names},
        }
        about = {"signIn": "off" if "unaware" in self.faults else "on", "version": "1.2.3"}
        return self._answer(200, {"status": "ok", **about, "checks": checks})

    def _to_microsoft(self) -> None:
        if "no redirect" in self.faults:
            return self._answer(401)
        host = "other.example" if "other address" in self.faults else self.headers["Host"]
        asked = {
            "client_id": "another" if "other client" in self.faults else CLIENT_ID,
            "redirect_uri": f"http://{host}/.auth/login/aad/callback",
            "response_type": "token" if "implicit" in self.faults else "code id_token",
            "scope": {"wide": "openid profile email", "narrow": "openid"}.get(
                "".join(self.faults), "openid profile"
            ),
        }
        where = f"https://login.microsoftonline.com/t/oauth2/v2.0/authorize?{urlencode(asked)}"
        return self._answer(302, Location=where)

    def _signed_in(self, path: str) -> None:
        trusted = "forgeable" in self.faults and "X-MS-CLIENT-PRINCIPAL" in self.headers
        if (
            self.headers.get("Authorization") != "Bearer admin"
            and not trusted
            and not ("open" in self.faults and path == "/contacts")
            and not (
                "open API" in self.faults and path == "/api/directories" and self.command == "GET"
            )
        ):
            self._to_microsoft()
        elif self.command == "POST" and "no directory" in self.faults:
            self._answer(500)
        elif self.command == "POST":
            self.directories.add("d1")
            base = f"http://{self.headers['Host']}/scim/d1/v2"
            self._answer(201, {"id": "d1", "scimBaseUrl": base, "token": "secret"})
        elif self.command == "DELETE":
            self.directories.discard(path.rpartition("/")[2])
            self._answer(500 if "kept directory" in self.faults else 202)
        else:
            self._answer(200, {})

    def _scim(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        user = path.partition("/Users/")[2]
        if "platform" in self.faults:
            self._answer(401)
        elif "another product" in self.faults:
            self._answer(200, {})
        elif self.headers.get("Authorization") != "Bearer secret" or "/d1/" not in path:
            self._answer(401, {"schemas": [smoke.ERROR], "status": "401"})
        elif self.command == "POST":
            self.people["u1"] = {**json.loads(body), "id": "u1"}
            self._answer(500 if "broken" in self.faults else 201, self.people["u1"])
        elif "filter" in query:
            self._filter(query["filter"][0])
        elif user not in self.people:
            self._answer(404, {})
        elif self.command == "PATCH":
            self.people[user]["active"] = "deaf" in self.faults
            self._answer(400 if "unpatched" in self.faults else 200, self.people[user])
        elif self.command == "DELETE":
            if "undead" not in self.faults:
                del self.people[user]
            self._answer(500 if "undeleted" in self.faults else 204)
        else:
            self._answer(200, self.people[user])

    def _filter(self, wanted: str) -> None:
        found = [p for p in self.people.values() if json.dumps(p["userName"]) in wanted]
        if "lost" in self.faults:
            found = []
        count = 1 if "ghosts" in self.faults else len(found)
        unread = "unfiltered" in self.faults or ("unfound" in self.faults and self.people)
        self._answer(400 if unread else 200, {"totalResults": count})

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names that http.server calls


@pytest.fixture
def handler() -> type[_Deployment]:
    """Return a handler class of this test alone, so that faults and counts aren't shared."""
    return type(
        "Handler",
        (_Deployment,),
        {"faults": set(), "people": {}, "directories": set(), "calls": {}},
    )


class _Time:
    """A clock that advances by the pauses of the smoke test."""

    now = 0.0

    def clock(self) -> float:
        """Return the seconds since the test began; each call advances the clock by two."""
        self.now += 2
        return self.now

    def pause(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds


@pytest.fixture
def target(handler: type[_Deployment]) -> Iterator[smoke.Deployment]:
    """Yield the options of the smoke test for a fake deployment on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        played = _Time()
        yield smoke.Deployment(
            url=url,
            token="admin",
            client_id=CLIENT_ID,
            version="1.2.3",
            wait_seconds=50,
            pause=played.pause,
            clock=played.clock,
        )
        server.shutdown()
        thread.join()


def test_a_good_deployment_passes(target: smoke.Deployment, handler: type[_Deployment]) -> None:
    """All 18 checks pass, and the smoke test deletes the directory that it created."""
    smoke.run(target)
    assert len(target.passed) == 18
    assert "Log Analytics" in target.notes[0]
    assert handler.directories == set()


@pytest.mark.parametrize("fault", ["late role", "late timer"])
def test_the_smoke_test_waits_for_roles_and_timers(
    target: smoke.Deployment, handler: type[_Deployment], fault: str
) -> None:
    """The smoke test retries while a new role assignment spreads (up to ten minutes) and until the first
    tick of a timer.
    """
    handler.faults.add(fault)
    smoke.run(target)


class _AtHome(smoke.Deployment):
    """The smoke test for the local host, which identifies users by a cookie of its simulated sign-in
    instead of a token.
    """

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> smoke.Response:
        person = (
            f"admin.{ACCOUNT}"
            if (headers or {}).get("Authorization") == f"Bearer {self.token}"
            else "out"
        )
        played = {"Cookie": f"{COOKIE}={person}", "Sec-Fetch-Site": "same-origin"}
        return super().call(method, path, body, headers={**(headers or {}), **played})


async def test_the_product_passes(tmp_path: Path) -> None:
    """The real function app passes every check over HTTP except the one of Microsoft's sign-in page, and
    the created directory is deleted.

    A pause of the smoke test advances the host's clock, so that the timers run.
    """
    time, loop = FixedClock(datetime.now(UTC)), asyncio.get_running_loop()
    async with running(
        ROOT / "function_app.py",
        {
            "TABLES": f"sqlite:///{tmp_path}/smoke.db",
            "PRESENCE_INTERVAL_SECONDS": "10",
            "PRESENCE_CLIENT_ID": "",
        },
        clock=time,
        options=HostOptions(timers=False),
    ) as host:

        async def tick(seconds: float) -> None:
            time.advance(seconds)
            await asyncio.gather(*host.host.timers.tick())

        target = _AtHome(
            url=host.url,
            token="admin",
            wait_seconds=50,
            is_local=True,
            pause=lambda seconds: asyncio.run_coroutine_threadsafe(tick(seconds), loop).result(),
            clock=time.monotonic,
        )
        checks = [check for check in smoke.CHECKS if check is not smoke.check_sign_in]
        for check in checks:
            await asyncio.to_thread(check, target)
        left = await asyncio.to_thread(
            target.call, "GET", "/api/directories", headers=target.bearer("admin")
        )
    assert len(target.passed) == 15
    assert "presence is not set up: PRESENCE_CLIENT_ID is empty" in target.notes
    assert left.json() == {"directories": []}


FAULTS = {
    "not started": "The app has not started",
    "platform": "App Service Authentication answered instead of the app",
    "another product": "Is this the product",
    "no redirect": "App Service Authentication is off",
    "open": "Pages are open",
    "other client": "Sign-in uses the client id 'another'",
    "other address": "AADSTS50011",
    "implicit": "not for a code",
    "wide": "Need admin approval",
    "narrow": "does not ask for profile",
    "disk": "stores rows on its own disk",
    "old timer": r"since this test began \(the last one \d+ s ago\)",
    "open API": "the API asks for sign-in",
    "no directory": "a directory is created",
    "unfiltered": "test connection is answered",
    "ghosts": "matches no one found 1 people",
    "unfound": "the person is found",
    "lost": "not found by userName",
    "unpatched": "disabled as Entra does it",
    "undeleted": "the person is deleted",
    "undead": "the person is gone",
    "kept directory": "the directory is deleted",
    "no role": "A new role takes up to ten minutes",
    "no storage": "no word of storage",
    "unaware": "does not know that sign-in is on",
    "credential": "refuses the presence registration's credential",
    "no timer": "No timer has run",
    "forgeable": "a forged principal gets nowhere",
    "broken": "a person is created",
    "deaf": "still active",
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items())
def test_a_fault_has_its_sentence(
    target: smoke.Deployment, handler: type[_Deployment], fault: str, sentence: str
) -> None:
    """Each check fails with its own sentence for the fault that it is for, and the created directory is
    deleted nevertheless.
    """
    handler.faults.add(fault)
    with pytest.raises(smoke.Failure, match=sentence):
        smoke.run(target)
    assert handler.directories == set()


def test_another_version_is_a_failure(target: smoke.Deployment) -> None:
    """The smoke test compares the version, because the platform continues with the old package if the new
    one doesn't start.
    """
    target.version = "9.9.9"
    with pytest.raises(smoke.Failure, match=r"Version 1\.2\.3 runs, not 9\.9\.9"):
        smoke.run(target)


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("not_granted", "infra/grant-company-names.sh <PRESENCE_CLIENT_ID>"),
        ("unavailable", "didn't say in time"),
    ],
)
def test_unreadable_company_names_are_a_note(
    target: smoke.Deployment, handler: type[_Deployment], state: str, note: str
) -> None:
    """Unreadable company names don't fail the smoke test, because a company can be confirmed by domain and
    tenant ID.
    """
    handler.names = state
    smoke.run(target)
    assert any(note in one for one in target.notes)
    assert not any("names" in one for one in target.passed)


def test_a_refused_token_says_what_it_needs(target: smoke.Deployment) -> None:
    """The failure names the role Deployment.Test, admin consent, and API_CLIENT_IDS."""
    target.token = "wrong"
    with pytest.raises(smoke.Failure, match=r"Deployment\.Test"):
        smoke.run(target)


FAULT_OF_CHECK = {
    "the app itself refuses an unknown SCIM token": "platform",
    "sign-in leads to Microsoft with the right client, address and scopes": "narrow",
    "storage is reached with the app's identity": "no role",
    "the app knows that sign-in is on": "unaware",
    "version 1.2.3 runs": "",  # test_another_version_is_a_failure
    "Microsoft accepts the presence credential in the home tenant": "credential",
    "the names of companies can be read": "",  # test_unreadable_company_names_are_a_note
    "a timer ran after the test began": "old timer",
    "the API asks for sign-in": "open API",
    "a forged principal gets nowhere": "forgeable",
    "a directory is created": "no directory",
    "test connection is answered": "unfiltered",
    "a person is created": "broken",
    "the person is found": "unfound",
    "the person is disabled as Entra does it": "unpatched",
    "the person is deleted": "undeleted",
    "the person is gone": "undead",
    "the directory is deleted": "kept directory",
}


def test_each_check_that_can_pass_can_fail(target: smoke.Deployment) -> None:
    """Every check has a fault in FAULTS, for which `test_a_fault_has_its_sentence` shows that it fails."""
    smoke.run(target)
    assert target.passed == list(FAULT_OF_CHECK)
    assert set(FAULT_OF_CHECK.values()) - {""} <= set(FAULTS)


def test_without_an_applications_token_an_existing_directory_is_used(
    target: smoke.Deployment, handler: type[_Deployment]
) -> None:
    """Without an application's token, the smoke test uses an existing directory and doesn't delete it."""
    target.token, target.scim = "", (f"{target.url}/scim/d1/v2/", "secret")
    smoke.run(target)
    assert "the person is gone" in target.passed
    assert "a directory is created" not in target.passed
    assert handler.directories == set()


def test_the_round_trip_can_be_left_out(target: smoke.Deployment) -> None:
    """Before the first directory exists, the smoke test can omit the SCIM checks; its output says so."""
    target.token = ""
    smoke.run(target)
    assert target.notes[-1] == "no person was provisioned: --no-round-trip"


def _quoted(heading: str) -> list[str]:
    """Return the lines `ok …` and `note …` that docs/deploy.md quotes under a heading."""
    guide = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    section = guide.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    return re.findall(r"^(?:ok|note) +.+$", section, re.M)


def test_the_guide_quotes_what_it_prints(target: smoke.Deployment) -> None:
    """docs/deploy.md quotes each line that the smoke test prints, with the current version of the product."""
    target.token, target.version = "", ""
    smoke.run(target)
    printed = [f"ok    {what.replace('1.2.3', VERSION)}" for what in target.passed]
    assert [line for line in _quoted("6. Prove it") if line.startswith("ok")] == printed
    notes = [line.partition(" …")[0] for line in _quoted("6. Prove it") if line.startswith("note")]
    assert [
        f"note  {note}".startswith(quoted) for note, quoted in zip(target.notes, notes, strict=True)
    ] == [True, True]


def test_the_guide_quotes_the_round_trip(target: smoke.Deployment) -> None:
    """The section "8. The whole way over SCIM" of docs/deploy.md quotes the lines that the smoke test
    prints.
    """
    target.token, target.scim = "", (f"{target.url}/scim/d1/v2/", "secret")
    smoke.run(target)
    quoted = _quoted("8. The whole way over SCIM")
    assert quoted == [f"ok    {what}" for what in target.passed][-len(quoted) :]


def test_the_telemetry_check_fails_without_az(
    target: smoke.Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the check of telemetry is requested and `az` is missing, the smoke test fails instead of skipping
    the check.
    """
    target.workspace_id = "w-1"
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(smoke.Failure, match="az is not on the PATH"):
        smoke.check_telemetry(target)


def test_an_address_without_a_server_is_a_failure() -> None:
    """If no server listens at the address, the failure contains the operating system's error."""
    target = smoke.Deployment(
        url="http://127.0.0.1:9", token="t", wait_seconds=0, pause=lambda _: None
    )
    with pytest.raises(smoke.Failure, match="Nothing answers at"):
        smoke.run(target)


@pytest.mark.parametrize(
    ("out", "status", "sentence"),
    [
        ('[{"Message": "x"}]', 0, ""),
        ("[]", 0, "alerts are deaf"),
        ("", 1, "can't be asked"),
    ],
)
def test_the_telemetry_check_queries_the_workspace(
    target: smoke.Deployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    status: int,
    sentence: str,
) -> None:
    """The smoke test queries the Log Analytics workspace through `az`, with the caller's own sign-in."""
    az = FakeAz(tmp_path)
    az.answer("monitor log-analytics query", out=out, status=status)
    monkeypatch.setenv("PATH", az.environment()["PATH"])
    target.workspace_id = "w-1"
    if sentence:
        with pytest.raises(smoke.Failure, match=sentence):
            smoke.check_telemetry(target)
    else:
        smoke.check_telemetry(target)
        assert target.passed == ["telemetry arrives"]


def test_a_missing_token_is_reported_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a token half of the checks can't run, so the smoke test fails before the first one."""
    assert smoke.main(["https://example.com"], {}) == 2
    assert "SMOKE_TOKEN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["http://example.com"], {"SMOKE_TOKEN": "t"}),
        ([], {"SMOKE_TOKEN": "t"}),
        (["https://example.com", "--fast"], {"SMOKE_TOKEN": "t"}),
        (["https://example.com"], {"SCIM_BASE_URL": "https://example.com/scim/d/v2"}),
        (["https://example.com"], {"SCIM_BASE_URL": "https://other/scim/d/v2", "SCIM_TOKEN": "t"}),
    ],
)
def test_a_token_is_sent_to_no_other_host(
    arguments: list[str], environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The smoke test sends a token only over https and only to the deployment under test."""
    assert smoke.main(arguments, environment) == 2
    assert capsys.readouterr().err
