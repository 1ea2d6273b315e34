#!/usr/bin/env python3
"""stemma repack: smaller, the same records, killed at any moment."""
import gzip
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402

PAGES = 60
KILLS = int(os.environ.get('STEMMA_REPACK_KILLS', '6'))


def noise(seed, count):
    return ''.join(hashlib.sha256(f'{seed} {i}'.encode()).hexdigest() + '\n'
                   for i in range(count))


def warc():
    """Pages of one site: the same furniture, each with its own text."""
    furniture = noise('furniture', 150)
    for number in range(PAGES):
        body = f'<html>{furniture}<p>{noise(number, 20)}</html>'
        block = ('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                 f'Content-Length: {len(body)}\r\n\r\n{body}')
        yield ('WARC/1.1\r\nWARC-Type: response\r\n'
               f'WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-'
               f'{number:012}>\r\nWARC-Date: 2026-03-01T12:00:00Z\r\n'
               f'WARC-Target-URI: https://herald.example/{number}\r\n'
               'Content-Type: application/http; msgtype=response\r\n'
               f'Content-Length: {len(block)}\r\n\r\n{block}\r\n\r\n').encode()


class Repack(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        file = cls.folder / 'pages.warc.gz'
        file.write_bytes(b''.join(gzip.compress(record) for record in warc()))
        cls.full = cls.folder / 'full'
        done = e2e.stemma('--archive', cls.full, 'import', file)
        assert done.code == e2e.DONE, done

    def setUp(self):
        super().setUp()
        self.archive = self.folder / 'a'
        shutil.rmtree(self.archive, ignore_errors=True)
        shutil.copytree(self.full, self.archive)

    def records(self):
        archive = e2e.check_bundle_module().Archive(self.archive)
        return {entry['id']: record.block
                for _, entry, record in archive.records()}

    def size(self):
        return sum(path.stat().st_size
                   for path in (self.archive / 'bundles').glob('*.zst'))

    def test_it_says_what_it_would_do_and_does_it(self):
        before, size = self.records(), self.size()
        plan = self.run_stemma('--json', 'repack', '--dry-run').lines
        self.assertTrue(plan)
        self.assertEqual(self.size(), size)
        done = self.run_stemma('--json', 'repack').lines
        self.assertEqual({line['bundle'] for line in plan},
                         {line['bundle'] for line in done})
        self.assertEqual(self.size(), sum(line['after'] for line in done))
        for would, did in zip(plan, done):
            self.assertLess(abs(would['after'] - did['after']),
                            did['before'] / 5, (would, did))
        self.assertEqual(self.records(), before)
        self.run_stemma('check')
        self.assert_readable_by_others()
        again = self.run_stemma('--json', 'repack').lines
        self.assertEqual({line['outcome'] for line in again},
                         {'does-not-pay'})

    def test_everything_reads_it_afterwards(self):
        def export(name):
            file = self.folder / name
            self.run_stemma('export', '--warc-gz', file)
            return gzip.decompress(file.read_bytes())
        before = export('before.warc.gz')
        listing = self.run_stemma('list').out
        self.run_stemma('repack', '--level', '5')
        self.assertEqual(export('after.warc.gz'), before)
        self.assertEqual(self.run_stemma('list').out, listing)
        self.run_stemma('export', '--wacz', self.folder / 'a.wacz')
        self.run_stemma('check', self.folder / 'a.wacz')
        index = self.archive / 'index.sqlite'
        index.unlink()
        self.run_stemma('reindex')
        self.run_stemma('check')
        self.assertEqual(self.run_stemma('list').out, listing)

    def test_a_damaged_bundle_is_named_and_left(self):
        bundle = max((self.archive / 'bundles').glob('*.zst'),
                     key=lambda path: path.stat().st_size)
        data = bytearray(bundle.read_bytes())
        data[len(data) // 2] ^= 4
        bundle.chmod(0o644)
        bundle.write_bytes(data)
        done = self.run_stemma('repack', code=e2e.BAD_ANSWER)
        self.assertIn('does not verify', done.out)
        self.assertEqual(bundle.read_bytes(), bytes(data))

    def test_mistakes(self):
        self.run_stemma('repack', 'nothing-of-this-name', code=e2e.TROUBLE)
        self.run_stemma('repack', '--level', '99', code=e2e.USAGE)
        nowhere = e2e.stemma('--archive', self.folder / 'nowhere', 'repack')
        self.assertEqual(nowhere.code, e2e.TROUBLE)
        self.assertFalse((self.folder / 'nowhere').exists())

    def test_killed_at_any_moment_nothing_is_lost(self):
        before = self.records()
        seed = int(os.environ.get('STEMMA_SEED', '1'))
        chance = random.Random(seed)
        start = time.monotonic()
        self.run_stemma('repack')
        whole = time.monotonic() - start
        for number in range(KILLS):
            shutil.rmtree(self.archive)
            shutil.copytree(self.full, self.archive)
            run = subprocess.Popen(
                [e2e.program(), '--archive', str(self.archive), 'repack'],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                run.wait(chance.uniform(0.2, 1.1) * whole)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
            with self.subTest(kill=number, seed=seed):
                # As it was left, and after the next command that writes.
                self.run_stemma('check')
                self.run_stemma('repack')
                self.run_stemma('check')
                self.assertEqual(self.records(), before)
                self.assertFalse(
                    list((self.archive / 'bundles').glob('*.repack')))


if __name__ == '__main__':
    e2e.main()
