metadata description = 'Optional: a network of the app\'s own, through which alone the storage accounts are reached.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags { *: string }

@description('Address range of the network; a /25 is enough.')
param addressPrefix string

@description('Doors to open: a name, the service of a storage account, and the account.')
param targets { name: string, service: ('blob' | 'queue' | 'table'), storageName: string }[]

var services = ['blob', 'queue', 'table']

// Why: carries the calls from the app to its storage account.
resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

// Why: inside the network the storage names must lead to the private addresses.
resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for i in range(0, length(services)): {
    name: 'privatelink.${services[i]}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

// Why: lets the network ask these zones.
resource zoneLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for i in range(0, length(services)): {
    parent: zone[i]
    name: 'app-${services[i]}'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

// Why: the accounts' only doors once they are closed to the internet: leases, messages, rows, packages, backups.
resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for i in range(0, length(targets)): {
    name: 'pe-${targets[i].name}-${suffix}'
    location: location
    tags: tags
    properties: {
      subnet: { id: '${network.id}/subnets/endpoints' }
      privateLinkServiceConnections: [
        {
          name: targets[i].name
          properties: {
            privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', targets[i].storageName)
            groupIds: [targets[i].service]
          }
        }
      ]
    }
  }
]

// Why: writes each private address into its DNS zone.
resource record 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for i in range(0, length(targets)): {
    parent: endpoint[i]
    name: targets[i].service
    properties: {
      privateDnsZoneConfigs: [
        {
          name: targets[i].service
          properties: { privateDnsZoneId: zone[indexOf(services, targets[i].service)].id }
        }
      ]
    }
  }
]

@description('Subnet that the app calls out through.')
output appSubnetId string = '${network.id}/subnets/app'
