metadata description = 'Where logs and measurements go.'

@description('Region of the resources.')
param location string

@description('Name of the workspace that the alerts read.')
param workspaceName string

@description('Name of the workspace for the platform\'s own sign-in log.')
param signInWorkspaceName string

@description('Name of the workspace for the storage accounts\' own logs.')
param storageWorkspaceName string

@description('Name of the Application Insights resource.')
param insightsName string

@description('True creates the workspace and the Application Insights resource of traces and metrics.')
param openTelemetry bool

@description('Name of the workspace for traces and metrics.')
param traceWorkspaceName string

@description('Name of the Application Insights resource for traces and metrics.')
param traceInsightsName string

@description('Tags of every resource.')
param tags { *: string }

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Most that may be taken in a day, in GB; -1 is no limit. When it is reached, alerts fall silent until the next day.')
param dailyQuotaGb int

@description('The same for the storage accounts\' own logs; when it is reached, no alert falls silent.')
param storageDailyQuotaGb int

@description('The same for traces and metrics; when it is reached, no alert about the app\'s own lines falls silent.')
param traceDailyQuotaGb int

// Why: holds the logs that the alerts read; no key opens it.
resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Why: strangers write the platform's sign-in log, a line for each refused request. With a quota of its own, a flood of them
// can't silence the alerts.
resource signInWorkspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: signInWorkspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: json('0.1') }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Why: a directory that is deleted, or STORAGE_AUDIT, brings a line for each row. With a quota of its own, they can't silence the
// alerts either, and strangers at the sign-in can't push them out.
resource storageWorkspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: storageWorkspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: storageDailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Why: takes the host's and the app's telemetry; only identities may send to it.
resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
    DisableIpMasking: false
  }
}

// Why: with OpenTelemetry the host writes a row for each request that it samples, and its own measurements each minute, from
// every instance that strangers cause. With a quota of their own, they can't silence the alerts.
resource traceWorkspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = if (openTelemetry) {
  name: traceWorkspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: traceDailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Why: takes traces and metrics of host and app; only identities may send to it.
resource traceInsights 'Microsoft.Insights/components@2020-02-02' = if (openTelemetry) {
  name: traceInsightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: traceWorkspace.id
    DisableLocalAuth: true
    DisableIpMasking: false
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('A time at which the workspace\'s daily quota is reset; it is, every day, at this hour (RFC 1123 or ISO 8601).')
output quotaResetTime string = workspace.properties.workspaceCapping.?quotaNextResetTime ?? ''

@description('Resource id of the workspace for the storage accounts\' own logs.')
output storageWorkspaceId string = storageWorkspace.id

@description('Resource id of the workspace for the platform\'s sign-in log.')
output signInWorkspaceId string = signInWorkspace.id

@description('Where telemetry is sent. Names an address, opens nothing: local authentication is off.')
output connectionString string = insights.properties.ConnectionString

@description('Resource id of the workspace for traces and metrics; empty without OpenTelemetry.')
output traceWorkspaceId string = openTelemetry ? traceWorkspace.id : ''

@description('Where traces and metrics are sent with OpenTelemetry; empty without it.')
output traceConnectionString string = openTelemetry ? traceInsights!.properties.ConnectionString : ''
