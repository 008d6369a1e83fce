#!/usr/bin/env bash
# The contract may grow and may not break: proto/ against the commit before the one that is being made.
#
# With changes in proto/ not yet committed that is HEAD, in a clean tree HEAD's parent, so committing does not change
# the answer and a clean clone is checked too.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! git rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
    echo "buf breaking: skipped, there is no commit to compare with"
    exit 0
fi
base=HEAD
if [ -z "$(git status --porcelain -- proto/yidi)" ]; then
    base=HEAD^
fi
if ! git cat-file -e "$base:proto/yidi" 2>/dev/null; then
    echo "buf breaking: skipped, no earlier commit has proto/ ($base)"
    exit 0
fi
earlier=$(mktemp -d)
trap 'rm -rf "$earlier"' EXIT
git archive "$base" proto/yidi | tar -x -C "$earlier"
.venv/bin/buf breaking --against "$earlier/proto"
echo "buf breaking: nothing broken since $base"
