"""What the end-to-end tests share: the program, an archive, the sites.

A test is a unittest file that ends with `e2e.main()`; CTest calls it with the
path of the stemma program. Without that path, or without FFmpeg's and
OpenSSL's programs, it says so and exits 77 (skipped).
"""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(HERE))

import sites  # noqa: E402
import story  # noqa: E402,F401  (re-exported for the tests)

# The exit codes of the contract.
DONE, BAD_ANSWER, USAGE, TROUBLE, REFUSED = 0, 1, 2, 3, 4
LOCKED = 75

_program = None


def check_bundle_module():
    """script/check-bundle as a module: the second reader of the format."""
    path = str(SOURCE / 'script' / 'check-bundle')
    loader = importlib.machinery.SourceFileLoader('check_bundle', path)
    spec = importlib.util.spec_from_loader('check_bundle', loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


reader = check_bundle_module()


class Run:
    """What a run of the program gave."""

    def __init__(self, args, done):
        self.args = args
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode(errors='replace')
        self.err = done.stderr.decode(errors='replace')

    def __str__(self):
        return (f'$ stemma {" ".join(map(str, self.args))}\nexit {self.code}\n'
                f'--- stdout\n{self.out[-3000:]}\n'
                f'--- stderr\n{self.err[-3000:]}')

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        """Of JSON lines: each parsed."""
        return [json.loads(line) for line in self.out.splitlines() if line]


def stemma(*args, input=None, env=None, timeout=120):
    """Runs the program. Its environment holds nothing of the caller's."""
    clean = {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8',
             'HOME': tempfile.gettempdir(), **(env or {})}
    for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'TMPDIR'):
        if name in os.environ:
            clean.setdefault(name, os.environ[name])
    done = subprocess.run([_program, *map(str, args)], input=input, env=clean,
                          capture_output=True, timeout=timeout, check=False)
    return Run(args, done)


def program():
    return _program


def films_folder():
    """Films and certificates are made once per build and kept."""
    build = os.environ.get('STEMMA_BINARY_DIR')
    return pathlib.Path(build or tempfile.gettempdir()) / 'small-sites'


class Test(unittest.TestCase):
    """A test with a folder of its own, and an archive in it."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='stemma-e2e-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.archive = cls.folder / 'archive'

    def run_stemma(self, *args, code=DONE, **kwargs):
        """Runs `stemma --archive ARCHIVE ARGS` and expects this exit code."""
        run = stemma('--archive', self.archive, *args, **kwargs)
        self.assertEqual(run.code, code, f'\n{run}')
        return run

    def events(self, kind=None, archive=None):
        log = (archive or self.archive) / 'manifest' / 'events.jsonl'
        events = [json.loads(line) for line in log.read_text().splitlines()]
        return [e for e in events if kind is None or e['type'] == kind]

    def assert_readable_by_others(self, archive=None):
        """The second reader agrees with everything the archive says."""
        done = subprocess.run(
            [SOURCE / 'script' / 'check-bundle', archive or self.archive],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def start_sites(cls, **kwargs):
    """The sites of story.py for the tests of a class."""
    return cls.enterClassContext(sites.Sites(films_folder(), **kwargs))


def main():
    global _program
    if len(sys.argv) < 2:
        print('skipped: the path of the stemma program is missing')
        sys.exit(77)
    for tool in ('ffmpeg', 'openssl', 'zstd'):
        if not shutil.which(tool):
            print(f'skipped: {tool} is not installed')
            sys.exit(77)
    _program = sys.argv.pop(1)
    unittest.main(module='__main__', verbosity=1)
