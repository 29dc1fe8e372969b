"""Access to every HTTP function: without a sign-in, as a reader, from another account, from another
site.
"""

import base64
from collections.abc import Iterator
from itertools import product

import orjson
import pytest

from directories import store
from shared.http import Request, Response
from tests.openapi.conftest import ACCOUNT, ADDRESS, TOKEN, Deployed
from web.routes import _OF_CONTACTS, _OF_DIRECTORY

OTHER = "99999999-9999-4999-8999-999999999999"
PERSON = "00000000-0000-7000-8000-000000000001"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORM = b"kind=security_token&name=Somebody&region=GB&step=done&choice=off&strict=1&id=x&shown=&numbers=02079460958"

# By function: addresses of it, the methods that it serves, and the least role ("" for everyone).
API: dict[str, tuple[str, tuple[str, ...], str]] = {
    "directories": ("/api/directories", ("GET", "POST"), "admin"),
    "directory": ("/api/directories/contoso", ("GET", "PATCH", "DELETE"), "admin"),
    "audit": ("/api/audit", ("GET",), "admin"),
    "directory_audit": ("/api/directories/contoso/audit", ("GET",), "admin"),
    "directory_restore": ("/api/directories/contoso/restore", ("POST",), "admin"),
    "directory_state": ("/api/directories/contoso/state", ("GET",), "admin"),
    "directory_events": ("/api/directories/contoso/events", ("GET",), "admin"),
    "directory_inspector": (
        "/api/directories/contoso/inspector",
        ("GET", "PUT", "DELETE"),
        "admin",
    ),
    "directory_trust": ("/api/directories/contoso/trust", ("GET", "PUT", "DELETE"), "admin"),
    "directory_tokens": ("/api/directories/contoso/tokens", ("GET", "POST"), "admin"),
    "directory_tokens_one": ("/api/directories/contoso/tokens/x", ("DELETE",), "admin"),
    "directory_secrets": ("/api/directories/contoso/secrets", ("GET", "POST"), "admin"),
    "directory_secrets_one": ("/api/directories/contoso/secrets/x", ("DELETE",), "admin"),
    "directory_links": ("/api/directories/contoso/links", ("GET", "POST"), "admin"),
    "directory_links_one": ("/api/directories/contoso/links/x", ("DELETE",), "admin"),
    "presence_connection": ("/api/directories/contoso/presence", ("GET", "POST"), "admin"),
    "directory_export": ("/api/directories/contoso/export", ("GET",), "admin"),
    "directory_dry_run": ("/api/directories/contoso/dry-run", ("POST",), "admin"),
    "contacts": ("/api/contacts", ("GET",), "reader"),
    "contacts_lookup": ("/api/contacts/lookup", ("POST",), "reader"),
    "contacts_pop": ("/api/contacts/pop", ("POST",), "reader"),
    "directory_contacts": ("/api/directories/contoso/contacts", ("GET",), "reader"),
    "directory_contact": (f"/api/directories/contoso/contacts/{PERSON}", ("GET",), "reader"),
    "directory_contact_team": (
        f"/api/directories/contoso/contacts/{PERSON}/team",
        ("GET",),
        "reader",
    ),
    "contacts_noted": ("/api/contacts/noted", ("GET",), "reader"),
    "directory_contact_notes": (
        f"/api/directories/contoso/contacts/{PERSON}/notes",
        ("GET", "POST"),
        "reader",
    ),
    "directory_contact_note": (
        f"/api/directories/contoso/contacts/{PERSON}/notes/{PERSON}",
        ("PUT", "DELETE"),
        "reader",
    ),
    "directory_numbers": ("/api/directories/contoso/numbers", ("GET",), "reader"),
    "directory_groups": ("/api/directories/contoso/groups", ("GET",), "reader"),
    "mcp": ("/mcp", ("POST",), "reader"),
    "presence_health": ("/health", ("GET",), ""),
    "api_description": ("/api/openapi.json", ("GET",), ""),
    "page_embed": ("/embed", ("GET",), ""),
    "page_static": ("/static/none", ("GET",), ""),
    "security_txt": ("/.well-known/security.txt", ("GET",), ""),
    "zz_unknown_address": ("/nothing/here", ("GET",), ""),
    "oauth_metadata": ("/.well-known/oauth-authorization-server/scim/contoso", ("GET",), ""),
}
NEW = b"name=Mine+too&kind=entra&region=GB"
BODIES = {
    "POST /api/directories": {"name": "Mine"},
    "PATCH /api/directories/contoso": {"name": "Mine"},
    "PUT /api/directories/contoso/trust": {
        "tenantId": OTHER,
        "subject": OTHER,
        "audiences": ["api://x"],
    },
    "POST /api/directories/contoso/presence": {"action": "remove"},
    "POST /api/directories/contoso/dry-run": {"user": {"userName": "anna"}},
    f"POST /api/directories/contoso/contacts/{PERSON}/notes": {"text": "Call after ten"},
    f"PUT /api/directories/contoso/contacts/{PERSON}/notes/{PERSON}": {"text": "Call after ten"},
    "POST /api/contacts/lookup": {"numbers": ["+442079460958"], "directories": ["contoso"]},
    "POST /api/contacts/pop": {"number": "+442079460958", "directories": ["contoso"]},
}
# These show or change the person's own account only, whatever it is.
OF_EVERY_ACCOUNT = (
    "/",
    "/directories",
    "/api/directories",
    "/sign-in/callback",
    "/api/contacts",
    "/api/contacts/noted",
    "/directories/new",
    "/audit",
    "/api/audit",
)


