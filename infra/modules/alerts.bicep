metadata description = 'Alert rules. Their queries read the structured log lines that docs/deploy.md lists.'

@description('Region of the resources.')
param location string

@description('Ending of the resources\' names.')
param suffix string

@description('Tags of every resource.')
param tags { *: string }

@description('Resource id of the workspace.')
param workspaceId string

@description('A time at which the workspace\'s daily quota is reset; it is, every day, at this hour. Empty: not known.')
param quotaResetTime string

@description('True also watches the requests that the host records elsewhere, with OpenTelemetry.')
param openTelemetry bool

@description('Resource id of the workspace for traces and metrics; empty without OpenTelemetry.')
param traceWorkspaceId string

@description('Who is told; empty: alerts are only shown in the portal.')
param emails string[]

@description('True also watches for backups that stopped.')
param backups bool

@description('Name of the storage account that holds the deployed package.')
param packageStorageName string

@description('Name of the storage account that backups go to.')
param backupStorageName string

// Every log line of the product is one JSON object (shared/log.py).
var events = 'AppTraces | extend line = parse_json(Message) | extend event = tostring(line.event), directory_id = tostring(line.directory_id), tenant_id = tostring(line.tenant_id), timer = tostring(line.timer)'
// The workspace stopped taking billable data (learn.microsoft.com/azure/azure-monitor/logs/daily-cap).
// A table appears with its first row: a union with an empty one is there before.
var overQuota = 'union isfuzzy=true _LogOperation, (datatable(TimeGenerated: datetime, Category: string, Detail: string) []) | where Category =~ "Ingestion" and Detail has "OverQuota"'
// A request body above the host's limit is answered 500 before any function runs (Kestrel's message): no fault of the app.
var tooLarge = 'AppExceptions | where InnermostMessage has "Request body too large" or OuterMessage has "Request body too large"'

var blobCalls = 'union isfuzzy=true StorageBlobLogs, (datatable(TimeGenerated: datetime, AccountName: string, Category: string, StatusCode: string, RequesterObjectId: string) [])'

// More than `threshold` rows of `query` within `window` raise the alert; each value of `dimension` has an alert of its own.
// `lookBack` is what the query sees, if that is more than `window`. Severity 0 is critical, 4 is for information.
var rules = [
  {
    name: 'Provisioning near quarantine'
    description: 'A directory refuses so many of its company\'s changes that Entra is about to stop sending. Its provisioning log names the people and the remedies.'
    severity: 2
    query: '${events} | where event == "quarantine.near" | project TimeGenerated, directory_id'
    window: 'PT1H'
    lookBack: ''
    every: 'PT15M'
    threshold: 0
    dimension: 'directory_id'
  }
  {
    name: 'Credential ends soon'
    description: 'A token or client secret that a company\'s client uses ends in 30, 14 or 3 days; provisioning stops then. Tell the account\'s administrators to issue a new one on the directory\'s Credentials page.'
    severity: 2
    query: '${events} | where event == "credential.ending" | extend days_before = toint(line.days_before), credential_id = tostring(line.credential_id) | project TimeGenerated, directory_id, credential_id, days_before'
    window: 'PT1H'
    lookBack: ''
    every: 'PT1H'
    threshold: 0
    dimension: 'directory_id'
  }
  {
    name: 'Presence stale'
    description: 'A tenant\'s statuses were not confirmed for three intervals; agents see grey dots. See the directory\'s presence health.'
    severity: 2
    query: '${events} | where event == "presence.stale" | project TimeGenerated, tenant_id'
    window: 'PT15M'
    lookBack: ''
    every: 'PT5M'
    threshold: 0
    dimension: 'tenant_id'
  }
  {
    name: 'Timer silent'
    description: 'A timer has not run, and the log quota is not the reason: presence is not read, or logs and deleted directories are not tidied. Restart the app; see docs/operations.md.'
    severity: 1
    query: 'let runs = ${events} | where event == "timer.run" | summarize seen = max(TimeGenerated) by timer; let reset = todatetime("RESET_TIME"); let begun = reset + bin(now() - reset, 1d); let capped = toscalar(${overQuota} | summarize max(TimeGenerated)); datatable(timer: string, allowed: timespan) ["presence_timer", time(15m), "maintenance_timer", time(150m)] | join kind=leftouter runs on timer | where isnull(seen) or seen < now() - allowed | where isnull(capped) or (isnotnull(begun) and capped < begun and begun < now() - allowed) | project timer'
    window: 'PT6H'
    lookBack: 'P1D'
    every: 'PT5M'
    threshold: 0
    dimension: 'timer'
  }
  {
    name: 'Log quota reached'
    description: 'The workspace takes no more data until its reset hour, so every other alert is silent. Find the table that grew (docs/operations.md), or raise LOG_DAILY_QUOTA_GB.'
    severity: 1
    query: '${overQuota} | project TimeGenerated, Detail'
    window: 'PT1H'
    lookBack: ''
    every: 'PT15M'
    threshold: 0
    dimension: ''
  }
  {
    name: 'Server errors'
    description: 'The app answered more than five requests with 5xx in 15 minutes, apart from SCIM\'s 501 and from bodies above the host\'s limit. AppRequests and AppExceptions with the same operation id have the place.'
    severity: 1
    query: 'let answered = AppRequests | where toint(ResultCode) between (500 .. 599) and ResultCode != "501" | join kind=leftanti (${tooLarge}) on OperationId | summarize errors = tolong(sum(ItemCount)); let logged = ${events} | where event in ("http.error", "scim.error", "token.error") | summarize errors = count(); union answered, logged | summarize errors = max(errors) | where errors > 5 | project errors'
    window: 'PT15M'
    lookBack: ''
    every: 'PT5M'
    threshold: 0
    dimension: ''
  }
  {
    name: 'Presence message given up'
    description: 'A sync failed five times and its message went to the queue presence-sync-poison. The next interval tries the tenant again.'
    severity: 2
    query: '${events} | where event == "presence.poison" | project TimeGenerated, tenant_id'
    window: 'PT15M'
    lookBack: ''
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
    lookBack: ''
    every: 'PT5M'
    threshold: 0
    dimension: ''
  }
  {
    name: 'Package written'
    description: 'Somebody wrote or deleted the deployed package. Expected once after each deployment; at any other time, treat it as an intrusion (SECURITY.md).'
    severity: 3
    query: '${blobCalls} | where AccountName == "${packageStorageName}" and Category in ("StorageWrite", "StorageDelete") and StatusCode startswith "2" | project TimeGenerated, RequesterObjectId'
    window: 'PT15M'
    lookBack: ''
    every: 'PT15M'
    threshold: 0
    dimension: 'RequesterObjectId'
  }
]

