#!/usr/bin/env bash
# kill -9 during a load, restart: every acknowledged complaint must be there.
# Usage: tests/kill9.sh [path to the dengwen program]. Bounded: about twenty seconds.
set -euo pipefail
program=${1:-target/debug/dengwen}
folder=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
export DENGWEN_DATA_DIR="$folder/data" DENGWEN_DATABASE_URL="sqlite://$folder/data/dengwen.db"
export DENGWEN_LISTEN="127.0.0.1:$port" DENGWEN_RATE_LIMIT=off DENGWEN_LOG=error
server=
cleanup() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

start() {
    "$program" serve >/dev/null &
    server=$!
    for _ in $(seq 100); do
        curl -fs "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "the server did not start" >&2
    exit 1
}

# One sender: files complaints until the server is gone; keeps the code of each one acknowledged.
send() {
    local n=0
    while [ $n -lt 300 ]; do
        n=$((n + 1))
        local body="{\"category\":\"air.odour\",\"description\":\"臭味 $1-$n\"}"
        curl -fs -m 5 -H 'content-type: application/json' -d "$body" \
            "http://127.0.0.1:$port/api/v1/complaints" 2>/dev/null |
            grep -o '"tracking_code":"[A-Z0-9]*"' | cut -d '"' -f 4 >>"$folder/codes.$1" || return 0
    done
}

start
senders=()
for worker in 1 2 3 4; do
    send "$worker" &
    senders+=($!)
done
sleep 3
kill -9 "$server"
wait "${senders[@]}" 2>/dev/null || true
wait "$server" 2>/dev/null || true
start
acknowledged=0
for code in $(cat "$folder"/codes.*); do
    acknowledged=$((acknowledged + 1))
    if ! curl -fs "http://127.0.0.1:$port/api/v1/tracking/$code" >/dev/null; then
        echo "an acknowledged complaint is gone" >&2
        exit 1
    fi
done
[ "$acknowledged" -gt 0 ] || { echo "nothing was acknowledged" >&2; exit 1; }
echo "killed after $acknowledged acknowledged complaints; all of them are there"
