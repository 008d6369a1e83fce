#!/usr/bin/env bash
# Installs Debian packages as root or through sudo; where neither works, says what a person has to do.
# usage: tools/apt_install.sh REASON PACKAGE...
set -euo pipefail
reason=$1
shift

if ! command -v apt-get >/dev/null; then
    echo "$reason Please install with your system's package manager what Debian calls: $*" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        echo "$reason Please run as root: apt-get install $*" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "$reason Installing $*"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"; } \
    >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install $*" >&2
    exit 1
fi
