#!/usr/bin/env bash
# What only the tests need from the system. Silent and quick when it is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v fc-list >/dev/null || missing+=(fontconfig)
if [ ${#missing[@]} -gt 0 ] || [ -z "$(fc-list :lang=zh family)" ]; then
    missing+=(fonts-noto-cjk)
fi
if [ ${#missing[@]} -gt 0 ]; then
    tools/apt_install.sh "The tests draw Chinese forms and need a font." "${missing[@]}"
fi
