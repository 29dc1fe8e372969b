metadata description = 'External Directories: everything one deployment needs, in one resource group.'

// In this order: who the app is (identity), where it looks and writes (monitoring, storage, packages, backups, roles, network),
// the app with its address, registrations, settings and sign-in, and what watches it (diagnostics, alerts). Names are computed
// here once, so that `azd provision --preview` can predict every resource. main.bicepparam sets every parameter.
targetScope = 'resourceGroup'

@description('Name of the azd environment; its letters, digits and hyphens, 20 at most, become part of the resources\' names.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of every resource; must offer Flex Consumption. Empty: the resource group\'s.')
param location string = ''

@description('Name of the product on its pages and in Microsoft\'s sign-in and consent windows.')
param productName string = 'NEONNOW'

@description('Version of Python that the app runs on.')
@allowed(['3.13', '3.14'])
param pythonVersion string = '3.13'

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

@description('Days that a new security token is valid, unless whoever issues it chooses otherwise. 0: without an end.')
@minValue(0)
@maxValue(1095)
param tokenLifetimeDays int = 365

@description('Days that the audit log is kept.')
@minValue(30)
@maxValue(3650)
param auditRetentionDays int = 365

@description('Most directories of one account.')
@minValue(1)
@maxValue(100000)
param maxDirectories int = 5000

@description('Most access tokens that one credential of a directory has at a time.')
@minValue(10)
@maxValue(10000)
param maxAccessTokens int = 600

@description('Most consents that one person begins, or that are begun for one directory, in ten minutes.')
@minValue(1)
@maxValue(1000)
param maxConsentAttempts int = 30

@description('True creates the app registrations here, in the public cloud only. False: run infra/register-apps.sh and give the two client ids.')
param registerApps bool = true

@description('True grants the presence registration the permission to read companies\' names, with registerApps; the deployer must be Privileged Role Administrator. False: infra/grant-company-names.sh, or domains and tenant ids alone.')
param grantCompanyNames bool = false

@description('Client id of the registration that people sign in with, when registerApps is false. Empty: nobody can sign in yet.')
param signInClientId string = ''

@description('Address of a client secret in Key Vault that sign-in uses instead of the app\'s identity; empty: the identity.')
param signInSecretUri string = ''

@description('Client id of the registration that reads presence, when registerApps is false. Empty: presence cannot be connected yet.')
param presenceClientId string = ''

@description('Other tenants whose people may sign in, one per customer of a contact-centre provider. Empty: only this tenant\'s.')
@maxLength(9)
param customerTenantIds string[] = []

@description('Client ids of programs that may call the API: the contact-centre software, the smoke test of the pipeline.')
param apiClientIds string[] = []

@description('Address (mailto: or https:) of the people who handle reports of vulnerabilities, for /.well-known/security.txt.')
param securityContact string = ''

@description('Hosts that signing keys of trusted OpenID Connect issuers are fetched from, divided by commas.')
param trustedKeyHosts string = ''

@description('Origins of the pages that may show the agents\' pages in a frame, such as https://crm.example.com, divided by commas.')
param embeddingOrigins string = ''

