"""A storage account: the SDK's client authenticates requests, and a short pipeline sends them and repeats reads.

The client of azure-data-tables knows the account's address, the kinds of credentials and the
service's challenges. Its generated methods, which encode and decode rows, cost ten times as much as
the rest, so they are used only to create tables; `azure_protocol` encodes and decodes rows.
"""

from collections.abc import Iterator
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
from azure.data.tables.aio import TableServiceClient

Credential = AzureNamedKeyCredential | AsyncTokenCredential

# Seconds, doubled for each attempt. A read fails after at most 1.5 s if the account refuses connections.
_BACKOFF_SECONDS = 0.2
_READ_RETRIES = 3
_CONNECT_SECONDS = 5
# Two attempts and their pause fit into the 20 seconds of a request.
_SILENCE_SECONDS = 8


class _Date(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """A policy that adds the date to each attempt, which the service requires of authenticated requests."""

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.http_request.headers["x-ms-date"] = formatdate(usegmt=True)


class _Client(TableServiceClient):
    """The SDK's client without its policies except retries, the date and authentication.

    The policies left out handle redirects, logs, traces, decoding and a second host. They would be
    a third of a read's processor time.
    """

    def _configure_policies(self, *, audience: str | None = None, **kwargs: Any) -> list[Any]:
        retries = AsyncRetryPolicy(
            retry_total=_READ_RETRIES, retry_backoff_factor=_BACKOFF_SECONDS, retry_backoff_max=2
        )
        (sign_in,) = _sign_in(super()._configure_policies(audience=audience, **kwargs))
        self.policies = [retries, _Date(), sign_in]
        return self.policies


def _sign_in(policies: list[Any]) -> Iterator[Any]:
    """Yield the policies that authenticate a request, with a token or with an account's key."""
    for policy in policies:
        is_key = hasattr(policy, "sign_request")  # of a class that the SDK doesn't export
        if is_key or isinstance(policy, AsyncBearerTokenCredentialPolicy):
            yield policy


class Account:
    """The storage account at `endpoint`, with one pool of connections."""

    def __init__(self, endpoint: str, credential: Credential) -> None:
        self._credential = credential
        # Reading the environment's settings would take 0.2 ms per request: proxies and, in a thread, ~/.netrc.
        self._transport = AioHttpTransport(
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_SILENCE_SECONDS,
            use_env_settings=False,
        )
        client = _Client(endpoint, credential=credential, transport=self._transport)
        self.url = client.url.rstrip("/")
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            self._transport, client.policies
        )

    async def send(self, request: HttpRequest, **options: Any) -> AsyncHttpResponse:
        """Send a request; return the response with its body, whatever its status. Raise AzureError if there is none."""
        return (await self._pipeline.run(request, stream=False, **options)).http_response

    async def create_table(self, table: str) -> None:
        """Create a table on an emulator, unless it exists; raise AzureError if that fails."""
        async with TableServiceClient(self.url, credential=self._credential) as service:
            await service.create_table_if_not_exists(table)

    async def close(self) -> None:
        """Close the connections to the account, and those of the credential."""
        await self._transport.close()
        if not isinstance(self._credential, AzureNamedKeyCredential):
            await self._credential.close()
