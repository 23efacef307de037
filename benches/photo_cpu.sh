#!/usr/bin/env bash
# CPU per photo: dengwen taking photos in (decode, checks, two hashes, two copies) against
# vipsthumbnail making the same two copies, turn by turn on one core, in one run. Needs libvips-tools.
# Usage: benches/photo_cpu.sh DENGWEN [PHOTO...]   (without photos: a made-up one of 12 megapixels)
set -euo pipefail
dengwen=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -eq 0 ]; then
    "$dengwen" bench photos --sample "$work/12mp.jpg"
    set -- "$work/12mp.jpg"
fi
export VIPS_CONCURRENCY=1
rounds=5 repeat=4

# User and system seconds of a command.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}
ours() { taskset -c 0 "$dengwen" bench photos "$1" --repeat $repeat --out "$work"; }
theirs() {
    for _ in $(seq $repeat); do
        taskset -c 0 vipsthumbnail "$1" --size 1600x1600 -o "$work/v1600.jpg[Q=82,strip]"
        taskset -c 0 vipsthumbnail "$1" --size 400x400 -o "$work/v400.jpg[Q=82,strip]"
    done
}
for photo in "$@"; do
    for _ in $(seq $rounds); do
        echo "$(cpu ours "$photo") $(cpu theirs "$photo")"
    done | awk -v n=$repeat -v name="$(basename "$photo")" '
        { ours += $1; theirs += $2 }
        END { printf "%-20s dengwen %.0f ms, vipsthumbnail %.0f ms a photo, ratio %.2f\n",
              name, ours * 1000 / NR / n, theirs * 1000 / NR / n, ours / theirs }'
done
