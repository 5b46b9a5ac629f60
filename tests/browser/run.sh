#!/usr/bin/env bash
# Drives the page in a real browser: tests/browser/run.sh [BINARY] [JOURNEY…]
#
# Builds nothing: BINARY is a built `segue`, target/debug/segue if left out. Journeys are named as the files in journeys/, all if left
# out. Needs Node and Chromium (SEGUE_CHROMIUM names another one), and says so and stops where they are missing.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
binary=$(realpath "${1:-$here/../../target/debug/segue}")
cd "$here"

[ -x "$binary" ] || { echo "there is no \`$binary\`: cargo build -p segue" >&2; exit 1; }
skip() { echo "skipped: $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "Node and npm are not installed"
for name in "${SEGUE_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && chromium=$(command -v "$name") && break
done
[ -n "${chromium:-}" ] || skip "Chromium is not installed"

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SEGUE_CHROMIUM="$chromium" node main.mjs "$binary" "$work" "${@:2}"
