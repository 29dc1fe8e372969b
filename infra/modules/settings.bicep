metadata description = 'Every app setting. The product\'s own are those of shared/settings.py; the others are the platform\'s. None is a secret.'

@description('Name of the function app.')
param appName string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Addresses of the storage services.')
param storage { blobs: string, queues: string, tables: string }

@description('Where telemetry is sent.')
param insightsConnectionString string

@description('Where traces and metrics are sent with OpenTelemetry.')
param traceConnectionString string

@description('True sends OpenTelemetry traces and metrics; adds about a tenth of a second to a cold start.')
param openTelemetry bool

@description('Most traces and metrics in a day, in GB; -1 is no limit.')
param traceDailyQuotaGb int

@description('Most instances that may run at once.')
param maximumInstanceCount int

@description('Most log data in a day, in GB; -1 is no limit.')
param logDailyQuotaGb int

@description('Tenants whose people may sign in besides the deployment\'s own; empty: only the own one.')
param customerTenantIds string[]

@description('Address of a client secret in Key Vault that sign-in uses; empty: it uses the app\'s identity.')
param signInSecretUri string

@description('The product\'s settings that the deployment decides.')
param product {
  name: string
  publicUrl: string
  defaultRegion: string
  cloud: string
  presenceClientId: string
  presenceIntervalSeconds: int
  eventRetentionDays: int
  tokenLifetimeDays: int
  auditRetentionDays: int
  maxDirectories: int
  maxAccessTokens: int
  maxConsentAttempts: int
  securityContact: string
  trustedKeyHosts: string
  embeddingOrigins: string
}

var productSettings = {
  PRODUCT_NAME: product.name
  TABLES: storage.tables
  MANAGED_IDENTITY_CLIENT_ID: identityClientId
  PUBLIC_URL: product.publicUrl
  DEFAULT_REGION: product.defaultRegion
  CLOUD: product.cloud
  PRESENCE_CLIENT_ID: product.presenceClientId
  HOME_TENANT_ID: tenant().tenantId
  PRESENCE_INTERVAL_SECONDS: string(product.presenceIntervalSeconds)
  EVENT_RETENTION_DAYS: string(product.eventRetentionDays)
  TOKEN_LIFETIME_DAYS: string(product.tokenLifetimeDays)
  AUDIT_RETENTION_DAYS: string(product.auditRetentionDays)
  MAX_DIRECTORIES: string(product.maxDirectories)
  MAX_ACCESS_TOKENS: string(product.maxAccessTokens)
  MAX_CONSENT_ATTEMPTS: string(product.maxConsentAttempts)
  SECURITY_CONTACT: product.securityContact
  TRUSTED_KEY_HOSTS: product.trustedKeyHosts
  EMBEDDING_ORIGINS: product.embeddingOrigins
}

var platformSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: storage.blobs
  AzureWebJobsStorage__queueServiceUri: storage.queues
  AzureWebJobsStorage__tableServiceUri: storage.tables
  APPLICATIONINSIGHTS_CONNECTION_STRING: openTelemetry ? traceConnectionString : insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  AzureWebJobsDisableHomepage: 'true'
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(4 * 1024 * 1024) // above it the host answers an empty 500; the app's own 413 begins at 1 MiB
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: join(union([tenant().tenantId], customerTenantIds), ',')
}

// The identity's assertion takes the secret's place; a reference to Key Vault is the way out where that does not work.
var signInSettings = empty(signInSecretUri)
  ? { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId }
  : { MICROSOFT_PROVIDER_AUTHENTICATION_SECRET: '@Microsoft.KeyVault(SecretUri=${signInSecretUri})' }

// Strangers can write into the log: a row for a sampled request, and the counts of refused ones. A quarter of the daily quota is
// theirs for requests under steady load, one for bursts after a pause, one for counts, whatever the number of instances: 10^9
// bytes * 0.25 / 1,200 bytes a row are 208,333 rows a day, 8,680 an hour, 2.411 a second. A burst lasts 5 seconds of 450 requests
// and comes once an hour (host.json): 2,250 requests. bench/cost.py has the same figures, and a test compares them.
var quotaPerInstance = logDailyQuotaGb < 0 ? 1000000 : max(1, logDailyQuotaGb * 1000000 / maximumInstanceCount)
var sampledMicros = min(500000, quotaPerInstance * 2411 / 1000)
var sampledHundredths = min(10000, quotaPerInstance * 8680 / 225000)
var sampledPercentage = '${sampledHundredths / 100}.${padLeft(string(sampledHundredths % 100), 2, '0')}'
var sampling = 'AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__'

var logSettings = {
  LOG_LINES_PER_HOUR: string(max(1, min(3600, quotaPerInstance * 8680 / 1000000)))
  '${sampling}maxTelemetryItemsPerSecond': '0.${padLeft(string(sampledMicros), 6, '0')}'
  '${sampling}initialSamplingPercentage': sampledPercentage
  '${sampling}maxSamplingPercentage': sampledPercentage
}

// With OpenTelemetry the host ignores the limits above (logging.applicationInsights of host.json). Its sampler has a setting of its
// own, from host 4.1048 on (azure-functions-host, pull request 11568): traces a second, for half of the traces'
// quota and three rows a trace (request, invocation, the app's span): 10^9 bytes * 0.5 / 3 / 1,200 bytes / 86,400 seconds are
// 1.607 traces a second. The app's spans follow the host's decision.
var traceQuotaPerInstance = traceDailyQuotaGb < 0 ? 1000000 : max(1, traceDailyQuotaGb * 1000000 / maximumInstanceCount)
var tracedMicros = min(500000, traceQuotaPerInstance * 1607 / 1000)

// The app's own lines go where the alerts read; the host, traces and metrics go to a workspace of their own.
var telemetrySettings = {
  LOG_CONNECTION_STRING: insightsConnectionString
  OTEL_TRACES_SAMPLER: 'microsoft.rate_limited'
  OTEL_TRACES_SAMPLER_ARG: '0.${padLeft(string(tracedMicros), 6, '0')}'
  AzureFunctionsJobHost__telemetryMode: 'OpenTelemetry'
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
  OTEL_SERVICE_NAME: appName
  APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL: 'true' // the exporters' own usage figures for Microsoft
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

// Why: tells the app and its host where everything is and as whom to act.
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(
    productSettings,
    platformSettings,
    signInSettings,
    logSettings,
    openTelemetry ? telemetrySettings : {}
  )
}
