"""A client of the token endpoint that sends requests in-process."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from local.host.host import Host
from shared.app import App
from shared.http import Request

ACCOUNT = "11111111-1111-1111-1111-111111111111"
AUDIENCE = "api://external-directories"
SUBJECT = "7d3a4c1e-52f0-4b0b-8a36-2f1f6f0c9b11"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A response of the token endpoint."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def token(self) -> str:
        """Return the access token of the body; fail if there is none."""
        assert self.status == 200, self.body
        return str(self.body["access_token"])


@dataclass(frozen=True, slots=True)
class TokenClient:
    """A client of one directory's token endpoint; `secret` is its client secret."""

    host: Host
    app: App
    directory_id: str
    secret: str

    async def post(self, fields: Any, directory_id: str = "", **headers: str) -> TokenAnswer:
        """Send a form as a mapping, as pairs, or already encoded as bytes; `headers` are added.

        With `directory_id` it is sent to that directory's endpoint instead.
        """
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        sent = {"content-type": FORM, "content-length": str(len(body))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"https://app.example/scim/{directory_id or self.directory_id}/oauth2/token"
        response = await self.host.call(Request("POST", url, sent, body))
        found = {name.lower(): value for name, value in response.headers.items()}
        return TokenAnswer(response.status, found, orjson.loads(response.body))

    async def by_secret(self, **fields: str) -> TokenAnswer:
        """Request a token with the client secret in the form; `fields` replace or add form
        fields.
        """
        usual = {"client_id": self.directory_id, "client_secret": self.secret}
        return await self.post({"grant_type": "client_credentials", **usual, **fields})

    async def by_assertion(self, assertion: str, **fields: str) -> TokenAnswer:
        """Request a token with a client assertion, as Entra does."""
        usual = {
            "grant_type": "client_credentials",
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion,
        }
        return await self.post({**usual, **fields})

    async def users(self, token: str) -> int:
        """Return the status of GET /Users with this access token."""
        headers = {"authorization": f"Bearer {token}"}
        url = f"https://app.example/scim/{self.directory_id}/v2/Users?count=1"
        return (await self.host.call(Request("GET", url, headers))).status
