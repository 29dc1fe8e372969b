"""A storage account: the pipeline that signs requests in, repeats reads and keeps connections.

The pipeline has azure-core's public policies and two of our own. The client of azure-data-tables, whose generated
methods write and read the bodies, costs ten times the rest and is left out.
"""

import base64
import hashlib
import hmac
import json
from email.utils import formatdate
from typing import Any

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import AsyncPipeline, PipelineRequest
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from yarl import URL

from shared.tables import azure_protocol as wire

Credential = AzureNamedKeyCredential | AsyncTokenCredential

_SCOPE = "https://storage.azure.com/.default"
# Seconds, doubled from one attempt to the next: a reader waits at most 1.5 s for an account that refuses connections.
_BACKOFF_SECONDS = 0.2
_READ_RETRIES = 3
_CONNECT_SECONDS = 5
# Two attempts and their pause fit into the 20 seconds of a request.
_SILENCE_SECONDS = 8


class _Date(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Dates each attempt, which the service requires of every request that is signed in."""

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.http_request.headers["x-ms-date"] = formatdate(usegmt=True)


class _SharedKeyLite(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Signs with an account's key (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key)."""

    def __init__(self, credential: AzureNamedKeyCredential) -> None:
        self._name = credential.named_key.name
        self._key = base64.b64decode(credential.named_key.key)

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        sent = request.http_request
        # The HTTP client normalizes the path like this before it sends it.
        path = URL(sent.url).raw_path
        text = f"{sent.headers['x-ms-date']}\n/{self._name}{path}"
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        signature = base64.b64encode(digest).decode()
        sent.headers["Authorization"] = f"SharedKeyLite {self._name}:{signature}"


class Account:
    """The account at `endpoint`, and its one pool of connections."""

    def __init__(self, endpoint: str, credential: Credential) -> None:
        self.url = endpoint.rstrip("/")
        self._credential = credential
        # With the environment's settings each request would look for proxies and, in a thread, for ~/.netrc: 0.2 ms.
        self._transport = AioHttpTransport(
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_SILENCE_SECONDS,
            use_env_settings=False,
        )
        sign_in: Any
        if isinstance(credential, AzureNamedKeyCredential):
            sign_in = _SharedKeyLite(credential)
        else:
            sign_in = AsyncBearerTokenCredentialPolicy(credential, _SCOPE)
        retries = AsyncRetryPolicy(
            retry_total=_READ_RETRIES, retry_backoff_factor=_BACKOFF_SECONDS, retry_backoff_max=2
        )
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            self._transport, [retries, _Date(), sign_in]
        )

    async def send(self, request: HttpRequest, **options: Any) -> AsyncHttpResponse:
        """Return the answer with its body, whatever its status; raise AzureError if there is none."""
        return (await self._pipeline.run(request, stream=False, **options)).http_response

    async def create_table(self, table: str) -> AsyncHttpResponse:
        """Make a table, for an emulator; 409 answers that it exists."""
        headers = {**wire.WRITE, "Content-Type": "application/json", "Prefer": "return-no-content"}
        body = json.dumps({"TableName": table})
        request = HttpRequest("POST", f"{self.url}/Tables", headers=headers, content=body)
        return await self.send(request)

    async def close(self) -> None:
        """Close the connections and those of the credential."""
        await self._transport.close()
        if not isinstance(self._credential, AzureNamedKeyCredential):
            await self._credential.close()
