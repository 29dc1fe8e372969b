metadata description = 'What wakes somebody up. Reads the structured log lines that docs/deploy.md lists.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags object

@description('Resource id of the workspace.')
param workspaceId string

@description('Who is told; empty: alerts are only shown in the portal.')
param emails string[]

// Every log line of the product is one JSON object (shared/log.py).
var events = 'AppTraces | extend line = parse_json(Message) | extend event = tostring(line.event), directory_id = tostring(line.directory_id), tenant_id = tostring(line.tenant_id), timer = tostring(line.timer)'

// More than `threshold` rows of `query` within `window` raise the alert; each value of `dimension` has an alert of its own.
// Severity 0 is critical, 4 is for information.
var rules = [
  {
    name: 'Provisioning near quarantine'
    description: 'A directory refuses so many of its company\'s changes that Entra is about to stop sending. Its provisioning log names the people and the remedies.'
    severity: 2
    query: '${events} | where event == "quarantine.near" | project TimeGenerated, directory_id'
    window: 'PT1H'
    every: 'PT15M'
    threshold: 0
    dimension: 'directory_id'
  }
  {
    name: 'Presence stale'
    description: 'A tenant\'s statuses were not confirmed for three intervals; agents see grey dots. See the directory\'s presence health.'
    severity: 2
    query: '${events} | where event == "presence.stale" | project TimeGenerated, tenant_id'
    window: 'PT15M'
    every: 'PT5M'
    threshold: 0
    dimension: 'tenant_id'
  }
  {
    name: 'Timer silent'
    description: 'A timer has not run: presence stands still, or logs and deleted directories are not tidied. Restart the app; see docs/operations.md.'
    severity: 1
    query: 'let runs = ${events} | where event == "timer.run" | summarize last = max(TimeGenerated) by timer; datatable(timer: string, allowed: timespan) ["presence_timer", time(15m), "maintenance_timer", time(150m)] | join kind=leftouter runs on timer | where isnull(last) or last < now() - allowed | project timer'
    window: 'PT6H'
    every: 'PT5M'
    threshold: 0
    dimension: 'timer'
  }
  {
    name: 'Server errors'
    description: 'The app answered with 5xx, 501 of SCIM aside. AppRequests and AppExceptions with the same operation id say where.'
    severity: 1
    query: 'AppRequests | where toint(ResultCode) between (500 .. 599) and ResultCode != "501" | project TimeGenerated, Name, ResultCode'
    window: 'PT15M'
    every: 'PT5M'
    threshold: 5
    dimension: ''
  }
  {
    name: 'Presence message given up'
    description: 'A sync failed five times and its message went to the queue presence-sync-poison. The next interval tries the tenant afresh.'
    severity: 2
    query: '${events} | where event == "presence.poison" | project TimeGenerated, tenant_id'
    window: 'PT15M'
    every: 'PT15M'
    threshold: 0
    dimension: 'tenant_id'
  }
  {
    name: 'Own credential refused'
    description: 'Microsoft refuses the app\'s own credential: no tenant\'s presence can be read. Compare the federated credential of the presence registration with the identity.'
    severity: 0
    query: '${events} | where event == "credential.invalid" | project TimeGenerated'
    window: 'PT15M'
    every: 'PT5M'
    threshold: 0
    dimension: ''
  }
]

// Why: one list of people to tell, for every alert.
resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'directories'
    enabled: true
    emailReceivers: map(emails, email => { name: email, emailAddress: email, useCommonAlertSchema: true })
  }
}

// Why: each names one thing that agents or administrators would otherwise notice first.
resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for i in range(0, length(rules)): {
    name: 'alert-${toLower(join(split(rules[i].name, ' '), '-'))}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rules[i].name
      description: rules[i].description
      severity: rules[i].severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rules[i].every
      windowSize: rules[i].window
      autoMitigate: true
      skipQueryValidation: true // the tables appear with the first telemetry, after the deployment
      criteria: {
        allOf: [
          {
            query: rules[i].query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rules[i].threshold
            dimensions: empty(rules[i].dimension) ? [] : [{ name: rules[i].dimension, operator: 'Include', values: ['*'] }]
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [group.id] }
    }
  }
]
