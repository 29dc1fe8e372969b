metadata description = 'The plan and the function app.'

@description('Region of the resources.')
param location string

@description('Name of the app.')
param name string

@description('Name of the plan.')
param planName string

@description('Tags of every resource.')
param tags { *: string }

@description('Resource id of the identity that the app runs as.')
param identityId string

@description('Address of the container that the package is deployed to.')
param packageContainerUrl string

@description('Version of Python.')
@allowed(['3.13', '3.14'])
param pythonVersion string

@description('Memory of one instance in MB. 2048 has a whole core; 512 costs a quarter and answers slower.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances that may run at once.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('HTTP instances that are always warm; 0 saves their price and makes the first call after a pause wait.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int

@description('Requests that one instance handles at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('True spreads the instances over the region\'s zones.')
param zoneRedundant bool

@description('True when a setting refers to Key Vault, which the app then reads as its identity.')
param readsKeyVault bool

@description('Subnet that the app calls out through; empty: none.')
param subnetId string

// A zone-redundant app has no always-ready instances or at least two for each group
// (learn.microsoft.com/azure/azure-functions/flex-consumption-plan).
var alwaysReady = zoneRedundant ? max(2, httpAlwaysReady) : httpAlwaysReady

// Why: Flex Consumption; nothing is billed while nothing runs, but for the always-ready instances.
resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

// Why: runs the product.
resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: readsKeyVault ? identityId : null
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'python', version: pythonVersion }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: httpAlwaysReady == 0 ? [] : [{ name: 'http', instanceCount: alwaysReady }]
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2' // Entra's provisioning service speaks TLS 1.2, so 1.3 alone would shut it out.
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled' // Flex Consumption has no file transfer; Azure Policy asks for it
      http20Enabled: true
    }
  }
}

// Why: no user name and password for file transfer; deployments sign in with Entra.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// Why: the same for the deployment endpoint.
resource noDeployPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

@description('Name of the app.')
output name string = app.name

@description('Host name that Azure gave the app.')
output hostName string = app.properties.defaultHostName

@description('What the DNS record asuid.<domain> of a custom domain must hold.')
output domainVerificationId string = app.properties.customDomainVerificationId
