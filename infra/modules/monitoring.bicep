metadata description = 'Where logs and measurements go.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags object

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Most that may be taken in a day, in GB; -1 is no limit. When it is reached, alerts fall silent until the next day.')
param dailyQuotaGb int

// Why: holds the logs that the alerts read; no key opens it.
resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

// Why: takes the host's and the app's telemetry; only identities may send to it.
resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${suffix}'
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

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Name of the Application Insights resource.')
output insightsName string = insights.name

@description('Where telemetry is sent. Names an address, opens nothing: local authentication is off.')
output connectionString string = insights.properties.ConnectionString
