metadata description = 'Storage of the Functions host: its leases, its keys and the deployed package. Nothing of any user is in it.'

@description('Name of the storage account.')
param name string

@description('Region of the storage account.')
param location string

@description('Tags of the storage account.')
param tags { *: string }

@description('Redundancy of the storage account. A zone-redundant plan needs Standard_ZRS.')
param sku 'Standard_LRS' | 'Standard_ZRS'

@description('False closes the account to everything outside the virtual network.')
param publicAccess bool

// Two apps that share a container overwrite each other's package, so it belongs to this app alone.
var packageContainer = 'app-package'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    // If this property is missing, Azure allows shared keys.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowedCopyScope: 'AAD'
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }

  resource blobService 'blobServices' = {
    name: 'default'

    resource packages 'containers' = {
      name: packageContainer
      properties: { publicAccess: 'None' }
    }
  }
}

@description('Address of the blob service, with a slash at its end.')
output blobUri string = account.properties.primaryEndpoints.blob

@description('Address of the table service, with a slash at its end.')
output tableUri string = account.properties.primaryEndpoints.table

@description('Address of the container that holds the deployed package.')
output packageContainerUri string = '${account.properties.primaryEndpoints.blob}${packageContainer}'
