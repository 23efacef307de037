#!/usr/bin/env bash
# TLS to PostgreSQL. A build with the feature `postgres-tls` believes the authority it is told of and no other; a build
# without it refuses whoever asks for TLS and a server on another host, and signs in with a password on this one.
# Usage: tests/postgres_tls.sh [program with the feature] [program without]. Bounded: 60 seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
with=$(realpath "${1:-target/debug/dengwen-tls}")
without=$(realpath "${2:-target/debug/dengwen}")
# shellcheck source=tests/common.sh
source tests/common.sh
trap clean_up EXIT

binaries=$(postgres_binaries)
[ -n "$binaries" ] || fail "PostgreSQL's server programs are not here"

for authority in ours theirs; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$authority" \
        -keyout "$folder/$authority.key" -out "$folder/$authority.crt" 2>/dev/null
done
make_cluster "$folder/cluster"
data="$folder/cluster/data"
openssl req -newkey rsa:2048 -nodes -subj /CN=database -keyout "$data/server.key" -out "$folder/server.csr" 2>/dev/null
openssl x509 -req -in "$folder/server.csr" -CA "$folder/ours.crt" -CAkey "$folder/ours.key" -CAcreateserial -days 2 \
    -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$data/server.crt" 2>/dev/null
chmod 600 "$data/server.key"
[ "$(id -u)" != 0 ] || chown nobody "$data/server.key" "$data/server.crt"
# The one is let in through TLS alone, the other with a password.
printf 'hostssl all postgres 127.0.0.1/32 trust\nhostnossl all plain 127.0.0.1/32 scram-sha-256\n' >"$data/pg_hba.conf"

port=$(free_port)
(
    cd "$folder/cluster"
    exec "${humbly[@]}" "$binaries/postgres" -D "$data" -p "$port" -c ssl=on -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= >"$folder/postgres.log" 2>&1
) &
cluster=$!
wait_for "$cluster" "$binaries/pg_isready" -h 127.0.0.1 -p "$port" || fail "PostgreSQL did not start"
"$binaries/psql" -q "host=127.0.0.1 port=$port user=postgres dbname=postgres sslmode=require" \
    -c "CREATE ROLE plain SUPERUSER LOGIN PASSWORD 'geheim'"

export DENGWEN_DATA_DIR="$folder/own" DENGWEN_LOG=error

# Migrates the database behind a URL with a program.
migrate() {
    DENGWEN_DATABASE_URL=$2 timeout 20 "$1" migrate >"$folder/migrate.log" 2>&1
}

# That is refused, with such words.
refuses() {
    if migrate "$2" "$3"; then fail "not refused: $3"; fi
    grep -qE "$1" "$folder/migrate.log" || fail "refused with other words: $3"
}

at="postgres://postgres@127.0.0.1:$port/postgres"
migrate "$with" "$at?sslmode=verify-full&sslrootcert=$folder/ours.crt" || fail "TLS is not spoken"
refuses "certificate verify failed" "$with" "$at?sslmode=verify-full&sslrootcert=$folder/theirs.crt"
refuses "no encryption" "$with" "$at?sslmode=disable"
refuses "does not speak it" "$without" "$at?sslmode=require"
refuses "not on this host" "$without" "postgres://postgres@192.0.2.1/postgres"
refuses "no encryption" "$without" "$at"
migrate "$without" "postgres://plain:geheim@127.0.0.1:$port/postgres" || fail "a password is not taken without TLS"
echo "TLS to PostgreSQL: spoken by the build that has it, asked for in vain of the build that has it not"
