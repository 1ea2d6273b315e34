#!/usr/bin/env python3
"""A crawl whose network fails: needs root, network namespaces and tc.

usage: crawl_network.py STEMMA SHARED [--pages 300]

The server of SHARED/webserver runs in a namespace of its own behind a veth
pair. While a crawl is under way the route turns into a black hole, the link
goes down, or the link becomes slow (tbf, 256 kbit/s); then all is well again.
Each time the crawl, or one more call of it, must end with every page stored
once and whole, and `stemma check` must be content. With faketime two more runs
see the clock jump two days ahead and back between calls. A JSON line each.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

NAMESPACE, OURS, THEIRS = 'stemma-net', 'stemma-a', 'stemma-b'
OUR_IP, THEIR_IP, PORT = '10.231.7.1', '10.231.7.2', 18491

FAKETIME = next(pathlib.Path('/usr/lib').glob(
    '*/faketime/libfaketimeMT.so.1'), None)


def sh(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True)


def make_network():
    sh('ip', 'netns', 'add', NAMESPACE)
    sh('ip', 'link', 'add', OURS, 'type', 'veth', 'peer', 'name', THEIRS,
       'netns', NAMESPACE)
    sh('ip', 'addr', 'add', OUR_IP + '/24', 'dev', OURS)
    sh('ip', 'link', 'set', OURS, 'up')
    inside = ('ip', 'netns', 'exec', NAMESPACE, 'ip')
    sh(*inside, 'addr', 'add', THEIR_IP + '/24', 'dev', THEIRS)
    sh(*inside, 'link', 'set', THEIRS, 'up')
    sh(*inside, 'link', 'set', 'lo', 'up')


def drop_network():
    sh('ip', 'link', 'del', OURS, check=False)
    sh('ip', 'netns', 'del', NAMESPACE, check=False)


def forward(listen):
    """The server only binds loopback: a relay on the namespace's address."""
    return f'''
import asyncio
async def pump(a, b):
    try:
        while data := await a.read(65536):
            b.write(data); await b.drain()
    except OSError:
        pass
    finally:
        b.close()
async def client(r, w):
    try:
        r2, w2 = await asyncio.open_connection('127.0.0.1', {PORT + 10})
    except OSError:
        return w.close()
    await asyncio.gather(pump(r, w2), pump(r2, w))
async def main():
    server = await asyncio.start_server(client, '{listen}', {PORT})
    await server.serve_forever()
asyncio.run(main())
'''


class Trouble:
    """Begins some seconds after the crawl, lasts some seconds."""

    def __init__(self, begin, end):
        self.begin, self.end = begin, end


TROUBLES = {
    'none': Trouble([], []),
    'black hole': Trouble(
        ['ip', 'route', 'add', 'blackhole', THEIR_IP + '/32'],
        ['ip', 'route', 'del', 'blackhole', THEIR_IP + '/32']),
    # The far end: without ours the route would go, and whoever is behind the
    # default route might answer.
    'link down': Trouble(
        ['ip', 'netns', 'exec', NAMESPACE, 'ip', 'link', 'set', THEIRS,
         'down'],
        ['ip', 'netns', 'exec', NAMESPACE, 'ip', 'link', 'set', THEIRS,
         'up']),
    'slow link': Trouble(
        ['tc', 'qdisc', 'add', 'dev', OURS, 'root', 'tbf', 'rate', '256kbit',
         'burst', '16kbit', 'latency', '400ms'],
        ['tc', 'qdisc', 'del', 'dev', OURS, 'root']),
}


def write_job(work, pages):
    job = work / 'net.toml'
    job.write_text(f'''
[job]
name = "net"
archive = "{work}/archive"
derive = "later"
[seeds]
urls = ["http://{THEIR_IP}:{PORT}/site/0?n={pages}"]
[scope]
max_depth = 1000
[politeness]
delay = "20ms"
concurrency_per_host = 4
[revisit]
min_interval = "30d"
[network]
allow_private = ["{THEIR_IP}:{PORT}"]
''')
    return job


