metadata description = 'Key vault for the two secrets of the app. The template makes no secret: parameters and outputs of a deployment can be read in its history.'

@description('Name of the vault. It must be new: purge protection keeps the name of a deleted vault taken.')
param name string

@description('Region of the vault.')
param location string

@description('Tags of the vault.')
param tags { *: string }

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Whoever deletes the keys of the caches signs out every user, so a deletion can be undone for a while.
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    // It stays reachable with a private network too. It is not certain that Flex Consumption reads references through a
    // vault's firewall, and the command that makes the secrets runs on the machine of the person who deploys.
    publicNetworkAccess: 'Enabled'
  }
}

@description('Address of the vault, with a slash at its end.')
output uri string = vault.properties.vaultUri