def _pages() -> Iterator[tuple[str, str, str]]:
    yield "GET", "/", "reader"  # an agent is sent on to the people
    for path in ("/audit", "/directories", "/sign-in/callback"):
        yield "GET", path, "admin"
    for method in ("GET", "POST"):
        yield method, "/directories/new", "admin"
    for page, methods in _OF_DIRECTORY.items():
        for method in methods:
            yield method, f"/directories/contoso/{page}".rstrip("/"), "admin"
    for part, methods in _OF_CONTACTS.items():
        for method in methods:
            yield method, f"/contacts/{part}".rstrip("/"), "reader"


PAGES = list(_pages())
CALLS = [(method, path, role) for path, methods, role in API.values() for method in methods] + PAGES
GUARDED = [(method, path) for method, path, role in CALLS if role]
ADMINS = [(method, path) for method, path, role in CALLS if role == "admin"]
NAMING_A_DIRECTORY = [
    call
    for call in GUARDED
    if "contoso" in call[1] or call[1] in ("/api/contacts/lookup", "/api/contacts/pop")
]
CHANGING = [call for call in GUARDED if call[0] != "GET"]
READING = [call for call in GUARDED if call[0] == "GET"]
OWN = [call for call in GUARDED if call[1] in OF_EVERY_ACCOUNT]
SCIM = (
    "/v2",
    "/v2/Users",
    "/v2/Users/x",
    "/v2/Groups",
    "/v2/Bulk",
    "/v2/.search",
    "/v2/Schemas",
    "/v2/x/y",
    "/Users",
)


def principal(account: str, *roles: str) -> str:
    """Return the header that App Service Authentication sets."""
    claims = [{"typ": "tid", "val": account}, *({"typ": "roles", "val": role} for role in roles)]
    return base64.b64encode(orjson.dumps({"auth_typ": "aad", "claims": claims})).decode()


async def ask(
    deployed: Deployed,
    method: str,
    path: str,
    role: str | None,
    account: str = ACCOUNT,
    directory: str = "contoso",
    **more: str,
) -> Response:
    """Send a request and return the response; with `role` None it has no sign-in."""
    sent = {name.replace("_", "-"): value for name, value in more.items()}
    if role is not None:
        sent["x-ms-client-principal"] = principal(account, *([f"Directory.{role}"] if role else []))
    value = BODIES.get(f"{method} {path}")
    is_json = path.startswith("/api")
    body = (
        b""
        if method in ("GET", "HEAD", "DELETE")
        else orjson.dumps(value)
        if value
        else b""
        if is_json
        else NEW
        if path == "/directories/new"
        else FORM
    )
    sent |= {"content-type": "application/json" if is_json else "application/x-www-form-urlencoded"}
    path, body = path.replace("contoso", directory), body.replace(b"contoso", directory.encode())
    sent |= {"content-length": str(len(body))}
    return await deployed.host.call(Request(method, ADDRESS + path, sent, body))


async def stored(deployed: Deployed) -> object:
    """Return the stored directory."""
    return await store.get(deployed.app.tables, "contoso")


def test_every_function_is_listed_with_its_access(deployed: Deployed) -> None:
    """A new address must be added with who may use it."""
    names = {
        function.name
        for function in deployed.host.functions.http
        if not function.name.startswith("scim_")
    }
    pages = (
        "home",
        "audit",
        "directories",
        "directory",
        "contacts",
        "sign_in_callback",
        "setup",
        "setup_start",
    )
    assert names == set(API) | {f"page_{page}" for page in pages}


async def answers(
    deployed: Deployed, calls: list[tuple[str, str]], role: str | None, **more: str
) -> dict[str, Response]:
    """Send each request and return the responses; assert that the directory hasn't changed."""
    before = await stored(deployed)
    found = {
        f"{method} {path}": await ask(deployed, method, path, role, **more)
        for method, path in calls
    }
    assert await stored(deployed) == before
    return found


async def test_without_a_sign_in_nothing_is_accessible(deployed: Deployed) -> None:
    """SECURITY.md: 401 from the API; pages redirect to the sign-in and back, and forms to their
    page.
    """
    for call, answer in (await answers(deployed, GUARDED, None)).items():
        method, _, path = call.partition(" ")
        expected = 401 if path.startswith(("/api", "/mcp")) else 302 if method == "GET" else 303
        assert (answer.status, b"Contoso" in answer.body) == (expected, False), call


