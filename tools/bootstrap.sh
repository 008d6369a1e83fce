#!/usr/bin/env bash
# Makes .venv and installs the product from hash-pinned wheels.
# usage: tools/bootstrap.sh runtime|dev
#
# Copies of what was installed lie in .venv/installed; a second run compares them and does nothing when they are
# the same. dev.txt contains all of runtime.txt with the same pins.
set -euo pipefail
cd "$(dirname "$0")/.."
set_name=$1
installed=.venv/installed

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Yidi needs Python 3.11 or newer; none was found. Please install it, or name it: PYTHON=... make" >&2
    return 1
}

make_venv() {
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        # Debian ships these two modules in a package of their own
        tools/apt_install.sh "This Python ($python) cannot make virtual environments." \
            "$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')"
    fi
    rm -rf .venv
    "$python" -m venv .venv
    mkdir -p "$installed"
    pwd >"$installed/place"
}

pip_install() {
    # twice quiet: only errors; the reader was told what happens
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input "$@"
}

# A virtual environment cannot be moved, and it dies with the Python that it was made from.
if [ -f "$installed/place" ] && [ "$(cat "$installed/place")" != "$(pwd)" ]; then
    rm -rf .venv
fi
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    make_venv
fi
mkdir -p "$installed"

if ! cmp -s "requirements/$set_name.txt" "$installed/$set_name.txt"; then
    echo "Installing what requirements/$set_name.txt pins into .venv (a minute or two, once)"
    pip_install --require-hashes --only-binary :all: -r "requirements/$set_name.txt"
    cp "requirements/$set_name.txt" "$installed/"
    if [ "$set_name" = dev ]; then
        cp requirements/runtime.txt "$installed/"
    fi
fi
if ! cmp -s pyproject.toml "$installed/pyproject.toml"; then
    pip_install --no-build-isolation --no-deps --editable .
    cp pyproject.toml "$installed/"
fi
