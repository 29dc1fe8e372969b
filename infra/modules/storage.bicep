metadata description = 'The storage account of the data: the product\'s tables, the presence queue, and the host\'s own leases.'

@description('Region of the account.')
param location string

@description('Name of the account: 3 to 24 lower-case letters and digits, unique in Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of every resource.')
param tags { *: string }

@description('How many copies are kept: in one data centre (LRS), in three zones (ZRS), in a second region too (GZRS).')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param redundancy string

@description('True closes the account to the internet; it is then reached through private endpoints only.')
param private bool

var tables = ['contacts', 'presence', 'directories', 'tenants', 'work']
var queues = ['presence-sync', 'presence-sync-poison']

// Why: keeps the people of every directory; reached by identity only, because shared keys are switched off.
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

// Why: the host keeps its timer leases here.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

// Why: parent of the queues.
resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// Why: one message per tenant and interval, so that presence syncs run beside each other; failed ones land in the poison queue.
resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for i in range(0, length(queues)): {
    parent: queueService
    name: queues[i]
  }
]

// Why: parent of the tables.
resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// Why: people, presence, directories, tenants and work in progress; created here so that the app need not create anything.
resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [
  for i in range(0, length(tables)): {
    parent: tableService
    name: tables[i]
  }
]

@description('Address of the blob service, with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Address of the queue service, with a slash at its end.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Address of the table service, with a slash at its end.')
output tableEndpoint string = account.properties.primaryEndpoints.table
