"""The templates are secure by default: each switch that keeps access closed has its safe value.

The comparison is textual, so a reworded line of a template changes this list, too.
"""

import json

import pytest

from tests.infra import bicep
from tests.infra.bicep import INFRA

EXCHANGES = {
    "global": "api://AzureADTokenExchange",
    "gcchigh": "api://AzureADTokenExchangeUSGov",
    "dod": "api://AzureADTokenExchangeUSGov",
    "china": "api://AzureADTokenExchangeChina",
}
IDENTITY = {
    "issuer": "issuer",
    "subject": "identityPrincipalId",
    "audiences": "[federationAudiences[cloud]]",
}
ACCOUNT = {
    "properties.allowSharedKeyAccess": "false",
    "properties.allowBlobPublicAccess": "false",
    "properties.allowCrossTenantReplication": "false",
    "properties.defaultToOAuthAuthentication": "true",
    "properties.isLocalUserEnabled": "false",
    "properties.minimumTlsVersion": "'TLS1_2'",
    "properties.supportsHttpsTrafficOnly": "true",
    "properties.publicNetworkAccess": "private ? 'Disabled' : 'Enabled'",
    "properties.networkAcls.bypass": "'None'",
    "properties.networkAcls.defaultAction": "private ? 'Deny' : 'Allow'",
}
# By template and declaration: place in its body -> value, as in the template.
SWITCHES: dict[str, dict[str, str]] = {
    "modules/storage account": ACCOUNT,
    "modules/packages account": ACCOUNT,
    "modules/backup account": ACCOUNT,
    "modules/backup container": {"properties.publicAccess": "'None'"},
    "modules/backup immutable": {
        "properties.immutabilityPeriodSinceCreationInDays": "retentionDays",
        "properties.allowProtectedAppendWrites": "false",
    },
    "modules/packages package": {"properties.publicAccess": "'None'"},
    "modules/monitoring workspace": {"properties.features.disableLocalAuth": "true"},
    "modules/monitoring signInWorkspace": {
        "properties.features.disableLocalAuth": "true",
        "properties.workspaceCapping.dailyQuotaGb": "json('0.1')",
    },
    "modules/monitoring insights": {
        "properties.DisableLocalAuth": "true",
        "properties.DisableIpMasking": "false",
    },
    "modules/function-app app": {
        "identity.type": "'UserAssigned'",
        "properties.siteConfig.scmMinTlsVersion": "'1.2'",
        "properties.siteConfig.ftpsState": "'Disabled'",
        "properties.functionAppConfig.deployment.storage.authentication.type": "'UserAssignedIdentity'",
        "properties.functionAppConfig.runtime.version": "pythonVersion",
        "properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB": "instanceMemoryMB",
        "properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount": "maximumInstanceCount",
        "properties.functionAppConfig.scaleAndConcurrency.alwaysReady": (
            "httpAlwaysReady == 0 ? [] : [{ name: 'http', instanceCount: alwaysReady }]"
        ),
        "properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency": "httpConcurrency",
    },
    "modules/function-app noFtpPassword": {"name": "'ftp'", "properties.allow": "false"},
    "modules/function-app noDeployPassword": {"name": "'scm'", "properties.allow": "false"},
    "modules/sign-in signIn": {
        "properties.platform.enabled": "true",
        "properties.globalValidation.requireAuthentication": "true",
        "properties.globalValidation.unauthenticatedClientAction": "'RedirectToLoginPage'",
        "properties.globalValidation.excludedPaths": (
            "[ '/scim/*' '/health' '/embed' '/set-up' '/set-up/*' '/static/*' '/.well-known/security.txt'"
            " '/.well-known/oauth-authorization-server/*' ]"
        ),
        "properties.identityProviders.azureActiveDirectory.enabled": "true",
        "properties.identityProviders.azureActiveDirectory.registration.openIdIssuer": "issuer",
        "properties.identityProviders.azureActiveDirectory.login.loginParameters": "['scope=openid profile']",
        "properties.identityProviders.azureActiveDirectory.validation.allowedAudiences": "[clientId]",
        "properties.identityProviders.azureActiveDirectory.validation.defaultAuthorizationPolicy.allowedApplications": (
            "union([clientId], apiClientIds)"
        ),
        "properties.login.tokenStore.enabled": "false",
        "properties.login.nonce.validateNonce": "true",
        "properties.httpSettings.requireHttps": "true",
    },
    "modules/settings productSettings": {
        "TABLES": "storage.tables",
        "MANAGED_IDENTITY_CLIENT_ID": "identityClientId",
        "HOME_TENANT_ID": "tenant().tenantId",
    },
    "modules/settings platformSettings": {
        "AzureWebJobsStorage__credential": "'managedidentity'",
        "AzureWebJobsStorage__clientId": "identityClientId",
        "AzureWebJobsStorage__blobServiceUri": "storage.blobs",
        "AzureWebJobsStorage__queueServiceUri": "storage.queues",
        "AzureWebJobsStorage__tableServiceUri": "storage.tables",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            "openTelemetry ? traceConnectionString : insightsConnectionString"
        ),
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "'ClientId=${identityClientId};Authorization=AAD'",
        "AzureWebJobsDisableHomepage": "'true'",
        "WEBSITE_AUTH_AAD_ALLOWED_TENANTS": "join(union([tenant().tenantId], customerTenantIds), ',')",
    },
    "modules/network services": {"": "['blob', 'queue', 'table']"},
    "modules/network endpoint": {
        "properties.privateLinkServiceConnections": (
            "[ { name: targets[i].name properties: {"
            " privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', targets[i].storageName)"
            " groupIds: [targets[i].service] } } ]"
        ),
    },
    "modules/diagnostics categories": {
        "": "storageAudit ? ['StorageDelete', 'StorageWrite', 'StorageRead'] : ['StorageDelete']"
    },
    "modules/diagnostics appDiagnostics": {
        "properties.workspaceId": "signInWorkspaceId",
        "properties.logs": "[{ category: 'AppServiceAuthenticationLogs', enabled: true }]",
    },
    "modules/alerts alert": {
        "properties.enabled": "true",
        "properties.actions.actionGroups": "empty(emails) ? [] : [group.id]",
    },
    "registrations/app-registrations signInPrincipal": {"appRoleAssignmentRequired": "true"},
    "registrations/app-registrations signIn": {
        "signInAudience": "severalTenants ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'",
        "web.implicitGrantSettings.enableAccessTokenIssuance": "false",
    },
    "registrations/app-registrations signInCredential": IDENTITY,
    "registrations/app-registrations presenceCredential": IDENTITY,
    "registrations/app-registrations presence": {
        "requiredResourceAccess": (
            "[ { resourceAppId: graph resourceAccess: [ { id: openid, type: 'Scope' } { id: profile, type: 'Scope' }"
            " { id: presenceReadAll, type: 'Role' } ] } ]"
        ),
        "signInAudience": "'AzureADMultipleOrgs'",
        "groupMembershipClaims": "'DirectoryRole'",
        "web.implicitGrantSettings.enableIdTokenIssuance": "false",
        "web.implicitGrantSettings.enableAccessTokenIssuance": "false",
    },
    "registrations/app-registrations companyNames": {
        "appRoleId": "crossTenantInformation",
        "principalId": "presencePrincipal.id",
        "resourceId": "graphPrincipal!.id",
    },
    "registrations/app-registrations federationAudiences": {
        cloud: f"'{name}'" for cloud, name in EXCHANGES.items()
    },
}


