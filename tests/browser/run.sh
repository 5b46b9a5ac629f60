#!/usr/bin/env bash
# Drives the page in real browsers: tests/browser/run.sh [BINARY] [JOURNEY…]
#
# Builds nothing: BINARY is a built `segue`, target/debug/segue if left out. Journeys are named as
# the files in journeys/, all if left out, and are walked in Chromium and then in Firefox, as they
# are installed (SEGUE_CHROMIUM and SEGUE_FIREFOX name others). Needs Node and one of the browsers,
# and says what it skips where one is missing.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
binary=$(realpath "${1:-$here/../../target/debug/segue}")
cd "$here"

[ -x "$binary" ] || { echo "there is no \`$binary\`: cargo build -p segue" >&2; exit 1; }
skip() { echo "skipped: $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "Node and npm are not installed"
installed() {
    for name in "$@"; do [ -n "$name" ] && command -v "$name" && return; done
    return 0
}
chromium=$(installed "${SEGUE_CHROMIUM:-}" chromium chromium-browser google-chrome)
firefox=$(installed "${SEGUE_FIREFOX:-}" firefox-esr firefox)
[ -n "$chromium$firefox" ] || skip "neither Chromium nor Firefox is installed"
[ -n "$chromium" ] || echo "skipped in Chromium: it is not installed"
[ -n "$firefox" ] || echo "skipped in Firefox: it is not installed"

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SEGUE_CHROMIUM="$chromium" SEGUE_FIREFOX="$firefox" node main.mjs "$binary" "$work" "${@:2}"
