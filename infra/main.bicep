metadata description = 'External Directories: everything one deployment needs, in one resource group.'

// In this order: who the app is (identity), where it looks and writes (monitoring, storage, roles, network), the app with its address,
// registrations, settings and sign-in, and what watches it (diagnostics, alerts). main.bicepparam sets every parameter.
targetScope = 'resourceGroup'

@description('Short name of the deployment, part of the resources\' names: letters, digits and hyphens.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Region of every resource; must offer Flex Consumption.')
param location string = resourceGroup().location

@description('Name of the product on its pages and in Microsoft\'s sign-in and consent windows.')
param productName string = 'NEONNOW'

@description('Region (ISO 3166) that numbers without a country code belong to, unless a directory says otherwise.')
@minLength(2)
@maxLength(2)
param defaultRegion string = 'GB'

@description('Microsoft cloud of this deployment and of the companies it serves.')
@allowed(['global', 'gcchigh', 'dod', 'china'])
param cloud string = 'global'

@description('Seconds between two presence syncs.')
@allowed([10, 12, 15, 20, 30, 60, 120, 180, 240, 300])
param presenceIntervalSeconds int = 30

@description('Days that the provisioning log is kept.')
@minValue(1)
@maxValue(365)
param eventRetentionDays int = 30

@description('True creates the app registrations here. False: run infra/register-apps.sh and give the two client ids.')
param registerApps bool = true

@description('Client id of the registration that people sign in with, when registerApps is false. Empty: nobody can sign in yet.')
param signInClientId string = ''

@description('Client id of the registration that reads presence, when registerApps is false. Empty: presence cannot be connected yet.')
param presenceClientId string = ''

@description('Other tenants whose people may sign in, one per customer of a contact-centre provider. Empty: only this tenant\'s.')
@maxLength(9)
param customerTenantIds string[] = []

@description('Client ids of programs that may call the API: the contact-centre software, the smoke test of the pipeline.')
param apiClientIds string[] = []

@description('Copies of the stored data: LRS one data centre, ZRS three zones, GZRS a second region too.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageRedundancy string = 'Standard_ZRS'

@description('Memory of one instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that may run at once.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('HTTP instances that are always warm.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int = 1

@description('Requests that one instance handles at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('True spreads instances over the region\'s zones.')
param zoneRedundant bool = false

@description('True closes the storage account to the internet and reaches it through a network of its own.')
param privateNetwork bool = false

@description('Address range of that network; a /25 is enough.')
param networkAddressPrefix string = '10.71.0.0/25'

@description('Address of your own, such as people.example.com; empty: the one that Azure gives.')
param customDomain string = ''

@description('Thumbprint of its certificate, shown by the first run; empty: not yet.')
param customDomainThumbprint string = ''

@description('Who is told of alerts; empty: alerts are only shown in the portal.')
param alertEmails string[] = []

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most log data in a day, in GB; -1 is no limit.')
param logDailyQuotaGb int = 1

@description('True records every read and write of a row in the workspace.')
param storageAudit bool = false

@description('True sends OpenTelemetry traces and metrics.')
param openTelemetry bool = false

var token = uniqueString(resourceGroup().id, environmentName)
var suffix = '${environmentName}-${token}'
var tags = { 'azd-env-name': environmentName }
var severalTenants = !empty(customerTenantIds)
var platformUrl = 'https://${app.outputs.hostName}'
var servesCustomDomain = !empty(customDomain) && !empty(customDomainThumbprint)
var publicUrl = servesCustomDomain ? 'https://${customDomain}' : platformUrl
var signInId = registerApps ? registrations!.outputs.signInClientId : signInClientId
var presenceId = registerApps ? registrations!.outputs.presenceClientId : presenceClientId

// Why: the app's one identity.
module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: { location: location, name: 'id-${suffix}', tags: tags }
}

// Why: workspace and telemetry.
module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    suffix: suffix
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

// Why: tables, queues, package.
module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    name: 'st${token}'
    tags: tags
    redundancy: storageRedundancy
    private: privateNetwork
  }
}

// Why: what the identity may do.
module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

// Why: only where the storage account is closed to the internet.
module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    location: location
    suffix: suffix
    tags: tags
    addressPrefix: networkAddressPrefix
    storageId: storage.outputs.id
  }
}

