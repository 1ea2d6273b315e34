#!/usr/bin/env python3
"""Bad input: each a clear message, the contract's exit code, an honest event
where a visit was made, and nothing lost."""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
import story  # noqa: E402

BAD = 'bad.example'  # a host of the plain HTTP server, with awkward pages
GONE = 'gone.invalid'  # RFC 6761: never resolves


class BadInput(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sites = e2e.start_sites(cls, scheme='http')
        film = cls.sites.resources[story.ORIGIN, story.FILM_PATH].body
        add, page = cls.sites.add, cls.page
        add(BAD, '/empty', '', zipped=False)
        add(BAD, '/noise', bytes(range(256)) * 40, zipped=False)
        add(BAD, '/no-video', page('/none.mp4'))
        add(BAD, '/not-a-video', page('/text.mp4'))
        add(BAD, '/text.mp4', b'This is no film at all.\n' * 300, 'video/mp4')
        add(BAD, '/cut-video', page('/cut.mp4'))
        add(BAD, '/cut.mp4', film[:len(film) * 3 // 5], 'video/mp4')
        add(BAD, '/broken-off', page('/broken-off.mp4'))
        add(BAD, '/broken-off.mp4', film[:200000], 'video/mp4',
            declared=len(film))
        # .test addresses that the tests lead elsewhere with --resolve.
        add(BAD, '/to-metadata', status=302,
            location='http://169.254.169.254/latest/meta-data/')
        add(BAD, '/to-other-port', status=302,
            location=f'http://127.0.0.1:{cls.sites.https_port}/')
        add(BAD, '/loop', status=302, location='/loop')

    @staticmethod
    def page(video):
        return (f'<!DOCTYPE html><html lang="en"><title>A page</title><body>'
                f'<article><h1>A page with a film</h1>'
                f'<p>{story.PARAGRAPHS[0]}</p><p>{story.PARAGRAPHS[1]}</p>'
                f'<video src="{video}"></video></article></body></html>')

    def setUp(self):
        # Each test has an archive of its own that already holds a capture.
        self.archive = self.folder / self.id().rpartition('.')[2]
        self.capture(self.sites.url(story.UNRELATED))
        self.kept = self.events()

    def tearDown(self):
        # Nothing lost: the log only ever grew, and others can read it.
        self.assertEqual(self.events()[:len(self.kept)], self.kept)
        self.assert_readable_by_others()

    def network(self):
        return self.sites.network(BAD)

    def bad(self, path):
        return f'http://{BAD}:{self.sites.http_port}{path}'

    def capture(self, url, *args, code=e2e.DONE):
        return self.run_stemma('capture', url, *(args or self.network()),
                               code=code)

    def failure_of(self, url):
        """The one new event about `url`, which must be a failed visit."""
        new = [e for e in self.events()[len(self.kept):]
               if e.get('target') == url]
        self.assertEqual([e['type'] for e in new], ['capture.failed'], new)
        return new[0]

    def assert_message(self, run, *words):
        """stderr says it in one or a few lines, without a stack trace."""
        said = [line for line in run.err.splitlines()
                if line.startswith('stemma: ')]
        self.assertTrue(said, f'\n{run}')
        for word in words:
            self.assertIn(word.lower(), run.err.lower(), f'\n{run}')
        self.assertNotIn('terminate called', run.err)

    # The command line.

    def test_not_a_url(self):
        for text in ('not a url', 'http://', 'http://[::1', 'ftp://x.example/',
                     'javascript:alert(1)'):
            run = self.capture(text, code=e2e.USAGE)
            self.assert_message(run, text)
        self.assertEqual(self.events(), self.kept)

    def test_unknown_option_and_missing_argument(self):
        self.run_stemma('capture', '--no-such-option', 'http://x.example/',
                        code=e2e.USAGE)
        self.run_stemma('capture', code=e2e.USAGE)
        self.run_stemma('verify', code=e2e.USAGE)

    # The network.

    def test_name_that_does_not_resolve(self):
        url = f'http://{GONE}/report'
        run = self.capture(url, code=e2e.TROUBLE)
        self.assert_message(run, GONE)
        self.failure_of(url)

    def test_connection_refused(self):
        with socket.socket() as taken:  # bound, but nobody listens
            taken.bind(('127.0.0.1', 0))
            port = taken.getsockname()[1]
            url = f'http://{BAD}:{port}/'
            run = self.capture(url, '--resolve', f'{BAD}:{port}:127.0.0.1',
                               '--allow-private', f'127.0.0.1:{port}',
                               code=e2e.TROUBLE)
        self.assert_message(run, 'refused')
        self.failure_of(url)

    def test_tls_that_is_not_trusted(self):
        port = self.sites.https_port
        url = f'https://{story.ORIGIN}:{port}/'
        network = self.network()
        del network[:2]  # without --cacert
        run = self.capture(url, *network, code=e2e.TROUBLE)
        self.assert_message(run, 'certificate')
        self.failure_of(url)

    def test_tls_that_is_none(self):
        port = self.sites.http_port
        url = f'https://{story.ORIGIN}:{port}/'
        run = self.capture(url, code=e2e.TROUBLE)
        self.assert_message(run)
        self.failure_of(url)

    def test_server_that_says_nothing(self):
        with listener(b'') as port:
            url = f'http://{BAD}:{port}/'
            self.capture(url, '--resolve', f'{BAD}:{port}:127.0.0.1',
                         '--allow-private', f'127.0.0.1:{port}',
                         code=e2e.TROUBLE)
            self.failure_of(url)

    def test_redirect_loop(self):
        run = self.capture(self.bad('/loop'), code=e2e.TROUBLE)
        self.assert_message(run, 'redirect')

    # What servers answer.

    def test_404_is_evidence(self):
        url = self.bad('/nothing-here')
        run = self.capture(url)  # stored: what a server denies is kept too
        self.assertIn('404', run.out)
        new = self.events()[len(self.kept):]
        event = next(e for e in new if e.get('target') == url)
        self.assertEqual(event['status'], 404)
        records = [r for of, _, r in
                   e2e.reader.Archive(self.archive).records()
                   if of['seq'] == event['seq']]
        self.assertTrue(any(r.block.startswith(b'HTTP/1.1 404')
                            for r in records))

    def test_empty_body(self):
        url = self.bad('/empty')
        self.capture(url)
        event = next(e for e in self.events('capture') if e['target'] == url)
        self.assertEqual(event['status'], 200)

    def test_html_that_is_none(self):
        url = self.bad('/noise')
        self.capture(url)
        run = self.run_stemma('--json', 'extract', url, code=3)
        self.assertIn('not a page but', str(run))
        self.assertTrue([e for e in self.events('capture')
                         if e['target'] == url])

    # Videos.

    def test_video_that_is_missing(self):
        self.capture(self.bad('/no-video'))
        self.assertIn('/none.mp4', str(self.events()))

    def test_video_that_is_none(self):
        run = self.capture(self.bad('/not-a-video'))
        self.assertIn('text.mp4', run.out + run.err)
        stored = [r for _, _, r in e2e.reader.Archive(self.archive).records()
                  if r.field('WARC-Target-URI') == self.bad('/text.mp4')
                  and r.field('WARC-Type') == 'response']
        self.assertEqual(len(stored), 1)
        text = self.folder / 'text.mp4'
        text.write_bytes(stored[0].payload)
        run = self.run_stemma('--json', 'keyframes', text, '--out',
                              self.folder / 'none', code=e2e.BAD_ANSWER)
        self.assertEqual(run.json['status'], 'rejected')
        self.assertTrue(run.json['reason'])

    def test_truncated_video_gives_what_can_be_seen(self):
        self.capture(self.bad('/cut-video'))
        cut = self.folder / 'cut.mp4'
        cut.write_bytes(self.sites.resources[BAD, '/cut.mp4'].body)
        run = self.run_stemma('--json', 'keyframes', cut, '--out',
                              self.folder / 'some', code=e2e.BAD_ANSWER)
        self.assertEqual(run.json['status'], 'partial')
        self.assertGreater(run.json['frames_decoded'], 100)
        self.assertTrue(run.json['keyframes'])

    def test_video_that_breaks_off_is_marked_truncated(self):
        self.capture(self.bad('/broken-off'))
        stored = [r for _, _, r in e2e.reader.Archive(self.archive).records()
                  if r.field('WARC-Target-URI') == self.bad('/broken-off.mp4')
                  and r.field('WARC-Type') == 'response']
        self.assertTrue(stored)
        self.assertEqual(stored[-1].field('WARC-Truncated'), 'disconnect')

    # The archive folder.

    def test_folder_that_is_not_writable(self):
        blocked = self.folder / 'a-file'
        blocked.write_text('not a folder')
        run = e2e.stemma('--archive', blocked / 'archive', 'capture',
                         self.sites.url(story.UNRELATED), *self.network())
        self.assertEqual(run.code, e2e.TROUBLE, f'\n{run}')
        self.assert_message(run, 'a-file')
        if os.geteuid() != 0:  # root may write anywhere
            closed = self.folder / 'closed'
            closed.mkdir(mode=0o555)
            run = e2e.stemma('--archive', closed / 'archive', 'capture',
                             self.sites.url(story.UNRELATED), *self.network())
            self.assertEqual(run.code, e2e.TROUBLE, f'\n{run}')
            self.assert_message(run, 'closed')

    def test_second_process_on_the_same_archive(self):
        arrived, release = threading.Event(), threading.Event()
        with listener(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                      b'Content-Length: 3\r\n\r\nok\n', arrived,
                      release) as port:
            first = subprocess.Popen(
                [e2e.program(), '--archive', self.archive, 'capture',
                 f'http://{BAD}:{port}/', '--resolve',
                 f'{BAD}:{port}:127.0.0.1', '--allow-private',
                 f'127.0.0.1:{port}'],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                self.assertTrue(arrived.wait(30))
                run = self.capture(self.sites.url(story.UNRELATED),
                                   code=e2e.LOCKED)
                self.assert_message(run)
                # Readers need no lock.
                self.run_stemma('list')
            finally:
                release.set()
                _, err = first.communicate(timeout=30)
        self.assertEqual(first.returncode, e2e.DONE, err)

    # Private addresses.

    def test_loopback_is_refused_without_allow_private(self):
        port = self.sites.http_port
        for host, address in ((BAD, '127.0.0.1'), ('localhost', None),
                              ('127.0.0.1', None), ('[::1]', None),
                              (BAD, '10.0.0.1'), (BAD, '169.254.169.254')):
            url = f'http://{host}:{port}/private'
            network = ['--resolve', f'{BAD}:{port}:{address}'] if address \
                else []
            seen = len(self.sites.seen)
            before = len(self.events())
            run = self.capture(url, *network, code=e2e.REFUSED) if network \
                else self.run_stemma('capture', url, code=e2e.REFUSED)
            self.assert_message(run)
            self.assertEqual(self.sites.seen[seen:], [])
            new = self.events()[before:]
            self.assertEqual([e['type'] for e in new if 'target' in e],
                             ['capture.failed'])

    def test_redirect_to_a_private_address_is_refused(self):
        for path in ('/to-metadata', '/to-other-port'):
            allowed = f'127.0.0.1:{self.sites.http_port}'
            run = self.capture(
                self.bad(path), '--allow-private', allowed, '--resolve',
                f'{BAD}:{self.sites.http_port}:127.0.0.1', code=e2e.REFUSED)
            self.assert_message(run)
            # The hop that was answered is kept.
            targets = {r.field('WARC-Target-URI') for _, _, r in
                       e2e.reader.Archive(self.archive).records()
                       if r.field('WARC-Type') == 'response'}
            self.assertIn(self.bad(path), targets)

    # References that lead nowhere.

    def test_references_that_lead_nowhere(self):
        for args in (('verify', 'no-such-file', 'nor-this'),
                     ('extract', self.folder / 'missing.html'),
                     ('keyframes', self.folder / 'missing.mp4'),
                     ('cat', 'urn:uuid:00000000-0000-4000-8000-000000000000'),
                     ('hash', self.folder / 'missing.png')):
            run = e2e.stemma('--archive', self.archive, *args)
            self.assertIn(run.code, (e2e.USAGE, e2e.TROUBLE), f'\n{run}')
            self.assert_message(run)

    def test_reading_where_there_is_no_archive(self):
        for command in ('list', 'check', 'reindex'):
            run = e2e.stemma('--archive', self.folder / 'nowhere', command)
            self.assertEqual(run.code, e2e.TROUBLE, f'\n{run}')
            self.assert_message(run, 'nowhere')
        self.assertFalse((self.folder / 'nowhere').exists())


@contextlib.contextmanager
def listener(answer, arrived=None, release=None):
    """A port that reads a request, waits for `release`, answers, hangs up."""
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen()

    def serve():
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                if arrived:
                    arrived.set()
                    release.wait(30)
                if answer:
                    client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


if __name__ == '__main__':
    e2e.main()
