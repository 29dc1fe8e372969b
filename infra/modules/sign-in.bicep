metadata description = 'App Service Authentication in front of the pages and the API.'

@description('Name of the function app.')
param appName string

@description('Client id of the app registration that people sign in with.')
param clientId string

@description('Client ids of programs that may call the API with a token of their own.')
param apiClientIds string[]

@description('True when people of other tenants may sign in as well; which ones is the setting WEBSITE_AUTH_AAD_ALLOWED_TENANTS.')
param severalTenants bool

@description('True when a client secret proves the platform, false when the app\'s identity does.')
param usesSecret bool

// With exactly .../common/v2.0 the platform leaves the tenant in the issuer open; the allowed tenants are then the only list.
var issuer = '${environment().authentication.loginEndpoint}${severalTenants ? 'common' : tenant().tenantId}/v2.0'

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

// Why: nobody reaches a page or the API without signing in; SCIM clients bring tokens of the product instead, and monitors none.
resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      // /embed is the entrance of a frame: without data, because Microsoft's sign-in refuses to be framed; /static/* is how pages
      // look; a company's administrator opens /set-up with a link of the product.
      excludedPaths: [
        '/scim/*'
        '/health'
        '/embed'
        '/set-up'
        '/set-up/*'
        '/static/*'
        '/.well-known/security.txt'
        '/.well-known/oauth-authorization-server/*'
      ]
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: issuer
          clientSecretSettingName: usesSecret
            ? 'MICROSOFT_PROVIDER_AUTHENTICATION_SECRET'
            : 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        // Without this the platform asks for the email address too, which the registration does not declare and consent would not cover.
        login: { loginParameters: ['scope=openid profile'] }
        validation: {
          allowedAudiences: [clientId]
          defaultAuthorizationPolicy: { allowedApplications: union([clientId], apiClientIds) }
        }
      }
    }
    login: {
      tokenStore: { enabled: false }
      preserveUrlFragmentsForLogins: false
      cookieExpiration: { convention: 'FixedTime', timeToExpiration: '08:00:00' }
      nonce: { validateNonce: true, nonceExpirationInterval: '00:05:00' }
    }
    httpSettings: { requireHttps: true }
  }
}
