metadata description = 'Everything that Stead needs in Azure, but the application registrations and the secrets. docs/deploy.md explains it.'

targetScope = 'subscription'

// What and where

@description('Name of the environment. It is part of the name of the resource group and of the tag by which azd finds it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything but the static web app. Flex Consumption must be offered there.')
@minLength(1)
param location string

@description('More tags for every resource.')
param extraTags { *: string } = {}

// The settings of Stead. docs/settings.md says what each of them means. A deployment replaces all settings of the app,
// so a setting that an operator changes by hand in the portal is lost at the next deployment. Change it here.

@description('ENTRA_TENANT_ID: directory (tenant) id of the application registrations.')
param entraTenantId string = tenant().tenantId

@description('ENTRA_CLIENT_ID: application (client) id of the registration of the API.')
@minLength(36)
@maxLength(36)
param entraClientId string

@description('ENTRA_AUTHORITY: origin of the authority. If it is empty, the app uses that of the public cloud. docs/clouds.md has the others.')
param entraAuthority string = ''

@description('ALLOWED_TENANTS: tenants whose users are served, with commas; * for any. If it is empty, only the tenant above.')
param allowedTenants string = ''

@description('ALLOWED_CLIENT_IDS: applications that may call the API, with commas. If it is empty, any.')
param allowedClientIds string = ''

@description('API_SCOPE: the scope that an access token needs.')
param apiScope string = 'access_as_user'

@description('GRAPH_BASE_URL: origin of Microsoft Graph. If it is empty, the app uses that of the cloud of the authority.')
param graphBaseUrl string = ''

@description('TOKEN_CACHE_STORE: where caches are kept.')
param tokenCacheStore 'blob' = 'blob'

@description('REFRESH_IDLE_SECONDS: how long after a visit the worker waits before it checks the user.')
@minValue(1)
@maxValue(86400)
param refreshIdleSeconds int = 60

@description('REFRESH_MIN_INTERVAL_SECONDS: shortest time between two refreshes of one user.')
@minValue(1)
@maxValue(86400)
param refreshMinIntervalSeconds int = 300

@description('REFRESH_EVERY_RUN: true checks every idle user in every run.')
param refreshEveryRun bool = false

@description('RETENTION_DAYS: after so many days without a visit a user is retired.')
@minValue(1)
@maxValue(3650)
param retentionDays int = 90

@description('CONNECT: ask keeps nothing of a user until they connect. visit connects them at their first visit.')
param connect 'visit' | 'ask' = 'visit'

@description('LOG_CHECKS: changes logs no check that is routine. docs/runbook.md, "Fewer lines".')
param logChecks 'all' | 'changes' = 'all'

@description('SPLIT_RUNS_ABOVE: above this number of due accounts a run is split over several instances; 0 never splits. docs/scale.md.')
@minValue(0)
@maxValue(10000)
param splitRunsAbove int = 0

@description('TOKEN_REQUESTS_PER_SECOND: how many requests a second runs send to the token endpoint for one tenant; 0 is as many as there are.')
@minValue(0)
@maxValue(10000)
param tokenRequestsPerSecond int = 0

@description('TASKS: the shipped tasks that run, with commas, or none. drive-changes needs the permission Files.Read and inbox-digest Mail.ReadBasic: docs/register.md, "More permissions".')
param tasks string = 'read-profile'

@description('NOTICE_WEBHOOK_URL: where notices are sent; empty for nowhere. With it, the vault needs the secret notice-webhook-secret. docs/notices.md.')
param noticeWebhookUrl string = ''

@description('NOTICE_PAGE_URL: the page that a notice leads to.')
param noticePageUrl string = ''
@description('LINK_REDIRECT_URI: address of the callback of a link, as it is registered. If it is empty, users cannot link. docs/register.md, "Stay connected".')
param linkRedirectUri string = ''

@description('LINK_RETURN_URLS: pages to which the browser returns after a link, with commas.')
param linkReturnUrls string = ''

@description('The kill switch: true stops the worker, and requests go on. docs/runbook.md, "The kill switch".')
param refreshWorkerDisabled bool = false

// The function app

@description('Version of Node.')
param nodeVersion '22' | '24' = '24'

