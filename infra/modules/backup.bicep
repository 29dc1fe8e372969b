metadata description = 'Optional: the storage account that backups go to (infra/backup.sh). No role of the app reaches it.'

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

@description('Days that a backup is kept; once infra/lock.sh has locked the policy, no one can change or delete one before.')
@minValue(1)
@maxValue(365)
param retentionDays int

@description('True once infra/lock.sh --immutable has locked the policy: Azure then refuses to have it written again.')
param isLocked bool

// Why: an account of its own, so that who breaks into the app or deletes the data does not reach the copies.
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

// Why: parent of the container.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

// Why: one blob for each backup, named by its time.
resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'backups'
  properties: { publicAccess: 'None' }
}

// Why: not even the pipeline that writes backups can change or delete one during its retention. A template can't lock the policy
// (state is read-only); until infra/lock.sh has, whoever may deploy can remove it.
resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (!isLocked) {
  parent: container
  name: 'default'
  properties: { immutabilityPeriodSinceCreationInDays: retentionDays, allowProtectedAppendWrites: false }
}

// Why: backups hold personal data, so they end with their retention.
resource retention 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'end-of-retention'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${container.name}/'] }
            actions: { baseBlob: { delete: { daysAfterCreationGreaterThan: retentionDays } } }
          }
        }
      ]
    }
  }
}
