"""The SDK's client for a storage account, as a way to send requests that are ready-made.

Signing in, repeating reads and keeping connections are the SDK's. Its generated methods, which
would write and read the bodies, cost ten times what the rest does and are left out.
"""

from typing import Any
from urllib.request import getproxies

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    ProxyPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables.aio import TableServiceClient

Credential = AzureNamedKeyCredential | AsyncTokenCredential

_NOT_NEEDED = (
    AsyncRedirectPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    DistributedTracingPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    ProxyPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
_BACKOFF = 0.2  # seconds, doubled from try to try: a reader waits at most 1.5 s for an account that is gone
_CONNECT_SECONDS = 5
_SILENCE_SECONDS = (
    35  # the service itself gives up after 30 s (setting-timeouts-for-table-service-operations)
)


class Account:
    """The account at `endpoint`, and its one pool of connections."""

    def __init__(self, endpoint: str, credential: Credential) -> None:
        self._endpoint, self._credential = endpoint, credential
        # With the environment's settings every request would look for proxies and, in a thread, for ~/.netrc: 0.2 ms.
        self._transport = AioHttpTransport(
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_SILENCE_SECONDS,
            use_env_settings=bool(getproxies()),
        )
        service = TableServiceClient(
            endpoint,
            credential=credential,
            transport=self._transport,
            retry_backoff_factor=_BACKOFF,
        )
        self.url = service.url.rstrip("/")
        # Not public in SDK 12.7.0, which is pinned: the list of its policies, and the policy for a second host, which
        # nothing is read from here. All else is.
        policies: list[Any] = [
            policy
            for policy in service._policies
            if not isinstance(policy, _NOT_NEEDED) and type(policy).__name__ != "StorageHosts"
        ]
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            self._transport, policies
        )

    async def send(self, request: HttpRequest, **options: Any) -> AsyncHttpResponse:
        """The answer with its body, whatever its status; raises AzureError where there is none."""
        return (await self._pipeline.run(request, stream=False, **options)).http_response

    async def create_table(self, table: str) -> None:
        """Make a table where it is missing."""
        async with TableServiceClient(self._endpoint, credential=self._credential) as service:
            await service.create_table_if_not_exists(table)

    async def close(self) -> None:
        """Let go of the connections and of the credential's."""
        await self._transport.close()
        if not isinstance(self._credential, AzureNamedKeyCredential):
            await self._credential.close()
