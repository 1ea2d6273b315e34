#!/bin/bash
# Kills crawls at random moments and counts what is lost, stored twice or
# damaged. By hand, since it takes minutes:
#   tests/soak/crawl_kills.sh [RUNS] [PAGES]
# RUNS of each mode [20], PAGES of the site [400]; three kills a run, so that
# 6 modes x 20 runs make 360 kills. The mode `staged` derives later and prints no
# acknowledgements: there captures are synced many at once. STEMMA is the binary, SHARED the folder
# with webserver/ and tools/. The last line of each mode is crashloop's report.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
stemma=${STEMMA:-$here/build/release/bin/stemma}
shared=${SHARED:-$here/../shared}
runs=${1:-20} pages=${2:-400}
if [ ! -f "$shared/tools/crashloop.py" ]; then
  echo "skipped: no $shared/tools/crashloop.py"
  exit 77
fi
work=$(mktemp -d)
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
port=${PORT:-18477}
python3 "$shared/webserver/hostile_web.py" --port "$port" \
  --canary-port $((port + 1)) --ready-file "$work/ready" >/dev/null 2>&1 &
server=$!
until [ -e "$work/ready" ]; do sleep 0.1; done

job() {
  cat <<TOML
[job]
name = "kills"
derive = "$1"
[seeds]
urls = ["http://127.0.0.1:$port/site/0?n=$pages"]
[scope]
max_depth = 100
[politeness]
delay = "0s"
concurrency_per_host = 4
[network]
allow_private = ["127.0.0.1:$port"]
connections = 4
TOML
}
job "${DERIVE:-now}" > "$work/job.toml"
job later > "$work/later.toml"
seq 0 $((pages - 1)) |
  sed "s|.*|http://127.0.0.1:$port/site/&?n=$pages|" > "$work/expect"
run="$stemma --archive {state}/a --quiet crawl --acks $work/job.toml"
failed=0
one() {
  local name=$1
  shift
  printf '%s: ' "$name"
  python3 "$shared/tools/crashloop.py" --crawl "$run" --resume "$run" \
    --check "python3 $shared/tools/warc_have.py {state}" -n "$runs" \
    --kills-per-run 3 --expect "$work/expect" --tmp "$work" \
    --finish-s "${FINISH_S:-300}" --json "$work/$name.json" "$@" |
    tail -1 || failed=1
}
one time --mode time --min-s 0.05 --max-s "${MAX_S:-3}" --seed 1
one ack --mode ack --max-acks 120 --seed 2
one mixed --mode mixed --min-s 0.05 --max-s "${MAX_S:-3}" --seed 3
one torn --mode mixed --min-s 0.05 --max-s "${MAX_S:-3}" --seed 4 \
  --tail-garbage 'a/bundles/*.open'
one log --mode mixed --min-s 0.05 --max-s "${MAX_S:-3}" --seed 5 \
  --tail-garbage 'a/manifest/events.jsonl'
run="$stemma --archive {state}/a --quiet crawl $work/later.toml"
one staged --mode time --min-s 0.02 --max-s "${STAGED_MAX_S:-0.8}" --seed 6
exit $failed
