"""Smoke test of a deployment: `python infra/smoke.py https://the-app [--no-round-trip]`.

Each failure is a sentence with its remedy. The checks in order: the app responds, and not the
platform in front of it; sign-in leads to Microsoft with the right client, address and scopes;
`/health` reports that sign-in is on, that storage works, that the presence credential is accepted
and that a timer ran after the test began; telemetry arrives; anonymous requests are refused; a
person can be created, changed and deleted over SCIM. Because new roles and a first start take
minutes, the test waits for them.

Environment, for the round trip over SCIM: either SMOKE_TOKEN, an access token of the sign-in
registration for a program with the app role Deployment.Test (docs/deploy.md describes how the
pipeline gets one), with which a directory is created and deleted; or SCIM_BASE_URL and SCIM_TOKEN,
the two values of a directory that you created for the test and will delete. `--no-round-trip` skips
the round trip.

SIGN_IN_CLIENT_ID, EXPECTED_VERSION and LOG_WORKSPACE_ID (the workspace's customer ID; needs `az`,
signed in) are compared if they are set. The script needs only Python's standard library.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_SECONDS = 60
PAUSE_SECONDS = 10.0
SCIM = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CALLBACK = "/.auth/login/aad/callback"
SCOPES = {"openid", "profile"}
SHUT = (301, 302, 303, 307, 401, 403)
STARTING = (
    404,
    500,
    502,
    503,
    504,
)  # sent by the platform until the app's first instance has started
QUERY = 'AppTraces | where Message has "timer.run" and TimeGenerated > datetime({since}) | take 1'


class Failure(Exception):
    """A check failed; the text has the fault, its likely cause and the remedy."""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Return None, so that a redirect to the sign-in page is returned as the response."""


_opener = build_opener(_NoRedirect)


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names are in lower case.

    Without a response, `status` is 0 and `body` is the reason.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object, or {} if it isn't one."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        return value if isinstance(value, dict) else {}


