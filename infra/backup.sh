#!/usr/bin/env bash
# Backs a deployment up: exports every row, proves that the file can be restored, and stores it in the account for backups.
# Needs the Azure CLI, signed in with Storage Table Data Reader on the data and Storage Blob Data Contributor on the backups,
# and a checkout of the deployed release (make setup-run). A pipeline runs it every night; so can any machine.
set -euo pipefail
shopt -s inherit_errexit

if [ $# -ne 0 ] || [ -z "${TABLES:-}" ] || [ -z "${BACKUP_STORAGE_ACCOUNT:-}" ]; then
  cat >&2 <<'TEXT'
usage: TABLES=... BACKUP_STORAGE_ACCOUNT=... infra/backup.sh

Both are outputs of the deployment: set -a; source <(azd env get-values). BACKUP_STORAGE_ACCOUNT is empty until BACKUPS is true:
  azd env set BACKUPS true && azd provision
TEXT
  exit 2
fi

cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
umask 077 # the file holds people's data and hashes of tokens
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name="$(date -u +%Y-%m-%dT%H%M%SZ).jsonl.gz"

# 3: complete, but a directory kept changing while it was read. The backup is worth keeping, and worth a failed run that says so.
changing=0
"$python" -m local export --tables "$TABLES" --to "$folder/backup.jsonl" || changing=$?
if [ "$changing" -ne 0 ] && [ "$changing" -ne 3 ]; then
  exit "$changing"
fi

# A backup that was never restored is a hope: each one is, into a database that is thrown away.
if [ "$changing" -eq 0 ]; then
  "$python" -m local import --tables "sqlite:///$folder/restored.db" --from "$folder/backup.jsonl"
fi
gzip "$folder/backup.jsonl"

az storage blob upload --auth-mode login --account-name "$BACKUP_STORAGE_ACCOUNT" --container-name backups \
  --name "$name" --file "$folder/backup.jsonl.gz" --overwrite false --only-show-errors --output none
echo "Stored $name ($(wc -c < "$folder/backup.jsonl.gz") bytes) in $BACKUP_STORAGE_ACCOUNT."
exit "$changing"
