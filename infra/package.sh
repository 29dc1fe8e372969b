#!/usr/bin/env bash
# Lists the committed files that a deployment carries, and their size; what .funcignore names stays behind.
# With an argument, keeps them as that .zip, for `azd deploy app --from-package`: the same bytes for the same commit.
set -euo pipefail
kept=${1:+$(realpath -m "$1")}
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"

mapfile -t files < <(comm -23 <(git ls-files | sort) <(git ls-files --cached --ignored --exclude-from=.funcignore | sort))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' "${files[@]}" | python3 -c '
import sys, time, zipfile

commit = time.gmtime(int(sys.argv[2]))[:6]
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
    for name in sorted(sys.stdin.read().splitlines()):
        entry = zipfile.ZipInfo(name, commit)
        entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
        with open(name, "rb") as file:
            package.writestr(entry, file.read())
' "$folder/package.zip" "$(git log -1 --format=%ct)"
if [ -n "$kept" ]; then cp "$folder/package.zip" "$kept"; fi

printf '%s\n' "${files[@]}"
printf '%d files, %d bytes, %d bytes compressed; packages of requirements.txt are added when Azure builds it\n' \
  "${#files[@]}" "$(cat -- "${files[@]}" | wc -c)" "$(wc -c < "$folder/package.zip")"
