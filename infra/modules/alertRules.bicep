metadata description = 'The alerts that are worth their price. Each rule costs more the more often it looks, so it looks as seldom as it can.'

@export()
@description('An alert of docs/runbook.md.')
type Alert = {
  @description('Name of the rule and of the file of its query.')
  name: string

  @description('What docs/runbook.md calls it.')
  title: string

  @description('0 is critical, 1 an error, 2 a warning, 3 information.')
  severity: 0 | 1 | 2 | 3

  @description('How often the query is asked, as ISO 8601.')
  every: 'PT5M' | 'PT10M' | 'PT15M'

  @description('Time range of the query, as ISO 8601. It is longer than `every`, because logs arrive some minutes late.')
  window: 'PT10M' | 'PT15M' | 'PT30M' | 'PT1H'

  @description('The query. Each row of its result is a reason to alert.')
  query: string
}

@export()
@description('Every rule that tells people.')
var alerts Alert[] = [
  {
    name: 'workerSilent'
    title: 'The worker has not run for five minutes.'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('../queries/workerSilent.kql')
  }
  {
    name: 'ownFault'
    title: 'A fault of our own.'
    severity: 1
    every: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('../queries/ownFault.kql')
  }
  {
    name: 'foreignEntry'
    title: 'A cache with somebody else\'s tokens.'
    severity: 0
    every: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('../queries/foreignEntry.kql')
  }
  {
    name: 'workBreaksOff'
    title: 'Work breaks off.'
    severity: 2
    every: 'PT10M'
    window: 'PT15M'
    query: loadTextContent('../queries/workBreaksOff.kql')
  }
  {
    name: 'nobodyHelped'
    title: 'Nobody is helped.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../queries/nobodyHelped.kql')
  }
  {
    name: 'manyNeedUser'
    title: 'Many users have to sign in again.'
    severity: 2
    every: 'PT15M'
    window: 'PT1H'
    query: loadTextContent('../queries/manyNeedUser.kql')
  }
  {
    name: 'workerLags'
    title: 'The worker does not keep up.'
    severity: 3
    every: 'PT10M'
    window: 'PT15M'
    query: loadTextContent('../queries/workerLags.kql')
  }
  {
    name: 'partsFail'
    title: 'Parts of runs fail.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    query: loadTextContent('../queries/partsFail.kql')
  }
]
