#!/usr/bin/env bash
# The disk below the database fills up, and turns read-only under a server that runs: writes are put off,
# /readyz is red, reads go on, nothing that was acknowledged is lost, and with room again the same process
# serves. Real file systems, small ones in files, for SQLite and for PostgreSQL.
# Usage, as root: tests/full_disk.sh [path to the dengwen program]. Bounded: 60 seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/dengwen}")
PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=tests/common.sh
source tests/common.sh
enter_namespaces 60
trap 'umount -l "$folder/small" "$folder/large" 2>/dev/null || true; clean_up' EXIT
ip link set lo up

# A disk of so many MB at a folder; where there are no loop devices, one in memory, which cannot fail.
can_fail=1
mount_disk() {
    local at=$1 megabytes=$2
    mkdir -p "$at"
    truncate -s "${megabytes}M" "$at.image"
    mke2fs -q -t ext4 -m 0 "$at.image"
    if ! mount -o loop,errors=remount-ro "$at.image" "$at" 2>/dev/null; then
        can_fail=
        mount -t tmpfs -o "size=${megabytes}m" none "$at" || fail "no disk can be mounted"
    fi
}

# Takes all the room there is.
fill() {
    dd if=/dev/zero of="$1/filler" bs=64k 2>/dev/null || true
    dd if=/dev/zero of="$1/filler.more" bs=512 2>/dev/null || true
    [ -s "$1/filler" ] || fail "nothing was filled"
}

# Files until one is put off: what fits into old room is still taken.
until_put_off() {
    for _ in $(seq 400); do
        file_one "$1"
        [ "$status" != 503 ] || return 0
    done
    fail "never put off"
}

can_be_read() {
    curl -fs -m 5 -o /dev/null "$url/api/v1/tracking/$(head -n 1 "$folder/codes.before")" || fail "nothing can be read"
}

# What a full disk means to those who report and to those who read.
play_full() {
    local at=$1
    for _ in $(seq 20); do file_one before; done
    fill "$at"
    until_put_off full
    red_within 5
    for _ in $(seq 10); do file_one full; done
    can_be_read
    rm -f "$at/filler" "$at/filler.more"
}

export DENGWEN_RATE_LIMIT=off DENGWEN_LOG=error

mount_disk "$folder/small" 24
export DENGWEN_DATA_DIR="$folder/small/data" DENGWEN_DATABASE_URL="sqlite://$folder/small/data/dengwen.db"
start
play_full "$folder/small"
served_within 5
all_is_there "SQLite on a full disk"

if [ -n "$can_fail" ]; then
    # As a disk that fails: the file system stops writing, whoever has files open.
    mount -o remount,abort "$folder/small"
    until_put_off failed
    red_within 5
    can_be_read
    stop_server
    umount "$folder/small"
    e2fsck -fy "$folder/small.image" >"$folder/e2fsck.log" 2>&1 || [ $? -lt 4 ] || fail "the disk cannot be mended"
    mount -o loop "$folder/small.image" "$folder/small"
    start
    served_within 5
    all_is_there "SQLite on a disk that turned read-only"
else
    echo "NOTE: no loop devices: the disk that turns read-only was LEFT OUT" >&2
    [ "${DENGWEN_TEST_REQUIRE_NAMESPACES:-}" != 1 ] || exit 1
fi
stop_server
umount "$folder/small"
rm -f "$folder"/codes.*

binaries=$(postgres_binaries)
[ -n "$binaries" ] || fail "PostgreSQL's server programs are not here"
mount_disk "$folder/large" 96
make_cluster "$folder/large/cluster" --wal-segsize=1
start_postgres() {
    (
        cd "$folder/large/cluster"
        exec "${humbly[@]}" "$binaries/postgres" -D "$folder/large/cluster/data" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c max_wal_size=4MB -c min_wal_size=2MB >>"$folder/postgres.log" 2>&1
    ) &
    cluster=$!
    wait_for "$cluster" "$binaries/pg_isready" -h 127.0.0.1
}
start_postgres || fail "PostgreSQL did not start"
export DENGWEN_DATA_DIR="$folder/data" DENGWEN_DATABASE_URL=postgres://postgres@127.0.0.1/postgres
start
play_full "$folder/large"
# A PostgreSQL without room for its log ends itself; its operator starts it again.
"$binaries/pg_isready" -q -h 127.0.0.1 || kill -0 "$cluster" 2>/dev/null || start_postgres || start_postgres || fail "PostgreSQL did not start again"
served_within 10
all_is_there "PostgreSQL on a full disk"
stop_server
kill -INT "$cluster"
wait "$cluster" 2>/dev/null || true
cluster=
umount "$folder/large"
