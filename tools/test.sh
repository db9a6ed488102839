#!/bin/sh
# All tests on SQLite; once more on PostgreSQL when TEST_DATABASE_URL names a role there that may create databases.
# Each file runs in one worker: its tests may share a server. What does not depend on the database runs once, on SQLite:
# the browser tests, the house's structure, and the journeys through the demo, which has SQLite files of its own.
set -u
cd "$(dirname "$0")/.."
PY="${PY:-.venv/bin/python}"
WORKERS="${TEST_WORKERS:-2}"
postgresql="${TEST_DATABASE_URL:-}"
unset TEST_DATABASE_URL DATABASE_URL
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
failed=0

# run NAME PYTEST-ARGUMENTS...: shows pytest's output as it comes and keeps its last line.
run() {
    name="$1"
    shift
    echo "== Tests on $name =="
    { "$PY" -m pytest -q -n "$WORKERS" --dist loadfile "$@"; echo $? > "$log/status"; } 2>&1 | tee "$log/$name"
    [ "$(cat "$log/status")" = 0 ] || failed=1
}

run SQLite "$@"
if [ -n "$postgresql" ]; then
    export TEST_DATABASE_URL="$postgresql"
    run PostgreSQL -m "not browser" --ignore=tests/house --ignore=tests/journeys "$@"
fi

echo "== Results (large tests at a tenth of their size; make soak runs them whole) =="
for name in SQLite PostgreSQL; do
    if [ -f "$log/$name" ]; then echo "$name: $(tail -n 1 "$log/$name")"; fi
done
[ -n "$postgresql" ] || echo "PostgreSQL: not run, TEST_DATABASE_URL names no database."
exit $failed