var backupRules = [
  {
    name: 'Backup missing'
    description: 'No backup was stored for 26 hours. Look at the runs of the workflow Backup; see docs/operations.md.'
    severity: 2
    query: 'let stored = toscalar(${blobCalls} | where AccountName == "${backupStorageName}" and Category == "StorageWrite" and StatusCode startswith "2" | summarize max(TimeGenerated)); print seen = stored | where isnull(seen) or seen < now() - 26h | project seen'
    window: 'P1D'
    lookBack: 'P2D'
    every: 'PT1H'
    threshold: 0
    dimension: ''
  }
]

// With OpenTelemetry, AppRequests is in the workspace of traces; the app's own lines stay where the other rules read.
var traceRules = [
  {
    name: 'Server errors of the host'
    description: 'The host recorded more than five answers with 5xx in 15 minutes in the workspace of traces, apart from SCIM\'s 501. Server errors rings too if the app itself failed; if it does not, the host or the platform did.'
    severity: 1
    query: 'AppRequests | where toint(ResultCode) between (500 .. 599) and ResultCode != "501" | join kind=leftanti (${tooLarge}) on OperationId | summarize errors = tolong(sum(ItemCount)) | where errors > 5 | project errors'
    window: 'PT15M'
    lookBack: ''
    every: 'PT5M'
    threshold: 0
    dimension: ''
  }
]

var ownRules = concat(rules, backups ? backupRules : [])
var allRules = concat(ownRules, openTelemetry ? traceRules : [])

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
// The newest version is too young for the other clouds, and nothing of it is used.
#disable-next-line use-recent-api-versions
resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for i in range(0, length(allRules)): {
    name: 'alert-${toLower(join(split(allRules[i].name, ' '), '-'))}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: allRules[i].name
      description: allRules[i].description
      severity: allRules[i].severity
      enabled: true
      scopes: [i < length(ownRules) ? workspaceId : traceWorkspaceId]
      evaluationFrequency: allRules[i].every
      windowSize: allRules[i].window
      overrideQueryTimeRange: empty(allRules[i].lookBack) ? null : allRules[i].lookBack
      autoMitigate: true
      skipQueryValidation: true // the tables appear with the first telemetry, after the deployment
      criteria: {
        allOf: [
          {
            // Here and not above, so that `azd provision --preview` knows the rules' names before the workspace exists.
            query: contains(allRules[i].query, 'RESET_TIME')
              ? join(split(allRules[i].query, 'RESET_TIME'), quotaResetTime)
              : allRules[i].query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: allRules[i].threshold
            dimensions: empty(allRules[i].dimension)
              ? []
              : [{ name: allRules[i].dimension, operator: 'Include', values: ['*'] }]
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [group.id] }
    }
  }
]
