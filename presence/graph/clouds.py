"""Microsoft's clouds: the URLs of sign-in and Graph, and whether presence exists there.

Sources: learn.microsoft.com/graph/deployments; for the audience of a federated credential,
learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.messages import Message
from shared.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A Microsoft cloud; `exchange_audience` is the audience for which a managed identity requests its token."""

    login_url: str
    graph_url: str
    portal_url: str
    exchange_audience: str
    has_presence: bool = True
    # The resource for which tokens are requested: the real URL of Graph, even if Graph is simulated.
    resource: str = ""

    @property
    def scope(self) -> str:
        """The scope of application tokens, which includes all permissions that have consent."""
        return f"{self.resource or self.graph_url}/.default"


CLOUDS = {
    "global": Cloud(
        login_url="https://login.microsoftonline.com",
        graph_url="https://graph.microsoft.com",
        portal_url="https://entra.microsoft.com",
        exchange_audience="api://AzureADTokenExchange",
    ),
    "gcchigh": Cloud(
        login_url="https://login.microsoftonline.us",
        graph_url="https://graph.microsoft.us",
        portal_url="https://entra.microsoft.us",
        exchange_audience="api://AzureADTokenExchangeUSGov",
    ),
    "dod": Cloud(
        login_url="https://login.microsoftonline.us",
        graph_url="https://dod-graph.microsoft.us",
        portal_url="https://entra.microsoft.us",
        exchange_audience="api://AzureADTokenExchangeUSGov",
    ),
    "china": Cloud(
        login_url="https://login.partner.microsoftonline.cn",
        graph_url="https://microsoftgraph.chinacloudapi.cn",
        portal_url="https://entra.microsoftonline.cn",
        exchange_audience="api://AzureADTokenExchangeChina",
        has_presence=False,
    ),
}
NO_PRESENCE = Message("presence_impossible_china")


def cloud_of(settings: Settings) -> Cloud:
    """Return the deployment's cloud, with the URLs that settings override."""
    cloud = CLOUDS[settings.cloud]
    return Cloud(
        login_url=settings.login_url or cloud.login_url,
        graph_url=settings.graph_url or cloud.graph_url,
        portal_url=cloud.portal_url,
        exchange_audience=cloud.exchange_audience,
        has_presence=cloud.has_presence,
        resource=cloud.graph_url,
    )


def is_loopback_http(url: str) -> bool:
    """Return whether the URL is http on this machine, such as the URL of a simulator."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
