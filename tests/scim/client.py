"""A SCIM client that sends requests in-process through the simulated Functions host.

Routing and the endpoints are those of the app; only the network is left out.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from local.host.host import Host
from shared.app import App
from shared.http import Request


@dataclass(frozen=True, slots=True)
class ScimResponse:
    """A response; `body` is the parsed JSON, or None if there is no content."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def id(self) -> str:
        """Return the id of the resource in the body."""
        return str(self.body["id"])

    @property
    def resources(self) -> list[dict[str, Any]]:
        """Return the `Resources` of a ListResponse."""
        return list(self.body["Resources"])


@dataclass(frozen=True, slots=True)
class ScimClient:
    """A client of one directory that authenticates with a bearer token."""

    host: Host
    app: App
    directory_id: str
    token: str

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> ScimResponse:
        """Send a request and return the response; a body that isn't bytes is encoded as JSON.

        `path` is relative to the directory's base URL; `query` holds the query parameters.
        """
        url = f"https://app.example/scim/{self.directory_id}/v2{path}" + (
            f"?{urlencode(query)}" if query else ""
        )
        sent = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/scim+json",
            **(headers or {}),
        }
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        if raw:
            sent["content-length"] = str(len(raw))
        response = await self.host.call(Request(method, url, sent, raw))
        kept = {name.lower(): value for name, value in response.headers.items()}
        return ScimResponse(
            response.status, kept, orjson.loads(response.body) if response.body else None
        )

    async def get(self, path: str, **query: Any) -> ScimResponse:
        """Send a GET with these query parameters."""
        return await self.call("GET", path, **query)

    async def post(self, path: str, body: Any, **query: Any) -> ScimResponse:
        """Send a POST with this body and these query parameters."""
        return await self.call("POST", path, body, **query)

    async def put(self, path: str, body: Any) -> ScimResponse:
        """Send a PUT with this body."""
        return await self.call("PUT", path, body)

    async def delete(self, path: str) -> ScimResponse:
        """Send a DELETE."""
        return await self.call("DELETE", path)

    async def patch(self, path: str, *operations: dict[str, Any]) -> ScimResponse:
        """Send a PATCH with these operations."""
        return await self.call("PATCH", path, patch_body(*operations))

    async def user(self, user_name: str = "anna@example.com", **attributes: Any) -> ScimResponse:
        """Create a user with POST and return the response."""
        return await self.post("/Users", {"schemas": [USER], "userName": user_name, **attributes})

    async def group(self, display_name: str = "Sales", *members: str) -> ScimResponse:
        """Create a group with these members, which are ids, and return the response."""
        listed = {"members": [{"value": member} for member in members]} if members else {}
        return await self.post(
            "/Groups", {"schemas": [GROUP], "displayName": display_name, **listed}
        )


USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patch_body(*operations: dict[str, Any]) -> dict[str, Any]:
    """Return a PatchOp message with these operations (RFC 7644 section 3.5.2)."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}
