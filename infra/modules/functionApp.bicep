metadata description = 'The function app on a Flex Consumption plan of its own, and all its settings.'

@description('Name of the function app.')
param name string

@description('Name of the plan. A Flex Consumption plan holds one app.')
param planName string

@description('Region of the app and the plan.')
param location string

@description('Tags of the plan.')
param tags { *: string }

@description('Tags of the app; azd finds it by `azd-service-name`.')
param appTags { *: string }

@description('Resource id of the identity of the app.')
param identityId string

@description('Address of the container that holds the deployed package.')
param packageContainerUri string

@description('Every application setting. A deployment replaces all settings of the app by these.')
param settings { *: string }

@description('Origin whose pages may call the API, without a slash at its end, or empty for none.')
param pageOrigin string

@description('Version of Node.')
param nodeVersion '22' | '24'

@description('Memory of an instance in MB. Its share of a processor grows with it.')
param instanceMemoryMB 512 | 2048 | 4096

@description('Most instances of a scale group.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('How many HTTP requests an instance serves at a time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('How many instances always wait for HTTP requests. They have no cold start, and a price while they wait.')
@minValue(0)
param alwaysReadyHttp int

@description('How many instances always wait for the timer of the worker.')
@minValue(0)
@maxValue(1)
param alwaysReadyWorker int

@description('True spreads the instances over availability zones. The storage of the host must be Standard_ZRS then.')
param zoneRedundant bool

@description('Resource id of the subnet that the app joins, or empty for none.')
param subnetId string

var alwaysReady = [
  {
    name: 'http'
    instanceCount: alwaysReadyHttp
  }
  {
    name: 'function:refreshWorker'
    instanceCount: alwaysReadyWorker
  }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: appTags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Flex Consumption refuses most other properties of siteConfig, in some regions only. It has no health check.
    siteConfig: {
      minTlsVersion: '1.2'
      cors: {
        allowedOrigins: empty(pageOrigin) ? [] : [pageOrigin]
        // The page sends an access token, and no cookie.
        supportCredentials: false
      }
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
        alwaysReady: filter(alwaysReady, group => group.instanceCount > 0)
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
  }
}

@description('Host name of the app. Azure may add to the name of the app, so it cannot be computed.')
output hostName string = app.properties.defaultHostName