@description('Memory of an instance in MB.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('Most instances that serve requests. The worker has one instance in any case.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How many requests an instance serves at a time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('How many instances always wait for requests. Each has a price, also while it waits.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('1 keeps an instance for the worker at all times. It has a price.')
@minValue(0)
@maxValue(1)
param alwaysReadyWorker int = 0

@description('True spreads the app and the storage of its host over availability zones, in regions that have them.')
param zoneRedundant bool = false

// Storage, key vault and network

@description('Redundancy of the storage of caches and accounts. If it is lost, every user has to sign in again.')
param tokenStorageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_LRS'

@description('Any text that gives the key vault a new name. An environment that was deleted and is made again needs one, because the deleted vault keeps its name for 90 days.')
param vaultSalt string = ''

@description('True puts both storage accounts behind private endpoints in a virtual network, which the app joins.')
param privateNetwork bool = false

// The page

@description('True makes a static web app for the page.')
param makeStaticWebApp bool = true

@description('Region of the static web app.')
param staticWebAppLocation 'centralus' | 'eastasia' | 'eastus2' | 'westeurope' | 'westus2' = 'westeurope'

@description('Plan of the static web app.')
param staticWebAppSku 'Free' | 'Standard' = 'Free'

@description('Origin of the page, such as https://stead.example, if it has a domain of its own or another host. If it is empty, the origin of the static web app.')
param pageOrigin string = ''

// Logs and alerts

@description('How many days the workspace keeps logs.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Daily limit of logs in GB; -1 is none. Over the limit no alert works.')
@minValue(-1)
param logDailyCapGb int = -1

@description('Mail address that alerts are sent to. If it is empty, nobody is told of an alert.')
param alertEmail string = ''

@description('True lets an alert run the worker by HTTP while its timer is silent. docs/deploy.md, "Alerts", says what it needs.')
param wakeWorker bool = false

@description('Object id (not the client id) of the registration of the API. `npm run entra:register -- --wake-worker` prints it.')
param wakeObjectId string = ''

// People

@description('Object id of the person or pipeline that deploys, who then makes the secrets of the key vault.')
param deployerId string = ''

@description('What kind of principal deploys.')
param deployerType 'User' | 'Group' | 'ServicePrincipal' = 'User'

@description('Object id of the operators who use the command `npm run stead`, at best a group.')
param operatorsId string = ''

@description('What kind of principal the operators are.')
param operatorsType 'User' | 'Group' | 'ServicePrincipal' = 'Group'

var tags = union(extraTags, { 'azd-env-name': environmentName })
var unique = uniqueString(subscription().id, environmentName, location)
var names = {
  identity: 'id-${unique}'
  hostStorage: 'sthost${unique}'
  tokenStorage: 'sttoken${unique}'
  vault: 'kv-${uniqueString(subscription().id, environmentName, location, vaultSalt)}'
  workspace: 'log-${unique}'
  component: 'appi-${unique}'
  actionGroup: 'ag-${unique}'
  plan: 'plan-${unique}'
  app: 'func-${unique}'
  page: 'stapp-${unique}'
  network: 'vnet-${unique}'
}

// What this cloud does not have: docs/clouds.md. The deployment is refused before it makes anything.
var isPublicCloud = environment().name == 'AzureCloud'
var cloudFaults = filter(
  [
    environment().name == 'AzureUSGovernment'
      ? 'Flex Consumption, on which this template runs the app, is not offered in Azure Government.'
      : ''
    isPublicCloud || !empty(entraAuthority) ? '' : 'Set ENTRA_AUTHORITY to the authority of this cloud.'
    isPublicCloud || !makeStaticWebApp
      ? ''
      : 'Set MAKE_STATIC_WEB_APP to false, and PAGE_ORIGIN to where the page is: the regions of static web apps are those of the public cloud.'
  ],
  fault => !empty(fault)
)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: empty(cloudFaults) ? location : fail('${join(cloudFaults, ' ')} docs/clouds.md explains it.')
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: names.identity
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    componentName: names.component
    actionGroupName: names.actionGroup
    location: location
    tags: tags
    logRetentionDays: logRetentionDays
    logDailyCapGb: logDailyCapGb
    alertEmail: alertEmail
  }
}

module hostStorage 'modules/hostStorage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    sku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    publicAccess: !privateNetwork
  }
}

module tokenStorage 'modules/tokenStorage.bicep' = {
  scope: group
  params: {
    name: names.tokenStorage
    location: location
    tags: tags
    sku: tokenStorageSku
    publicAccess: !privateNetwork
  }
}

module keyVault 'modules/keyVault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  dependsOn: [hostStorage, tokenStorage, keyVault, monitoring]
  params: {
    identityName: names.identity
    principalId: identity.outputs.principalId
    hostStorageName: names.hostStorage
    tokenStorageName: names.tokenStorage
    vaultName: names.vault
    componentName: names.component
    deployerId: deployerId
    deployerType: deployerType
    operatorsId: operatorsId
    operatorsType: operatorsType
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  dependsOn: [hostStorage, tokenStorage]
  params: {
    name: names.network
    location: location
    tags: tags
    hostStorageName: names.hostStorage
    tokenStorageName: names.tokenStorage
  }
}

module page 'modules/staticWebApp.bicep' = if (makeStaticWebApp) {
  scope: group
  params: {
    name: names.page
    location: staticWebAppLocation
    tags: union(tags, { 'azd-service-name': 'web' })
    sku: staticWebAppSku
  }
}

