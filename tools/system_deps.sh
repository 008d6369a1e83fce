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
if ! command -v scanimage >/dev/null; then
    # Not needed: without it the tests of scanners say that they were skipped, and the product has its other sources.
    tools/apt_install.sh "The tests of scanners use SANE's own test scanner." sane-utils || true
fi
