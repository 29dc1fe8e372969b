"""Requests to the product, at least one for every route; `test_app.py` sends them through both hosts."""

from typing import Any

from .compare import Step

_SCIM = {"Authorization": "Bearer <token>", "Content-Type": "application/scim+json"}
_BASE = "/scim/<directory>/v2"
_USER = {
    "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    ],
    "userName": "zoë.müller@example.com",
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "displayName": "Zoë Müller",
    "name": {"givenName": "Zoë", "familyName": "Müller"},
    "title": "Guide",
    "active": True,
    "emails": [{"primary": True, "type": "work", "value": "zoe@example.com"}],
    "phoneNumbers": [{"type": "work", "value": "+44 20 7946 0018"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours"},
}
_GROUP_SCHEMA = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
_PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
_BULK = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]
_SEARCH = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]


def _scim(method: str, path: str, body: Any = None, **options: Any) -> Step:
    return Step(method, _BASE + path, body, _SCIM, **options)


def _patch(path: str, value: Any) -> dict[str, Any]:
    return {"schemas": _PATCH, "Operations": [{"op": "replace", "path": path, "value": value}]}


DIRECTORY = [
    Step("GET", "/health"),
    Step("GET", "/api/directories"),
    Step(
        "POST",
        "/api/directories",
        {"name": "Tours", "kind": "entra", "region": "GB"},
        keep={"directory": "id", "token": "token"},
    ),
    Step("POST", "/api/directories", {"name": ""}),
    Step("POST", "/api/directories", b"{"),
    Step("PUT", "/api/directories", {}),
    Step("GET", "/api/directories/<directory>"),
    Step("HEAD", "/api/directories/<directory>"),
    Step("GET", "/api/directories/nobody"),
    Step("PATCH", "/api/directories/<directory>", {"name": "Guided tours"}),
    Step("GET", "/api/directories/<directory>/state"),
    Step("GET", "/api/directories/<directory>/events?limit=5"),
    Step("GET", "/api/directories/<directory>/events?limit=x"),
    Step("GET", "/api/directories/<directory>/inspector"),
    Step("GET", "/api/directories/<directory>/trust"),
    Step("GET", "/api/directories/<directory>/tokens"),
    Step(
        "POST",
        "/api/directories/<directory>/secrets",
        {"expiresInDays": 30},
        keep={"secret": "id"},
    ),
    Step("GET", "/api/directories/<directory>/secrets"),
    Step("DELETE", "/api/directories/<directory>/secrets/<secret>"),
    Step(
        "POST",
        "/api/directories/<directory>/tokens",
        {"expiresInDays": 30},
        keep={"second": "id"},
    ),
    Step("DELETE", "/api/directories/<directory>/tokens/<second>"),
]
SCIM = [
    Step("GET", f"{_BASE}/Users"),
    Step("GET", f"{_BASE}/Users", headers={"Authorization": "Bearer wrong"}),
    Step("POST", "/scim/<directory>/oauth2/token", b"grant_type=client_credentials&client_id=x&client_secret=y",
         {"Content-Type": "application/x-www-form-urlencoded"}),
    _scim("GET", ""),
    _scim("GET", "/ServiceProviderConfig"),
    _scim("GET", "/ResourceTypes"),
    _scim("GET", "/ResourceTypes/User"),
    _scim("GET", "/Schemas"),
    _scim("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
    _scim("GET", "/Me"),
    _scim("GET", "/Userz"),
    *(Step("GET", f"/scim/<directory>/{path}", headers=_SCIM) for path in ("Users", "Users/1", "Groups", "Groups/1")),
    _scim("GET", "/Users?filter=userName%20eq%20%22nobody%22"),
    _scim("POST", "/Users", _USER, keep={"user": "id"}),
    _scim("POST", "/Users", _USER),
    _scim("POST", "/Users", b"{"),
    _scim("POST", "/Users", {"schemas": []}),
    _scim("GET", "/Users/<user>"),
    _scim("HEAD", "/Users/<user>"),
    _scim("GET", "/users/<user>?attributes=userName"),
    _scim("GET", "/Users/nobody"),
    _scim("GET", "/Users?filter=userName%20eq%20%22zo%C3%AB.m%C3%BCller%40example.com%22"),
    _scim("GET", "/Users?filter=nonsense"),
    _scim("GET", "/Users?startIndex=1&count=10&sortBy=userName"),
    _scim("PATCH", "/Users/<user>", _patch("title", "Chief guide")),
    _scim("PATCH", "/Users/<user>", _patch("nothing[", "x")),
    _scim("PUT", "/Users/<user>", _USER),
    _scim("OPTIONS", "/Users/<user>"),
    _scim("POST", "/.search", {"schemas": _SEARCH, "filter": 'title eq "Guide"'}),
    _scim("POST", "/Groups", {"schemas": _GROUP_SCHEMA, "displayName": "Guides", "members": [{"value": "<user>"}]},
          keep={"group": "id"}),
    _scim("GET", "/Groups"),
    _scim("GET", "/Groups/<group>"),
    _scim("PATCH", "/Groups/<group>", _patch("displayName", "All guides")),
    _scim("POST", "/Bulk", {"schemas": _BULK, "Operations": [
        {"method": "DELETE", "path": "/Groups/<group>"}, {"method": "GET", "path": "/Users"},
    ]}),
]  # fmt: skip
CONTACTS = [
    Step("GET", "/api/contacts"),
    Step("GET", "/api/contacts?q=mul"),
    Step("POST", "/api/contacts/lookup", {"numbers": ["02079460018", "nonsense"]}),
    Step("POST", "/api/contacts/pop", {"number": "02079460018"}),
    Step("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    Step("GET", "/mcp"),
    Step("GET", "/api/directories/<directory>/contacts?q=Zo%C3%AB&limit=5"),
    Step("GET", "/api/directories/<directory>/contacts?limit=0"),
    Step("GET", "/api/directories/<directory>/contacts/<user>"),
    Step("GET", "/api/directories/<directory>/contacts/<user>/team"),
    Step("GET", "/api/directories/<directory>/contacts/<user>/notes"),
    Step("PUT", "/api/directories/<directory>/contacts/<user>/notes/none", {"text": "After 10"}),
    Step("GET", "/api/contacts/noted?q=after"),
    Step("POST", "/api/directories/<directory>/dry-run", {"sample": "nonsense"}),
    Step("GET", "/api/directories/<directory>/audit"),
    Step("GET", "/api/audit?actor=nobody"),
    Step("GET", "/api/directories/<directory>/groups"),
    Step("GET", "/api/directories/<directory>/numbers"),
    Step("GET", "/api/directories/<directory>/export"),
    Step("GET", "/api/directories/<directory>/export?format=vcard"),
]
PAGES = [
    Step("GET", "/"),
    Step("GET", "/", headers={"Accept-Language": "de"}),
    Step("GET", "/directories/new"),
    Step("GET", "/directories/new?once=more"),
    Step("GET", "/directories/<directory>"),
    Step("GET", "/directories/<directory>/mapping"),
    Step("GET", "/directories/<directory>/nothing"),
    Step("GET", "/directories/nobody"),
    Step("GET", "/audit"),
    Step("GET", "/embed"),
    Step("GET", "/contacts"),
    Step("GET", "/contacts?q=mul"),
    Step("GET", "/contacts/nothing"),
    Step("GET", "/nothing"),
    Step("GET", "/api/nothing"),
    Step("GET", "/api/openapi.json"),
    Step("PUT", "/api/openapi.json"),
    Step("GET", "/static/base.css"),
    Step("GET", "/static/base.js", headers={"If-None-Match": "*"}),
    Step("GET", "/static/nothing.css"),
    Step("GET", "/.well-known/security.txt"),
    Step("GET", "/.well-known/oauth-authorization-server/scim/<directory>"),
    Step("GET", "/scim/<directory>/.well-known/oauth-authorization-server"),
    Step("GET", "/set-up"),
    Step("GET", "/set-up/abcdefghijkl"),
    Step("GET", "/set-up/callback?state=forged&code=x"),
    Step("GET", "/api/directories/<directory>/links"),
    Step("DELETE", "/api/directories/<directory>/links/nothing"),
    Step("GET", "/directories"),
    Step("GET", "/sign-in/callback"),
    Step("GET", "/sign-in/callback?state=forged&code=x"),
    Step("GET", "/api/directories/<directory>/presence"),
    Step("PUT", "/api/directories/<directory>/presence", {}),
]
# Requests that end something come last.
END = [
    _scim("DELETE", "/Users/<user>"),
    _scim("DELETE", "/Users/<user>"),
    Step("DELETE", "/api/directories/<directory>"),
    Step("POST", "/api/directories/<directory>/restore"),
    Step("GET", "/no/such/page"),
    Step("GET", "/api/no/such/page"),
]
REQUESTS = [*DIRECTORY, *SCIM, *CONTACTS, *PAGES, *END]
