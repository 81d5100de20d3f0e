#!/bin/sh
# Puts one lock into .venv, every package checked by its hash. Returns at once when
# .venv holds that lock already.
#   usage: requirements/install.sh training|dev
set -eu
cd "$(dirname "$0")/.."
lock=$1
want=$(cat .python-version)

# A pyenv shim is on the PATH even where it leads nowhere, and Debian's Python may lack
# venv's other half, so every candidate is run.
is_usable() {
    "$1" -c "import ensurepip, sys, venv
sys.exit('%d.%d' % sys.version_info[:2] != '$want')" 2>/dev/null
}

find_python() {
    for candidate in "python$want" \
        "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$want"*"/bin/python$want" \
        "$(uv python find --system --no-python-downloads "$want" 2>/dev/null || true)" \
        python3 python; do
        if [ -n "$candidate" ] && is_usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    {
        printf 'Barchasb needs Python %s with venv: ' "$want"
        printf "run 'pyenv install %s', 'uv python install %s' " "$want" "$want"
        printf "or 'apt-get install python%s-venv', then make again.\n" "$want"
    } >&2
    return 1
}

# The commands in .venv/bin name the folder they were made in, so a copied .venv is no good.
key="$(cat requirements/build.txt requirements/dev.txt | cksum) $PWD"
# The Python that .venv was made with may be gone, or be another after an upgrade.
if [ "$(cat ".venv/.holds-$lock" 2>/dev/null)" = "$key" ] && is_usable .venv/bin/python; then
    exit
fi
if ! is_usable .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1 ||
    { [ -f .venv/.folder ] && [ "$(cat .venv/.folder)" != "$PWD" ]; }; then
    python=$(find_python)
    echo "[1/3] Creating .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear .venv
    echo "$PWD" >.venv/.folder
    rm -f .venv-*/.holds-* # made with the former Python, which may be gone
else
    echo "[1/3] Using .venv with $(.venv/bin/python --version)"
fi
rm -f .venv/.holds-*

pip_install() {
    .venv/bin/python -m pip --disable-pip-version-check install "$@"
}
echo "[2/3] Installing requirements/$lock.txt"
pip_install --quiet --require-hashes -r requirements/build.txt
# What comes as source only is built with the setuptools just checked, not a fresh one.
pip_install --require-hashes --no-build-isolation -r "requirements/$lock.txt"
echo "[3/3] Installing the command barchasb"
pip_install --quiet --no-deps --no-build-isolation --editable .
.venv/bin/python -m pip check

echo "$key" >".venv/.holds-$lock"
if [ "$lock" = dev ]; then
    echo "$key" >.venv/.holds-training # the development lock includes the training lock
fi
