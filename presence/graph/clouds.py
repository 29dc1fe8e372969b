"""Microsoft's clouds: addresses of sign-in and Graph, and whether presence exists there.

Sources: learn.microsoft.com/graph/deployments; for the audience of a federated credential,
learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.messages import Message
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Cloud:
    """One Microsoft cloud. `exchange_audience` is the audience of a managed identity's token."""

    login_url: str
    graph_url: str
    portal_url: str
    exchange_audience: str
    has_presence: bool = True
    # The resource of tokens: the real address of Graph, also if Graph is simulated.
    resource: str = ""

    @property
    def scope(self) -> str:
        """The scope of application tokens: all permissions that have consent."""
        return f"{self.resource or self.graph_url}/.default"


CLOUDS = {
    "global": Cloud(
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://entra.microsoft.com",
        "api://AzureADTokenExchange",
    ),
    "gcchigh": Cloud(
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://entra.microsoft.us",
        "api://AzureADTokenExchangeUSGov",
    ),
    "dod": Cloud(
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://entra.microsoft.us",
        "api://AzureADTokenExchangeUSGov",
    ),
    "china": Cloud(
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://entra.microsoftonline.cn",
        "api://AzureADTokenExchangeChina",
        has_presence=False,
    ),
}
NO_PRESENCE = Message("presence_impossible_china")


def cloud_of(settings: Settings) -> Cloud:
    """Return the deployment's cloud, with the addresses that settings override."""
    cloud = CLOUDS[settings.cloud]
    return Cloud(
        settings.login_url or cloud.login_url,
        settings.graph_url or cloud.graph_url,
        cloud.portal_url,
        cloud.exchange_audience,
        cloud.has_presence,
        cloud.graph_url,
    )


def is_loopback_http(url: str) -> bool:
    """Return whether the address is a simulator on this machine, without TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
