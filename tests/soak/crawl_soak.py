#!/usr/bin/env python3
"""One crawl for half an hour over a friendly and a hostile site.

usage: crawl_soak.py STEMMA SHARED OUT.jsonl [--minutes 30]

Starts two servers of SHARED/webserver: of the first the crawl sees a tree of
100,000 small pages, of the second every route there is, with all its traps.
Writes a line a minute: seconds, memory of the crawler (MiB, all its threads),
open files, size of the archive, and at the end how it ended and what `stemma
check` says of the archive. Needs no quiet machine: it asks ten times a second.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request


def start_server(shared, work, port):
    ready = work / f'ready-{port}'
    server = subprocess.Popen(
        [sys.executable, shared / 'webserver/hostile_web.py', '--port',
         str(port), '--canary-port', str(port + 1), '--ready-file', ready],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ready.exists():
        time.sleep(0.1)
    return server


def memory_of(pid):
    text = pathlib.Path(f'/proc/{pid}/status').read_text()
    rss = re.search(r'VmRSS:\s+(\d+)', text)
    peak = re.search(r'VmHWM:\s+(\d+)', text)
    return (int(rss.group(1)) // 1024 if rss else 0,
            int(peak.group(1)) // 1024 if peak else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stemma')
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('out', type=pathlib.Path)
    parser.add_argument('--minutes', type=float, default=30)
    parser.add_argument('--port', type=int, default=18481)
    args = parser.parse_args()
    if not (args.shared / 'webserver').is_dir():
        print(f'skipped: no {args.shared}/webserver')
        return 77
    work = pathlib.Path(tempfile.mkdtemp(prefix='stemma-soak-'))
    good, bad = args.port, args.port + 2
    servers = [start_server(args.shared, work, p) for p in (good, bad)]
    routes = json.load(urllib.request.urlopen(
        f'http://127.0.0.1:{bad}/__routes'))
    # A host for each kind of route: one that asks for a day's rest must not
    # end the others.
    hosts = {r['cat']: f'{r["cat"].replace("-", "")}.test:{bad}'
             for r in routes if r['cat'] not in ('control', 'load')}
    seeds = [f'http://friendly.test:{good}/site/0?n=100000']
    seeds += [f'http://{hosts[r["cat"]]}{r["probe"]}' for r in routes
              if r['cat'] in hosts]
    names = [f'friendly.test:{good}:127.0.0.1']
    names += [host + ':127.0.0.1' for host in hosts.values()]
    job = work / 'soak.toml'
    job.write_text(f'''
[job]
name = "soak"
archive = "{work}/archive"
derive = "now"
[seeds]
urls = {json.dumps(seeds)}
[scope]
max_depth = 1000
max_pages = 1000000
[politeness]
delay = "100ms"
concurrency_per_host = 4
[limits]
max_time = "{int(args.minutes * 60)}s"
[network]
allow_private = ["127.0.0.1:{good}", "127.0.0.1:{bad}"]
resolve = {json.dumps(names)}
''')
    report_file = work / 'report.json'
    crawl = subprocess.Popen(
        [args.stemma, '--quiet', '--json', 'crawl', '--max-filesize', '64MiB',
         '--max-time', '20', job], stdout=report_file.open('wb'))
    began = time.monotonic()
    with args.out.open('w') as out:
        def write(**line):
            out.write(json.dumps(line) + '\n')
            out.flush()
        next_line = 0
        while crawl.poll() is None:
            now = time.monotonic() - began
            if now >= next_line:
                next_line += 60
                try:
                    rss, peak = memory_of(crawl.pid)
                    files = len(os.listdir(f'/proc/{crawl.pid}/fd'))
                except OSError:
                    break
                size = sum(f.stat().st_size for f in
                           (work / 'archive').rglob('*') if f.is_file())
                write(seconds=round(now), rss_mib=rss, peak_mib=peak,
                      files=files, archive_mib=size >> 20)
            if now > args.minutes * 60 + 120:
                crawl.send_signal(signal.SIGKILL)
                write(stuck=True)
            time.sleep(1)
        report = json.loads(report_file.read_text() or '{}')
        checked = subprocess.run([args.stemma, '--archive', work / 'archive',
                                  'check'], capture_output=True, text=True)
        secret = [json.load(urllib.request.urlopen(
            f'http://127.0.0.1:{p}/__stats')).get('/__secret', 0)
            for p in (good, bad)]
        write(exit=crawl.wait(), end=report.get('end'), why=report.get('why'),
              pages=report.get('pages'), counts=report.get('counts'),
              check=checked.returncode, canary_hits=sum(secret))
    for server in servers:
        server.terminate()
        server.wait()
    shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
