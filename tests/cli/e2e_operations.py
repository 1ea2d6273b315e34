"""What an operator hangs on a job: signals, systemd, metrics, commands."""
import http.server
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402

SENTENCES = [
    'The council met on Tuesday to decide about the old dam above the town.',
    'Engineers had measured the wall for three weeks and found it sound.',
    'The mayor said that 120 families would not have to leave their houses.',
    'A report of the water office names 14 places where the bank is weak.',
    'Farmers along the river asked for an answer before the spring floods.',
    'The council will meet again in March and hear the engineers once more.',
    'Repairs of the sluice would cost two million and take until autumn.',
    'Nobody on the council spoke against the plan, which passed at night.']
SENTENCES += [
    f'At {place} the bank was measured at {n} points, and {found} was found '
    f'by the {who}, who wrote it down in the book of the {office}.'
    for n, (place, found, who, office) in enumerate([
        ('the mill', 'a crack', 'foreman', 'guild'),
        ('the upper bridge', 'nothing', 'surveyor', 'county'),
        ('the chapel', 'loose gravel', 'sexton', 'parish'),
        ('the old ferry', 'a hollow', 'ferryman', 'harbour'),
        ('the railway cut', 'wet clay', 'engineer', 'line'),
        ('the brickworks', 'a leak', 'owner', 'works'),
        ('the school', 'no damage', 'teacher', 'board'),
        ('the lower weir', 'driftwood', 'keeper', 'river office')], 11)]
ALTERED = [s.replace('120 families', '720 families')
            .replace('would not have', 'would have') for s in SENTENCES]


