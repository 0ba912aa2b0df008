metadata description = 'Storage of Stead itself: the sealed token caches (blobs) and the accounts (tables). It holds nothing else.'

@description('Name of the storage account.')
param name string

@description('Region of the storage account.')
param location string

@description('Tags of the storage account.')
param tags { *: string }

@description('Redundancy of the storage account. Stead reads no secondary region, so the RA kinds would add only cost.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('False closes the account to everything outside the virtual network.')
param publicAccess bool

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    // If this property is missing, Azure allows shared keys. With false, no key and no shared access signature opens the
    // account, so nothing that can leak gives access to it. Only roles do.
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

  // Stead promises that erased tokens are gone (docs/runbook.md, "What keeps erased secrets"). Each of these features would
  // keep overwritten or deleted caches. They are stated here, although false is the default of the API, because the portal
  // turns some of them on, and because tools that check templates recommend the opposite.
  resource blobService 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: false }
      containerDeleteRetentionPolicy: { enabled: false }
      isVersioningEnabled: false
      changeFeed: { enabled: false }
      restorePolicy: { enabled: false }
    }
  }

  // The container and the table are not made here. Stead makes them when they are missing, also after an operator has
  // deleted the container to throw away all tokens.
}

@description('Address of the blob service, with a slash at its end.')
output blobUri string = account.properties.primaryEndpoints.blob

@description('Address of the table service, with a slash at its end.')
output tableUri string = account.properties.primaryEndpoints.table

@description('Address of the queue service, with a slash at its end.')
output queueUri string = account.properties.primaryEndpoints.queue
