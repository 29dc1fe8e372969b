"""App registrations: credentials, federated identities and redirect URIs."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PRESENCE_ROLE = "Presence.Read.All"
TENANT_INFORMATION_ROLE = "CrossTenantInformation.ReadBasic.All"


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Trust in another issuer's tokens (federatedIdentityCredential); all three fields must match exactly."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass(slots=True, kw_only=True)
class Application:
    """An app registration. Without redirect URIs, any on this machine is allowed."""

    client_id: str
    home_tenant_id: str
    name: str = "External Directories"
    secrets: dict[str, bool] = field(default_factory=dict)  # value -> still valid
    certificates: list[Any] = field(default_factory=list)  # public keys
    federated: list[FederatedCredential] = field(default_factory=list)
    redirects: set[str] = field(default_factory=set)
    app_roles: tuple[str, ...] = (PRESENCE_ROLE,)
    multi_tenant: bool = True

    def allows_redirect(self, address: str) -> bool:
        """Return whether the redirect URI is registered; compared exactly, as Entra does."""
        if self.redirects:
            return address in self.redirects
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.hostname in (
            "127.0.0.1",
            "localhost",
            "::1",
        )