@dataclass(kw_only=True)
class Deployment:
    """A deployment at `url`; requests that need a signed-in caller send `token`.

    `scim` is base URL and token of a directory for the round trip, used if there is no `token`.
    `wait_seconds` limits the wait for delayed effects (a new role: up to ten minutes). `is_local`
    allows storage on the app's own disk.
    """

    url: str
    token: str = ""
    client_id: str = ""
    version: str = ""
    workspace_id: str = ""
    scim: tuple[str, str] = ("", "")
    wait_seconds: float = 600.0
    is_local: bool = False
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    passed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Store when the test began, because earlier events prove nothing about this deployment."""
        self.began = self.clock()
        self.began_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Response:
        """Send a request and return the response; redirects are not followed."""
        address = path if path.startswith("http") else self.url + path
        data = None if body is None else json.dumps(body).encode()
        sent = {**({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        request = Request(address, data=data, method=method, headers=sent)  # noqa: S310 - address is checked in main
        try:
            with _opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
                return _parsed(reply.status, reply)
        except HTTPError as error:
            return _parsed(error.code, error)
        except (URLError, TimeoutError, ConnectionError) as error:
            return Response(0, str(error).encode())

    def expect(self, what: str, response: Response, *statuses: int) -> Response:
        """Record the check `what` as passed and return the response.

        Raises:
            Failure: The response's status is not one of `statuses`.
        """
        if response.status not in statuses:
            raise Failure(
                f"{what}: status {response.status} instead of {statuses}: {response.body[:300]!r}"
            )
        self.passed.append(what)
        return response

    def wait_for(self, ask: Callable[[], str]) -> None:
        """Call `ask` repeatedly until it returns "", which means that no problem is left.

        Raise a Failure with the last problem after `wait_seconds`.
        """
        left = self.wait_seconds
        while problem := ask():
            if left <= 0:
                raise Failure(problem)
            self.pause(PAUSE_SECONDS)
            left -= PAUSE_SECONDS

    def bearer(self, token: str, content_type: str = "application/json") -> dict[str, str]:
        """Return the headers of a request with this bearer token."""
        return {"Authorization": f"Bearer {token}", "Content-Type": content_type}


def _parsed(status: int, reply: Any) -> Response:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    return Response(status, reply.read(), headers)


def check_app_answers(target: Deployment) -> None:
    """Check that the app itself refuses an invalid SCIM token: 401 as a SCIM error."""

    def ask() -> str:
        path, headers = f"/scim/{uuid.uuid4()}/v2/Users", target.bearer("made-up", SCIM)
        response = target.call("GET", path, headers=headers)
        if response.status == 0:
            return f"Nothing answers at {target.url}: {response.body.decode()}. Is the address right, and the app running?"
        is_ours = ERROR in response.json().get("schemas", [])
        if response.status == 401 and is_ours:
            return ""
        if response.status in STARTING and not is_ours:
            return (
                f"The app has not started (status {response.status}). Run azd deploy again; if that does not help, look for"
                " SettingsError in the app's log stream: the setting that it names is missing."
            )
        if response.status in SHUT:
            raise Failure(
                f"App Service Authentication answered instead of the app (status {response.status}): no company can provision."
                " /scim/* must be among its excluded paths, and the platform must let foreign bearer tokens through there."
            )
        raise Failure(
            f"An unknown token got status {response.status}, not a SCIM error 401: {response.body[:200]!r}. Is this the product?"
        )

    target.wait_for(ask)
    target.passed.append("the app itself refuses an unknown SCIM token")


def check_sign_in(target: Deployment) -> None:
    """Check that a browser without a session is redirected to Microsoft with the registration's values."""
    response = target.call("GET", "/contacts", headers={"Accept": "text/html"})
    location = response.headers.get("location", "")
    if response.status == 401:
        raise Failure(
            "Pages answer 401 instead of leading to sign-in: App Service Authentication is off, or it does not redirect."
            " Set SIGN_IN_CLIENT_ID (infra/register-apps.sh prints it) and run azd provision."
        )
    if response.status not in (302, 303) or not location.startswith("http"):
        raise Failure(
            f"Pages are open, or lead nowhere: status {response.status}, Location {location!r}. Run azd provision."
        )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    client_id, redirect = asked.get("client_id", ""), asked.get("redirect_uri", "")
    if not client_id or (target.client_id and client_id != target.client_id):
        raise Failure(
            f"Sign-in uses the client id {client_id!r}, not {target.client_id!r}: run azd provision."
        )
    if redirect != target.url + CALLBACK:
        raise Failure(
            f"Sign-in comes back to {redirect!r}, not to {target.url + CALLBACK}: Microsoft will refuse it (AADSTS50011)."
            " Test the address that PUBLIC_URL names, and register it: infra/register-apps.sh with a --url for each address."
        )
    if not {"code", "id_token"} & set(asked.get("response_type", "").split()):
        raise Failure(
            f"Sign-in asks for {asked.get('response_type', '')!r}, not for a code or an id_token."
        )
    scopes = set(asked.get("scope", "").split())
    extra = scopes - SCOPES
    if missing := SCOPES - scopes:
        raise Failure(
            f"Sign-in does not ask for {' and '.join(sorted(missing))}, so that the platform gets no token with the"
            " person's roles and name. loginParameters must be scope=openid profile: run azd provision."
        )
    if extra:
        raise Failure(
            f"Sign-in asks for {', '.join(sorted(extra))}, which admin consent does not cover: people see"
            " 'Need admin approval'. loginParameters must be scope=openid profile: run azd provision."
        )
    target.passed.append("sign-in leads to Microsoft with the right client, address and scopes")


def check_health(target: Deployment) -> None:
    """Check that `/health` reports sign-in, working storage, an accepted credential, and a timer run."""
    seen: dict[str, Any] = {}

    def storage() -> str:
        response = target.call("GET", "/health?credential=1")
        seen.clear()
        seen.update(response.json())
        found = seen.get("checks", {}).get("storage", {})
        if found.get("ok"):
            return ""
        if found.get("reason") == "forbidden":
            return (
                "Storage refuses the app's identity. A new role takes up to ten minutes; if it stays so, compare the role"
                " assignments with docs/deploy.md, or, with a private network, whether the endpoints are approved."
            )
        return (
            f"/health answers {response.status} and no word of storage that works: {response.body[:200]!r}."
            " Is the storage account there, and reachable for the app?"
        )

    target.wait_for(storage)
    target.passed.append("storage is reached with the app's identity")
    if seen["checks"]["storage"].get("engine") == "local" and not target.is_local:
        raise Failure("The app stores rows on its own disk: TABLES is not set. Run azd provision.")
    if seen.get("signIn") != "on":
        raise Failure(
            "The app does not know that sign-in is on (WEBSITE_AUTH_ENABLED): its pages answer 401. Restart the app."
        )
    target.passed.append("the app knows that sign-in is on")
    if target.version and seen.get("version") != target.version:
        raise Failure(
            f"Version {seen.get('version')} runs, not {target.version}: the deployment did not arrive. Run azd deploy."
        )
    target.passed.append(f"version {seen.get('version')} runs")
    credential = seen["checks"].get("credential", {})
    if not credential.get("ok"):
        raise Failure(
            f"Microsoft refuses the presence registration's credential ({credential.get('state')}): presence can't be read."
            " Its federated credential must name the app's identity: run azd provision or infra/register-apps.sh again."
        )
    if credential.get("state") == "not_set_up":
        target.notes.append("presence is not set up: PRESENCE_CLIENT_ID is empty")
    else:
        target.passed.append("Microsoft accepts the presence credential in the home tenant")
        report_company_names(target, seen["checks"].get("companyNames", {}).get("state", ""))
    check_timer(target)


