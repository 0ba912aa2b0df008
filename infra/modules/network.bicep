metadata description = 'An optional private network: the app joins it, and both storage accounts are reachable only through it.'

@description('Name of the virtual network.')
param name string

@description('Region of the virtual network and the private endpoints.')
param location string

@description('Tags of all of them.')
param tags { *: string }

@description('Name of the storage account of the Functions host.')
param hostStorageName string

@description('Name of the storage account of the token caches and the accounts.')
param tokenStorageName string

var services = ['blob', 'table', 'queue']

// The host has no queues.
var endpoints = [
  { account: hostStorageName, service: 'blob' }
  { account: hostStorageName, service: 'table' }
  { account: tokenStorageName, service: 'blob' }
  { account: tokenStorageName, service: 'table' }
  { account: tokenStorageName, service: 'queue' }
]

// The subnets are part of the network, because a later deployment of a network without them might remove them.
resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/23'] }
    subnets: [
      {
        name: 'private-endpoints'
        properties: {
          addressPrefix: '10.0.0.0/24'
          defaultOutboundAccess: false
        }
      }
      {
        name: 'function-app'
        properties: {
          addressPrefix: '10.0.1.0/24'
          // The app calls Entra ID and Graph through this subnet. A NAT gateway or a firewall may take over.
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'flex-consumption'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
    ]
  }

  resource endpointSubnet 'subnets' existing = {
    name: 'private-endpoints'
  }

  resource appSubnet 'subnets' existing = {
    name: 'function-app'
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: {
    parent: zones[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for endpoint in endpoints: {
    name: 'pe-${endpoint.account}-${endpoint.service}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::endpointSubnet.id }
      privateLinkServiceConnections: [
        {
          name: endpoint.service
          properties: {
            privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', endpoint.account)
            groupIds: [endpoint.service]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (endpoint, i) in endpoints: {
    parent: privateEndpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.service
          properties: { privateDnsZoneId: zones[indexOf(services, endpoint.service)].id }
        }
      ]
    }
  }
]

@description('Resource id of the subnet that the app joins.')
output appSubnetId string = network::appSubnet.id
