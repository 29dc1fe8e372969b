"""Entra's cycles, SCIM, pages and queues over HTTP, on whichever host `HOST` names.

`make test` runs them on the local host, so that the suite is known to work; `make test-func` on Core Tools' own.
"""

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.browser.world import ROOT, Made, World
from tests.rounds import rounds

pytestmark = pytest.mark.slow
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def ask(
    method: str, url: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (names in lower case) and body of a call."""
    data = None if body is None else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, method=method, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def test_all_cycles_of_entra_run(entra: Made, deployment: World) -> None:
    """The fixture asserts that no answer was wrong; here, that everyone is there."""
    found = deployment.scim(entra, "GET", "/Users?count=0")
    assert found["totalResults"] >= 30


def test_a_person_lives_over_scim(entra: Made, deployment: World) -> None:
    """Status, content type, Location and ETag reach the client as the product wrote them."""
    base, secret = entra.base, {"Authorization": f"Bearer {entra.token}"}
    secret["Content_Type"] = "application/scim+json"
    person = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "zoë@example.com",
        "displayName": "Zoë Ångström",
    }
    status, headers, body = ask("POST", f"{base}/Users", person, **secret)
    made = json.loads(body)
    assert status == 201
    assert headers["content-type"].startswith("application/scim+json")
    assert headers["location"].endswith(f"/Users/{made['id']}")
    assert made["displayName"] == "Zoë Ångström"
    path = f"{base}/Users/{made['id']}"
    change = {
        "schemas": [_PATCH],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
    }
    status, headers, body = ask("PATCH", path, change, If_Match=headers["etag"], **secret)
    assert (status, json.loads(body)["active"]) == (200, False)
    assert ask("DELETE", path, **secret)[0] == 204
    status, headers, body = ask("GET", path, **secret)
    assert (status, json.loads(body)["schemas"]) == (404, [_ERROR])


def test_an_unknown_token_gets_the_products_own_401(entra: Made) -> None:
    """A SCIM error, not the host's or the platform's page."""
    status, headers, body = ask("GET", f"{entra.base}/Users", Authorization="Bearer made-up")
    assert status == 401
    assert json.loads(body)["schemas"] == [_ERROR]
    assert headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/contacts", "/directories/{id}", "/directories/{id}/log"])
def test_a_page_is_drawn(entra: Made, deployment: World, path: str) -> None:
    """As HTML with a strict policy; `/` is the product's, not the host's home page."""
    status, headers, body = ask("GET", deployment.url + path.format(id=entra.id))
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in headers["content-security-policy"] or (
        "default-src 'self'" in headers["content-security-policy"]
    )
    assert b"Brightwater UK" in body or path == "/contacts"


def test_queues_and_timers_bring_presence(entra: Made, deployment: World) -> None:
    """The timer sends a message, the queue's function reads Microsoft, and an agent sees the status."""
    url = f"{deployment.url}/api/contacts?limit=50&presence=fresh"
    for _ in rounds():
        status, _, body = ask("GET", url)
        assert status == 200
        found = [one.get("presence") or {} for one in json.loads(body)["contacts"]]
        if any(one.get("availability") not in (None, "PresenceUnknown") for one in found):
            return
        deployment.tick()
    raise AssertionError("no status came")


def test_without_core_tools_the_target_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 2, which a pipeline can tell from a failed test."""
    if shutil.which("func"):
        pytest.skip("Core Tools are on this machine")
    done = subprocess.run(
        [sys.executable, "-m", "tests.func"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Azure Functions Core Tools 4" in done.stderr