def report_company_names(target: Deployment, state: str) -> None:
    """Note whether names of companies can be read; without them, domains and tenant IDs are shown."""
    if state == "readable":
        target.passed.append("the names of companies can be read")
    elif state == "not_granted":
        target.notes.append(
            "the names of companies can't be read, so only domain and tenant ID are shown when one is connected. A Privileged"
            " Role Administrator can change that: infra/grant-company-names.sh <PRESENCE_CLIENT_ID>"
        )
    elif state == "unavailable":
        target.notes.append(
            "whether the names of companies can be read, Microsoft didn't say in time"
        )


def check_timer(target: Deployment) -> None:
    """Check that a timer ran after the test began, which proves that it ran in this deployment."""

    def ask() -> str:
        found = target.call("GET", "/health").json().get("checks", {}).get("timer", {})
        ago = found.get("lastRunSecondsAgo")
        # `ago` is in whole seconds, rounded down.
        if found.get("ok") and ago is not None and ago + 1 <= target.clock() - target.began:
            return ""
        before = "" if ago is None else f" since this test began (the last one {ago} s ago)"
        return (
            f"No timer has run{before}: presence is not read. Rarely, the host runs none after a deployment"
            " (azure-functions-host, issue 11828): restart the app."
        )

    target.wait_for(ask)
    target.passed.append("a timer ran after the test began")


