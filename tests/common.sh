# What the scripts beside this one share; sourced by them. They set `program`, the dengwen program.
# shellcheck shell=bash

folder=$(mktemp -d)
chmod 711 "$folder"
server=
cluster=
url=

fail() {
    echo "$1" >&2
    tail -n 20 "$folder"/*.log >&2 2>/dev/null || true
    exit 1
}

# Ends what `server` and `cluster` name and removes the folder.
clean_up() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    [ -z "$cluster" ] || kill -INT "$cluster" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}

# A port nobody listens on. Ports are taken by others at any time, so the caller tries again.
free_port() {
    local candidate
    while :; do
        candidate=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
    done
    echo "$candidate"
}

# Waits until a command succeeds, 20 seconds at most, or fails at once when a process is gone.
wait_for() {
    local process=$1
    shift
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$process" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# Starts the server on a free port of this host, and waits until it can serve. The environment
# configures it.
start() {
    local port
    port=$(free_port)
    url="http://127.0.0.1:$port"
    DENGWEN_LISTEN="127.0.0.1:$port" "$program" serve >/dev/null 2>>"$folder/serve.log" &
    server=$!
    wait_for "$server" curl -fs -m 5 "$url/readyz" || fail "the server did not start"
}

stop_server() {
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    server=
}

# The folder of PostgreSQL's server programs; nothing where there are none.
postgres_binaries() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -z "$found" ] || [ ! -x "$found/initdb" ] || echo "$found"
}

# How a command is run as a user without rights: PostgreSQL refuses to run as root.
humbly=()
[ "$(id -u)" != 0 ] || humbly=(setpriv --reuid=nobody "--regid=$(id -g nobody)" --clear-groups)

# A new cluster, $1/data, syncing to disk as in service; further arguments go to initdb.
make_cluster() {
    local at=$1
    shift
    mkdir -p "$at"
    [ "$(id -u)" != 0 ] || chown nobody "$at"
    (cd "$at" && "${humbly[@]}" "$binaries/initdb" --pgdata="$at/data" --auth=trust --username=postgres \
        --encoding=UTF8 --locale=C "$@" >"$folder/initdb.log" 2>&1) || fail "initdb failed"
}

# Goes on as root in namespaces of the script's own, for at most so many seconds: no address, link
# or mount of it is seen by anybody else, and all of them go with it. Where that cannot be, the
# script is left out, loudly; with DENGWEN_TEST_REQUIRE_NAMESPACES=1 that is a failure.
enter_namespaces() {
    seconds=$1
    if [ "${OWN_NAMESPACES:-}" = 1 ]; then
        trap 'fail "not done within $seconds s"' TERM
        return 0
    fi
    rm -rf "$folder"
    if ! unshare --net --mount true 2>/dev/null; then
        echo "NOTE: $0 was LEFT OUT: it needs root and the right to make namespaces" >&2
        [ "${DENGWEN_TEST_REQUIRE_NAMESPACES:-}" != 1 ] || exit 1
        exit 0
    fi
    OWN_NAMESPACES=1 exec timeout --kill-after=10 "$seconds" \
        unshare --net --mount bash "$0" "$program"
}

# Files one complaint; leaves the status in `status` and the milliseconds in `took`. What is
# acknowledged is kept by its code, and a refusal must say when to come back.
file_one() {
    local name=$1 answer
    answer=$(curl -s -m 15 -D "$folder/head.$name" -o "$folder/body.$name" -w '%{http_code} %{time_total}' \
        -H 'content-type: application/json' -d '{"category":"air.odour","description":"臭味"}' \
        "$url/api/v1/complaints") || true
    status=${answer% *}
    took=$(awk -v s="${answer#* }" 'BEGIN { printf "%d", s * 1000 }')
    case $status in
        201) grep -o '"tracking_code":"[A-Z0-9]*"' "$folder/body.$name" | cut -d '"' -f 4 >>"$folder/codes.$name" ;;
        503) grep -qi '^retry-after: [0-9]' "$folder/head.$name" || fail "503 without Retry-After" ;;
        *) fail "answered $answer: $(cat "$folder/body.$name" 2>/dev/null)" ;;
    esac
}

# Waits until a complaint is taken, and `/readyz` is green, at most so many seconds.
served_within() {
    local until=$((SECONDS + $1))
    while file_one back; [ "$status" != 201 ] || ! curl -fs -m 5 -o /dev/null "$url/readyz"; do
        [ $SECONDS -lt $until ] || fail "not served again within $1 s"
        sleep 0.2
    done
}

# Waits until `/readyz` is red, at most so many seconds.
red_within() {
    local until=$((SECONDS + $1))
    while [ "$(curl -s -m 5 -o "$folder/ready" -w '%{http_code}' "$url/readyz")" != 503 ]; do
        [ $SECONDS -lt $until ] || fail "/readyz is not red within $1 s"
        sleep 0.2
    done
}

# Everything that was acknowledged is there; says how much that is.
all_is_there() {
    local count=0 code
    while read -r code; do
        count=$((count + 1))
        curl -fs -m 10 -o /dev/null "$url/api/v1/tracking/$code" || fail "an acknowledged complaint is gone"
    done < <(cat "$folder"/codes.*)
    [ "$count" -gt 0 ] || fail "nothing was acknowledged"
    echo "$1: all $count acknowledged complaints are there"
}
