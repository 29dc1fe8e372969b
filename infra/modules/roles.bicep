metadata description = 'What the app\'s identity may do, and nothing else. docs/deploy.md has the same list with the reasons; a test compares them.'

@description('Name of the app\'s identity.')
param identityName string

@description('Object id of the app\'s identity.')
param principalId string

@description('Name of the storage account of the data.')
param storageName string

@description('Name of the storage account of the package.')
param packageStorageName string

@description('Name of the Application Insights resource.')
param insightsName string

@description('Name of the Application Insights resource for traces and metrics; empty: there is none.')
param traceInsightsName string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher

// Names of assignments come from the identity's resource id, which is known before anything exists. Whoever deletes the identity
// and creates it again deletes its old assignments first.
var identityId = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource packageStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: packageStorageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: 'app-package'
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource traceInsights 'Microsoft.Insights/components@2020-02-02' existing = if (!empty(traceInsightsName)) {
  name: empty(traceInsightsName) ? 'none' : traceInsightsName
}

// Why: the host takes leases on blobs (timers, singletons); Microsoft asks for Owner on the host's storage.
resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identityId, blobDataOwner)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

// Why: the platform writes the built package and starts instances from it as the app's identity; on this container only.
resource package 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(packageStorage::blobs::container.id, identityId, blobDataContributor)
  scope: packageStorage::blobs::container
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

// Why: the presence timer writes messages, the presence function takes them, the host moves failed ones to the poison queue.
resource queues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identityId, queueDataContributor)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
  }
}

// Why: every directory, person and status is a row that the app reads and writes.
resource tables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identityId, tableDataContributor)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

// Why: Application Insights takes telemetry from identities only (local authentication is off).
resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identityId, metricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

// Why: the same for traces and metrics, with OpenTelemetry.
resource traces 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(traceInsightsName)) {
  name: guid(traceInsights.id, identityId, metricsPublisher)
  scope: traceInsights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}
