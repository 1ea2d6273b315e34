#!/usr/bin/env python3
"""Does a page cost the same at the end of a long crawl as at its beginning?

usage: crawl_flat.py STEMMA WORK [--pages 100000] [--slice 10000]

Serves a site of small pages from this process, crawls it in slices of
max_pages (each a run that goes on where the last one stopped) and prints a
JSON line for each: CPU seconds of the crawler per 1,000 pages, wall seconds,
peak memory in MiB. The last line says how far the slices lie apart; the first
slice, which also starts everything, counts like the others.
"""
import argparse
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    pages = 0

    def do_GET(self):
        name = self.path.rsplit('/', 1)[1]
        if name == 'robots.txt':
            return self.answer('text/plain', b'User-agent: *\nAllow: /\n')
        n = int(name or 0)
        links = ''.join(f'<li><a href="/p/{k}">{k}</a></li>'
                        for k in range(4 * n + 1, 4 * n + 5)
                        if k < self.pages)
        words = ' '.join(f'word{(n * 7919 + i * 104729) % 20011}'
                         for i in range(120))
        self.answer('text/html; charset=utf-8',
                    f'<!doctype html><title>Page {n}</title><h1>Page {n}</h1>'
                    f'<p>{words}.</p><ul>{links}</ul>'.encode())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(pages):
    """The server in a process of its own; gives its port and its id."""
    Site.pages = pages
    Site.wbufsize = -1
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Site)
    child = os.fork()
    if child == 0:
        server.serve_forever()
        os._exit(0)
    port = server.server_address[1]
    server.server_close()
    return port, child


def run(args, job):
    began = time.monotonic()
    child = subprocess.Popen([args.stemma, '--quiet', 'crawl', job],
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f'crawl ended with {child.returncode}')
    return {'cpu': usage.ru_utime + usage.ru_stime,
            'wall': time.monotonic() - began, 'rss': usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stemma')
    parser.add_argument('work', type=pathlib.Path)
    parser.add_argument('--pages', type=int, default=100_000)
    parser.add_argument('--slice', type=int, default=10_000)
    parser.add_argument('--derive', default='later')
    args = parser.parse_args()
    shutil.rmtree(args.work / 'archive', ignore_errors=True)
    args.work.mkdir(parents=True, exist_ok=True)
    port, server = serve(args.pages)
    job = args.work / 'flat.toml'
    job.write_text(f'''
[job]
name = "flat"
archive = "{args.work}/archive"
derive = "{args.derive}"
[seeds]
urls = ["http://127.0.0.1:{port}/p/0"]
[scope]
max_depth = 1000
max_pages = {args.slice}
[politeness]
delay = "0s"
concurrency_per_host = 8
[network]
allow_private = ["127.0.0.1:{port}"]
''')
    try:
        costs = []
        for k in range(args.pages // args.slice):
            used = run(args, job)
            costs.append(1000 * used['cpu'] / args.slice)
            print(json.dumps({'slice': k, 'cpu_per_1000': round(costs[-1], 3),
                              'wall': round(used['wall'], 1),
                              'rss_mib': round(used['rss'])}), flush=True)
        mean = sum(costs) / len(costs)
        print(json.dumps({'mean': round(mean, 3),
                          'least': round(min(costs) / mean, 3),
                          'most': round(max(costs) / mean, 3)}))
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)


if __name__ == '__main__':
    main()
