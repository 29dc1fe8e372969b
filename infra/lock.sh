#!/usr/bin/env bash
# Locks the storage accounts of a deployment against deletion, by mistake or with the resource group.
# Needs the Azure CLI, signed in as Owner or User Access Administrator: Contributor may not create locks.
set -euo pipefail
shopt -s inherit_errexit

if [ $# -lt 2 ]; then
  cat >&2 <<'TEXT'
usage: infra/lock.sh RESOURCE_GROUP ACCOUNT ...

The accounts are the output STORAGE_ACCOUNTS of the deployment. To delete a deployment for good, remove the locks first:
  az lock delete --name keep --resource-group RESOURCE_GROUP --resource-type Microsoft.Storage/storageAccounts --resource-name ACCOUNT
TEXT
  exit 2
fi

group=$1
shift
for account in "$@"; do
  az lock create --name keep --lock-type CanNotDelete --resource-group "$group" \
    --resource-type Microsoft.Storage/storageAccounts --resource-name "$account" \
    --notes "Holds data that can't be made again; see docs/operations.md" --output none
  echo "Locked $account."
done
