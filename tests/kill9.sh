#!/usr/bin/env bash
# kill -9 during a load, restart: every acknowledged complaint and every acknowledged photo must be
# there. On SQLite, and on a private PostgreSQL cluster where the server's binaries are.
# DENGWEN_REQUIRE_POSTGRES=1 makes their absence a failure.
# Usage: tests/kill9.sh [path to the dengwen program]. Bounded: at most a minute for each database.
set -euo pipefail
program=$(realpath "${1:-target/debug/dengwen}")
seconds_of_load=3
# shellcheck source=tests/common.sh
source "$(dirname "$0")/common.sh"
trap clean_up EXIT

# The photo below; each sender marks it behind its end, so that no two are the same file.
photo() {
    cat "$folder/photo.png"
    printf '%s' "$1"
}

# One sender: files complaints, every third with a photo of its own, until the server is gone;
# keeps the code of each one acknowledged and the id of each photo kept.
send() {
    local n=0 body receipt code id
    while [ $n -lt 300 ]; do
        n=$((n + 1))
        body="{\"category\":\"air.odour\",\"description\":\"臭味 $1-$n\"}"
        if [ $((n % 3)) = 0 ]; then
            photo "$1-$n" >"$folder/photo.$1"
            receipt=$(curl -fs -m 10 -F "complaint=$body;type=application/json" \
                -F "photo=@$folder/photo.$1;type=image/png" "$url/api/v1/complaints" 2>/dev/null) || return 0
        else
            receipt=$(curl -fs -m 10 -H 'content-type: application/json' -d "$body" "$url/api/v1/complaints" 2>/dev/null) || return 0
        fi
        code=$(grep -o '"tracking_code":"[A-Z0-9]*"' <<<"$receipt" | cut -d '"' -f 4)
        echo "$code" >>"$acknowledged/codes.$1"
        if [ $((n % 3)) = 0 ]; then
            grep -q '"status":"kept"' <<<"$receipt" || echo "$receipt" >>"$acknowledged/refused"
            id=$(grep -o '"id":"[0-9a-f-]*"' <<<"$receipt" | head -n 1 | cut -d '"' -f 4)
            echo "$code $id" >>"$acknowledged/photos.$1"
        fi
    done
}

# Loads, kills, restarts and looks for everything that was acknowledged.
check() {
    acknowledged="$folder/$1"
    mkdir "$acknowledged"
    export DENGWEN_DATA_DIR="$acknowledged/data" DENGWEN_DATABASE_URL="$2"
    export DENGWEN_RATE_LIMIT=off DENGWEN_LOG=error
    start
    local senders=() worker complaints=0 photos=0 code id size
    for worker in 1 2 3 4; do
        send "$worker" &
        senders+=($!)
    done
    sleep "$seconds_of_load"
    kill -9 "$server"
    wait "${senders[@]}" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    [ ! -e "$acknowledged/refused" ] || fail "a sound photo was refused: $(head -n 1 "$acknowledged/refused")"
    start
    while read -r code; do
        complaints=$((complaints + 1))
        curl -fs "$url/api/v1/tracking/$code" >/dev/null ||
            fail "$1: an acknowledged complaint is gone"
    done < <(cat "$acknowledged"/codes.*)
    while read -r code id; do
        photos=$((photos + 1))
        for size in 400 1600; do
            curl -fs "$url/api/v1/tracking/$code/photos/$id?size=$size" -o "$folder/copy.jpg" ||
                fail "$1: an acknowledged photo is gone"
            [ "$(head -c 2 "$folder/copy.jpg" | od -An -tx1 | tr -d ' ')" = ffd8 ] ||
                fail "$1: an acknowledged photo is no picture"
        done
    done < <(cat "$acknowledged"/photos.*)
    [ "$complaints" -gt 0 ] && [ "$photos" -gt 0 ] || fail "$1: nothing was acknowledged"
    stop_server
    echo "$1: killed after $complaints acknowledged complaints and $photos photos; all of them are there"
}

# A private cluster on this host.
start_postgres() {
    postgres_port=$(free_port)
    make_cluster "$folder/cluster"
    (
        cd "$folder/cluster"
        exec "${humbly[@]}" "$binaries/postgres" -D "$folder/cluster/data" -p "$postgres_port" \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$folder/postgres.log" 2>&1
    ) &
    cluster=$!
    wait_for "$cluster" "$binaries/pg_isready" -h 127.0.0.1 -p "$postgres_port" || fail "PostgreSQL did not start"
}

# A small picture: an evening sky, 64 by 48.
base64 -d >"$folder/photo.png" <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAIAAAAuKetIAAAB1klEQVR42pXCiW7SAADH4f9zGrMYY4wxxhhjzNwmY4xxH6WUq5RS
Smm5bxi7vfWxfIbfl0/Pjv/BT/AenqF6/uUv/Ajv4Cmqo5M/8AO8hSeoXpz+hu/hDTxG9fLsF3wHr+ERqldff8K38Aoeonod+wHf
wEs4QvXm/Dt8gBdwiOpt/Bt8Dc/hAap3F0/wHp7BAar3iUd4B0/hPqoPlw/wFp7APqqPyXt4A4/hHqpPV3fwGh7BHqrPqVt4BQ/h
Lqrj9A28hCPYRXWSOcALOIQ7qM6y1/AcHsAOqlhuD8/gAG6jiud38BTuwzaqRGELT2AfbqFKFjfwGO7BTVSp0hoewR7cQJUpr+Ah
3IXrqHLGEo5gF66hKlQWcAh3YAtVyZzDA9iBq6iM6gwO4DZsojKtKdyHbbiCyqpNYB9uwQaqen0M9+AmXEbVbIxgD27AJVR2cwh3
4TpcROW0ItiFa3ABlWuHcAe24Dwqrz2AHbgK51D5TgC3YRPOogo6fdiGK3AGVej6cAs24DSqYbcHN+EynEI19jy4AZfgK1TTXheu
w0U4iWruu3ANLsCXqJb9DmzBeTiBah04cBXOwReotoM2bMJZOI5qH9pwBc7A56gOUQs24DQcQ/8D753LLRtvWr4AAAAASUVORK5C
YII=
PNG

check sqlite "sqlite://$folder/sqlite/data/dengwen.db"
binaries=$(postgres_binaries)
if [ -n "$binaries" ]; then
    start_postgres
    check postgres "postgres://postgres@127.0.0.1:$postgres_port/postgres"
elif [ "${DENGWEN_REQUIRE_POSTGRES:-}" = 1 ]; then
    fail "PostgreSQL is required and its server binaries are not here"
else
    echo "NOTE: the PostgreSQL half was left out: no PostgreSQL server binaries found"
fi
