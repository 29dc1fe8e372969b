metadata description = 'The two app registrations. Whoever may not create them here runs infra/register-apps.sh elsewhere: same names, same result.'

@description('Ending of the registrations\' unique names.')
param suffix string

@description('Name that a company sees when it consents; sign-in has the same with a word added.')
param productName string

@description('Addresses that the app answers at, without a slash at the end.')
param urls string[]

@description('Name of the app\'s identity.')
param identityName string

@description('Object id of the app\'s identity.')
param identityPrincipalId string

@description('Microsoft cloud of this deployment.')
@allowed(['global', 'gcchigh', 'dod', 'china'])
param cloud string

@description('True when people of other tenants may sign in as well.')
param severalTenants bool

@description('True grants the presence registration, in this tenant only, the permission to read the names of companies\' tenants.')
param grantCompanyNames bool

var graph = '00000003-0000-0000-c000-000000000000' // Microsoft Graph
var openid = '37f7f235-527c-4136-accd-4a02d197296e' // openid, delegated
var profile = '14dad69e-099b-42c9-810b-d002981feec1' // profile, delegated
var presenceReadAll = 'a70e0c2d-e793-494c-94c4-118fa0a67f42' // Presence.Read.All, application
var crossTenantInformation = 'cac88765-0581-4025-9725-5ebc13f729ee' // CrossTenantInformation.ReadBasic.All, application
var federationAudiences = {
  global: 'api://AzureADTokenExchange'
  gcchigh: 'api://AzureADTokenExchangeUSGov'
  dod: 'api://AzureADTokenExchangeUSGov'
  china: 'api://AzureADTokenExchangeChina'
}
var issuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

// Why: people sign in to the pages with it, and its roles say who administers and who reads.
resource signIn 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'external-directories-sign-in-${suffix}'
  displayName: '${productName} sign-in'
  signInAudience: severalTenants ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'
  appRoles: loadJsonContent('app-roles.json')
  api: { requestedAccessTokenVersion: 2 }
  web: {
    redirectUris: map(urls, url => '${url}/.auth/login/aad/callback')
    implicitGrantSettings: { enableIdTokenIssuance: true, enableAccessTokenIssuance: false }
  }
  requiredResourceAccess: [
    {
      resourceAppId: graph
      resourceAccess: [
        { id: openid, type: 'Scope' }
        { id: profile, type: 'Scope' }
      ]
    }
  ]
}

// Why: only people and groups assigned to a role get in.
resource signInPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: signIn.appId
  appRoleAssignmentRequired: true
}

// Why: the platform proves itself with the app's identity, so sign-in needs no client secret.
resource signInCredential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${signIn.uniqueName}/${identityName}'
  description: 'The function app\'s identity'
  issuer: issuer
  subject: identityPrincipalId
  audiences: [federationAudiences[cloud]]
}

// Why: a company's administrator consents to this one; it may read presence and nothing else.
resource presence 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'external-directories-presence-${suffix}'
  displayName: productName
  signInAudience: 'AzureADMultipleOrgs'
  groupMembershipClaims: 'DirectoryRole' // the claim wids shows whether an administrator signed in
  web: {
    redirectUris: flatten(map(urls, url => ['${url}/sign-in/callback', '${url}/set-up/callback']))
    implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false }
  }
  requiredResourceAccess: [
    {
      resourceAppId: graph
      resourceAccess: [
        { id: openid, type: 'Scope' }
        { id: profile, type: 'Scope' }
        { id: presenceReadAll, type: 'Role' }
      ]
    }
  ]
}

// Why: its token from the own tenant tells a credential of ours that fails from a consent that a company withdrew.
resource presencePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: presence.appId
}

// Why: presence is read with the app's identity, so there is no secret to rotate.
resource presenceCredential 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${presence.uniqueName}/${identityName}'
  description: 'The function app\'s identity'
  issuer: issuer
  subject: identityPrincipalId
  audiences: [federationAudiences[cloud]]
}

resource graphPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' existing = if (grantCompanyNames) {
  appId: graph
}

// Why: whoever confirms a company sees its name. The registration doesn't declare the permission, so no company is asked for it.
resource companyNames 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (grantCompanyNames) {
  appRoleId: crossTenantInformation
  principalId: presencePrincipal.id
  resourceId: graphPrincipal!.id
}

@description('Client id of the registration that people sign in with.')
output signInClientId string = signIn.appId

@description('Client id of the registration that reads presence.')
output presenceClientId string = presence.appId

@description('Object id of the enterprise application that people are assigned to.')
output signInPrincipalId string = signInPrincipal.id
