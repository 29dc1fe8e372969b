"""Security and cache headers of every response of the app, whichever function returns it."""

from itertools import product
from typing import Any
from urllib.parse import quote

import azure.functions as func
import orjson
import pytest

from shared.azure_functions import sendable
from shared.http import Request, Response
from tests.openapi.conftest import TOKEN, Deployed
from tests.reach.test_reach import CALLS, METHODS, SCIM, ask

ADMINISTRATION = [
    (method, path)
    for method, path, _ in CALLS
    if (method, path) != ("DELETE", "/api/directories/contoso")
]


async def every_answer(
    deployed: Deployed, origin: str = "https://app.example"
) -> dict[str, Response]:
    """Return responses of every function: for an administrator, without a sign-in, and for a SCIM
    client.
    """
    found = {
        f"{method} {path}": await ask(deployed, method, path, "Admin")
        for method, path in ADMINISTRATION
    }
    found |= {
        f"nobody: {method} {path}": await ask(deployed, method, path, None)
        for method, path in ADMINISTRATION
    }
    sent = {
        "content-type": "application/scim+json",
        "content-length": "2",
        "authorization": f"Bearer {TOKEN}",
    }
    for method, path in product(METHODS, (*SCIM, "/oauth2/token")):
        request = Request(method, f"{origin}/scim/contoso{path}", sent, b"{}")
        found[f"{method} {path}"] = await deployed.host.call(request)
    return found


async def test_every_response_has_security_headers(deployed: Deployed) -> None:
    """Its type isn't guessed, it isn't framed, and other sites can't load it."""
    for call, answer in (await every_answer(deployed)).items():
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", call
        assert headers["cross-origin-resource-policy"] == "same-origin", call
        assert headers["content-security-policy"].startswith("default-src 'none'"), call
        assert "frame-ancestors 'none'" in headers["content-security-policy"], call


async def test_every_response_has_a_cache_policy(deployed: Deployed) -> None:
    """RFC 9111 section 5.2.2: no cache unless permitted, for refusals and responses without a body
    too.
    """
    kept = {"private, no-cache", "public, max-age=300"}
    for call, answer in (await every_answer(deployed)).items():
        policy = answer.headers["cache-control"]
        assert policy == "no-store" or (answer.status in (200, 304) and policy in kept), call


NAMES = [
    "Zürich – Größe",
    "株式会社 日本",
    "Ѕales ☎",
    'quo"te; filename=x, y',
    "per%0Acent%",
    "tab\tname",
    "line\r\nX-Injected: 1",
    "nul\u0000 del\u007f next\u0085 sep\u2028",
    "bom\ufeff \U0001f600",
]


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_causes_the_empty_500_of_the_host(deployed: Deployed, name: str) -> None:
    """A name of a directory, user or group may occur in Content-Disposition, Location, ETag, Link
    and WWW-Authenticate.
    """
    renamed = await deployed.call("PATCH", "/api/directories/contoso", orjson.dumps({"name": name}))
    scim = "application/scim+json"
    made = []
    for kind, body in (
        ("Users", {"userName": name, "displayName": name, "externalId": name}),
        ("Groups", {"displayName": name, "externalId": name}),
    ):
        sent = orjson.dumps(
            {"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind[:-1]}"], **body}
        )
        made.append(await deployed.call("POST", f"/scim/contoso/v2/{kind}", sent, scim))
    quoted = quote(name, safe="")
    paths = [
        "/api/directories/contoso/export?format=csv&limit=1",
        "/api/directories/contoso/export?format=vcard&limit=1",
        "/api/directories/contoso/numbers?format=csv&limit=1",
        "/api/directories/contoso/events?format=csv&limit=1",
        "/api/directories/contoso/audit?format=csv&limit=1",
        f"/api/directories/{quoted}",
        f"/api/contacts?q={quoted}",
        f"/contacts?q={quoted}",
        f"/directories/{quoted}",
        f"/scim/contoso/v2/Users/{quoted}",
        f"/scim/{quoted}/v2/Users",
        f"/sign-in/callback?state={quoted}&error={quoted}",
        f"/set-up/{quoted}",
    ]
    answers = [renamed, *made, *[await deployed.call("GET", path) for path in paths]]
    for answer in answers:
        assert answer.status != 500 or answer.body, answer.headers
        for value in answer.headers.values():
            assert value == sendable(value)
        assert "x-injected" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "said"), [("https://app.example", "max-age=31536000"), ("http://127.0.0.1", None)]
)
async def test_hsts_is_sent_over_tls_only(
    deployed: Deployed, origin: str, said: str | None
) -> None:
    """RFC 6797 section 7.2: Strict-Transport-Security is sent over TLS only."""
    (health,) = [
        function for function in deployed.host.functions.http if function.name == "presence_health"
    ]
    answer: Any = await health.code.user_function(
        func.HttpRequest("GET", f"{origin}/health", body=b"")
    )
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers.get("strict-transport-security") == said


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/directories/new", 413),
        ("/contacts/presence", 413),
        ("/api/directories/contoso/presence", 413),
    ],
)
async def test_a_form_that_is_too_large_is_refused(
    deployed: Deployed, path: str, fault: int
) -> None:
    """413 above the size limit, and 400 for too many fields or bytes that aren't UTF-8."""
    form = "application/x-www-form-urlencoded"
    assert (await deployed.call("POST", path, b"name=" + b"x" * 65_536, form)).status == fault
    assert (await deployed.call("POST", path, b"&".join([b"a=1"] * 51), form)).status == 400
    assert (await deployed.call("POST", path, b"name=\xff", form)).status == 400