def check_telemetry(target: Deployment) -> None:
    """Check that log lines arrive in the workspace; without its ID, note a query that shows them."""
    query = QUERY.format(since=target.began_at)
    if not target.workspace_id:
        target.notes.append(
            f"whether telemetry arrives, this query shows in Log Analytics: {query}"
        )
        return
    az = shutil.which("az")
    if az is None:
        raise Failure("LOG_WORKSPACE_ID is set, but az is not on the PATH.")

    def ask() -> str:
        command = [az, "monitor", "log-analytics", "query", "--workspace", target.workspace_id]
        done = subprocess.run(  # noqa: S603
            [*command, "--analytics-query", query, "--output", "json"],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Failure(f"The workspace can't be asked: {done.stderr.strip()[:300]}")
        if json.loads(done.stdout or "[]"):
            return ""
        return (
            "No log line arrived in the workspace: alerts are deaf. The identity needs Monitoring Metrics Publisher on"
            " Application Insights, and the workspace's daily quota must not be used up."
        )

    target.wait_for(ask)
    target.passed.append("telemetry arrives")


def check_doors(target: Deployment) -> None:
    """Check that the API refuses anonymous requests, even one with a forged header of the platform."""
    claims = [{"typ": "tid", "val": str(uuid.uuid4())}, {"typ": "roles", "val": "Directory.Admin"}]
    forged = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    target.expect("the API asks for sign-in", target.call("GET", "/api/directories"), *SHUT)
    response = target.call("GET", "/api/directories", headers={"X-MS-CLIENT-PRINCIPAL": forged})
    target.expect("a forged principal gets nowhere", response, *SHUT)


def check_round_trip(target: Deployment) -> None:
    """Check a person's life cycle over SCIM; if the test created the directory, delete it afterwards."""
    base, token = target.scim
    if base:
        _live(target, base.rstrip("/"), target.bearer(token, SCIM))
        return
    if not target.token:
        target.notes.append("no person was provisioned: --no-round-trip")
        return
    body = {
        "name": f"Smoke test {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())}",
        "kind": "other",
    }
    response = target.call("POST", "/api/directories", body, headers=target.bearer(target.token))
    if response.status in SHUT:
        raise Failure(
            f"SMOKE_TOKEN is refused (status {response.status}). Its program needs the app role Deployment.Test of the sign-in"
            " registration, with admin consent, and its client id in API_CLIENT_IDS."
        )
    made = target.expect("a directory is created", response, 201).json()
    path = f"/api/directories/{made['id']}"
    try:
        _live(target, made["scimBaseUrl"].rstrip("/"), target.bearer(made["token"], SCIM))
    finally:
        gone = target.call("DELETE", path, headers=target.bearer(target.token))
        target.expect("the directory is deleted", gone, 200, 202, 204)


def _live(target: Deployment, base: str, headers: dict[str, str]) -> None:
    name = f"smoke-{uuid.uuid4()}@example.com"
    nobody = quote(f'userName eq "{uuid.uuid4()}"')
    response = target.call("GET", f"{base}/Users?filter={nobody}", headers=headers)
    empty = target.expect("test connection is answered", response, 200).json()
    if empty.get("totalResults") != 0:
        raise Failure(f"a filter that matches no one found {empty.get('totalResults')} people")
    person = {"schemas": [USER], "userName": name, "externalId": str(uuid.uuid4()), "active": True}
    response = target.call("POST", f"{base}/Users", person, headers=headers)
    user = f"{base}/Users/{target.expect('a person is created', response, 201).json()['id']}"
    response = target.call(
        "GET", f"{base}/Users?filter={quote(f'userName eq {json.dumps(name)}')}", headers=headers
    )
    if target.expect("the person is found", response, 200).json().get("totalResults") != 1:
        raise Failure("the person just created is not found by userName")
    change = {
        "schemas": [PATCH],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
    }
    response = target.call("PATCH", user, change, headers=headers)
    target.expect("the person is disabled as Entra does it", response, 200, 204)
    if target.call("GET", user, headers=headers).json().get("active") is not False:
        raise Failure('the person is still active after Replace active "False"')
    target.expect("the person is deleted", target.call("DELETE", user, headers=headers), 204)
    target.expect("the person is gone", target.call("GET", user, headers=headers), 404)


CHECKS = (
    check_app_answers,
    check_sign_in,
    check_health,
    check_telemetry,
    check_doors,
    check_round_trip,
)


def run(target: Deployment) -> None:
    """Run all checks in order; the first that fails raises a Failure."""
    for check in CHECKS:
        check(target)


def main(arguments: list[str], environment: dict[str, str]) -> int:
    """Run from the command line; return 0 if all checks passed, 1 if one failed, 2 for invalid arguments."""
    address, options = (arguments or [""])[0].rstrip("/"), arguments[1:]
    if not address.startswith("https://") or options not in ([], ["--no-round-trip"]):
        print("usage: python infra/smoke.py https://the-app [--no-round-trip]", file=sys.stderr)
        return 2
    token = environment.get("SMOKE_TOKEN", "")
    scim = environment.get("SCIM_BASE_URL", ""), environment.get("SCIM_TOKEN", "")
    if options:
        token, scim = "", ("", "")
    elif not token and not all(scim):
        print(
            "SMOKE_TOKEN is not set (an access token with the role Deployment.Test), nor are SCIM_BASE_URL and"
            " SCIM_TOKEN (of a directory made for this test); --no-round-trip does without",
            file=sys.stderr,
        )
        return 2
    elif not token and not scim[0].startswith(f"{address}/scim/"):
        print(f"SCIM_BASE_URL must begin with {address}/scim/", file=sys.stderr)
        return 2
    target = Deployment(
        url=address,
        token=token,
        client_id=environment.get("SIGN_IN_CLIENT_ID", ""),
        version=environment.get("EXPECTED_VERSION", ""),
        workspace_id=environment.get("LOG_WORKSPACE_ID", ""),
        scim=("", "") if token else scim,
    )
    failed = ""
    try:
        run(target)
    except Failure as failure:
        failed = str(failure)
    print(
        "\n".join(
            [f"ok    {what}" for what in target.passed] + [f"note  {note}" for note in target.notes]
        )
    )
    if failed:
        print(f"FAILED {failed}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
