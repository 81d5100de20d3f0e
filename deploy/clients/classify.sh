#!/usr/bin/env bash
# Tags the articles in files, one article each.
#   usage: classify.sh article.txt…
# Needs curl and jq. The service is at BARCHASB_URL; where it asks for a key, that is in
# BARCHASB_KEY, which is not put on curl's command line: anyone here could read it there.
set -euo pipefail
url=${BARCHASB_URL:-http://127.0.0.1:8000}/v1/classify
key=${BARCHASB_KEY:+"header = \"Authorization: Bearer $BARCHASB_KEY\""}

for file in "$@"; do
    jq --raw-input --slurp '{text: .}' "$file" |
        curl --silent --show-error --fail-with-body --max-time 10 --retry 3 \
            --config <(printf '%s\n' "$key") \
            --header 'Content-Type: application/json' --data-binary @- "$url" |
        jq --raw-output --arg file "$file" '
            if .detail then "\($file): \(.detail)\n" | halt_error
            else [$file] + [.topics[] | select(.assigned) | .id] | join("\t") end'
done