@pytest.mark.parametrize("declaration", SWITCHES)
def test_switch_has_its_safe_value(declaration: str) -> None:
    """The declaration has the values that docs/deploy.md and SECURITY.md promise: identities instead of
    keys, TLS 1.2, sign-in before the app.
    """
    template, _, name = declaration.partition(" ")
    path = INFRA / f"{template}.bicep"
    node = (bicep.declarations(path, "resource") | bicep.declarations(path, "variable"))[name]
    found = bicep.values(node)
    assert {place: found.get(place) for place in SWITCHES[declaration]} == SWITCHES[declaration]


@pytest.mark.clause("7644/7.2")
def test_requests_are_encrypted() -> None:
    """HTTP is redirected, and TLS before 1.2 is refused (RFC 7644 section 7.2)."""
    app = bicep.declarations(INFRA / "modules/function-app.bicep", "resource")["app"]
    found = bicep.values(app)
    assert found["properties.httpsOnly"] == "true"
    assert found["properties.siteConfig.minTlsVersion"] == "'1.2'"


def test_flex_consumption_gets_the_subnet_that_it_needs() -> None:
    """Instances run in a subnet that is delegated to Microsoft.App; private endpoints are in another one."""
    network = bicep.declarations(INFRA / "modules/network.bicep", "resource")["network"]
    subnets = bicep.values(network)["properties.subnets"]
    assert (
        "delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]"
        in subnets
    )
    assert subnets.index("delegations") < subnets.index("name: 'endpoints'")


def test_only_these_modules_are_optional() -> None:
    """Only these modules depend on a parameter; roles, diagnostics and alerts are deployed always."""
    modules = bicep.declarations(INFRA / "main.bicep", "module")
    conditional = {
        name
        for name, node in modules.items()
        if any(n.type == "if_statement" for n in node.children)
    }
    assert conditional == {"network", "domain", "registrations", "signIn", "backupStore"}
    assert (
        bicep.values(modules["app"])["dependsOn"] == "[roles]"
    )  # the app reads its package as soon as it is there


def test_users_and_applications_can_have_the_roles() -> None:
    """Users and applications can be assigned the administrator's and the reader's role, and applications
    alone the role of the smoke test.
    """
    roles = json.loads((INFRA / "registrations/app-roles.json").read_text(encoding="utf-8"))
    assert [(role["allowedMemberTypes"], role["isEnabled"]) for role in roles] == [
        (["User", "Application"], True),
        (["User", "Application"], True),
        (["Application"], True),
    ]


def test_the_issuer_names_the_tenant_unless_several_sign_in() -> None:
    """The issuer names the operator's tenant, and leaves the tenant open only if several are listed; App
    Service then checks the list.
    """
    issuer = bicep.values(
        bicep.declarations(INFRA / "modules/sign-in.bicep", "variable")["issuer"]
    )[""]
    assert (
        issuer
        == "'${environment().authentication.loginEndpoint}${severalTenants ? 'common' : tenant().tenantId}/v2.0'"
    )
