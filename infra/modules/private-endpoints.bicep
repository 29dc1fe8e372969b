metadata description = 'Optional: the storage account\'s private addresses.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags object

@description('Resource id of the storage account.')
param storageId string

@description('Subnet of the endpoints.')
param subnetId string

@description('DNS zones, in the order blob, queue, table.')
param zoneIds string[]

var services = ['blob', 'queue', 'table']

// Why: the account's only doors once it is closed to the internet: packages and leases, messages, rows.
resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for i in range(0, length(services)): {
    name: 'pe-${services[i]}-${suffix}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: services[i]
          properties: { privateLinkServiceId: storageId, groupIds: [services[i]] }
        }
      ]
    }
  }
]

// Why: writes each private address into its DNS zone.
resource record 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for i in range(0, length(services)): {
    parent: endpoint[i]
    name: services[i]
    properties: {
      privateDnsZoneConfigs: [{ name: services[i], properties: { privateDnsZoneId: zoneIds[i] } }]
    }
  }
]
