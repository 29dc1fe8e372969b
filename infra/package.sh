#!/usr/bin/env bash
# Lists the committed files that a deployment carries, and their size; what .funcignore names stays behind.
set -euo pipefail
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"

mapfile -t files < <(comm -23 <(git ls-files | sort) <(git ls-files --cached --ignored --exclude-from=.funcignore | sort))
archive=$(mktemp --suffix=.tar.gz)
trap 'rm -f "$archive"' EXIT
tar --create --gzip --file "$archive" -- "${files[@]}"

printf '%s\n' "${files[@]}"
printf '%d files, %d bytes, %d bytes compressed; packages of requirements.txt are added when Azure builds it\n' \
  "${#files[@]}" "$(cat -- "${files[@]}" | wc -c)" "$(wc -c < "$archive")"
