#!/bin/bash
# Kills the writer, `capture` and `import` at random moments and counts what is
# lost, stored twice or damaged. By hand, since it takes minutes:
#   tests/soak/archive_kills.sh [RUNS]
# RUNS of each mode [8], three kills a run: 3 programs x 3 modes x 8 runs make
# 216 kills. The writer's runs end in junk behind its files, too. BIN is the
# folder of the programs, which are built if it is not given, SHARED the one
# with tools/. The last line of each mode is crashloop's report. crawl_kills.sh
# does the same to `crawl`.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
shared=${SHARED:-$here/../shared}
runs=${1:-8}
if [ ! -f "$shared/tools/crashloop.py" ]; then
  echo "skipped: no $shared/tools/crashloop.py"
  exit 77
fi
bin=${BIN:-$here/build/release/bin}
if [ -z "${BIN:-}" ]; then
  "$here/script/build" release stemma stemma-media-worker archive-crash-driver
fi
work=$(mktemp -d)
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT

# A site of 60 pages; the same pages as a WARC file.
cat > "$work/site.py" <<'PY'
import hashlib, http.server, sys, uuid
def page(n):
    words = ''.join(f'<p>{hashlib.sha256(f"{n} {i}".encode()).hexdigest()}'
                    f' of page {n}</p>' for i in range(40 + n % 7 * 300))
    return f'<title>Page {n}</title><article>{words}</article>'.encode()
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        name = self.path[1:]
        body = page(int(name)) if name.isdigit() else b''
        self.send_response(200 if body else 404)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Site)
with open(sys.argv[1] + '/site.warc', 'wb') as warc:
    for n in range(400):
        block = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n' + page(n)
        warc.write((f'WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: '
                    f'<{uuid.UUID(int=n).urn}>\r\nWARC-Date: 2026-03-01T12:00:'
                    f'00Z\r\nWARC-Target-URI: https://a.example/{n}\r\n'
                    f'Content-Type: application/http; msgtype=response\r\n'
                    f'Content-Length: {len(block)}\r\n\r\n').encode()
                   + block + b'\r\n\r\n')
with open(sys.argv[1] + '/port.part', 'w') as port:
    port.write(str(server.server_port))
import os
os.rename(sys.argv[1] + '/port.part', sys.argv[1] + '/port')
server.serve_forever()
PY
# Captures what the log does not know yet, as somebody would who goes on.
cat > "$work/rest.py" <<'PY'
import json, os, sys
binary, archive, port = sys.argv[1:]
done = set()
try:
    with open(archive + '/manifest/events.jsonl', 'rb') as log:
        for line in log:
            if line.endswith(b'\n') and b'"type":"capture"' in line:
                done.add(json.loads(line)['target'])
except FileNotFoundError:
    pass
urls = [f'http://127.0.0.1:{port}/{n}' for n in range(60)]
rest = [url for url in urls if url not in done]
if not rest:
    sys.exit(0)
os.execv(binary, [binary, '--archive', archive, '--quiet', 'capture', '--acks',
                  '--allow-private', 'all', *rest])
PY
python3 "$work/site.py" "$work" 2>/dev/null &
server=$!
until [ -e "$work/port" ]; do sleep 0.1; done
port=$(cat "$work/port")
seq 0 59 | sed "s|^|http://127.0.0.1:$port/|" > "$work/expect.capture"
seq 0 399 | sed 's|^|https://a.example/|' > "$work/expect.import"
seq 0 199 | sed 's|^|https://example.org/|' > "$work/expect.writer"

failed=0
one() {
  local name=$1 run=$2
  shift 2
  printf '%s: ' "$name"
  python3 "$shared/tools/crashloop.py" --crawl "$run" --resume "$run" \
    --check "python3 $shared/tools/warc_have.py {state}" -n "$runs" \
    --kills-per-run 3 --expect "$work/expect.${name%% *}" --tmp "$work" \
    --json "$work/report.json" "$@" | tail -1 || failed=1
}
for mode in time ack mixed; do
  one "writer $mode" "$bin/archive-crash-driver {state}/a 200" --mode "$mode" \
    --min-s 0.02 --max-s 0.5 --max-acks 60 --tail-garbage 'a/bundles/*.open'
  one "import $mode" \
    "$bin/stemma --archive {state}/a import --acks $work/site.warc" \
    --mode "$mode" --min-s 0.02 --max-s 0.4 --max-acks 120 \
    --tail-garbage 'a/bundles/*.open'
  one "capture $mode" "python3 $work/rest.py $bin/stemma {state}/a $port" \
    --mode "$mode" --min-s 0.1 --max-s 1.5 --max-acks 20 \
    --tail-garbage 'a/manifest/events.jsonl'
done
exit $failed
