#!/usr/bin/env bash
# The configurations of docs/proxies.md, as they stand there, in front of a real server: nginx, HAProxy and Caddy.
# Only names, ports and certificates are put in. A proxy that is not installed is a failure, unless the
# variable DENGWEN_TEST_PROXIES names the ones to try ("nginx haproxy").
# Usage: tests/proxies.sh [path to the dengwen program]. Bounded: about a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/debug/dengwen}")
proxies=${DENGWEN_TEST_PROXIES:-nginx haproxy caddy}
folder=$(mktemp -d)
server=
proxy=
PATH=$PATH:/usr/sbin

cleanup() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

fail() {
    echo "$1" >&2
    tail -n 20 "$folder"/*.log >&2 || true
    exit 1
}

free_port() {
    local candidate
    while :; do
        candidate=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
    done
    echo "$candidate"
}

wait_for() {
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "never answered: $*"
}

# The fenced block of a language in the document.
snippet() {
    awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } on && /^```$/ { exit } on' docs/proxies.md
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$folder/tls.key" -out "$folder/tls.crt" 2>/dev/null
cat "$folder/tls.crt" "$folder/tls.key" >"$folder/tls.pem"

backend=$(free_port)
DENGWEN_LISTEN="127.0.0.1:$backend" DENGWEN_DATABASE_URL="sqlite://$folder/dengwen.db" DENGWEN_DATA_DIR="$folder/data" \
    DENGWEN_TRUST_PROXY=on DENGWEN_UNKNOWN_CODES_PER_HOUR=3 "$program" serve >"$folder/serve.log" 2>&1 &
server=$!
wait_for curl -fs "http://127.0.0.1:$backend/readyz"

# Each snippet with this machine's ports and certificates.
configure() {
    case $1 in
        nginx)
            printf 'daemon off; pid %s/nginx.pid; error_log %s/nginx.log; events {}\nhttp { access_log off;\n' "$folder" "$folder"
            for kind in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s/%s;\n' "$kind" "$folder" "$kind"; done
            snippet nginx | sed -e "s/127.0.0.1:8080/127.0.0.1:$backend/" -e "s/listen 443/listen 127.0.0.1:$public/" \
                -e "s|/etc/ssl/dengwen|$folder/tls|"
            echo '}'
            ;;
        haproxy)
            snippet haproxy | sed -e "s/127.0.0.1:8080/127.0.0.1:$backend/" -e "s/bind :443/bind 127.0.0.1:$public/" \
                -e "s|/etc/ssl/dengwen|$folder/tls|"
            ;;
        caddy)
            printf '{\n\tadmin off\n\tauto_https off\n}\n'
            snippet caddy | sed -e "s/127.0.0.1:8080/127.0.0.1:$backend/" \
                -e "s|^dengwen.example {|https://127.0.0.1:$public {\n\ttls $folder/tls.crt $folder/tls.key|"
            ;;
    esac
}

run() {
    case $1 in
        nginx) exec nginx -c "$folder/nginx.conf" -e "$folder/nginx.log" ;;
        haproxy) exec haproxy -db -f "$folder/haproxy.conf" ;;
        caddy) HOME=$folder exec caddy run --adapter caddyfile --config "$folder/caddy.conf" ;;
    esac
}

# ask CLIENT ARGUMENTS: the answer's head and body, by the proxy, from an address of the loopback net.
ask() {
    local client=$1
    shift
    curl -sk --max-time 60 --interface "$client" -D "$folder/head" -o "$folder/body" -w '%{http_code}' "$@"
}

expect() {
    [ "$1" = "$2" ] || fail "$name: $3: expected $2, got $1: $(head -c 400 "$folder/body")"
}

expect_problem() {
    grep -qi '^content-type: application/problem+json' "$folder/head" || fail "$name: $1: no problem document: $(head -c 300 "$folder/body")"
}

check() {
    local site="https://127.0.0.1:$public" client=$1 other=$2 status protocol

    status=$(ask "$client" -X POST "$site/api/v1/complaints" -H 'Idempotency-Key: '"$name-complaint" \
        -F 'complaint={"description":"楼下餐馆油烟直排，夜里更重","category":"air.odour","location":{"lon":119.3,"lat":26.08,"datum":"WGS84"}};type=application/json' \
        -F "photo=@$folder/photo.png;type=image/png")
    expect "$status" 201 "a complaint with a photo"
    grep -q '"status":"kept"' "$folder/body" || fail "$name: the photo was not kept: $(cat "$folder/body")"

    # Forged addresses neither widen an allowance nor use up another's.
    for try in 1 2 3; do
        status=$(ask "$client" -H "X-Forwarded-For: 203.0.113.$try" -H "Forwarded: for=203.0.113.$try" "$site/api/v1/tracking/AAAA-BBBB-CCCC-DDD$((try + 1))")
        expect "$status" 404 "an unknown code"
    done
    status=$(ask "$client" -H 'X-Forwarded-For: 203.0.113.9' -H "Forwarded: for=203.0.113.9" "$site/api/v1/tracking/AAAA-BBBB-CCCC-DDDD")
    expect "$status" 429 "more unknown codes than allowed"
    expect_problem "429"
    grep -qi '^retry-after: [0-9]' "$folder/head" || fail "$name: Retry-After was lost on the way"
    status=$(ask "$other" -H "X-Forwarded-For: $client" "$site/api/v1/tracking/AAAA-BBBB-CCCC-DDDD")
    expect "$status" 404 "another client"

    status=$(ask "$client" -X POST "$site/api/v1/complaints" -H 'Content-Type: application/json' --data-binary "@$folder/large.json")
    expect "$status" 413 "a JSON body too large"
    expect_problem "413"

    status=$(ask "$client" -X POST "$site/api/v1/complaints" \
        -F 'complaint={"description":"河边垃圾成堆，无人清理","category":"air.odour","location":{"lon":119.301,"lat":26.081,"datum":"WGS84"}};type=application/json' \
        -F "photo=@$folder/noise.bin;type=image/jpeg")
    expect "$status" 201 "a complaint with 20 MB that are no photo"

    for inside in /metrics /readyz; do
        expect "$(ask "$client" "$site$inside")" 404 "$inside from outside"
    done
    protocol=$(curl -sk --max-time 60 --http2 -o /dev/null -w '%{http_version}' "$site/healthz")
    expect "$protocol" 2 "HTTP/2"
    echo "$name: ok"
}

# One pixel.
base64 -d >"$folder/photo.png" <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
PNG
head -c 20000000 /dev/urandom >"$folder/noise.bin"
{ printf '{"description":"'; head -c 1500000 /dev/zero | tr '\0' a; printf '"}'; } >"$folder/large.json"

last=10
for name in $proxies; do
    command -v "$name" >/dev/null || fail "$name is not installed"
    public=$(free_port)
    configure "$name" >"$folder/$name.conf"
    run "$name" >"$folder/$name-out.log" 2>&1 &
    proxy=$!
    wait_for curl -fsk "https://127.0.0.1:$public/healthz"
    check "127.0.0.$last" "127.0.0.$((last + 1))"
    last=$((last + 2))
    kill "$proxy"
    wait "$proxy" 2>/dev/null || true
    proxy=
done
