#!/usr/bin/env python3
"""Who signs, when and with what: capture by itself, commands in the place of
keys, jobs; OpenTimestamps; the events that are about the archive itself; and
verify.sh in an environment that has nothing but the tools it names."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
from one_page import PAGE, answer, server  # noqa: E402

HOST = 'desk.example'
LOG = 'example.org/archive'
# What README.txt of an evidence folder asks for: nothing else is there.
TOOLS = ('bash sh openssl sha256sum sha512sum jq zstd od tr cut head tail sed '
         'grep sort mktemp rm cat ls date stat seq wc base64 dirname realpath '
         'cmp printf xargs test').split()


class Signing(e2e.Test):

    def setUp(self):
        name = self.id().rpartition('.')[2]
        self.home = self.folder / f'{name}-home'
        self.archive = self.folder / name
        self.env = {'XDG_CONFIG_HOME': str(self.home)}
        (self.home / 'stemma').mkdir(parents=True)
        self.key = self.home / 'stemma' / 'log.key'
        self.vkey = pathlib.Path(f'{self.key}.vkey')
        self.stemma('key', 'create', LOG, '--out', self.key)

    def stemma(self, *args, code=e2e.DONE):
        return self.run_stemma(*args, code=code, env=self.env)

    def capture(self, *more, path='/', code=e2e.DONE):
        with server(answer()) as (port, _):
            return self.stemma(
                'capture', f'http://{HOST}:{port}{path}', '--resolve',
                f'{HOST}:{port}:127.0.0.1', '--allow-private',
                f'127.0.0.1:{port}', *more, code=code)

    def evidence(self, code=e2e.DONE):
        run = self.stemma('--json', 'check', '--evidence', '--vkey', self.vkey,
                          code=code)
        return run.json['evidence']

    def signs_like_an_hsm(self):
        """A command that signs with the key, and is not ours."""
        command = self.folder / 'sign.py'
        command.write_text(f'''
import base64, subprocess, sys, tempfile
text = sys.stdin.buffer.read()
with tempfile.NamedTemporaryFile() as file:
    file.write(text)
    file.flush()
    signature = subprocess.run(
        ['openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', {str(self.key)!r},
         '-in', file.name], check=True, capture_output=True).stdout
name, key_id, _ = open({str(self.vkey)!r}).read().split('+', 2)
blob = base64.b64encode(bytes.fromhex(key_id) + signature).decode()
sys.stdout.buffer.write(f'\\u2014 {{name}} {{blob}}\\n'.encode())
''')
        return f'{sys.executable} {command}'

    # Who signs.

    def test_capture_signs_with_the_archives_own_key(self):
        run = self.capture()
        self.assertNotIn('signed', run.err)
        self.stemma('key', 'sign', '--key', self.key)
        # From now on the archive's key is known, and lies where it is sought.
        run = self.capture(path='/2')
        self.assertIn('signed', run.err)
        report = self.evidence()
        self.assertEqual(report['verdict'], 'intact')
        self.assertEqual(report['log']['events'], len(self.events()))

    def test_capture_signs_with_a_key_that_is_named(self):
        self.capture('--sign-key', self.key)
        self.assertEqual(self.evidence()['verdict'], 'intact')

    def test_a_command_signs_in_the_place_of_a_key(self):
        command = self.signs_like_an_hsm()
        self.capture('--sign-command', command, '--sign-vkey', self.vkey)
        self.assertEqual(self.evidence()['verdict'], 'intact')
        self.stemma('note', 'more')
        self.stemma('key', 'sign', '--key-command', command, '--key-vkey',
                    self.vkey)
        self.assertEqual(self.evidence()['verdict'], 'intact')
        self.stemma('note', 'even more')
        # One that fails or answers nonsense signs nothing, and breaks nothing.
        for bad in ('exit 3', 'echo nonsense'):
            self.stemma('key', 'sign', '--key-command', bad, '--key-vkey',
                        self.vkey, code=e2e.TROUBLE)
        self.assertEqual(self.evidence()['codes'], ['ok-unsigned-tail'])

    def test_a_job_signs_by_command(self):
        with server(answer()) as (port, _):
            job = self.folder / 'job.toml'
            job.write_text(f'''
[job]
name = "desk"
archive = "{self.archive}"
[seeds]
urls = ["http://{HOST}:{port}/"]
[politeness]
delay = "0s"
[network]
allow_private = ["127.0.0.1:{port}"]
resolve = ["{HOST}:{port}:127.0.0.1"]
[sign]
command = {json.dumps(self.signs_like_an_hsm())}
vkey = "{self.vkey}"
''')
            self.stemma('crawl', job)
        self.assertEqual(self.evidence()['verdict'], 'intact')

    # OpenTimestamps.

    def calendar(self, request):
        """Promises what it is sent; gives a block once there is one."""
        head, _, body = request.partition(b'\r\n\r\n')
        step = b'\xf0\x04abcd\x08'
        if head.startswith(b'POST /digest '):
            address = f'http://127.0.0.1:{self.port}'.encode()
            pending = (b'\0\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e'
                       + bytes([len(address) + 1, len(address)]) + address)
            self.promised = hashlib.sha256(body + b'abcd').hexdigest()
            return answer(body=step + pending)
        self.assertTrue(head.startswith(
            f'GET /timestamp/{self.promised} '.encode()), head)
        if not self.block:
            return answer(status='404 Not Found', body=b'not yet')
        return answer(body=step + b'\0\x05\x88\x96\x0d\x73\xd7\x19\x01'
                      b'\x03\xf7\xef\x15')

    def test_opentimestamps_are_promised_then_upgraded(self):
        self.block = False
        self.capture()
        with server(self.calendar) as (self.port, _):
            sign = ('key', 'sign', '--key', self.key, '--calendar',
                    f'http://127.0.0.1:{self.port}')
            # Calendars are asked under the rules of a visit.
            refused = self.stemma(*sign, code=e2e.TROUBLE)
            self.assertIn('no stamp from', refused.err)
            sign += ('--allow-private', f'127.0.0.1:{self.port}')
            self.stemma('note', 'something to sign')
            self.assertIn('1 pending', self.stemma(*sign).out)
            report = self.evidence()
            self.assertEqual([o['state'] for o in report['opentimestamps']],
                             ['pending'])
            self.assertEqual(report['times'], [])
            self.stemma(*sign)  # nothing new, and no block yet
            self.block = True
            self.assertIn('1 upgraded', self.stemma(*sign).out)
        report = self.evidence()
        self.assertEqual(report['verdict'], 'intact')
        blocks = [o for o in report['opentimestamps'] if 'height' in o]
        self.assertEqual([b['height'] for b in blocks], [358391])
        self.assertEqual(blocks[0]['state'], 'bitcoin, not checked')
        self.assertEqual(report['times'], [])
        # A stranger sees the same.
        folder = self.folder / 'ots-proof'
        self.stemma('export', '--proof', folder)
        self.assertEqual(self.verify_alone(folder).returncode, e2e.DONE)

    # Events about the archive itself.

    def test_audits_exports_custody_and_clock_are_events(self):
        self.capture()
        url = self.events('capture')[0]['target']
        self.stemma('check', '--log')
        wacz = self.folder / 'a.wacz'
        self.stemma('export', '--wacz', wacz, '--log', url)
        self.stemma('note', '--custody', 'disk 4 \x1b[2J handed over', '--by',
                    'desk', '--to', 'court', '--of', url)
        self.stemma('note', 'seen by two editors')
        self.stemma('key', 'sign', '--key', self.key)
        capture, = (e['id'] for e in self.events('capture'))
        fixity, = self.events('fixity')
        self.assertEqual(fixity['verdict'], 'intact')
        self.assertEqual(fixity['codes'], [])
        self.assertGreater(fixity['records'], 0)
        export, = self.events('export')
        self.assertEqual(export['of'], [capture])
        self.assertEqual(export['files'],
                         [{'form': 'wacz', 'file': 'a.wacz',
                           'bytes': wacz.stat().st_size,
                           'sha256': hashlib.sha256(
                               wacz.read_bytes()).hexdigest()}])
        custody, = self.events('custody')
        self.assertEqual((custody['by'], custody['to'], custody['of']),
                         ('desk', 'court', capture))
        clock, = self.events('clock.check')
        self.assertIn('source', clock)
        self.assertEqual(self.evidence()['verdict'], 'intact')
        self.assert_readable_by_others()
        self.stemma('note', '', code=e2e.USAGE)
        self.stemma('note', 'x' * 5000, code=e2e.USAGE)
        self.stemma('note', 'x', '--of', 'urn:uuid:none', code=e2e.TROUBLE)

    # verify.sh with nothing but its tools.

    def verify_alone(self, folder, *args):
        tools = self.folder / 'tools'
        if not tools.exists():
            tools.mkdir()
            for tool in TOOLS:
                (tools / tool).symlink_to(shutil.which(tool))
        return subprocess.run(
            [tools / 'bash', folder / 'verify.sh', '--vkey',
             self.vkey.read_text().strip(), *map(str, args)],
            env={'PATH': str(tools), 'HOME': str(self.folder)},
            capture_output=True, text=True, check=False)

    def test_verify_sh_in_a_bare_environment(self):
        for path in ('/1', '/2'):
            self.capture('--sign-key', self.key, path=path)
        ids = [e['id'] for e in self.events('capture')]
        whole, part = (self.folder / name for name in ('whole', 'part'))
        self.stemma('export', '--proof', whole)
        self.stemma('export', '--proof', part, ids[0])
        for folder in (whole, part, self.archive):
            if folder == self.archive:
                shutil.copy(whole / 'verify.sh', folder / 'verify.sh')
            done = self.verify_alone(folder)
            self.assertEqual(done.returncode, e2e.DONE,
                             done.stdout + done.stderr)
            self.assertEqual(done.stderr, '')
            self.assertIn('verdict: intact', done.stdout)
        record = next((part / 'records').glob('*.warc'))
        bundle = next((whole / 'bundles').glob('*.warc.zst'))
        for folder, path in ((part, record), (whole, bundle),
                             (part, part / 'events.jsonl')):
            kept = path.read_bytes()
            path.chmod(0o600)
            path.write_bytes(kept.replace(kept[40:41], bytes([kept[40] ^ 1]),
                                          1))
            done = self.verify_alone(folder)
            self.assertEqual(done.returncode, e2e.BAD_ANSWER,
                             f'{path}\n{done.stdout}')
            path.unlink()
            done = self.verify_alone(folder)
            self.assertEqual(done.returncode, e2e.BAD_ANSWER,
                             f'{path} gone\n{done.stdout}')
            path.write_bytes(kept)
        self.assertEqual(self.verify_alone(part).returncode, e2e.DONE)

    # A redaction that is killed.

    def test_a_kill_in_the_middle_of_a_redaction(self):
        shim = pathlib.Path(os.environ.get('STEMMA_BINARY_DIR', '.'),
                            'bin', 'disk-shim.so')
        if not shim.exists() or 'ASAN_OPTIONS' in os.environ:
            self.skipTest('no preloaded library here')
        secret = b'the witness lives in Elm Street'
        with server(answer(body=PAGE + secret)) as (port, _):
            self.stemma('capture', f'http://{HOST}:{port}/', '--resolve',
                        f'{HOST}:{port}:127.0.0.1', '--allow-private',
                        f'127.0.0.1:{port}', '--sign-key', self.key)
        kept = self.archive
        capture = self.events('capture')[0]['id']
        redact = ('redact', capture, '--basis', 'request', '--approve', 'desk',
                  '--approve', 'archivist')
        struck = self.folder / 'struck'
        kills = 0
        for path in ('/bundles', '/manifest'):
            for call in ('pwrite', 'write', 'fsync', 'fdatasync', 'rename'):
                for n in range(1, 100):
                    struck.unlink(missing_ok=True)
                    self.archive = self.folder / 'killed'
                    shutil.rmtree(self.archive, ignore_errors=True)
                    shutil.copytree(kept, self.archive)
                    e2e.stemma('--archive', self.archive, *redact, env={
                        'LD_PRELOAD': str(shim), 'SHIM_PATH': path,
                        'SHIM_STRUCK': str(struck),
                        'SHIM_FAULT': f'{call}:KILL:{n}'})
                    if not struck.exists():
                        break
                    kills += 1
                    with self.subTest(f'{call} {n} of {path}'):
                        self.judge_killed(redact, secret)
        self.assertGreater(kills, 8)

    def judge_killed(self, redact, secret):
        # Nothing is damaged, and the decision can be carried out again.
        self.stemma('check', '--repair')
        again = e2e.stemma('--archive', self.archive, *redact, env=self.env)
        self.assertIn(again.code, (e2e.DONE, e2e.TROUBLE), f'\n{again}')
        self.stemma('check')
        self.stemma('key', 'sign', '--key', self.key)
        report = self.evidence()
        self.assertIn(report['verdict'], ('intact', 'intact-with-warnings'),
                      report)
        self.assertEqual(len(self.events('redact')), 1)
        for _, _, record in e2e.reader.Archive(self.archive).records():
            self.assertNotIn(secret, record.block)


if __name__ == '__main__':
    e2e.main()
