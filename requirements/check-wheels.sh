#!/bin/sh
# Holds every lock to having a wheel of each package for x86-64 and arm64, so that nobody
# needs a compiler. Asks the registry, and downloads nothing.
#   usage: requirements/check-wheels.sh
set -eu
cd "$(dirname "$0")/.."

has_wheels() { # LOCK MACHINE PYTHON
    set -- "$@" --no-binary flashtext # comes as source only, in plain Python
    # A peer of the benchmarks, with wheels for the Python of this project and none newer.
    [ "$3" = 3.12 ] || set -- "$@" --no-binary fasttext-numpy2-wheel
    lock=$1 machine=$2 python=$3
    shift 3
    .venv/bin/uv pip install --quiet --dry-run --target build/wheels --no-deps \
        --python .venv/bin/python --python-version "$python" \
        --python-platform "$machine-manylinux_2_28" --only-binary :all: "$@" \
        --require-hashes -r "requirements/$lock.txt"
}

status=0
for lock in build runtime training archive dev bench; do
    for machine in x86_64 aarch64; do
        for python in 3.12 3.13; do
            if has_wheels "$lock" "$machine" "$python"; then
                echo "$lock.txt has wheels for $machine and Python $python"
            else
                echo "$lock.txt lacks wheels for $machine and Python $python" >&2
                status=1
            fi
        done
    done
done
exit "$status"