def article(title, sentences):
    text = ''.join(f'<p>{s}</p>' for s in sentences)
    return (f'<!doctype html><title>{title}</title><article><h1>{title}</h1>'
            f'{text}</article>').encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        host = self.headers['Host'].split(':')[0]
        if self.path == '/slow':
            server.waiting.set()
            server.go_on.wait(60)
        body = server.pages.get((host, self.path), b'')
        self.send_response(200 if body else 404)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Operations(e2e.Test):
    def setUp(self):
        shutil.rmtree(self.archive, ignore_errors=True)
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.server.waiting, self.server.go_on = (threading.Event(),
                                                  threading.Event())
        self.server.pages = {
            ('first.test', '/a'): article('The dam holds', SENTENCES),
            ('second.test', '/a'): article('The dam holds', ALTERED),
            ('first.test', '/slow'): b'<p>at last</p>'}
        self.port = self.server.server_address[1]
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.go_on.set)

    def job(self, *paths, notify='', more=''):
        urls = [f'http://{page.replace("/", f":{self.port}/", 1)}'
                for page in paths]
        names = [f'{h}:{self.port}:127.0.0.1'
                 for h in ('first.test', 'second.test')]
        file = self.folder / 'job.toml'
        file.write_text(f'''
[job]
name = "desk"
[seeds]
urls = {json.dumps(urls)}
[politeness]
delay = "0s"
robots = "ignore"
[network]
allow_private = ["127.0.0.1:{self.port}"]
resolve = {json.dumps(names)}
connections = 1
[notify]
{notify}
{more}''')
        return file

    def start(self, job, **env):
        run = subprocess.Popen(
            [e2e.program(), '--archive', self.archive, 'crawl', job],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={'PATH': '/usr/bin:/bin', **env})
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def test_sigusr1_says_how_it_goes(self):
        run = self.start(self.job('first.test/slow'))
        self.assertTrue(self.server.waiting.wait(60))
        run.send_signal(signal.SIGUSR1)
        line = next(line for line in run.stderr if 'under way' in line)
        self.assertRegex(line, r'^stemma: \d+ pages \(.*, 1 under way, '
                               r'\d+ GiB free$')
        self.server.go_on.set()
        self.assertEqual(run.wait(timeout=60), 0)

    def test_systemd_is_told(self):
        path = self.folder / 'notify'
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        listener.settimeout(60)
        run = self.start(self.job('first.test/slow'), NOTIFY_SOCKET=str(path))
        self.assertEqual(listener.recv(4096), b'READY=1')
        self.assertRegex(listener.recv(4096).decode(),
                         r'^WATCHDOG=1\nSTATUS=\d+ pages, \d+ under way$')
        self.server.go_on.set()
        said = listener.recv(4096)
        while said.startswith(b'WATCHDOG=1'):
            said = listener.recv(4096)
        self.assertEqual(said, b'STOPPING=1')
        self.assertEqual(run.wait(timeout=60), 0)

    def test_nobody_listening_is_no_trouble(self):
        run = self.start(self.job('first.test/a'),
                         NOTIFY_SOCKET=str(self.folder / 'nobody'))
        self.assertEqual(run.wait(timeout=60), 0)

    def test_metrics_are_of_the_textfile_form(self):
        file = self.folder / 'stemma.prom'
        self.run_stemma('crawl', '--quiet', self.job(
            'first.test/a', 'first.test/gone', notify=f'metrics = "{file}"'))
        values, declared = {}, set()
        for line in file.read_text().splitlines():
            if line.startswith('#'):
                kind = re.fullmatch(r'# (HELP|TYPE) (stemma_[a-z_]+) (.+)',
                                    line)
                self.assertTrue(kind, line)
                if kind[1] == 'TYPE':
                    self.assertEqual(kind[3], 'gauge')
                    self.assertNotIn(kind[2], declared)
                    declared.add(kind[2])
                continue
            sample = re.fullmatch(
                r'(stemma_[a-z_]+)\{job="desk"(?:,outcome="([a-z]+)")?\} '
                r'(\d+)', line)
            self.assertTrue(sample, line)
            self.assertIn(sample[1], declared)
            values[sample[1], sample[2]] = int(sample[3])
        self.assertEqual(values['stemma_addresses', 'new'], 1)
        self.assertEqual(values['stemma_addresses', 'gone'] +
                         values['stemma_addresses', 'failed'], 1)
        self.assertEqual(values['stemma_complete', None], 1)
        self.assertGreater(values['stemma_disk_free_bytes', None], 0)
        self.assertEqual(list(self.folder.glob('*.tmp')), [])

    def test_a_run_that_ended_well_tells_on_finish(self):
        done, wrong = self.folder / 'done', self.folder / 'wrong'
        self.run_stemma('crawl', '--quiet', self.job(
            'first.test/a', notify=f'on_finish = "cat > {done}"\n'
                                   f'on_error = "cat > {wrong}"'))
        report = json.loads(done.read_text())
        self.assertEqual((report['job'], report['end']), ('desk', 'complete'))
        self.assertEqual(report['counts']['new'], 1)
        self.assertFalse(wrong.exists())

    def test_a_run_that_did_not_tells_on_error(self):
        done, wrong = self.folder / 'done2', self.folder / 'wrong2'
        self.run_stemma(
            'crawl', '--quiet',
            self.job('first.test/a', 'first.test/b', 'first.test/c',
                     notify=f'on_finish = "cat > {done}"\n'
                            f'on_error = "cat > {wrong}"',
                     more='[limits]\nmax_bytes = 1\n'), code=5)
        self.assertEqual(json.loads(wrong.read_text())['end'],
                         'out-of-budget')
        self.assertFalse(done.exists())

    def test_a_command_that_fails_changes_nothing_and_is_named(self):
        run = self.run_stemma('crawl', self.job(
            'first.test/a', notify='on_finish = "exit 3"'))
        self.assertIn('notify', run.err)

    def test_an_altered_copy_is_told_while_the_run_goes_on(self):
        told = self.folder / 'altered'
        run = self.run_stemma('--json', 'crawl', '--quiet', self.job(
            'first.test/a', 'second.test/a',
            notify=f'on_altered = "cat >> {told}"'))
        self.assertTrue(run.json['copies'], run)
        self.assertTrue(told.exists(), run)
        copy = json.loads(told.read_text())
        self.assertEqual(copy['verdict'], 'edited')
        self.assertEqual({copy['url'], copy['other_url']},
                         {f'http://{h}.test:{self.port}/a'
                          for h in ('first', 'second')})


if __name__ == '__main__':
    e2e.main()
