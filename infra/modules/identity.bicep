metadata description = 'The one identity that the app acts as: in storage, in monitoring, and as credential of its app registrations.'

@description('Region of the identity.')
param location string

@description('Name of the identity.')
param name string

@description('Tags of every resource.')
param tags { *: string }

// Why: one identity for everything, so that no key, secret or certificate exists that could leak or run out.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id, for assigning the identity to the app.')
output id string = identity.id

@description('Client id, for settings that name the identity.')
output clientId string = identity.properties.clientId

@description('Object id, for role assignments and federated credentials.')
output principalId string = identity.properties.principalId
