metadata description = 'A workbook that shows the queries of docs/runbook.md beside each other.'

@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags { *: string }

@description('Name of the Application Insights component whose traces the workbook shows.')
param componentName string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

var tables = [
  { title: 'The runs of the last hour', query: loadTextContent('../queries/runs.kql') }
  { title: 'How single checks ended in the last hour', query: loadTextContent('../queries/checks.kql') }
  { title: 'Cooldowns of the last day', query: loadTextContent('../queries/cooldowns.kql') }
  { title: 'Users who kill runs', query: loadTextContent('../queries/userKillsRuns.kql') }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(component.id, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Stead'
    category: 'workbook'
    sourceId: toLower(component.id)
    serializedData: string({
      version: 'Notebook/1.0'
      items: map(tables, table => {
        type: 3
        name: table.title
        content: {
          version: 'KqlItem/1.0'
          title: table.title
          query: table.query
          queryType: 0
          resourceType: 'microsoft.insights/components'
          size: 0
        }
      })
      fallbackResourceIds: [toLower(component.id)]
    })
  }
}
