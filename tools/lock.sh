#!/bin/sh
# Writes requirements.lock (what runs) and requirements-dev.lock (what also tests), with hashes and no index address.
# matplotlib-fontja is wanted for the Japanese font file that it carries; matplotlib itself is left out, and because
# the lock is complete, it is installed with --no-deps.
set -eu
cd "$(dirname "$0")/.."
override=$(mktemp)
echo "matplotlib; sys_platform == 'never'" > "$override"
drop=""
for name in matplotlib contourpy cycler fonttools kiwisolver numpy pyparsing; do drop="$drop --no-emit-package $name"; done
common="--universal --python-version 3.11 --generate-hashes --no-header --no-annotate --override $override $drop --quiet"
python3 -m uv pip compile pyproject.toml $common -o requirements.lock
python3 -m uv pip compile pyproject.toml --extra dev $common -o requirements-dev.lock
rm -f "$override"
