"""A page that is made by its scripts is kept as a browser shows it.

What the browser asks for comes through the fetcher: it is kept, and what may
not be reached is not.
"""
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402

PAGE = b'''<!doctype html><title>A page</title>
<p id="p">before</p><script src="/made.js"></script>
<img src="http://127.0.0.1:%d/secret">'''
SCRIPT = b'''document.getElementById('p').innerHTML =
 'after ' + (20 + 3) + ' <a href="/only-when-rendered">more</a>';
fetch('/answer', {method: 'POST', body: 'x'}).catch(() => {});'''


class Server(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.port = self.server_address[1]
        self.asked, self.files = [], {}
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.command, self.path))
        kind, body = self.server.files.get(self.path, ('', b''))
        self.send_response(200 if kind else 404)
        self.send_header('Content-Type', kind or 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        pass


class Render(e2e.Test):
    def setUp(self):
        shutil.rmtree(self.archive, ignore_errors=True)
        self.site, self.inside = Server(), Server()
        self.addCleanup(self.site.stop)
        self.addCleanup(self.inside.stop)
        self.site.files = {'/': ('text/html', PAGE % self.inside.port),
                           '/made.js': ('text/javascript', SCRIPT)}
        self.url = f'http://127.0.0.1:{self.site.port}/'

    def capture(self, renderer):
        return self.run_stemma(
            '--json', 'capture', '--renderer', renderer, self.url,
            '--allow-private', f'127.0.0.1:{self.site.port}')

    def block(self, record):
        done = subprocess.run(
            [e2e.program(), '--archive', self.archive, 'cat', record],
            capture_output=True, check=True)
        return done.stdout

    @unittest.skipUnless(shutil.which('chromium'), 'no chromium here')
    def test_what_scripts_make_is_kept(self):
        self.capture('chromium')
        page, = [e for e in self.events('capture') if e['target'] == self.url]
        shown, = [e for e in self.events('capture') if 'rendered' in e]
        self.assertEqual(shown['embedded_in'], page['id'])
        facts = shown['rendered']
        self.assertEqual(facts['of'], page['id'])
        self.assertTrue(facts['loaded'], facts)
        self.assertGreaterEqual(facts['refused'], 2, facts)
        document = self.block(facts['document']).decode()
        self.assertIn('after 23', document)
        self.assertTrue(self.block(facts['picture']).startswith(b'\x89PNG'))
        kept = {r.get('uri') for r in shown['records']}
        self.assertIn(self.url + 'made.js', kept)
        # The page was not fetched twice, and nothing went around the fetcher.
        self.assertEqual(self.site.asked.count(('GET', '/')), 1)
        self.assertNotIn(('POST', '/answer'), self.site.asked)
        self.assertEqual(self.inside.asked, [])
        self.run_stemma('check')
        self.assert_readable_by_others()
        # The page stays what is found at its address.
        cat = self.run_stemma('cat', self.url)
        self.assertIn('before', cat.out)

    @unittest.skipUnless(shutil.which('chromium'), 'no chromium here')
    def test_a_job_renders_the_hosts_it_names(self):
        job = self.folder / 'job.toml'
        job.write_text(f'''
[job]
name = "app"
[seeds]
urls = ["{self.url}"]
[render]
renderer = "chromium"
hosts = ["127.0.0.1"]
[politeness]
delay = "0s"
[network]
allow_private = ["127.0.0.1:{self.site.port}"]
''')
        self.run_stemma('crawl', '--quiet', job)
        self.assertTrue([e for e in self.events('capture')
                         if 'rendered' in e])
        # A link that only the script made was followed.
        self.assertIn(('GET', '/only-when-rendered'), self.site.asked)
        job.write_text(job.read_text().replace('hosts = ["127', 'hosts = ["1'))
        shutil.rmtree(self.archive)
        self.run_stemma('crawl', '--quiet', job)
        self.assertFalse([e for e in self.events() if 'rendered' in e])

    def test_without_a_browser_the_page_is_kept_plainly(self):
        run = self.capture('/no/such/browser')
        self.assertIn('not rendered', run.out)
        page, = self.events('capture')
        self.assertEqual(page['target'], self.url)
        failed, = self.events('capture.failed')
        self.assertIn('/no/such/browser', failed['message'])
        self.run_stemma('check')


if __name__ == '__main__':
    e2e.main()
