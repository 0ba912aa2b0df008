metadata description = 'The one identity of the function app. It proves who the app is to Entra ID, storage, Key Vault and Application Insights.'

@description('Name of the user-assigned managed identity.')
param name string

@description('Region of the identity.')
param location string

@description('Tags of the identity.')
param tags { *: string }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Client id of the identity. Settings name the identity by it.')
output clientId string = identity.properties.clientId

@description('Object id of the identity. Role assignments and the federated credential name it by this id, and not by its client id.')
output principalId string = identity.properties.principalId
