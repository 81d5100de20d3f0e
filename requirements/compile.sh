#!/bin/sh
# Writes the locks from the *.in files. The widest comes first and the narrower ones
# take its versions, so that what is tested, trained with and served agrees.
#   usage: requirements/compile.sh [--upgrade | --upgrade-package NAME]
set -eu
cd "$(dirname "$0")/.."
lock() {
    name=$1
    shift
    echo "Locking requirements/$name.txt"
    UV_CUSTOM_COMPILE_COMMAND=requirements/compile.sh .venv/bin/uv pip compile --quiet \
        --universal --python-version 3.12 --generate-hashes \
        --no-emit-index-url --no-emit-find-links \
        "requirements/$name.in" --output-file "requirements/$name.txt" "$@"
}
lock dev "$@"
lock training --constraints requirements/dev.txt
lock runtime --constraints requirements/dev.txt
lock archive --constraints requirements/dev.txt
lock bench --constraints requirements/dev.txt
lock build "$@"