@description('Copies of the stored data: LRS one data centre, ZRS three zones (regions with zones only), GZRS a second region too.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageRedundancy string = 'Standard_ZRS'

@description('Memory of one instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that may run at once.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('HTTP instances that are always warm; at least two if zoneRedundant is true and this is not 0.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int = 1

@description('Requests that one instance handles at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('True spreads instances over the region\'s zones.')
param zoneRedundant bool = false

@description('True closes the storage accounts to the internet and reaches them through a network of their own.')
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
@minValue(-1)
param logDailyQuotaGb int = 1

@description('The same for the storage accounts\' own logs: deletions, and every call with storageAudit.')
@minValue(-1)
param storageLogDailyQuotaGb int = 1

@description('True creates the storage account that backups go to, and the alert that one is missing.')
param backups bool = false

@description('Days that a backup is kept; once infra/lock.sh has locked the policy, no one can change or delete one before.')
@minValue(1)
@maxValue(365)
param backupRetentionDays int = 35

@description('True once infra/lock.sh --immutable has locked the backups\' policy, which then can\'t be written again.')
param backupsLocked bool = false

@description('True records every read and write of a row in the workspace.')
param storageAudit bool = false

@description('True sends OpenTelemetry traces and metrics, to a workspace of their own.')
param openTelemetry bool = false

@description('Most traces and metrics in a day, in GB, with openTelemetry; -1 is no limit.')
@minValue(-1)
param traceDailyQuotaGb int = 1

// azd demands AZURE_LOCATION, az does not; a parameter file can't name the resource group's region.
#disable-next-line no-loc-expr-outside-params
var region = empty(location) ? resourceGroup().location : location
var token = uniqueString(resourceGroup().id, environmentName)
var plainName = join(split(toLower(environmentName), ['_', '.', '(', ')']), '-')
var suffix = '${take(plainName, 20)}-${token}'
var names = {
  identity: 'id-${suffix}'
  workspace: 'log-${suffix}'
  signInWorkspace: 'log-sign-in-${suffix}'
  storageWorkspace: 'log-storage-${suffix}'
  insights: 'appi-${suffix}'
  traceWorkspace: 'log-traces-${suffix}'
  traceInsights: 'appi-traces-${suffix}'
  storage: 'st${token}'
  packageStorage: 'pkg${token}'
  backupStorage: 'bak${token}'
  app: 'func-${suffix}'
}
var storageAccounts = concat([names.storage, names.packageStorage], backups ? [names.backupStorage] : [])
var tags = { 'azd-env-name': environmentName }
var severalTenants = !empty(customerTenantIds)
var platformUrl = 'https://${app.outputs.hostName}'
var servesCustomDomain = !empty(customDomain) && !empty(customDomainThumbprint)
var publicUrl = servesCustomDomain ? 'https://${customDomain}' : platformUrl
// The Graph extension works in the public cloud only (github.com/microsoftgraph/msgraph-bicep-types, quickstart templates).
var registersHere = registerApps && cloud == 'global'
var signInId = registersHere ? registrations!.outputs.signInClientId : signInClientId
var presenceId = registersHere ? registrations!.outputs.presenceClientId : presenceClientId
var adminConsentUrl = '${environment().authentication.loginEndpoint}${tenant().tenantId}/adminconsent?client_id=${signInId}'

// Why: the app's one identity.
module identity 'modules/identity.bicep' = {
  params: { location: region, name: names.identity, tags: tags }
}

// Why: workspaces and telemetry.
module monitoring 'modules/monitoring.bicep' = {
  params: {
    location: region
    workspaceName: names.workspace
    signInWorkspaceName: names.signInWorkspace
    storageWorkspaceName: names.storageWorkspace
    insightsName: names.insights
    openTelemetry: openTelemetry
    traceWorkspaceName: names.traceWorkspace
    traceInsightsName: names.traceInsights
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
    storageDailyQuotaGb: storageLogDailyQuotaGb
    traceDailyQuotaGb: traceDailyQuotaGb
  }
}

// Why: tables, queues, the host's leases.
module storage 'modules/storage.bicep' = {
  params: {
    location: region
    name: names.storage
    tags: tags
    redundancy: storageRedundancy
    private: privateNetwork
  }
}

// Why: the code that runs lies apart from the data that it may write.
module packages 'modules/packages.bicep' = {
  params: {
    location: region
    name: names.packageStorage
    tags: tags
    private: privateNetwork
  }
}

// Why: copies of the data that neither the app nor a mistake can change; only if asked for.
module backupStore 'modules/backup.bicep' = if (backups) {
  params: {
    location: region
    name: names.backupStorage
    tags: tags
    redundancy: storageRedundancy
    private: privateNetwork
    retentionDays: backupRetentionDays
    isLocked: backupsLocked
  }
}

// Why: what the identity may do.
module roles 'modules/roles.bicep' = {
  params: {
    identityName: names.identity
    principalId: identity.outputs.principalId
    storageName: names.storage
    packageStorageName: names.packageStorage
    insightsName: names.insights
    traceInsightsName: openTelemetry ? names.traceInsights : ''
  }
  dependsOn: [storage, packages, monitoring]
}

// Why: only if the storage accounts are closed to the internet.
module network 'modules/network.bicep' = if (privateNetwork) {
  params: {
    location: region
    suffix: suffix
    tags: tags
    addressPrefix: networkAddressPrefix
    targets: concat(
      [
        { name: 'blob', service: 'blob', storageName: names.storage }
        { name: 'queue', service: 'queue', storageName: names.storage }
        { name: 'table', service: 'table', storageName: names.storage }
        { name: 'package', service: 'blob', storageName: names.packageStorage }
      ],
      backups ? [{ name: 'backup', service: 'blob', storageName: names.backupStorage }] : []
    )
  }
  dependsOn: [storage, packages, backupStore]
}

// Why: plan and app.
module app 'modules/function-app.bicep' = {
  params: {
    location: region
    name: names.app
    planName: 'plan-${suffix}'
    tags: tags
    identityId: identity.outputs.id
    packageContainerUrl: packages.outputs.containerUrl
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpAlwaysReady: httpAlwaysReady
    httpConcurrency: httpConcurrency
    zoneRedundant: zoneRedundant
    readsKeyVault: !empty(signInSecretUri)
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
  }
  dependsOn: [roles]
}

// Why: an address of your own.
module domain 'modules/custom-domain.bicep' = if (!empty(customDomain)) {
  params: {
    location: region
    appName: names.app
    domain: customDomain
    certificateThumbprint: customDomainThumbprint
  }
  dependsOn: [app]
}

// Why: sign-in of people, and presence.
module registrations 'registrations/app-registrations.bicep' = if (registersHere) {
  params: {
    suffix: token
    productName: productName
    urls: empty(customDomain) ? [platformUrl] : [platformUrl, 'https://${customDomain}']
    identityName: names.identity
    identityPrincipalId: identity.outputs.principalId
    cloud: cloud
    severalTenants: severalTenants
    grantCompanyNames: grantCompanyNames
  }
}

// Why: tells the app where everything is.
module settings 'modules/settings.bicep' = {
  params: {
    appName: names.app
    identityClientId: identity.outputs.clientId
    storage: {
      blobs: storage.outputs.blobEndpoint
      queues: storage.outputs.queueEndpoint
      tables: storage.outputs.tableEndpoint
    }
    insightsConnectionString: monitoring.outputs.connectionString
    traceConnectionString: monitoring.outputs.traceConnectionString
    openTelemetry: openTelemetry
    traceDailyQuotaGb: traceDailyQuotaGb
    maximumInstanceCount: maximumInstanceCount
    logDailyQuotaGb: logDailyQuotaGb
    customerTenantIds: customerTenantIds
    signInSecretUri: signInSecretUri
    product: {
      name: productName
      publicUrl: publicUrl
      defaultRegion: defaultRegion
      cloud: cloud
      presenceClientId: presenceId
      presenceIntervalSeconds: presenceIntervalSeconds
      eventRetentionDays: eventRetentionDays
      tokenLifetimeDays: tokenLifetimeDays
      auditRetentionDays: auditRetentionDays
      maxDirectories: maxDirectories
      maxAccessTokens: maxAccessTokens
      maxConsentAttempts: maxConsentAttempts
      securityContact: securityContact
      trustedKeyHosts: trustedKeyHosts
      embeddingOrigins: embeddingOrigins
    }
  }
}

// Why: sign-in in front of pages and API. Without a registration the app itself answers 401 to everybody.
module signIn 'modules/sign-in.bicep' = if (registersHere || !empty(signInClientId)) {
  params: {
    appName: names.app
    clientId: signInId
    apiClientIds: apiClientIds
    severalTenants: severalTenants
    usesSecret: !empty(signInSecretUri)
  }
  dependsOn: [settings]
}

// Why: what Azure notes about the app and its storage.
module diagnostics 'modules/diagnostics.bicep' = {
  params: {
    appName: names.app
    storageName: names.storage
    packageStorageName: names.packageStorage
    backupStorageName: backups ? names.backupStorage : ''
    workspaceId: monitoring.outputs.workspaceId
    signInWorkspaceId: monitoring.outputs.signInWorkspaceId
    storageWorkspaceId: monitoring.outputs.storageWorkspaceId
    storageAudit: storageAudit
  }
  dependsOn: [app, storage, packages, backupStore]
}

// Why: tells the operator what agents or administrators would otherwise notice first.
module alerts 'modules/alerts.bicep' = {
  params: {
    location: region
    suffix: suffix
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    quotaResetTime: monitoring.outputs.quotaResetTime
    traceWorkspaceId: monitoring.outputs.traceWorkspaceId
    openTelemetry: openTelemetry
    emails: alertEmails
    backups: backups
    packageStorageName: names.packageStorage
    backupStorageName: names.backupStorage
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
output IDENTITY_NAME string = names.identity

@description('Object id of the app\'s identity, for infra/register-apps.sh.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Ending of the registrations\' unique names, for infra/register-apps.sh.')
output REGISTRATION_SUFFIX string = token

@description('Address of the table service, for infra/backup.sh and python -m local.')
output TABLES string = storage.outputs.tableEndpoint

@description('Names of the storage accounts, for infra/lock.sh.')
output STORAGE_ACCOUNTS string[] = storageAccounts

@description('Name of the storage account for infra/backup.sh; empty: backups is false.')
output BACKUP_STORAGE_ACCOUNT string = backups ? names.backupStorage : ''

@description('Value of the TXT record asuid.<your domain>.')
output DOMAIN_VERIFICATION_ID string = app.outputs.domainVerificationId

@description('Thumbprint for customDomainThumbprint, once the certificate exists.')
output CUSTOM_DOMAIN_THUMBPRINT string = empty(customDomain) ? '' : domain!.outputs.thumbprint

@description('What is left to do by hand, in this order.')
output NEXT_STEPS string[] = concat(
  empty(signInId)
    ? ['Run infra/register-apps.sh, then provision again with the client ids that it prints.']
    : [
        'Grant admin consent for sign-in, once, as Cloud Application Administrator: open ${adminConsentUrl} (an error page after Accept is expected).'
      ],
  [
    'Assign yourself the role Directory administrator: Entra admin center > Enterprise apps > ${productName} sign-in > Users and groups.'
  ],
  empty(presenceId) || (registersHere && grantCompanyNames)
    ? []
    : [
        'To see the names of companies when they are connected, once, as Privileged Role Administrator (optional): infra/grant-company-names.sh ${presenceId}'
      ],
  !empty(customDomain) && empty(customDomainThumbprint)
    ? ['Set CUSTOM_DOMAIN_THUMBPRINT to the output of that name and provision again.']
    : [],
  empty(alertEmails) ? ['Alerts are sent to no one: set ALERT_EMAILS and provision again.'] : [],
  backups ? [] : ['Nothing is backed up: set BACKUPS to true, provision again, and schedule infra/backup.sh.'],
  [
    'Lock what holds data, once, as Owner or User Access Administrator: infra/lock.sh ${resourceGroup().name} ${join(storageAccounts, ' ')}'
  ],
  backups && !backupsLocked
    ? [
        'Once a backup has been restored as a test, lock the backups for good: infra/lock.sh --immutable ${resourceGroup().name} ${names.backupStorage}'
      ]
    : [],
  [
    'Open ${publicUrl} and choose Add Directory.'
    'Prove the deployment: python3 infra/smoke.py ${publicUrl}'
  ]
)
