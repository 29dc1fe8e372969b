metadata description = 'What Azure itself notes about the app and its storage.'

@description('Name of the function app.')
param appName string

@description('Name of the storage account of the data.')
param storageName string

@description('Name of the storage account of the package.')
param packageStorageName string

@description('Name of the storage account of backups; empty: there is none.')
param backupStorageName string

@description('Resource id of the workspace that the alerts read.')
param workspaceId string

@description('Resource id of the workspace for the platform\'s sign-in log.')
param signInWorkspaceId string

@description('Resource id of the workspace for the storage accounts\' own logs.')
param storageWorkspaceId string

@description('True also records every read and write of a row; several times the price of the storage itself.')
param storageAudit bool

// Every diagnostic setting has API version 2021-05-01-preview: the only stable one, 2016-09-01, has no categories of workspaces.
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

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource packageStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: packageStorageName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource backupStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = if (!empty(backupStorageName)) {
  name: empty(backupStorageName) ? 'none' : backupStorageName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

// Why: sign-ins that the platform refused never reach the app, so only the platform can report them.
#disable-next-line use-recent-api-versions
resource appDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: signInWorkspaceId
    logs: [{ category: 'AppServiceAuthenticationLogs', enabled: true }]
  }
}

// Why: who deleted rows, and how the service answered (throttling, latency).
#disable-next-line use-recent-api-versions
resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: storage::tables
  properties: {
    workspaceId: storageWorkspaceId
    logs: map(categories, category => { category: category, enabled: true })
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Why: how often the presence queue is called, and how the service answers (throttling, latency).
#disable-next-line use-recent-api-versions
resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: storage::queues
  properties: {
    workspaceId: storageWorkspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Why: who wrote or deleted the host's leases.
#disable-next-line use-recent-api-versions
resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: storage::blobs
  properties: {
    workspaceId: storageWorkspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Why: who wrote the code that runs; the alert Package written reads it.
#disable-next-line use-recent-api-versions
resource packageDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: packageStorage::blobs
  properties: {
    workspaceId: workspaceId
    logs: map(['StorageWrite', 'StorageDelete'], category => { category: category, enabled: true })
  }
}

// Why: whether backups arrive, and who reads them.
#disable-next-line use-recent-api-versions
resource backupDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(backupStorageName)) {
  name: 'to-workspace'
  scope: backupStorage::blobs
  properties: {
    workspaceId: workspaceId
    logs: map(['StorageRead', 'StorageWrite', 'StorageDelete'], category => { category: category, enabled: true })
  }
}
