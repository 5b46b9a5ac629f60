#!/usr/bin/env bash
# Rising load on `segue serve`, the client on the same machine: first mixes, mixes at rising rates,
# mixes with 5 % feedback, similar tracks, and a model swapped under load. Needs a home with a
# model, and the table of tracks it was made from:
#
#   cargo build --release -p segue-cli && cargo build --release -p segue-server --example load \
#     && cargo build --release -p segue-lab --example large_home
#   target/release/examples/large_home /tmp/large
#   for table in tracks plays words; do
#       target/release/segue --home /tmp/large/home import /tmp/large/$table.csv
#   done
#   target/release/segue --home /tmp/large/home train
#   bench/serving.sh /tmp/large/home /tmp/large/tracks.csv 10000
set -euo pipefail

home=$1 tracks=$2 listeners=${3:-10000} seconds=${SECONDS_EACH:-20} port=${PORT:-18080}
binaries=$(cd "$(dirname "$0")/.." && pwd)/target/release
segue=${SEGUE:-$binaries/segue}

"$segue" --home "$home" serve --bind "127.0.0.1:$port" 2>"$home/serve.log" &
server=$!
trap 'kill "$server"; wait "$server"' EXIT
begun=$(date +%s.%N)
until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do sleep 0.1; done
echo "## ready after $(date +%s.%N | awk -v begun="$begun" '{printf "%.1f", $1 - begun}') s"
grep -E 'VmHWM|VmRSS|RssAnon' "/proc/$server/status"

load() {
    echo "## $*"
    "$binaries/examples/load" --address "127.0.0.1:$port" --pid "$server" \
        --listeners "$listeners" --tracks "$tracks" "$@"
}

load --warm --connections 2
for rate in 50 100 250 500 750 1000 1250 1500; do load --seconds "$seconds" --rate "$rate"; done
load --seconds "$seconds" --connections 64
for rate in 250 500; do load --seconds "$seconds" --rate "$rate" --shares mix=95,feedback=5; done
load --seconds "$seconds" --rate 1000 --shares similar=100

model=$(curl -s "http://127.0.0.1:$port/v1/models" | sed -E 's/.*"version":"([^"]+)".*/\1/')
(sleep $((seconds / 4)) &&
    curl -s -o /dev/null -w "activated in %{time_total} s: %{http_code}\n" \
        -X POST "http://127.0.0.1:$port/v1/models/$model/activate") &
load --seconds "$seconds" --rate 250
