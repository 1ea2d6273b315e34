"""What a disk may do, and what an archive makes of it.

  disk_test.py DRIVER SHIM [CUTS [PAGES [SEED]]]      CUTS above 100: also
                                                      what is left out to be
                                                      quick
Every single write, sync, rename and truncation of a small crawl fails in turn,
for good or once, with EIO, ENOSPC or a short write, or the process is killed
before it; and the power is cut at random moments. Then the crawl is done again
on a sound disk: what was acknowledged is there, nothing is there twice, the
checker finds nothing wrong.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import power_cut  # noqa: E402

DRIVER = SHIM = None
CUTS, PAGES, SEED = 40, 7, 1
ERASED_PAGES = 10  # some bundles go whole, some in part
THOROUGH = 100


def driver(archive, what, **env):
    """Exit code and lines of a run of the driver."""
    done = subprocess.run([DRIVER, str(archive), str(what)],
                          capture_output=True, timeout=60, check=False,
                          env={'PATH': os.environ['PATH'], **env})
    return done.returncode, done.stdout.decode().split('\n')


def told(lines, word):
    return [line[len(word) + 1:] for line in lines
            if line.startswith(word + ' ')]


class Disk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='stemma-disk-'))
        self.addCleanup(shutil.rmtree, self.folder)

    def judge(self, archive, acknowledged, what):
        """Recovers, checks, and does the crawl again to its end."""
        code, lines = driver(archive, 'have')
        self.assertEqual(code, 0, f'{what}: recovery failed {lines}')
        self.assertEqual(told(lines, 'CORRUPT'), [], what)
        have = told(lines, 'HAVE')
        self.assertEqual(set(acknowledged) - set(have), set(),
                         f'{what}: lost')
        self.assertEqual(len(have), len(set(have)), f'{what}: twice')
        code, _ = driver(archive, PAGES)
        self.assertEqual(code, 0, f'{what}: cannot go on')
        code, lines = driver(archive, 'have')
        self.assertEqual(told(lines, 'CORRUPT'), [], what)
        self.assertEqual(
            sorted(told(lines, 'HAVE')),
            sorted(f'https://example.org/{i}' for i in range(PAGES)), what)

    def sweep(self, call, error, path, once):
        """Lets each such call fail in turn; how many there were."""
        struck = self.folder / 'struck'
        for n in range(1, 10_000):
            struck.unlink(missing_ok=True)
            archive = self.folder / 'a'
            shutil.rmtree(archive, ignore_errors=True)
            what = f'{call}:{error}:{n}{once} of {path}'
            _, lines = driver(
                archive, PAGES, LD_PRELOAD=SHIM, SHIM_PATH=path,
                SHIM_STRUCK=str(struck), SHIM_FAULT=f'{call}:{error}:{n}{once}')
            if not struck.exists():
                return n - 1
            with self.subTest(what):
                self.judge(archive, told(lines, 'ACK'), what)

    def test_every_call_that_can_fail(self):
        struck = {}
        for path in ('.warc', 'events.jsonl', 'index.sqlite'):
            for call, errors in (('pwrite', ('EIO', 'ENOSPC', 'SHORT', 'KILL')),
                                 ('write', ('EIO', 'SHORT', 'KILL')),
                                 ('fdatasync', ('EIO', 'KILL')),
                                 ('fsync', ('EIO', 'KILL')),
                                 ('rename', ('EIO', 'KILL')),
                                 ('ftruncate', ('EIO',))):
                quick = CUTS <= THOROUGH
                if path == 'index.sqlite':  # a cache: one kind of each
                    errors = errors[:1]
                    if quick and call == 'pwrite':
                        continue
                if quick and call == 'pwrite':
                    errors = [e for e in errors if e != 'ENOSPC']
                for error in errors:
                    for once in (('', ':once') if error == 'EIO' else ('',)):
                        count = self.sweep(call, error, path, once)
                        struck[path, call] = count
        # A test that never strikes proves nothing.
        for path in ('.warc', 'events.jsonl'):
            self.assertGreater(struck[path, 'pwrite'], 3, struck)
            self.assertGreater(struck[path, 'fdatasync'], 3, struck)
        self.assertGreater(struck['.warc', 'rename'], 0, struck)
        print('calls that failed in turn:',
              {' '.join(k): v for k, v in struck.items() if v})

    def crawled(self):
        archive = self.folder / 'crawled'
        code, _ = driver(archive, ERASED_PAGES)
        self.assertEqual(code, 0)
        return archive

    def judge_erasing(self, archive, what):
        """Whatever stopped it: nothing half erased, and it can be finished."""
        code, lines = driver(archive, 'have')
        self.assertEqual(code, 0, f'{what}: recovery failed {lines}')
        self.assertEqual(told(lines, 'CORRUPT'), [], what)
        pages = {f'https://example.org/{i}': i for i in range(ERASED_PAGES)}
        self.assertLessEqual({u for u, i in pages.items() if i % 3 == 0},
                             set(told(lines, 'HAVE')), f'{what}: lost')
        self.assertEqual(driver(archive, 'erase')[0], 0,
                         f'{what}: cannot go on')
        code, lines = driver(archive, 'have')
        self.assertEqual(told(lines, 'CORRUPT'), [], what)
        self.assertEqual(set(told(lines, 'HAVE')),
                         {u for u, i in pages.items() if i % 3 == 0}, what)
        self.assertEqual(set(told(lines, 'GONE')),
                         {u for u, i in pages.items() if i % 3}, what)

    def test_erasing_stops_anywhere_and_goes_on(self):
        crawled = self.crawled()
        struck_file = self.folder / 'struck'
        struck = {}
        for path, call in (('.warc', 'pwrite'), ('.warc', 'fdatasync'),
                           ('.warc', 'fsync'), ('.warc', 'rename'),
                           ('.warc', 'remove'), ('.cdxj', 'rename'),
                           ('.cdxj', 'remove'), ('events.jsonl', 'pwrite'),
                           ('events.jsonl', 'fdatasync')):
            for error in ('KILL', 'EIO'):
                for n in range(1, 10_000):
                    struck_file.unlink(missing_ok=True)
                    archive = self.folder / 'a'
                    shutil.rmtree(archive, ignore_errors=True)
                    shutil.copytree(crawled, archive)
                    what = f'{call}:{error}:{n} of {path}'
                    driver(archive, 'erase', LD_PRELOAD=SHIM, SHIM_PATH=path,
                           SHIM_STRUCK=str(struck_file),
                           SHIM_FAULT=f'{call}:{error}:{n}')
                    if not struck_file.exists():
                        break
                    struck[path, call] = n
                    with self.subTest(what):
                        self.judge_erasing(archive, what)
        for place in (('.warc', 'rename'), ('.warc', 'remove'),
                      ('.cdxj', 'remove'), ('events.jsonl', 'fdatasync')):
            self.assertGreater(struck.get(place, 0), 0, struck)
        print('erasing: calls that failed in turn:',
              {' '.join(k): v for k, v in struck.items()})

    def test_power_cut(self):
        root = self.folder / 'root'
        root.mkdir()
        log = self.folder / 'log'
        code, _ = driver(root / 'a', PAGES, LD_PRELOAD=SHIM,
                         SHIM_ROOT=str(root), SHIM_LOG=str(log))
        self.assertEqual(code, 0)
        entries = power_cut.read_log(log)
        self.assertGreater(len(entries), 50)
        self.assertEqual(len(power_cut.acknowledged(entries)), PAGES)
        lost_bytes = 0
        for cut in range(CUTS):
            chance = random.Random(SEED * 1_000_003 + cut)
            at = chance.randrange(len(entries) + 1)
            what = f'cut {cut} of seed {SEED} after {at} of {len(entries)}'
            target = self.folder / 'after'
            shutil.rmtree(target, ignore_errors=True)
            power_cut.leave(entries[:at], str(root), target, chance)
            lost_bytes += sum(len(e.data) for e in entries[:at]
                              if e.kind == 'W') - sum(
                f.stat().st_size for f in target.rglob('*') if f.is_file())
            with self.subTest(what):
                self.judge(target / 'a',
                           power_cut.acknowledged(entries[:at]), what)
        self.assertGreater(lost_bytes, 0, 'no cut lost a byte')


if __name__ == '__main__':
    DRIVER, SHIM = sys.argv[1:3]
    if len(sys.argv) > 3:
        CUTS = int(sys.argv[3])
    if len(sys.argv) > 4:
        PAGES = int(sys.argv[4])
    if len(sys.argv) > 5:
        SEED = int(sys.argv[5])
    unittest.main(argv=sys.argv[:1])