async def test_a_user_without_a_role_has_no_access(deployed: Deployed) -> None:
    """403 for a user of the tenant without an app role."""
    for call, answer in (await answers(deployed, GUARDED, "")).items():
        assert (answer.status, b"Contoso" in answer.body) == (403, False), call


async def test_a_reader_has_no_access_to_administration(deployed: Deployed) -> None:
    """SECURITY.md: 403 for an agent, on pages and in the API."""
    for call, answer in (await answers(deployed, ADMINS, "Reader")).items():
        assert (answer.status, b"Contoso" in answer.body) == (403, False), call


async def test_another_accounts_directory_is_as_an_unknown_one(deployed: Deployed) -> None:
    """404 with the same response (a restoration redirects to the start page for both), and nothing
    changes.
    """
    foreign = await answers(deployed, NAMING_A_DIRECTORY, "Admin", account=OTHER)
    of_none = await answers(
        deployed, NAMING_A_DIRECTORY, "Admin", account=OTHER, directory="nowhere"
    )
    for call, answer in foreign.items():
        assert answer.status == (
            303 if call.split()[1] == "/directories/contoso/restore" else 404
        ), call
        assert answer.status == of_none[call].status, call
        assert answer.body.replace(b"contoso", b"nowhere") == of_none[call].body, call


async def test_lists_and_forms_show_nothing_of_another_account(deployed: Deployed) -> None:
    """They show the signed-in user's own account."""
    for call, answer in (await answers(deployed, OWN, "Admin", account=OTHER)).items():
        assert answer.status < 400, call
        assert b"/contoso" not in answer.body, call
        assert b'"contoso"' not in answer.body, call


@pytest.mark.parametrize(
    "sent",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}],
)
async def test_a_cross_site_change_is_refused(deployed: Deployed, sent: dict[str, str]) -> None:
    """403 for a change requested by another site's page, even for a signed-in user."""
    for call, answer in (await answers(deployed, CHANGING, "Admin", **sent)).items():
        assert answer.status == 403, call


async def test_no_response_is_stored_in_a_shared_cache(deployed: Deployed) -> None:
    """RFC 9111 section 5.2.2: every response with a body has no-store or private."""
    for call, answer in (await answers(deployed, READING, "Admin")).items():
        policy = {name.lower(): value for name, value in answer.headers.items()}.get(
            "cache-control", ""
        )
        assert answer.status < 500, call
        assert not answer.body or policy in ("no-store", "private, no-cache"), call


@pytest.mark.clause("7643/9.3")
async def test_a_token_gives_no_access_to_another_directory(deployed: Deployed) -> None:
    """The response is the same if the directory doesn't exist."""
    other = (await deployed.json("POST", "/api/directories", {"name": "Fabrikam"}))["id"]
    sent = {
        "content-type": "application/scim+json",
        "content-length": "2",
        "authorization": f"Bearer {TOKEN}",
    }
    for method, path in product(METHODS, SCIM):
        urls = [f"{ADDRESS}/scim/{directory}{path}" for directory in (other, "nowhere")]
        foreign, of_none = [
            await deployed.host.call(Request(method, url, sent, b"{}")) for url in urls
        ]
        assert foreign.status == of_none.status == 401, path
        assert (foreign.body, dict(foreign.headers)) == (of_none.body, dict(of_none.headers)), path


async def test_the_principal_header_is_ignored_at_public_addresses(
    deployed: Deployed,
) -> None:
    """`/scim/*` and `/health` are excluded from the platform's sign-in, so anyone could send the
    header there.
    """
    sent = {"content-type": "application/scim+json", "content-length": "2"}
    forged = {**sent, "x-ms-client-principal": principal(ACCOUNT, "Directory.Admin")}
    for method, path in product(METHODS, (*SCIM, "/oauth2/token")):
        answers = [
            await deployed.host.call(
                Request(method, f"{ADDRESS}/scim/contoso{path}", headers, b"{}")
            )
            for headers in (sent, forged)
        ]
        assert answers[0].status == answers[1].status, path
        assert answers[0].status in ((400, 405) if path == "/oauth2/token" else (401,)), path
        assert answers[0].body == answers[1].body, path


@pytest.mark.parametrize(
    "path", ["/scim/..%2f", "/scim/..%5c", "/scim//", "/scim/%2f", "/health/", "/health;/", "//"]
)
async def test_no_page_is_reachable_below_a_public_address(deployed: Deployed, path: str) -> None:
    """The platform resolves dots in a path first; no such path leads to a page or an API."""
    for target in (
        "api/directories",
        "contacts",
        "api/contacts",
        "directories/contoso",
        "api/directories/contoso/tokens",
    ):
        sent = {"x-ms-client-principal": principal(ACCOUNT, "Directory.Admin")}
        answer = await deployed.host.call(Request("GET", f"{ADDRESS}{path}{target}", sent))
        assert answer.status in (400, 401, 404), target
