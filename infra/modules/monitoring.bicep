metadata description = 'Logs: a workspace, the Application Insights component in it, and the group of people whom alerts reach.'

@description('Name of the Log Analytics workspace.')
param workspaceName string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the action group.')
param actionGroupName string

@description('Region of the workspace and the component.')
param location string

@description('Tags of all of them.')
param tags { *: string }

@description('How many days the workspace keeps logs.')
@minValue(30)
@maxValue(730)
param logRetentionDays int

@description('Daily limit of logs in GB; -1 is none. Logs over the limit are dropped, and every alert with them.')
@minValue(-1)
param logDailyCapGb int

@description('Mail address that alerts are sent to. If it is empty, alerts are only shown in the portal.')
param alertEmail string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: logRetentionDays
    workspaceCapping: { dailyQuotaGb: logDailyCapGb }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    // The connection string alone writes no log: the app writes with its identity.
    DisableLocalAuth: true
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'stead'
    emailReceivers: empty(alertEmail)
      ? []
      : [
          {
            name: 'operators'
            emailAddress: alertEmail
            useCommonAlertSchema: true
          }
        ]
  }
}

@description('Connection string of the component. It is no secret, because the component accepts no log without a role.')
output connectionString string = component.properties.ConnectionString
