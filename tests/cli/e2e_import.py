"""Imports and captures that are stopped, run out of disk, or are very large."""
import gzip
import hashlib
import http.server
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402

OUT_OF_SPACE, INTERRUPTED = 5, 6
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n'


def record_head(number, length, digest=''):
    return (f'WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: '
            f'<{uuid.UUID(int=number).urn}>\r\nWARC-Date: 2026-03-01T12:00:00Z'
            f'\r\nWARC-Target-URI: https://a.example/{number}\r\n'
            f'Content-Type: application/http; msgtype=response\r\n{digest}'
            f'Content-Length: {length}\r\n\r\n').encode()


def small_records(count, size):
    for number in range(count):
        noise = hashlib.sha256(str(number).encode()).digest()
        block = HEAD + (noise * (size // 32))
        yield record_head(number, len(block)) + block + b'\r\n\r\n'


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        body = f'<title>{self.path}</title><p>Words.</p>'.encode()
        self.send_response(404 if self.path == '/robots.txt' else 200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Import(e2e.Test):
    def setUp(self):
        self.archive = self.folder / self.id().rsplit('.', 1)[-1]
        self.file = self.folder / (self.archive.name + '.warc')

    def start(self, *args, **kwargs):
        run = subprocess.Popen(
            [e2e.program(), '--archive', self.archive, *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        return run

    def responses(self):
        return [r['id'] for e in self.events() for r in e.get('records', [])
                if r['type'] == 'response']

    def assert_sealed_and_intact(self):
        open_files = list((self.archive / 'bundles').glob('*.open'))
        self.assertEqual(open_files, [])
        self.run_stemma('check')
        self.assert_readable_by_others()

    def test_a_stopped_import_is_sealed_and_goes_on(self):
        self.file.write_bytes(b''.join(small_records(4000, 6400)))
        run = self.start('import', '--acks', self.file)
        self.assertTrue(run.stdout.readline().startswith('ACK '))
        run.send_signal(signal.SIGTERM)
        acks = 1 + sum(line.startswith('ACK ') for line in run.stdout)
        self.assertEqual(run.wait(60), INTERRUPTED, run.stderr.read())
        self.assertLess(acks, 4000)
        self.assert_sealed_and_intact()
        again = self.run_stemma('--json', 'import', self.file).json
        self.assertGreaterEqual(again['already'], acks)
        self.assertEqual(again['already'] + again['records'], 4000)
        self.assertEqual(len(set(self.responses())), 4000)
        self.assertEqual(len(self.responses()), 4000)

    def test_a_stopped_capture_is_sealed(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = server.server_port
        run = self.start('capture', '--acks', '--allow-private',
                         f'127.0.0.1:{port}',
                         *(f'http://127.0.0.1:{port}/{n}' for n in range(3000)))
        self.assertTrue(run.stdout.readline().startswith('ACK '))
        run.send_signal(signal.SIGTERM)
        acks = 1 + sum(line.startswith('ACK ') for line in run.stdout)
        self.assertEqual(run.wait(60), INTERRUPTED, run.stderr.read())
        self.assertLess(acks, 3000)
        self.assertGreaterEqual(len(self.events('capture')), acks)
        self.assert_sealed_and_intact()

    def test_a_full_disk_ends_it_with_5_and_loses_nothing(self):
        self.file.write_bytes(b''.join(
            record_head(n, 60_000 + len(HEAD)) + HEAD + os.urandom(60_000)
            + b'\r\n\r\n' for n in range(100)))

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))

        run = self.start('import', '--acks', self.file, preexec_fn=little_room)
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, OUT_OF_SPACE, err)
        acks = out.count('ACK ')
        again = self.run_stemma('--json', 'import', self.file).json
        self.assertGreaterEqual(again['already'], acks)
        self.assertEqual(again['already'] + again['records'], 100)
        self.assert_sealed_and_intact()

    def test_memory_does_not_grow_with_a_record(self):
        megabytes = 160
        piece = os.urandom(1 << 20)
        digest = hashlib.sha256(HEAD)
        for _ in range(megabytes):
            digest.update(piece)
        head = record_head(1, len(HEAD) + (megabytes << 20),
                           f'WARC-Block-Digest: sha256:{digest.hexdigest()}\r\n')
        packed = self.file.with_suffix('.warc.gz')
        with open(self.file, 'wb') as plain, \
                gzip.open(packed, 'wb', compresslevel=1) as gz:
            for out in (plain, gz):
                out.write(head + HEAD)
                for _ in range(megabytes):
                    out.write(piece)
                out.write(b'\r\n\r\n')
        for number, file in enumerate((self.file, packed)):
            archive = self.folder / f'large-{number}'
            run = subprocess.Popen(
                [e2e.program(), '--archive', archive, 'import', file],
                stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(run.returncode, e2e.DONE)
            # In kilobytes; a sanitizer's build needs about twice ours.
            self.assertLess(usage.ru_maxrss, 128 << 10, file)
            written = sum(f.stat().st_size
                          for f in (archive / 'bundles').iterdir())
            self.assertLess(written, (megabytes << 20) * 1.01)


if __name__ == '__main__':
    e2e.main()
