#!/usr/bin/env python3
"""The live attacks of docs/THREATS.md, A47 to A54, and what is reported: by the
exit code, in the event, in the records. (A51 and A52 are disk_test's, A01 to
A44 those of stemma-conform and archive_tests, A46 e2e_hostile_strings'.)"""
import gzip
import hashlib
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
import film  # noqa: E402
import tls_server  # noqa: E402
from one_page import PAGE, answer, server  # noqa: E402

HOST = 'attacker.example'


class Attacks(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = tls_server.Authority(cls.folder / 'ca')

    def setUp(self):
        self.archive = self.folder / self.id().rpartition('.')[2]

    def capture(self, port, path='/', scheme='http', host=HOST, code=e2e.DONE,
                more=()):
        return self.run_stemma(
            'capture', f'{scheme}://{host}:{port}{path}', '--resolve',
            f'{host}:{port}:127.0.0.1', '--allow-private', f'127.0.0.1:{port}',
            *more, code=code)

    def records(self, kind):
        return [r for _, _, r in e2e.reader.Archive(self.archive).records()
                if r.field('WARC-Type') == kind]

    def intact(self):
        self.run_stemma('check')
        self.assert_readable_by_others()

    # A45

    def keyframes(self, path, tools='', code=e2e.DONE):
        env = {'PATH': f'{tools}:{os.environ["PATH"]}'} if tools else None
        run = self.run_stemma('--json', 'keyframes', path, code=code, env=env)
        return run.json['facts']

    def fake_tool(self, store, exit_code=0):
        """A c2patool that prints this whatever it is given."""
        folder = self.folder / hashlib.sha256(store.encode()).hexdigest()[:8]
        folder.mkdir(exist_ok=True)
        (folder / 'store.json').write_text(store)
        tool = folder / 'c2patool'
        tool.write_text(f'#!/bin/sh\ntest -s "$1" || exit 9\n'
                        f'cat {folder}/store.json\nexit {exit_code}\n')
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        return folder

    def test_a45_content_credentials(self):
        plain = film.make_films(e2e.films_folder())[0]
        box = bytes.fromhex('d8fec3d61b0e483c92975828877ec481') + b'manifest'
        box = (len(box) + 8).to_bytes(4, 'big') + b'uuid' + box
        signed = self.folder / 'signed.mp4'
        signed.write_bytes(plain.read_bytes() + box)
        facts = self.keyframes(signed)
        self.assertEqual(facts['c2pa_sha256'], hashlib.sha256(box).hexdigest())
        self.assertEqual(facts['c2pa_bytes'], len(box))
        if not shutil.which('c2patool'):
            self.assertEqual(facts['c2pa_state'], 'present, not verified')
        # What the tool says where there is one.
        for store, state in (
                ('{"active_manifest":"a","manifests":{}}', 'valid'),
                ('{"active_manifest":"a","validation_status":['
                 '{"code":"claimSignature.mismatch"}]}', 'invalid'),
                ('{"active_manifest":"a","validation_status":['
                 '{"code":"assertion.bmffHash.mismatch"}]}', 'mismatch'),
                ('\x1b[2J', 'present, c2patool could not read it')):
            tools = self.fake_tool(store)
            self.assertEqual(self.keyframes(signed, tools)['c2pa_state'],
                             state)
        # A tool that fails leaves the file what it was.
        facts = self.keyframes(signed, self.fake_tool('', 1))
        self.assertEqual(facts['c2pa_state'], 'present, not verified')
        # Stripped on the way: a finding of its own.
        copy = self.folder / 'copy.mp4'
        subprocess.run(['ffmpeg', '-v', 'error', '-i', signed, '-c', 'copy',
                        '-y', copy], check=True)
        self.assertNotIn('c2pa', self.keyframes(copy))
        self.assertNotIn('c2pa', self.keyframes(plain))

    def test_a45_the_event_binds_what_was_found(self):
        plain = film.make_films(e2e.films_folder())[0].read_bytes()
        box = bytes.fromhex('d8fec3d61b0e483c92975828877ec481') + b'manifest'
        box = (len(box) + 8).to_bytes(4, 'big') + b'uuid' + box
        whole = answer(body=plain + box).replace(b'text/html', b'video/mp4', 1)
        with server(whole) as (port, _):
            self.capture(port, '/film.mp4')
        found = [e for e in self.events('derive') if 'c2pa_sha256' in e]
        self.assertEqual([e['c2pa_sha256'] for e in found],
                         [hashlib.sha256(box).hexdigest()])
        self.assertIn('c2pa_state', found[0])

    # A47

    def refused_certificate(self, cert, key, host, trusted, *words):
        with tls_server.Server(self.authority, cert, key) as tls:
            more = ['--cacert', self.authority.root] if trusted else []
            run = self.capture(tls.port, '/page', 'https', host,
                               code=e2e.TROUBLE, more=more)
        event, = self.events('capture.failed')
        for word in words:
            self.assertIn(word, run.err)
            self.assertIn(word, event['connection']['tls_verify'])
        # What was presented is kept, the leaf first; nothing was answered.
        der = subprocess.run(['openssl', 'x509', '-in', cert, '-outform',
                              'DER'], check=True, capture_output=True).stdout
        self.assertEqual(event['connection']['certificates'][0],
                         hashlib.sha256(der).hexdigest())
        chain, = self.records('resource')
        self.assertTrue(chain.block.startswith(b'-----BEGIN CERTIFICATE-----'))
        self.assertEqual(self.records('response'), [])
        self.intact()

    def test_a47_certificate_for_another_host(self):
        self.refused_certificate(*self.authority.site('other', 'other.example'),
                                 HOST, True, 'subject name')

    def test_a47_certificate_that_has_ended(self):
        self.refused_certificate(*self.authority.site('ended', HOST, -1),
                                 HOST, True, 'expired')

    def test_a47_certificate_nobody_vouches_for(self):
        cert, key = (self.folder / f'self.{end}' for end in ('pem', 'key'))
        tls_server.openssl('req', '-x509', *tls_server.EC, '-keyout', key,
                           '-out', cert, '-days', '9', '-subj', f'/CN={HOST}',
                           '-addext', f'subjectAltName=DNS:{HOST}')
        self.refused_certificate(cert, key, HOST, True, 'self')

    # A48

    def test_a48_redirects_to_where_nobody_may_go(self):
        with server(answer()) as (inner, seen):
            for place in (f'http://127.0.0.1:{inner}/', 'file:///etc/passwd',
                          f'http://[::ffff:127.0.0.1]:{inner}/',
                          'http://169.254.169.254/latest/meta-data/'):
                with server(answer(f'Location: {place}', status='302 Found',
                                   body=b'')) as (port, _):
                    self.archive = self.folder / f'a48-{port}'
                    run = e2e.stemma(
                        '--archive', self.archive, 'capture',
                        f'http://{HOST}:{port}/', '--resolve',
                        f'{HOST}:{port}:127.0.0.1', '--allow-private',
                        f'127.0.0.1:{port}')
                    self.assertIn(run.code, (e2e.REFUSED, e2e.TROUBLE),
                                  f'{place}\n{run}')
                    self.assertIn('redirect to', run.err)
                # The redirect is evidence; where it led was not asked.
                response, = self.records('response')
                self.assertIn(b'302 Found', response.block)
                event, = self.events('capture')
                self.assertIn('redirect_not_followed', event)
            self.assertEqual(seen, [])

    # A49

    def test_a49_body_shorter_than_it_says(self):
        with server(answer(length=len(PAGE) + 4000)) as (port, _):
            self.capture(port)
        response = self.records('response')[-1]
        self.assertEqual(response.field('WARC-Truncated'), 'disconnect')
        self.assertTrue(response.block.endswith(PAGE))
        event = self.events('capture')[-1]
        self.assertEqual(event['truncated'], 'disconnect')
        self.intact()

    # A50

    def test_a50_body_that_inflates_a_thousandfold(self):
        bomb = gzip.compress(b'<p>' + b'a' * (400 << 20), 9, mtime=0)
        self.assertGreater((400 << 20) / len(bomb), 900)
        with server(answer('Content-Encoding: gzip', body=bomb)) as (port, _):
            self.capture(port)
        response, = self.records('response')
        self.assertTrue(response.block.endswith(bomb))  # as sent
        notes = str(self.events('derive')) + str(self.events('capture'))
        self.assertIn('limit', notes.lower())
        self.intact()

    # A53

    def test_a53_authority_that_is_down_or_says_nonsense(self):
        with server(answer()) as (port, _):
            self.capture(port)
        key = self.folder / 'a53.key'
        self.run_stemma('key', 'create', 'example.org/a53', '--out', key)
        down = socket.create_server(('127.0.0.1', 0))
        closed = down.getsockname()[1]
        down.close()
        error = answer(status='500 Internal Server Error', body=b'sorry')
        nonsense = answer(body=b'<html>welcome to the wireless network</html>')
        with server(error) as (five, _), server(nonsense) as (page, _), \
                server(None) as (silent, asked):
            for port in (closed, five, page, silent):
                before = len(self.events())
                run = self.run_stemma(
                    'key', 'sign', '--key', key, '--timestamp',
                    f'http://127.0.0.1:{port}/', '--allow-private',
                    f'127.0.0.1:{port}', '--max-time', '1', code=e2e.TROUBLE)
                self.assertIn('no timestamp from', run.err)
                # Signed all the same, and no empty token is left behind.
                self.assertGreater(len(self.events()), before - 1)
                self.run_stemma('check', '--evidence', '--vkey',
                                pathlib.Path(f'{key}.vkey'))
                with server(answer()) as (more, _):
                    self.capture(more)  # something new to sign
            self.assertEqual(len(asked), 1)
        manifest = self.archive / 'manifest'
        self.assertEqual(list(manifest.glob('*.tsr')), [])
        report = self.run_stemma('--json', 'check', '--evidence', '--vkey',
                                 pathlib.Path(f'{key}.vkey')).json
        self.assertEqual(report['evidence']['times'], [])

    # A54

    def test_a54_two_writers_on_one_log(self):
        with server(None) as (port, seen):
            first = subprocess.Popen(
                [e2e.program(), '--archive', self.archive, 'capture',
                 f'http://{HOST}:{port}/', '--max-time', '20', '--resolve',
                 f'{HOST}:{port}:127.0.0.1', '--allow-private',
                 f'127.0.0.1:{port}'],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for(seen)
                before = (self.archive / 'manifest' /
                          'events.jsonl').read_bytes()
                with server(answer()) as (other, _):
                    self.capture(other, code=e2e.LOCKED)
                self.assertEqual((self.archive / 'manifest' /
                                  'events.jsonl').read_bytes(), before)
            finally:
                first.terminate()
                first.wait(30)
        self.intact()


def wait_for(seen):
    """Until a request has arrived; a deadline ends the test, no sleep."""
    deadline = threading.Event()
    for _ in range(6000):
        if seen:
            return
        deadline.wait(0.005)
    raise AssertionError('no request came')


if __name__ == '__main__':
    e2e.main()
