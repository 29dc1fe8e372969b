#!/usr/bin/env bash
# Lets the presence registration read the names of companies' tenants: grants its service principal, in the deployment's own tenant,
# the application permission CrossTenantInformation.ReadBasic.All of Microsoft Graph. Companies are not asked for it, because the
# registration does not declare it. Stops at the first error; may be run again.
# Needs the Azure CLI, signed in as Privileged Role Administrator (or Global Administrator) in the deployment's tenant.
set -euo pipefail
shopt -s inherit_errexit # else an error inside $(...) is not one

guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
if [ $# -ne 1 ] || ! [[ $1 =~ $guid ]]; then
  echo "usage: infra/grant-company-names.sh CLIENT_ID     the output PRESENCE_CLIENT_ID of the deployment" >&2
  exit 2
fi

role=CrossTenantInformation.ReadBasic.All
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph="${graph%/}/v1.0"

read_id() { # URL, query -> the id that Microsoft Graph answers
  local found
  found=$(az rest --method get --url "$1" --query "$2" --output tsv)
  if ! [[ $found =~ $guid ]]; then
    echo "Stopped: Microsoft Graph answered '$found' for $1, which is no GUID." >&2
    return 1
  fi
  printf '%s' "$found"
}

graph_principal="servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
principal=$(read_id "$graph/servicePrincipals(appId='$1')?\$select=id" id)
resource=$(read_id "$graph/$graph_principal?\$select=id" id)
role_id=$(read_id "$graph/$graph_principal?\$select=appRoles" "appRoles[?value=='$role'].id | [0]")
granted=$(az rest --method get --url "$graph/servicePrincipals/$principal/appRoleAssignments" --output tsv \
  --query "length(value[?appRoleId=='$role_id' && resourceId=='$resource'])")
if [ "$granted" != 0 ]; then
  echo "The names of companies can be read already."
  exit
fi
az rest --method post --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" --output none \
  --headers "Content-Type=application/json" \
  --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$role_id\"}"
echo "Granted $role. Names appear within about an hour."
