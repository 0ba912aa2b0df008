metadata description = 'Alerts on what Stead logs. The queries are those of docs/runbook.md, which says what to do about each.'

import { alerts } from 'alertRules.bicep'

@description('Beginning of the names of the rules.')
param namePrefix string

@description('Region of the rules.')
param location string

@description('Tags of the rules.')
param tags { *: string }

@description('Name of the Application Insights component whose traces the rules read.')
param componentName string

@description('Name of the action group of the people whom alerts reach.')
param actionGroupName string

@description('Host name of the function app.')
param appHostName string

@description('True calls `POST /api/worker/run` while the worker is silent.')
param wakeWorker bool

@description('Object id of the application registration that the call gets its token for. Whoever deploys must be an owner of it.')
param wakeObjectId string

@description('Application id URI of that registration.')
param wakeIdentifierUri string

@description('Tenant of that registration.')
param wakeTenantId string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' existing = {
  name: actionGroupName
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: '${namePrefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Stead: ${alert.title}'
      description: '${alert.title} See docs/runbook.md, "Alerts".'
      severity: alert.severity
      enabled: true
      scopes: [component.id]
      evaluationFrequency: alert.every
      windowSize: alert.window
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      // People are told once when it begins and once when it is over.
      autoMitigate: true
      // The first deployment makes the rules before there is any log.
      skipQueryValidation: true
      actions: { actionGroups: [people.id] }
    }
  }
]

// Timers of Flex Consumption can stop for good after a deployment, while HTTP goes on. So HTTP wakes the worker.
resource waker 'Microsoft.Insights/actionGroups@2023-01-01' = if (wakeWorker) {
  name: '${namePrefix}-wake-worker'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'stead-wake'
    webhookReceivers: [
      {
        name: 'run-worker'
        serviceUri: 'https://${appHostName}/api/worker/run'
        useCommonAlertSchema: true
        useAadAuth: true
        objectId: wakeObjectId
        identifierUri: wakeIdentifierUri
        tenantId: wakeTenantId
      }
    ]
  }
}

resource wakeRule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = if (wakeWorker) {
  name: '${namePrefix}-wake-worker'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Stead: wake the worker'
    description: 'Runs the worker by HTTP every five minutes while it is silent.'
    severity: 4
    enabled: true
    scopes: [component.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/workerSilent.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    // A rule that is resolved by itself acts once. This one has to act again and again, until the worker runs.
    autoMitigate: false
    skipQueryValidation: true
    actions: { actionGroups: [waker.id] }
  }
}
