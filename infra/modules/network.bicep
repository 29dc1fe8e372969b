metadata description = 'Optional: a network of its own, through which alone the storage account is reached.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags object

@description('Address range of the network; a /25 is enough.')
param addressPrefix string

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

@description('Subnet of the app.')
output appSubnetId string = '${network.id}/subnets/app'

@description('Subnet of the private endpoints.')
output endpointSubnetId string = '${network.id}/subnets/endpoints'

@description('DNS zones, in the order blob, queue, table.')
output zoneIds string[] = [for i in range(0, length(services)): zone[i].id]
