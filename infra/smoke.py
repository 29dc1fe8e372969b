"""Smoke test of a deployment: health, refused anonymous calls, and one SCIM round trip.

Usage: SMOKE_TOKEN=... python infra/smoke.py https://the-app. The token is an access token of the
deployment's sign-in registration for a caller with the role Directory.Admin; docs/deploy.md
describes how the pipeline gets one. The SCIM round trip uses a directory of its own, which is
deleted in every case. The script needs only Python's standard library.
"""

import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_SECONDS = 60
SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Failure(Exception):
    """A check that the deployment failed; the text names the fault and the place of its cause."""


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Return None, so that a redirect to the sign-in page is an answer of its own."""


_opener = build_opener(_NoRedirect)


@dataclass(frozen=True)
class Answer:
    """Status and body of one call."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as an object.

        Raises:
            Failure: if it is not an object.
        """
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Failure(f"expected a JSON object, got: {self.body[:200]!r}")
        return value


@dataclass
class Deployment:
    """A deployment at `url`, called with `token` if a caller must be known."""

    url: str
    token: str
    wait_seconds: float = 120.0
    pause: Callable[[float], None] = time.sleep
    passed: list[str] = field(default_factory=list)

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Make one HTTP call, without following redirects.

        Raises:
            Failure: if there is no answer.
        """
        address = path if path.startswith("http") else self.url + path
        data = None if body is None else json.dumps(body).encode()
        sent = {**({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        request = Request(address, data=data, method=method, headers=sent)  # noqa: S310 - address is checked in main
        try:
            with _opener.open(request, timeout=TIMEOUT_SECONDS) as reply:
                return Answer(reply.status, reply.read())
        except HTTPError as error:
            return Answer(error.code, error.read())
        except (URLError, TimeoutError) as error:
            raise Failure(f"{method} {address}: no answer ({error})") from None

    def expect(self, what: str, answer: Answer, *statuses: int) -> Answer:
        """Note the check `what` as passed.

        Raises:
            Failure: with the answer, if its status is not one of `statuses`.
        """
        if answer.status not in statuses:
            raise Failure(
                f"{what}: status {answer.status} instead of {statuses}: {answer.body[:300]!r}"
            )
        self.passed.append(what)
        return answer

    def bearer(self, token: str, content_type: str = "application/json") -> dict[str, str]:
        """Headers of a call with `token`."""
        return {"Authorization": f"Bearer {token}", "Content-Type": content_type}


def check_health(target: Deployment) -> None:
    """`/health` answers 200 without sign-in; a deployment that just started gets `wait_seconds` to do so."""
    deadline = target.wait_seconds
    while True:
        try:
            answer = target.call("GET", "/health")
        except Failure:
            answer = Answer(0, b"")
        if answer.status == 200 or deadline <= 0:
            target.expect("health answers without sign-in", answer, 200)
            return
        target.pause(5)
        deadline -= 5


def check_doors(target: Deployment) -> None:
    """Pages and API stay shut for strangers, even one who forges the platform's header; SCIM refuses a wrong token."""
    claims = [{"typ": "tid", "val": str(uuid.uuid4())}, {"typ": "roles", "val": "Directory.Admin"}]
    forged = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    shut = (301, 302, 303, 307, 401, 403)
    target.expect("pages ask for sign-in", target.call("GET", "/contacts"), *shut)
    target.expect("the API asks for sign-in", target.call("GET", "/api/directories"), *shut)
    answer = target.call("GET", "/api/directories", headers={"X-MS-CLIENT-PRINCIPAL": forged})
    target.expect("a forged principal gets nowhere", answer, *shut)
    answer = target.call(
        "GET", f"/scim/{uuid.uuid4()}/v2/Users", headers=target.bearer("wrong", SCIM)
    )
    target.expect("SCIM refuses an unknown directory", answer, 401)


def check_round_trip(target: Deployment) -> None:
    """Check a person's life cycle over SCIM, in a directory that is deleted at the end."""
    body = {
        "name": f"Smoke test {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())}",
        "kind": "other",
    }
    answer = target.call("POST", "/api/directories", body, headers=target.bearer(target.token))
    made = target.expect("a directory is created", answer, 201).json()
    path = f"/api/directories/{made['id']}"
    try:
        _live(target, made["scimBaseUrl"].rstrip("/"), target.bearer(made["token"], SCIM))
    finally:
        gone = target.call("DELETE", path, headers=target.bearer(target.token))
        target.expect("the directory is deleted", gone, 200, 202, 204)


def _live(target: Deployment, base: str, headers: dict[str, str]) -> None:
    name = f"smoke-{uuid.uuid4()}@example.com"
    nobody = quote(f'userName eq "{uuid.uuid4()}"')
    answer = target.call("GET", f"{base}/Users?filter={nobody}", headers=headers)
    empty = target.expect("test connection is answered", answer, 200).json()
    if empty.get("totalResults") != 0:
        raise Failure(f"a filter that matches nobody found {empty.get('totalResults')} people")
    person = {"schemas": [USER], "userName": name, "externalId": str(uuid.uuid4()), "active": True}
    answer = target.call("POST", f"{base}/Users", person, headers=headers)
    user = f"{base}/Users/{target.expect('a person is created', answer, 201).json()['id']}"
    answer = target.call(
        "GET", f"{base}/Users?filter={quote(f'userName eq {json.dumps(name)}')}", headers=headers
    )
    if target.expect("the person is found", answer, 200).json().get("totalResults") != 1:
        raise Failure("the person just created is not found by userName")
    change = {
        "schemas": [PATCH],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
    }
    answer = target.call("PATCH", user, change, headers=headers)
    target.expect("the person is disabled as Entra does it", answer, 200, 204)
    if target.call("GET", user, headers=headers).json().get("active") is not False:
        raise Failure('the person is still active after Replace active "False"')
    target.expect("the person is deleted", target.call("DELETE", user, headers=headers), 204)
    target.expect("the person is gone", target.call("GET", user, headers=headers), 404)


def run(target: Deployment) -> None:
    """All checks, in order; the first that fails raises a Failure."""
    check_health(target)
    check_doors(target)
    check_round_trip(target)


def main(arguments: list[str], environment: dict[str, str]) -> int:
    """Exit status: 0 all well, 1 the deployment fails, 2 called wrongly."""
    if len(arguments) != 1 or not arguments[0].startswith("https://"):
        print("usage: SMOKE_TOKEN=... python infra/smoke.py https://the-app", file=sys.stderr)
        return 2
    if not environment.get("SMOKE_TOKEN"):
        print(
            "SMOKE_TOKEN is not set: an access token with the role Directory.Admin is needed",
            file=sys.stderr,
        )
        return 2
    target = Deployment(arguments[0].rstrip("/"), environment["SMOKE_TOKEN"])
    try:
        run(target)
    except Failure as failure:
        print(f"FAILED after {len(target.passed)} checks: {failure}", file=sys.stderr)
        return 1
    print("\n".join(f"ok  {what}" for what in target.passed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
