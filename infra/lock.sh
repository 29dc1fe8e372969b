#!/usr/bin/env bash
# Locks the storage accounts of a deployment against deletion, by mistake or with the resource group. With --immutable, locks the
# retention policy of the backups instead, for good.
# Needs the Azure CLI, signed in as Owner or User Access Administrator: Contributor may not create locks. For --immutable,
# Contributor is enough.
set -euo pipefail
shopt -s inherit_errexit

immutable=""
if [ "${1:-}" = --immutable ]; then
  immutable=yes
  shift
fi
if [ $# -lt 2 ] || { [ -n "$immutable" ] && [ $# -ne 2 ]; }; then
  cat >&2 <<'TEXT'
usage: infra/lock.sh RESOURCE_GROUP ACCOUNT ...
       infra/lock.sh --immutable RESOURCE_GROUP BACKUP_ACCOUNT

The accounts are the output STORAGE_ACCOUNTS of the deployment. To delete a deployment for good, remove the locks first:
  az lock delete --name keep --resource-group RESOURCE_GROUP --resource-type Microsoft.Storage/storageAccounts --resource-name ACCOUNT

--immutable can't be undone: until its retention is over, no one can delete a backup or the account, not even its owner or
Microsoft's support. Before it, whoever may deploy can remove the policy and then the backups. Afterwards:
  azd env set BACKUPS_LOCKED true
TEXT
  exit 2
fi

group=$1
shift
if [ -n "$immutable" ]; then
  container=(--resource-group "$group" --account-name "$1" --container-name backups)
  etag=$(az storage container immutability-policy show "${container[@]}" --query etag --output tsv)
  az storage container immutability-policy lock "${container[@]}" --if-match "$etag" --output none
  echo "Locked the backups of $1 for good. Now: azd env set BACKUPS_LOCKED true"
  exit
fi
for account in "$@"; do
  az lock create --name keep --lock-type CanNotDelete --resource-group "$group" \
    --resource-type Microsoft.Storage/storageAccounts --resource-name "$account" \
    --notes "Holds data that can't be made again; see docs/operations.md" --output none
  echo "Locked $account."
done
