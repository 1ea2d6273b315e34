"""A crawl keeps its promises: every page once, whatever kills it.

The site is a binary tree of small pages that the test serves itself, with a
feed, a robots.txt and a sitemap.
"""
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
STEMMA = sys.argv.pop(1) if len(sys.argv) > 1 else ''
PAGES = 60
FILM = bytes(i * i % 251 for i in range(300_000))
MASTER = ('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=10\nlow.m3u8\n'
          '#EXT-X-STREAM-INF:BANDWIDTH=90\nhigh.m3u8\n')
HIGH = ('#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4,\n1.m4s\n'
        '#EXTINF:4,\n2.m4s\n#EXTINF:4,\ngone.m4s\n#EXT-X-ENDLIST\n')


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    hits = {}
    changed = set()
    whole = []
    player = ''

    def do_GET(self):
        Site.hits[self.path] = Site.hits.get(self.path, 0) + 1
        status, kind, body, tag = 200, 'text/html; charset=utf-8', '', None
        base = f'http://127.0.0.1:{self.server.server_address[1]}'
        page = re.fullmatch(r'/page/(\d+)', self.path)
        if self.path in ('/broken.mp4', '/once.mp4'):
            return self.film()
        if self.path.startswith('/grow/'):
            self.send_response(302)
            self.send_header('Location', self.path + 'x' * 700)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        if self.path == '/robots.txt':
            kind, body = 'text/plain', 'User-agent: *\nDisallow: /private/\n'
        elif self.path == '/feed.xml':
            kind = 'application/rss+xml'
            body = (f'<rss version="2.0"><channel><title>t</title><item>'
                    f'<link>{base}/only-in-feed</link></item></channel></rss>')
        elif self.path == '/sitemap.xml':
            kind = 'application/xml'
            body = ('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/'
                    f'0.9"><url><loc>{base}/only-in-sitemap</loc></url>'
                    '</urlset>')
        elif self.path.startswith('/films/'):
            body = (f'<title>{self.path}</title><p>Films of the day.</p>'
                    f'<video src="{self.path[6:].split("@")[0]}"></video>'
                    '<a href="/films/once.mp4@2">l</a>')
        elif self.path == '/player/1':
            body = f'<p>A film.</p><iframe src="{Site.player}"></iframe>'
        elif self.path == '/v/master.m3u8':
            kind, body = 'application/vnd.apple.mpegurl', MASTER
        elif self.path == '/v/high.m3u8':
            kind, body = 'application/vnd.apple.mpegurl', HIGH
        elif self.path in ('/v/init.mp4', '/v/1.m4s', '/v/2.m4s'):
            kind, body = 'video/mp4', 'segment ' + self.path
        elif self.path.startswith('/only-in-'):
            body = '<p>found</p>'
        elif page and int(page.group(1)) < PAGES:
            n = int(page.group(1))
            text = 'another text' if n in Site.changed else 'a text'
            body = (f'<title>{n}</title><p>{text} of page {n}</p>'
                    f'<a href="/page/{2 * n + 1}">l</a>'
                    f'<a href="/page/{2 * n + 2}">r</a>'
                    f'<a href="/private/{n}">p</a>'
                    f'<a href="/tag/{n}">t</a>'
                    f'<a href="http://elsewhere.test/{n}">e</a>')
            tag = f'"{n}-{n in Site.changed}"'
            if self.headers.get('If-None-Match') == tag:
                status, body = 304, ''
        else:
            status, body = 404, 'no'
        data = body.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        if status != 304:
            self.send_header('Content-Length', str(len(data)))
        if tag:
            self.send_header('ETag', tag)
        self.end_headers()
        if status != 304:
            self.wfile.write(data)

    def film(self):
        """A film with a strong tag; /broken.mp4 breaks off in the middle."""
        tag, begin = '"film-1"', 0
        if self.headers.get('If-None-Match') == tag:
            self.send_response(304)
            self.send_header('ETag', tag)
            self.end_headers()
            return
        wanted = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
        if wanted and self.headers.get('If-Range') == tag:
            begin = int(wanted.group(1))
            self.send_response(206)
            self.send_header('Content-Range',
                             f'bytes {begin}-{len(FILM) - 1}/{len(FILM)}')
        else:
            self.send_response(200)
        self.send_header('Content-Type', 'video/mp4')
        self.send_header('ETag', tag)
        self.send_header('Content-Length', str(len(FILM) - begin))
        self.end_headers()
        Site.whole.append((self.path, begin))
        if self.path == '/broken.mp4' and begin < len(FILM) // 2:
            self.wfile.write(FILM[begin:begin + len(FILM) // 3])
            self.close_connection = True
            return
        self.wfile.write(FILM[begin:])

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that was killed


class Crawl(unittest.TestCase):
    def setUp(self):
        Site.hits, Site.changed, Site.whole = {}, set(), []
        self.server = Server(('127.0.0.1', 0), Site)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='stemma-crawl-'))
        self.port = self.server.server_address[1]

    def tearDown(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        shutil.rmtree(self.dir)

    def job(self, interval='6h', extra='', seeds='/page/0', scope=''):
        base = f'http://127.0.0.1:{self.port}'
        path = self.dir / 'job.toml'
        path.write_text(f'''
[job]
name = "tree"
derive = "later"
[seeds]
urls = ["{base}{seeds}"]
{extra}
[scope]
exclude = ["/tag/"]
max_depth = 20
{scope}
[politeness]
delay = "0s"
concurrency_per_host = 4
[revisit]
min_interval = "{interval}"
[network]
allow_private = ["127.0.0.1:{self.port}"]
connections = 4
''')
        return path

    def run_it(self, *args):
        done = subprocess.run(
            [STEMMA, '--archive', self.dir / 'a', *args],
            capture_output=True, text=True, timeout=120)
        return done

    def crawl(self, job, *args):
        return self.run_it('--json', 'crawl', '--quiet', *args, job)

    def page_hits(self):
        return {p: n for p, n in Site.hits.items() if p.startswith('/page/')
                and int(p.split('/')[2]) < PAGES}

    def test_every_page_once_and_nothing_that_is_refused(self):
        base = f'http://127.0.0.1:{self.port}'
        job = self.job(extra=f'feeds = ["{base}/feed.xml"]\n'
                             f'sitemaps = ["{base}/sitemap.xml"]')
        done = self.crawl(job)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(len(self.page_hits()), PAGES)
        self.assertEqual(set(self.page_hits().values()), {1})
        self.assertIn('/only-in-feed', Site.hits)
        self.assertIn('/only-in-sitemap', Site.hits)
        self.assertEqual(Site.hits['/robots.txt'], 1)
        self.assertFalse([p for p in Site.hits
                          if p.startswith(('/private', '/tag'))])
        self.assertEqual(report['end'], 'complete')
        self.assertEqual(report['counts']['refused'], PAGES)
        self.assertIn('Disallow: /private/',
                      report['addresses']['refused'][0]['reason'])
        self.assertGreaterEqual(report['left_out']['excluded by /tag/'], PAGES)
        self.assertGreaterEqual(report['left_out']['out of scope'], PAGES)

    def events(self):
        lines = (self.dir / 'a/manifest/events.jsonl').read_text()
        return [json.loads(line) for line in lines.splitlines()]

    def captures_of(self, path):
        return [e for e in self.events() if e['type'] == 'capture'
                and urllib.parse.urlsplit(e['target']).path == path]

    def check(self):
        done = self.run_it('check')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_film_that_breaks_off_is_asked_for_from_there(self):
        done = self.crawl(self.job(seeds='/films/broken.mp4',
                                   scope='max_pages = 1'))
        self.assertEqual(done.returncode, 0, done.stderr)
        third = len(FILM) // 3
        self.assertEqual(Site.whole, [('/broken.mp4', 0),
                                      ('/broken.mp4', third),
                                      ('/broken.mp4', 2 * third)])
        film, = self.captures_of('/broken.mp4')
        self.assertEqual(len(film['joined']), 3)
        self.assertNotIn('truncated', film)
        whole, = [r for r in film['records'] if r['type'] == 'resource']
        self.assertEqual(whole['payload_sha256'],
                         hashlib.sha256(FILM).hexdigest())
        bytes_of = subprocess.run(
            [STEMMA, '--archive', self.dir / 'a', 'cat', whole['id']],
            capture_output=True, timeout=60)
        self.assertEqual(bytes_of.stdout, FILM)
        self.check()

    def test_a_playlist_brings_its_best_variant(self):
        done = self.crawl(self.job(seeds='/films/v/master.m3u8',
                                   scope='max_pages = 1'))
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in ('master.m3u8', 'high.m3u8', 'init.mp4', '1.m4s',
                     '2.m4s'):
            self.assertEqual(Site.hits.get('/v/' + path), 1, path)
        self.assertNotIn('/v/low.m3u8', Site.hits)
        film, = self.captures_of('/v/master.m3u8')
        self.assertEqual(film['stream']['files'], 3)
        self.assertEqual(film['stream']['missing'], 1)
        self.assertEqual(film['stream']['choice'], '90 bit/s, of 2')
        self.check()

    def test_a_film_on_several_pages_is_sent_once(self):
        done = self.crawl(self.job(seeds='/films/once.mp4'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(Site.whole, [('/once.mp4', 0)])
        films = [e for e in self.captures_of('/once.mp4')
                 if 'embedded_in' in e]
        self.assertEqual(sorted(e['status'] for e in films), [200, 304])
        self.assertEqual(len({e['embedded_in'] for e in films}), 2)
        self.check()

    def test_an_extractor_brings_what_a_player_hides(self):
        tool = self.dir / 'extract.sh'
        tool.write_text('#!/bin/sh\necho "asked for $1"\n'
                        f'printf "%s" "$1" > info.json\n'
                        f'cp {self.dir}/film.mp4 film.mp4\n')
        tool.chmod(0o755)
        film = b'\0\0\0\x18ftypmp42\0\0\0\0mp42isom' + FILM[:5000]
        (self.dir / 'film.mp4').write_bytes(film)
        Site.player = 'https://www.youtube.com/embed/AbCdEfGhIjK'
        job = self.job(seeds='/player/1', scope='max_pages = 1')
        job.write_text(f'{job.read_text()}[media]\nextractor = "{tool}"\n'
                       .replace('robots = "obey"', ''))
        text = job.read_text().replace('[politeness]',
                                       '[politeness]\nrobots = "ignore"')
        job.write_text(text)
        done = self.crawl(job)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept, = [e for e in self.events() if 'extractor' in e]
        self.assertEqual(kept['type'], 'capture')
        self.assertEqual(kept['target'], Site.player)
        self.assertEqual(kept['extractor']['exit'], 0)
        self.assertEqual(kept['extractor']['player'], 'youtube:AbCdEfGhIjK')
        record, = [r for r in kept['records'] if r['id'] == kept['page']]
        self.assertEqual(record['payload_sha256'],
                         hashlib.sha256(film).hexdigest())
        self.assertFalse(list((self.dir / 'a/jobs').glob('extract-*')))
        self.check()

    def test_a_chain_of_ever_longer_redirects_ends_no_run(self):
        done = self.crawl(self.job(seeds='/grow/'))
        self.assertEqual(done.returncode, 0, done.stderr)
        event, = self.captures_of('/grow/')
        self.assertEqual(event['status'], 302)
        self.assertGreater(event['records_before'], 0)
        self.check()

    def test_no_address_is_visited_more_often_than_the_job_says(self):
        job = self.job(interval='6h')
        self.assertEqual(self.crawl(job).returncode, 0)
        Site.hits = {}
        self.assertEqual(self.crawl(job).returncode, 0)
        self.assertEqual(Site.hits, {})

    def test_a_revisit_asks_with_conditions_and_sees_changes(self):
        job = self.job(interval='0s', scope='max_pages = 1')
        self.assertEqual(self.crawl(job).returncode, 0)
        job = self.job(interval='0s', scope='max_pages = 1')
        done = json.loads(self.crawl(job).stdout)
        self.assertEqual(done['counts']['unchanged'], 1, done)
        Site.changed = {0}
        done = json.loads(self.crawl(job).stdout)
        self.assertEqual(done['counts']['changed'], 1, done)
        events = (self.dir / 'a/manifest/events.jsonl').read_text()
        self.assertEqual(
            [json.loads(line)['status'] for line in events.splitlines()
             if '/page/0"' in line and '"type":"capture"' in line],
            [200, 304, 200])

    def test_killed_and_killed_again_it_ends_with_every_page_once(self):
        job = self.job()
        acked = []
        for kills in range(4):
            run = subprocess.Popen(
                [STEMMA, '--archive', self.dir / 'a', 'crawl', '--acks',
                 '--quiet', job], stdout=subprocess.PIPE, text=True)
            for line in run.stdout:
                acked.append(line.split()[1])
                if len(acked) % 11 == 0:
                    run.kill()
                    break
            acked += [line.split()[1] for line in run.stdout
                      if line.endswith('\n')]
            run.wait()
            run.stdout.close()
        done = self.run_it('crawl', '--acks', '--quiet', job)
        self.assertEqual(done.returncode, 0, done.stderr)
        acked += [line.split()[1] for line in done.stdout.splitlines()]
        status = json.loads(self.run_it('--json', 'status').stdout)
        self.assertEqual(status['jobs'][0]['state'], 'complete')
        # Nobody was told twice, and everybody was visited.
        self.assertEqual(len(acked), len(set(acked)))
        self.assertEqual(len(self.page_hits()), PAGES)
        events = [json.loads(line) for line in
                  (self.dir / 'a/manifest/events.jsonl').read_text()
                  .splitlines()]
        targets = [e['target'] for e in events if e['type'] == 'capture'
                   and '/page/' in e['target'] and e['status'] == 200]
        self.assertEqual(len(targets), len(set(targets)))
        self.assertEqual(len(targets), PAGES)
        self.assertLessEqual(set(a for a in acked if '/page/' in a and
                                 int(a.rsplit('/', 1)[1]) < PAGES),
                             set(targets))

    def test_a_second_process_is_locked_out_and_sigterm_is_resumable(self):
        job = self.job()
        path = job.read_text().replace('delay = "0s"', 'delay = "1s"')
        job.write_text(path)
        run = subprocess.Popen(
            [STEMMA, '--archive', self.dir / 'a', 'crawl', '--acks', '--quiet',
             job], stdout=subprocess.PIPE, text=True)
        self.assertTrue(run.stdout.readline().startswith('ACK '))
        other = self.run_it('crawl', job)
        self.assertEqual(other.returncode, 75, other.stderr)
        status = json.loads(self.run_it('--json', 'status').stdout)
        self.assertTrue(status['locked'])
        self.assertEqual(status['jobs'][0]['state'], 'running')
        run.send_signal(signal.SIGTERM)
        run.stdout.read()
        self.assertEqual(run.wait(timeout=40), 6)
        run.stdout.close()
        self.assertFalse(list((self.dir / 'a/bundles').glob('*.open')))
        status = json.loads(self.run_it('--json', 'status').stdout)
        self.assertEqual(status['jobs'][0]['state'], 'interrupted')

    def test_sighup_reads_again_what_is_left_out(self):
        job = self.job()
        job.write_text(job.read_text().replace('"0s"', '"300ms"', 1))
        run = subprocess.Popen(
            [STEMMA, '--archive', self.dir / 'a', 'crawl', '--acks', job],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertTrue(run.stdout.readline().startswith('ACK '))
        job.write_text(job.read_text().replace('"/tag/"', '"/page/"'))
        run.send_signal(signal.SIGHUP)
        _, errors = run.communicate(timeout=100)
        self.assertEqual(run.returncode, 0, errors)
        self.assertIn('job file read again', errors)
        self.assertLess(len(self.page_hits()), PAGES // 2)

    def test_ping_is_asked_for_after_a_run_that_ended_well(self):
        job = self.job(scope='max_pages = 2')
        job.write_text(f'{job.read_text()}[notify]\nping = '
                       f'"http://127.0.0.1:{self.port}/only-in-ping"\n')
        self.assertEqual(self.crawl(job).returncode, 0)
        self.assertEqual(Site.hits['/only-in-ping'], 1)

    def retention(self, job, **more):
        rules = {'keep': '1ms', 'basis': 'policy 3',
                 'approved_by': ['archivist', 'editor'], **more}
        job.write_text(job.read_text() + '[retention]\n' + ''.join(
            f'{key} = {json.dumps(value)}\n' for key, value in rules.items()))
        return job

    def test_retention_erases_what_is_old_and_says_so(self):
        self.assertEqual(
            self.crawl(self.job(scope='max_pages = 3')).returncode, 0)
        old = sorted(p.name for p in (self.dir / 'a/bundles').iterdir())
        job = self.retention(self.job(interval='0s', scope='max_pages = 2'))
        plan = json.loads(self.run_it('--json', 'crawl', '--dry-run',
                                      job).stdout)['would_erase']
        self.assertGreater(plan['records'], 0)
        self.assertEqual(
            sorted(p.name for p in (self.dir / 'a/bundles').iterdir()), old)
        done = self.crawl(job)
        self.assertEqual(done.returncode, 0, done.stderr)
        erased = json.loads(done.stdout)['retention']
        self.assertGreaterEqual(erased['records'], plan['records'], erased)
        gone = [e for e in self.events() if e['type'] == 'tombstone']
        self.assertIn('bundles/' + next(n for n in old if 'warc' in n),
                      [e['of'] for e in gone])
        self.assertEqual(gone[0]['approved_by'], ['archivist', 'editor'])
        self.check()
        # Nothing asks for a 304 of what is no longer there.
        again = self.crawl(self.job(interval='0s', scope='max_pages = 1'))
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual([e['status'] for e in self.captures_of('/page/0')][-1],
                         200)
        self.check()

    def test_retention_holds_what_it_is_told_to(self):
        self.assertEqual(self.crawl(self.job()).returncode, 0)
        job = self.retention(self.job(), hold=['/page/59'])
        done = self.crawl(job)
        self.assertEqual(done.returncode, 0, done.stderr)
        erased = json.loads(done.stdout)['retention']
        self.assertEqual(erased['kept']['held'], 1, erased)
        base = f'http://127.0.0.1:{self.port}'
        for page, code in (59, 0), (58, 3):
            cat = self.run_it('cat', f'{base}/page/{page}')
            self.assertEqual(cat.returncode, code, cat.stderr)
        self.check()

    def test_retention_needs_two_roles_and_a_basis(self):
        for wrong in ({'approved_by': ['editor']}, {'basis': ''},
                      {'approved_by': ['editor', 'editor']},
                      {'keep': ''}, {'what': 'pages'}):
            done = self.crawl(self.retention(self.job(), **wrong))
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn('retention', done.stderr)

    def test_all_seeds_refused_is_4(self):
        done = self.crawl(self.job(seeds='/private/0'))
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertNotIn('/private/0', Site.hits)

    def test_private_addresses_need_permission(self):
        job = self.job()
        job.write_text(re.sub(r'allow_private.*', 'allow_private = []',
                              job.read_text()))
        done = self.crawl(job)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(Site.hits, {})

    def test_max_pages_holds(self):
        done = self.crawl(self.job(scope='max_pages = 10'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)['pages'], 10)
        self.assertEqual(len(self.page_hits()), 10)

    def test_dry_run_asks_for_robots_and_sitemaps_only(self):
        base = f'http://127.0.0.1:{self.port}'
        job = self.job(extra=f'sitemaps = ["{base}/sitemap.xml"]')
        done = self.run_it('--json', 'crawl', '--dry-run', job)
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = [p['url'] for p in json.loads(done.stdout)['would_fetch']]
        self.assertIn(base + '/page/0', plan)
        self.assertIn(base + '/only-in-sitemap', plan)
        self.assertEqual(set(Site.hits), {'/robots.txt', '/sitemap.xml'})
        self.assertFalse((self.dir / 'a').exists())

    def test_a_bad_job_is_2_with_its_place(self):
        job = self.job()
        job.write_text(job.read_text().replace('max_depth', 'max_deph'))
        for command in ('crawl', job), ('config', 'check', job):
            done = self.run_it(*command)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r'job.toml:\d+:\d+: .*max_depth')

    def test_the_example_job_is_good(self):
        done = self.run_it('config', 'check',
                           SOURCE / 'configs' / 'example-job.toml')
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_checked_job_says_what_it_renders_and_erases(self):
        job = self.job()
        plain = json.loads(self.run_it('config', 'check', '--json', job).stdout)
        self.assertIsNone(plain['job']['render'])
        self.assertIsNone(plain['job']['retention'])
        self.assertNotIn('retention',
                         self.run_it('config', 'check', job).stdout)
        job.write_text(job.read_text() + '''
[render]
renderer = "chromium"
hosts = ["news.example", "clips.example"]
max_time = "1500ms"
max_bytes = "1536KiB"
[retention]
keep = "36h"
what = "media"
copies = "erase"
hold = ["/case/*", "/court/*"]
basis = "storage plan \x1b[31m 4"
approved_by = ["editor", "counsel"]
'''.replace('\x1b', '\\u001b'))
        full = json.loads(self.run_it('config', 'check', '--json', job).stdout)
        self.assertEqual(full['job']['render'], {
            'renderer': 'chromium', 'max_time_ms': 1500,
            'hosts': ['news.example', 'clips.example'],
            'max_bytes': 1536 << 10, 'max_requests': 300})
        self.assertEqual(full['job']['retention'], {
            'keep_ms': 36 * 3600 * 1000, 'what': 'media', 'copies': 'erase',
            'hold': ['/case/*', '/court/*'],
            'basis': 'storage plan \x1b[31m 4',
            'approved_by': ['editor', 'counsel']})
        done = self.run_it('config', 'check', job)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('\x1b', done.stdout)
        said = done.stdout.splitlines()[2:]
        self.assertRegex(said[0], 'chromium .* news.example, clips.example; '
                                  'at most 1.5 s, 1.5 MiB and 300 requests')
        self.assertRegex(said[1], 'videos and sound older than 1.5 days .* '
                                  'is erased too, 2 patterns held')
        self.assertRegex(said[2], 'storage plan .*; approved by editor, '
                                  'counsel')


class Units(unittest.TestCase):
    @unittest.skipUnless(shutil.which('systemd-analyze'),
                         'systemd-analyze is not installed')
    def test_the_units_are_valid(self):
        folder = SOURCE / 'configs' / 'systemd'
        with tempfile.TemporaryDirectory() as copy:
            # The program need not be installed for its unit to be valid.
            for unit in folder.iterdir():
                text = unit.read_text().replace('/usr/bin/stemma', '/bin/true')
                (pathlib.Path(copy) / unit.name).write_text(text)
            done = subprocess.run(
                ['systemd-analyze', 'verify', '--man=no',
                 *pathlib.Path(copy).iterdir()],
                capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('ignoring', done.stderr)


if __name__ == '__main__':
    if not STEMMA or not os.access(STEMMA, os.X_OK):
        print('skipped: the stemma program is not given')
        sys.exit(77)
    unittest.main()
