#!/usr/bin/env bash
# A TypeScript client generated from openapi/dengwen.json is type-checked strictly, without a cast, and plays a story
# against a server of its own. Needs node 20 or newer and npm. Usage: tests/client/run.sh [path to the dengwen program].
set -euo pipefail
cd "$(dirname "$0")"
program=$(realpath "${1:-../../target/debug/dengwen}")
document=$(realpath ../../openapi/dengwen.json)
folder=$(mktemp -d)
server=

cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

! grep -nE '\bas\b [A-Z{]|<any>|: any\b|@ts-' story.ts || { echo "the story casts" >&2; exit 1; }

cp package.json tsconfig.json generate.mjs story.ts "$folder"
cd "$folder"
npm install --silent --no-fund --no-audit
node generate.mjs "$document" api.d.ts
npx tsc

base64 -d >photo.png <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
PNG
export DENGWEN_DATABASE_URL="sqlite://$folder/dengwen.db" DENGWEN_DATA_DIR="$folder/data" DENGWEN_LISTEN=127.0.0.1:0
"$program" migrate >/dev/null
export STAFF_PASSWORD='a Long Road to 2 rivers' GRID=35010200600201 PHOTO="$folder/photo.png"
printf %s "$STAFF_PASSWORD" | "$program" staff add brigade --role brigade --password-stdin >/dev/null
printf %s "$STAFF_PASSWORD" | "$program" staff add officer --role grid_officer --grid "$GRID" --password-stdin >/dev/null
"$program" serve >"$folder/serve.log" 2>&1 &
server=$!
for _ in $(seq 200); do
    BASE_URL=$(sed -n 's/^dengwen listens on //p' "$folder/serve.log")
    [ -n "$BASE_URL" ] && break
    sleep 0.1
done
export BASE_URL
node built/story.js || { tail -n 20 "$folder/serve.log" >&2; exit 1; }
