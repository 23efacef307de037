#!/usr/bin/env bash
# The host of PostgreSQL vanishes without a word, as when a cable is pulled: nobody is held longer than
# docs/postgres.md says, /readyz is red, and when the host is back it is served from again without a
# restart. A start with the first of two hosts vanished comes up on the second. PostgreSQL lies behind
# two links of the script's own, which it cuts.
# Usage, as root: tests/vanished.sh [path to the dengwen program]. Bounded: 60 seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/dengwen}")
PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=tests/common.sh
source tests/common.sh
enter_namespaces 60
host=
trap '[ -z "$host" ] || kill "$host" 2>/dev/null || true; clean_up' EXIT

longest_ms=11000
at_once_ms=1000

binaries=$(postgres_binaries)
[ -n "$binaries" ] || fail "PostgreSQL's server programs are not here"

# The other host: a network of its own, which a sleeping process holds, at the ends of two links.
ip link set lo up
unshare --net sleep 120 &
host=$!
until [ "$(readlink "/proc/$host/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
at_host() { nsenter --target "$host" --net "$@"; }
at_host ip link set lo up
for link in 0 1; do
    ip link add "here$link" type veth peer name "there$link" netns "$host"
    ip address add "10.77.$link.1/30" dev "here$link"
    ip link set "here$link" up
    at_host ip address add "10.77.$link.2/30" dev "there$link"
    at_host ip link set "there$link" up
    # The neighbour is known for good: packets into the cut link are lost, and no error tells of it.
    ip neighbour replace "10.77.$link.2" dev "here$link" nud permanent lladdr "$(at_host ip -o link show "there$link" |
        grep -o 'link/ether [0-9a-f:]*' | cut -d ' ' -f 2)"
done
sever() { at_host ip link set "there$1" down; }
mend() { at_host ip link set "there$1" up; }

make_cluster "$folder/cluster"
echo 'host all all 10.77.0.0/16 trust' >>"$folder/cluster/data/pg_hba.conf"
(
    cd "$folder/cluster"
    exec nsenter --target "$host" --net "${humbly[@]}" "$binaries/postgres" -D "$folder/cluster/data" \
        -c listen_addresses=10.77.0.2,10.77.1.2 -c unix_socket_directories= >"$folder/postgres.log" 2>&1
) &
cluster=$!
wait_for "$cluster" "$binaries/pg_isready" -h 10.77.0.2 || fail "PostgreSQL did not start"

# One sender: files until told to stop; keeps how long each answer took, and what it was.
send() {
    while [ ! -e "$folder/stop" ]; do
        file_one "$1"
        echo "$status $took" >>"$folder/answers.$1"
        [ "$status" = 201 ] || sleep 0.1
    done
}

export DENGWEN_RATE_LIMIT=off DENGWEN_LOG=error DENGWEN_DATA_DIR="$folder/data"
export DENGWEN_DATABASE_URL=postgres://postgres@10.77.0.2/postgres?sslmode=disable
start
senders=()
for sender in 1 2 3; do
    send "$sender" &
    senders+=($!)
done
sleep 1.5
sever 0
began=$SECONDS
until grep -qs '^503' "$folder"/answers.*; do
    [ $((SECONDS - began)) -le 12 ] || fail "nobody was answered"
    sleep 0.1
done
held=$((SECONDS - began))
red_within 4
several=()
for one in $(seq 10); do
    (file_one "fast$one" && echo "$status $took" >"$folder/fast.$one") &
    several+=($!)
done
wait "${several[@]}" || fail "a request failed while the host was away"
slow=$(cat "$folder"/fast.* | awk -v most=$at_once_ms '$1 != 503 { print "taken"; exit } $2 > most { n++ } END { print n + 0 }')
[ "$slow" -le 1 ] || fail "$slow of 10 were held although the host was known to be away: $(cat "$folder"/fast.*)"
mend 0
began=$SECONDS
served_within 8
echo "host back: served after $((SECONDS - began)) s"
touch "$folder/stop"
wait "${senders[@]}" || fail "a sender was answered badly"
put_off=$(cat "$folder"/answers.* | grep -c '^503')
longest=$(cat "$folder"/answers.* | sort -n -k 2 | tail -n 1 | cut -d ' ' -f 2)
[ "$longest" -le $longest_ms ] || fail "somebody waited $longest ms"
all_is_there "host vanished ($put_off put off, the first after $held s, the longest wait $longest ms)"
stop_server

sever 0
export DENGWEN_DATABASE_URL=postgres://postgres@10.77.0.2,10.77.1.2/postgres?sslmode=disable
began=$SECONDS
start
took_to_start=$((SECONDS - began))
[ "$took_to_start" -le 12 ] || fail "the start on the second host took $took_to_start s"
several=()
for one in $(seq 10); do
    (file_one "second$one" && echo "$status $took" >"$folder/second.$one") &
    several+=($!)
done
wait "${several[@]}" || fail "a request failed on the second host"
slow=$(cat "$folder"/second.* | awk -v most=$((at_once_ms * 2)) '$1 != 201 || $2 > most { n++ } END { print n + 0 }')
[ "$slow" = 0 ] || fail "each connection waited for the vanished host: $(cat "$folder"/second.*)"
all_is_there "first of two hosts vanished, started in $took_to_start s"
