"""The second step of removing access, which only the company's administrator can take."""

from dataclasses import dataclass

from presence.graph.clouds import cloud_of
from presence.response_models import AccessRemoval
from shared.app import App


@dataclass(frozen=True, slots=True)
class Removal:
    """Return a deep link and commands that delete the enterprise application in a tenant."""

    tenant_id: str
    portal: str
    az: str
    powershell: str

    def as_json(self) -> AccessRemoval:
        """Return the object of the JSON API."""
        return {
            "tenantId": self.tenant_id,
            "portal": self.portal,
            "az": self.az,
            "powershell": self.powershell,
        }


def removal(app: App, tenant_id: str) -> Removal:
    """Return deep link and commands; they need the app ID only, because object IDs differ between tenants."""
    client_id = app.settings.presence_client_id
    portal = cloud_of(app.settings).portal_url
    return Removal(
        tenant_id,
        f"{portal}/{tenant_id}/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Properties/appId/{client_id}",
        f"az login --tenant {tenant_id} --allow-no-subscriptions && az ad sp delete --id {client_id}",
        f'Connect-MgGraph -TenantId {tenant_id} -Scopes "Application.ReadWrite.All"\n'
        f"Get-MgServicePrincipal -Filter \"appId eq '{client_id}'\" | "
        "ForEach-Object { Remove-MgServicePrincipal -ServicePrincipalId $_.Id }",
    )
