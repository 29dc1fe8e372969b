metadata description = 'Optional: an address of your own. First run: binding and certificate. Second run, with the thumbprint: TLS.'

@description('Region of the app.')
param location string

@description('Name of the function app.')
param appName string

@description('The address, such as people.example.com.')
param domain string

@description('Thumbprint of the certificate, from the first run; empty: not yet.')
param certificateThumbprint string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

// Why: lets the app answer at the address; DNS must already hold the CNAME and the asuid TXT record.
resource binding 'Microsoft.Web/sites/hostNameBindings@2025-03-01' = {
  parent: app
  name: domain
  properties: {
    siteName: appName
    hostNameType: 'Verified'
    customHostNameDnsRecordType: 'CName'
    sslState: empty(certificateThumbprint) ? 'Disabled' : 'SniEnabled'
    thumbprint: empty(certificateThumbprint) ? null : certificateThumbprint
  }
}

// Why: a free certificate that the platform renews; made in the first run, and left alone from then on.
resource certificate 'Microsoft.Web/sites/certificates@2025-03-01' = if (empty(certificateThumbprint)) {
  parent: app
  name: join(split(domain, '.'), '-')
  location: location
  properties: { canonicalName: domain }
  dependsOn: [binding]
}

@description('Thumbprint of the certificate, for the second run.')
output thumbprint string = empty(certificateThumbprint) ? certificate!.properties.thumbprint : certificateThumbprint