def outcome(args, work, name, codes, seconds):
    lines = (work / 'archive/manifest/events.jsonl').read_text().splitlines()
    events = [json.loads(line) for line in lines]
    good = collections.Counter(
        e['target'] for e in events if e['type'] == 'capture'
        and e.get('status') == 200 and 'truncated' not in e
        and '/site/' in e['target'])
    cut = sum('truncated' in e for e in events)
    failed = sum(e['type'] == 'capture.failed' for e in events)
    check = sh(args.stemma, '--archive', work / 'archive', 'check',
               check=False).returncode
    line = {'trouble': name, 'calls': codes, 'seconds': round(seconds, 1),
            'pages': len(good), 'missing': args.pages - len(good),
            'twice': sum(n > 1 for n in good.values()), 'cut': cut,
            'failed': failed, 'check': check}
    line['good'] = (line['missing'] == line['twice'] == check == 0
                    and codes[-1] == 0)
    print(json.dumps(line), flush=True)
    return line['good']


def one(args, name, trouble, clocks=()):
    work = pathlib.Path(tempfile.mkdtemp(prefix='stemma-net-'))
    try:
        job = write_job(work, args.pages)
        command = [args.stemma, '--quiet', 'crawl', '--max-time', '20', job]
        began, codes = time.monotonic(), []
        if clocks:
            for shift in clocks:
                run = subprocess.Popen(
                    command, stdout=subprocess.DEVNULL,
                    env={**os.environ, 'LD_PRELOAD': str(FAKETIME),
                         'FAKETIME': shift,
                         'FAKETIME_DONT_FAKE_MONOTONIC': '1'})
                time.sleep(args.after)
                run.send_signal(signal.SIGTERM)
                codes.append(run.wait())
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        if trouble.begin:
            time.sleep(args.after)
            sh(*trouble.begin)
            time.sleep(args.length)
            sh(*trouble.end)
        codes.append(run.wait())
        for _ in range(5):
            if outcome_is_whole(args, work):
                break
            codes.append(subprocess.run(
                command, stdout=subprocess.DEVNULL).returncode)
        return outcome(args, work, name, codes, time.monotonic() - began)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def outcome_is_whole(args, work):
    text = (work / 'archive/manifest/events.jsonl').read_text()
    return len({json.loads(line)['target'] for line in text.splitlines()
                if '"status":200' in line and '/site/' in line}) >= args.pages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stemma')
    parser.add_argument('shared', type=pathlib.Path)
    parser.add_argument('--pages', type=int, default=300)
    parser.add_argument('--after', type=float, default=2)
    parser.add_argument('--length', type=float, default=10)
    args = parser.parse_args()
    args.stemma = str(pathlib.Path(args.stemma).resolve())
    if os.geteuid() != 0 or not shutil.which('ip'):
        print('skipped: needs root and iproute2')
        return 77
    drop_network()
    processes = []
    good = True
    try:
        try:
            make_network()
        except subprocess.CalledProcessError as error:
            print('skipped: no network namespaces:', error.stderr.strip())
            return 77
        inside = ['ip', 'netns', 'exec', NAMESPACE, sys.executable]
        processes.append(subprocess.Popen(
            [*inside, args.shared / 'webserver/hostile_web.py', '--port',
             str(PORT + 10), '--canary-port', str(PORT + 11)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        processes.append(subprocess.Popen([*inside, '-c', forward(THEIR_IP)],
                                          stderr=subprocess.DEVNULL))
        time.sleep(1.5)
        for name, trouble in TROUBLES.items():
            good &= one(args, name, trouble)
        if FAKETIME:
            good &= one(args, 'clock ahead, then back', TROUBLES['none'],
                        ('+2d', '-2d'))
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        drop_network()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