var givenOrigin = endsWith(pageOrigin, '/') ? take(pageOrigin, length(pageOrigin) - 1) : pageOrigin
var origin = empty(pageOrigin) ? page.?outputs.?origin ?? '' : givenOrigin

module functionApp 'modules/functionApp.bicep' = {
  scope: group
  // Without its roles the app cannot read its package, its secrets and its storage.
  dependsOn: [roles]
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    appTags: union(tags, { 'azd-service-name': 'api' })
    identityId: identity.outputs.id
    packageContainerUri: hostStorage.outputs.packageContainerUri
    pageOrigin: origin
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyWorker: alwaysReadyWorker
    zoneRedundant: zoneRedundant
    subnetId: network.?outputs.?appSubnetId ?? ''
    settings: {
      // The plain name `AzureWebJobsStorage` must stay unset: it would be read as a connection string.
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.outputs.clientId
      AzureWebJobsStorage__blobServiceUri: hostStorage.outputs.blobUri
      AzureWebJobsStorage__tableServiceUri: hostStorage.outputs.tableUri
      APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
      // Without it, an app that cannot start has no functions, and answers 404 as if all were well.
      FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR: 'true'
      'AzureWebJobs.refreshWorker.Disabled': toLower(string(refreshWorkerDisabled))
      ENTRA_TENANT_ID: entraTenantId
      ENTRA_CLIENT_ID: entraClientId
      ENTRA_MANAGED_IDENTITY_CLIENT_ID: identity.outputs.clientId
      ENTRA_AUTHORITY: entraAuthority
      ALLOWED_TENANTS: allowedTenants
      ALLOWED_CLIENT_IDS: allowedClientIds
      API_SCOPE: apiScope
      GRAPH_BASE_URL: graphBaseUrl
      TokenStore__credential: 'managedidentity'
      TokenStore__clientId: identity.outputs.clientId
      TokenStore__blobServiceUri: tokenStorage.outputs.blobUri
      TokenStore__tableServiceUri: tokenStorage.outputs.tableUri
      TokenStore__queueServiceUri: tokenStorage.outputs.queueUri
      TOKEN_CACHE_STORE: tokenCacheStore
      TOKEN_CACHE_KEYS: '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.uri}secrets/token-cache-keys)'
      LOG_HASH_KEY: '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.uri}secrets/log-hash-key)'
      REFRESH_IDLE_SECONDS: string(refreshIdleSeconds)
      REFRESH_MIN_INTERVAL_SECONDS: string(refreshMinIntervalSeconds)
      REFRESH_EVERY_RUN: toLower(string(refreshEveryRun))
      RETENTION_DAYS: string(retentionDays)
      CONNECT: connect
      LOG_CHECKS: logChecks
      SPLIT_RUNS_ABOVE: string(splitRunsAbove)
      TOKEN_REQUESTS_PER_SECOND: string(tokenRequestsPerSecond)
      TASKS: tasks
      NOTICE_WEBHOOK_URL: noticeWebhookUrl
      NOTICE_WEBHOOK_SECRET: empty(noticeWebhookUrl)
        ? ''
        : '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.uri}secrets/notice-webhook-secret)'
      NOTICE_PAGE_URL: noticePageUrl
      LINK_REDIRECT_URI: linkRedirectUri
      LINK_RETURN_URLS: empty(linkRedirectUri) ? '' : linkReturnUrls
    }
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    namePrefix: 'alert-${unique}'
    location: location
    tags: tags
    componentName: names.component
    actionGroupName: names.actionGroup
    appHostName: functionApp.outputs.hostName
    wakeWorker: wakeWorker
    wakeObjectId: wakeObjectId
    wakeIdentifierUri: 'api://${entraClientId}'
    wakeTenantId: entraTenantId
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  dependsOn: [monitoring]
  params: {
    location: location
    tags: tags
    componentName: names.component
  }
}

// azd keeps these in the environment of the hooks. None of them is secret, and none has the name of a value in
// main.parameters.json, because it would come back as a parameter of the next deployment.

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output API_APP_NAME string = names.app

@description('Address of the API.')
output API_URI string = 'https://${functionApp.outputs.hostName}'

@description('Origin of the page; empty if there is no static web app and none was given.')
output PAGE_URI string = origin

@description('Client id of the identity of the app.')
output IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Object id of the identity: the subject of the federated credential in the registration of the API.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Name of the key vault, whose secrets are made after the deployment.')
output VAULT_NAME string = names.vault

@description('Name of the storage account of the token caches and the accounts.')
output TOKEN_STORAGE_NAME string = names.tokenStorage

@description('Name of the Application Insights component.')
output APPLICATION_INSIGHTS_NAME string = names.component
