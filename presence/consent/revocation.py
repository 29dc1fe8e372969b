"""The second step of removing access, which only the company's own administrator can carry out."""

from dataclasses import dataclass

from presence.graph.clouds import cloud_of
from presence.response_models import AccessRemoval
from shared.app import App


@dataclass(frozen=True, slots=True)
class Removal:
    """A link to the portal, and commands, for deleting the app's enterprise application in a tenant."""

    tenant_id: str
    portal: str
    az: str
    powershell: str

    def as_json(self) -> AccessRemoval:
        """Return the JSON object of the API."""
        return {
            "tenantId": self.tenant_id,
            "portal": self.portal,
            "az": self.az,
            "powershell": self.powershell,
        }


def removal(app: App, tenant_id: str) -> Removal:
    """Return the link and the commands for a tenant.

    They contain only the app ID, because the application's object ID differs between tenants.
    """
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
