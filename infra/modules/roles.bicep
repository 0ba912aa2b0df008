metadata description = 'Who may do what: every role assignment of the deployment is in this file.'

import { roleIds } from 'roleIds.bicep'

@description('Name of the identity of the function app.')
param identityName string

@description('Object id of the identity of the function app.')
param principalId string

@description('Name of the storage account of the Functions host.')
param hostStorageName string

@description('Name of the storage account of the token caches and the accounts.')
param tokenStorageName string

@description('Name of the key vault.')
param vaultName string

@description('Name of the Application Insights component.')
param componentName string

@description('Object id of the person or pipeline that makes the secrets of the vault. If it is empty, nobody gets that role here.')
param deployerId string

@description('What kind of principal makes the secrets.')
param deployerType 'User' | 'Group' | 'ServicePrincipal'

@description('Object id of the operators who use the command `npm run stead`. If it is empty, nobody gets their roles here.')
param operatorsId string

@description('What kind of principal the operators are.')
param operatorsType 'User' | 'Group' | 'ServicePrincipal'

// The Functions host needs the first one; the second lets it keep its diagnostic events, and otherwise it warns at each start.
var hostRoles = [roleIds.storageBlobDataOwner, roleIds.storageTableDataContributor]

// The scope is the account, and not the container or the table. Stead makes both again when they are missing, which a role
// on the container could not do, and such a role would vanish when an operator deletes the container.
var tokenRoles = [
  roleIds.storageBlobDataContributor
  roleIds.storageTableDataContributor
  roleIds.storageQueueDataContributor
]
var operatorRoles = [
  roleIds.storageBlobDataContributor
  roleIds.storageTableDataContributor
  roleIds.storageQueueDataContributor
]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostStorageName
}

resource tokenStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: tokenStorageName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource appOnHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in hostRoles: {
    scope: hostStorage
    name: guid(hostStorage.id, identity.id, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      // Entra ID may not know a new identity for some minutes. Without its type, the assignment would then be refused.
      principalType: 'ServicePrincipal'
    }
  }
]

resource appOnTokenStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in tokenRoles: {
    scope: tokenStorage
    name: guid(tokenStorage.id, identity.id, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource appOnVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identity.id, roleIds.keyVaultSecretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.keyVaultSecretsUser)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource appOnComponent 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: component
  name: guid(component.id, identity.id, roleIds.monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleIds.monitoringMetricsPublisher
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource deployerOnVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  scope: vault
  name: guid(vault.id, deployerId, roleIds.keyVaultSecretsOfficer)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.keyVaultSecretsOfficer)
    principalId: deployerId
    principalType: deployerType
  }
}

resource operatorsOnTokenStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in operatorRoles: if (!empty(operatorsId)) {
    scope: tokenStorage
    name: guid(tokenStorage.id, operatorsId, role)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: operatorsId
      principalType: operatorsType
    }
  }
]
