#!/bin/sh
# Fuzzes the API of a running `segue serve` by its own OpenAPI document, with Schemathesis 4 (`pip
# install schemathesis`).
#
#   sh bench/schemathesis.sh http://127.0.0.1:8080 KEY
#
# KEY is one of scope `admin`: without keys the server takes every request, and that keys are asked
# for could not be checked. Left out is training, which takes minutes. Of what is valid by the
# schema only GET requests have to be accepted: that a track is in the catalogue, or that a word is
# about a track or an artist and not both, no schema says.
set -eu
url=$1
key=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/schemathesis.toml" <<TOML
[[operations]]
include-method = ["POST", "DELETE"]
checks.positive_data_acceptance.enabled = false
TOML
cd "$folder"
schemathesis run "$url/v1/openapi.json" -H "X-API-Key: $key" --seed 1 \
    --max-examples "${EXAMPLES:-50}" --max-time "${SECONDS_AT_MOST:-300}" \
    --checks all --phases examples,coverage,fuzzing --continue-on-failure \
    --exclude-path /v1/models/train --no-color
