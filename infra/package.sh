#!/usr/bin/env bash
# Lists the committed files that a deployment carries, and their size; what .funcignore names stays behind.
# With an argument, keeps them as that .tar.gz: the same bytes for the same commit.
set -euo pipefail
kept=${1:+$(realpath -m "$1")}
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"

mapfile -t files < <(comm -23 <(git ls-files | sort) <(git ls-files --cached --ignored --exclude-from=.funcignore | sort))
archive=$(mktemp --suffix=.tar.gz)
trap 'rm -f "$archive"' EXIT
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -- "${files[@]}" |
  gzip --no-name > "$archive"
if [ -n "$kept" ]; then cp "$archive" "$kept"; fi

printf '%s\n' "${files[@]}"
printf '%d files, %d bytes, %d bytes compressed; packages of requirements.txt are added when Azure builds it\n' \
  "${#files[@]}" "$(cat -- "${files[@]}" | wc -c)" "$(wc -c < "$archive")"
