metadata description = 'What Azure itself notes about the app and its storage.'

@description('Name of the function app.')
param appName string

@description('Name of the storage account.')
param storageName string

@description('Resource id of the workspace.')
param workspaceId string

@description('True also records every read and write of a row; several times the price of the storage itself.')
param storageAudit bool

var categories = storageAudit ? ['StorageDelete', 'StorageWrite', 'StorageRead'] : ['StorageDelete']

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName

  resource tables 'tableServices' existing = {
    name: 'default'
  }

  resource queues 'queueServices' existing = {
    name: 'default'
  }
}

// Why: sign-ins that the platform refused never reach the app, so only the platform can report them.
resource appDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AppServiceAuthenticationLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

// Why: who deleted rows, and how the service answered (throttling, latency).
resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: storage::tables
  properties: {
    workspaceId: workspaceId
    logs: map(categories, category => { category: category, enabled: true })
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Why: length and age of the presence queue.
resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: storage::queues
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}
