#!/usr/bin/env bash
# Generated requests against every operation of openapi/dengwen.json, see fuzz.py. Needs python3 with venv.
# Usage: tests/contract/run.sh [path to the dengwen program].
set -euo pipefail
cd "$(dirname "$0")"
program=$(realpath "${1:-../../target/debug/dengwen}")
document=$(realpath ../../openapi/dengwen.json)
fuzz=$(realpath fuzz.py)
seed=$(realpath seed.py)
requirements=$(realpath requirements.txt)
folder=$(mktemp -d)
server=

cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check -r "$requirements"

export DENGWEN_DATABASE_URL="sqlite://$folder/dengwen.db" DENGWEN_DATA_DIR="$folder/data" DENGWEN_LISTEN=127.0.0.1:0
export DENGWEN_RATE_LIMIT=off
"$program" migrate >/dev/null
export STAFF_PASSWORD='a Long Road to 2 rivers' GRID=35010200600201
for account in "brigade --role brigade" "officer --role grid_officer --grid $GRID" "office --role office"; do
    # shellcheck disable=SC2086 # the words of an account are arguments
    printf %s "$STAFF_PASSWORD" | "$program" staff add $account --password-stdin >/dev/null
done
"$program" serve >"$folder/serve.log" 2>&1 &
server=$!
for _ in $(seq 200); do
    BASE_URL=$(sed -n 's/^dengwen listens on //p' "$folder/serve.log")
    [ -n "$BASE_URL" ] && break
    sleep 0.1
done
export BASE_URL
eval "$(python/bin/python "$seed")"
# Making requests costs more than answering them, so two make them.
SHARE=1/2 python/bin/python "$fuzz" "$document" &
first=$!
findings=0
SHARE=2/2 python/bin/python "$fuzz" "$document" || findings=1
wait "$first" || findings=1
[ "$findings" = 0 ] || { tail -n 20 "$folder/serve.log" >&2; exit 1; }
