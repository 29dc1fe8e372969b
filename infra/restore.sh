#!/usr/bin/env bash
# Restores a backup of infra/backup.sh: downloads the newest one, or the one that is named, and puts it in the place of all rows.
# Stop the app first (az functionapp stop). Needs the Azure CLI, signed in with Storage Blob Data Reader on the backups and Storage
# Table Data Contributor on the data, and a checkout of the deployed release (make setup-run).
set -euo pipefail
shopt -s inherit_errexit

if [ $# -gt 1 ] || [ "${1:-}" = --help ] || [ -z "${TABLES:-}" ] || [ -z "${BACKUP_STORAGE_ACCOUNT:-}" ]; then
  cat >&2 <<'TEXT'
usage: TABLES=... BACKUP_STORAGE_ACCOUNT=... infra/restore.sh [NAME]

Both are outputs of the deployment: set -a; source <(azd env get-values). NAME is a blob such as 2026-11-28T012300Z.jsonl.gz;
without it, the newest. Every row of TABLES is replaced.
TEXT
  exit 2
fi

cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
umask 077 # the file holds people's data and hashes of tokens
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
blobs=(--auth-mode login --account-name "$BACKUP_STORAGE_ACCOUNT" --container-name backups --only-show-errors)

name=${1:-}
if [ -z "$name" ]; then
  # Names are times, so the last in order is the newest; --num-results '*' lists all pages.
  name=$(az storage blob list "${blobs[@]}" --num-results '*' --query "sort_by(@, &name)[-1].name" --output tsv)
  if [ -z "$name" ] || [ "$name" = None ]; then
    echo "There is no backup in $BACKUP_STORAGE_ACCOUNT." >&2
    exit 1
  fi
fi
az storage blob download "${blobs[@]}" --name "$name" --file "$folder/backup.jsonl.gz" --output none
gunzip "$folder/backup.jsonl.gz"
"$python" -m local import --tables "$TABLES" --from "$folder/backup.jsonl" --replace
echo "Restored $name into $TABLES. Start the app now."