// Why: plan and app.
module app 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    location: location
    suffix: suffix
    tags: tags
    identityId: identity.outputs.id
    packageContainerUrl: storage.outputs.packageContainerUrl
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpAlwaysReady: httpAlwaysReady
    httpConcurrency: httpConcurrency
    zoneRedundant: zoneRedundant
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
  }
  dependsOn: [roles]
}

// Why: an address of your own.
module domain 'modules/custom-domain.bicep' = if (!empty(customDomain)) {
  name: 'custom-domain'
  params: {
    location: location
    appName: app.outputs.name
    domain: customDomain
    certificateThumbprint: customDomainThumbprint
  }
}

// Why: sign-in of people, and presence.
module registrations 'registrations/app-registrations.bicep' = if (registerApps) {
  name: 'app-registrations'
  params: {
    suffix: token
    productName: productName
    urls: empty(customDomain) ? [platformUrl] : [platformUrl, 'https://${customDomain}']
    identityName: identity.outputs.name
    identityPrincipalId: identity.outputs.principalId
    cloud: cloud
    severalTenants: severalTenants
  }
}

// Why: tells the app where everything is.
module settings 'modules/settings.bicep' = {
  name: 'settings'
  params: {
    appName: app.outputs.name
    identityClientId: identity.outputs.clientId
    storage: {
      blobs: storage.outputs.blobEndpoint
      queues: storage.outputs.queueEndpoint
      tables: storage.outputs.tableEndpoint
    }
    insightsConnectionString: monitoring.outputs.connectionString
    openTelemetry: openTelemetry
    customerTenantIds: customerTenantIds
    product: {
      name: productName
      publicUrl: publicUrl
      defaultRegion: defaultRegion
      cloud: cloud
      presenceClientId: presenceId
      presenceIntervalSeconds: presenceIntervalSeconds
      eventRetentionDays: eventRetentionDays
    }
  }
}

// Why: sign-in in front of pages and API. Without a registration the app itself answers 401 to everybody.
module signIn 'modules/sign-in.bicep' = if (registerApps || !empty(signInClientId)) {
  name: 'sign-in'
  params: {
    appName: app.outputs.name
    clientId: signInId
    apiClientIds: apiClientIds
    severalTenants: severalTenants
  }
  dependsOn: [settings]
}

// Why: what Azure notes about the app and its storage.
module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  params: {
    appName: app.outputs.name
    storageName: storage.outputs.name
    workspaceId: monitoring.outputs.workspaceId
    storageAudit: storageAudit
  }
}

// Why: what wakes somebody up.
module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    suffix: suffix
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
  }
}

@description('Address of the product.')
output SERVICE_APP_URL string = publicUrl

@description('Name of the function app, for func azure functionapp publish.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Tenant that people sign in with and the registrations live in.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Client id of the registration that people sign in with.')
output SIGN_IN_CLIENT_ID string = signInId

@description('Client id of the registration that reads presence.')
output PRESENCE_CLIENT_ID string = presenceId

@description('Name of the app\'s identity, for infra/register-apps.sh.')
output IDENTITY_NAME string = identity.outputs.name

@description('Object id of the app\'s identity, for infra/register-apps.sh.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Ending of the registrations\' unique names, for infra/register-apps.sh.')
output REGISTRATION_SUFFIX string = token

@description('Value of the TXT record asuid.<your domain>.')
output DOMAIN_VERIFICATION_ID string = app.outputs.domainVerificationId

@description('Thumbprint for customDomainThumbprint, once the certificate exists.')
output CUSTOM_DOMAIN_THUMBPRINT string = empty(customDomain) ? '' : domain!.outputs.thumbprint

@description('What is left to do by hand.')
output NEXT_STEPS string[] = concat(
  empty(signInId) ? ['Run infra/register-apps.sh, then provision again with the client ids it prints.'] : [],
  ['Assign yourself the role Directory administrator: Entra admin center > Enterprise apps > ${productName} sign-in > Users and groups.'],
  !empty(customDomain) && empty(customDomainThumbprint)
    ? ['Set CUSTOM_DOMAIN_THUMBPRINT to the output of that name and provision again.']
    : [],
  empty(alertEmails) ? ['Nobody is told of alerts: set ALERT_EMAILS and provision again.'] : [],
  ['Open ${publicUrl} and choose Add Directory.']
)
