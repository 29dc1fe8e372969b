#!/usr/bin/env bash
# Creates or updates the two app registrations, for deployments whose deployer may not, and for clouds other than the public one
# (REGISTER_APPS=false). Stops at the first error that does not pass by itself.
# Needs the Azure CLI, signed in as Application Developer (or higher) in the deployment's tenant.
# Same unique names as infra/registrations: may be run again, and the template may take over later.
set -euo pipefail
shopt -s inherit_errexit # else an error inside $(...) is not one

usage() {
  cat <<'TEXT'
usage: infra/register-apps.sh --suffix S --url URL --identity-name NAME --identity-principal-id ID
                              [--product-name NAME] [--url URL ...] [--several-tenants]

  --suffix                 output REGISTRATION_SUFFIX of the deployment
  --url                    address of the app without a slash at the end; repeat it for a custom domain
  --identity-name          output IDENTITY_NAME
  --identity-principal-id  output IDENTITY_PRINCIPAL_ID
  --product-name           shown when people sign in or consent (NEONNOW)
  --several-tenants        people of other tenants may sign in as well (CUSTOMER_TENANT_IDS is set)
TEXT
}

suffix="" identity_name="" principal_id="" product="NEONNOW" audience="AzureADMyOrg" urls=()
while [ $# -gt 0 ]; do
  case "$1" in
    --suffix) suffix=$2; shift 2 ;;
    --url) urls+=("${2%/}"); shift 2 ;;
    --identity-name) identity_name=$2; shift 2 ;;
    --identity-principal-id) principal_id=$2; shift 2 ;;
    --product-name) product=$2; shift 2 ;;
    --several-tenants) audience="AzureADMultipleOrgs"; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown argument: $1" >&2; usage >&2; exit 2 ;;
  esac
done
if [ -z "$suffix" ] || [ -z "$identity_name" ] || [ -z "$principal_id" ] || [ ${#urls[@]} -eq 0 ]; then
  usage >&2
  exit 2
fi

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
if ! [[ $principal_id =~ $guid ]]; then
  echo "--identity-principal-id must be a GUID: the output IDENTITY_PRINCIPAL_ID of the deployment" >&2
  exit 2
fi
for url in "${urls[@]}"; do
  case "$url" in https://*) ;; *) echo "--url must begin with https://: $url" >&2; exit 2 ;; esac
done

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
roles=$(cat "$(dirname "$0")/registrations/app-roles.json")
tenant=$(az account show --query tenantId --output tsv)
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
login=$(az cloud show --query endpoints.activeDirectory --output tsv)
case "$(az cloud show --query name --output tsv)" in
  AzureUSGovernment) exchange="api://AzureADTokenExchangeUSGov" ;;
  AzureChinaCloud) exchange="api://AzureADTokenExchangeChina" ;;
  *) exchange="api://AzureADTokenExchange" ;;
esac
graph="${graph%/}/v1.0"

graph_call() { # arguments of az rest -> its answer; an application that was just made may be 404 for a minute
  local tries=0 answer
  while true; do
    tries=$((tries + 1))
    if answer=$(az rest "$@" 2>"$errors"); then
      printf '%s' "$answer"
      return
    fi
    if [ "$tries" -ge "${RETRIES:-6}" ] || ! grep -qE '404|Not Found|ResourceNotFound' "$errors"; then
      cat "$errors" >&2
      echo "Stopped: Microsoft Graph refused the call above. What was registered so far is kept; run the script again." >&2
      return 1
    fi
    echo "Not there yet; trying again in ${RETRY_SECONDS:-10} s ..." >&2
    sleep "${RETRY_SECONDS:-10}"
  done
}

upsert() { # path, body: creates what is not there, updates what is
  graph_call --method patch --url "$graph/$1" --body "$2" --output none \
    --headers "Content-Type=application/json" "Prefer=create-if-missing"
}

redirects() { # paths -> JSON list with each of them at every address of the app
  local list="" url path
  for url in "${urls[@]}"; do
    for path in "$@"; do list+="${list:+,}\"$url$path\""; done
  done
  printf '[%s]' "$list"
}

quoted() { printf '%s' "$1" | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()), end="")'; }

# Microsoft Graph: openid and profile delegated; Presence.Read.All as application permission.
people='{"id":"37f7f235-527c-4136-accd-4a02d197296e","type":"Scope"},{"id":"14dad69e-099b-42c9-810b-d002981feec1","type":"Scope"}'
presence='{"id":"a70e0c2d-e793-494c-94c4-118fa0a67f42","type":"Role"}'

register() { # unique name, body, may people enter without a role -> client id
  upsert "applications(uniqueName='$1')" "$2"
  local client_id
  client_id=$(graph_call --method get --url "$graph/applications(uniqueName='$1')?\$select=appId" --query appId --output tsv)
  if ! [[ $client_id =~ $guid ]]; then
    echo "Stopped: Microsoft Graph answered '$client_id' for the client id of $1, which is no GUID." >&2
    return 1
  fi
  upsert "servicePrincipals(appId='$client_id')" "{\"appRoleAssignmentRequired\":$3}"
  upsert "applications(uniqueName='$1')/federatedIdentityCredentials(name='$identity_name')" \
    "{\"issuer\":\"${login%/}/$tenant/v2.0\",\"subject\":\"$principal_id\",\"audiences\":[\"$exchange\"],\"description\":\"The function app's identity\"}"
  printf '%s' "$client_id"
}

sign_in_id=$(register "external-directories-sign-in-$suffix" "{
  \"displayName\": $(quoted "$product sign-in"), \"signInAudience\": \"$audience\", \"appRoles\": $roles,
  \"api\": {\"requestedAccessTokenVersion\": 2},
  \"web\": {\"redirectUris\": $(redirects /.auth/login/aad/callback),
            \"implicitGrantSettings\": {\"enableIdTokenIssuance\": true, \"enableAccessTokenIssuance\": false}},
  \"requiredResourceAccess\": [{\"resourceAppId\": \"00000003-0000-0000-c000-000000000000\", \"resourceAccess\": [$people]}]
}" true)

presence_id=$(register "external-directories-presence-$suffix" "{
  \"displayName\": $(quoted "$product"), \"signInAudience\": \"AzureADMultipleOrgs\",
  \"groupMembershipClaims\": \"DirectoryRole\",
  \"web\": {\"redirectUris\": $(redirects /sign-in/callback /set-up/callback),
            \"implicitGrantSettings\": {\"enableIdTokenIssuance\": false, \"enableAccessTokenIssuance\": false}},
  \"requiredResourceAccess\": [{\"resourceAppId\": \"00000003-0000-0000-c000-000000000000\", \"resourceAccess\": [$people, $presence]}]
}" false)

cat <<TEXT
Registered. Now:
  azd env set REGISTER_APPS false
  azd env set SIGN_IN_CLIENT_ID $sign_in_id
  azd env set PRESENCE_CLIENT_ID $presence_id
  azd provision
Then, once, as Cloud Application Administrator, grant admin consent for sign-in (without it, everyone sees "Need admin approval";
an error page after Accept is expected):
  ${login%/}/$tenant/adminconsent?client_id=$sign_in_id
TEXT
