"""Our WACZ in a replay engine that is not ours: @webrecorder/wabac, in Chromium.

A page and its video are captured, exported, and looked at again with nothing but
the WACZ behind a small web server: the engine's service worker answers from it,
with ranges. Needs Chromium, and wabac in STEMMA_WABAC or a cache folder, where
npm puts it once (`STEMMA_NPM=no` forbids that); without them it is skipped.
"""
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402
import story  # noqa: E402

VERSION = '2.26.5'
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')

# The page that drives the engine and sends home what it saw.
HARNESS = '''<!doctype html><title>harness</title><script>
const home = (what) => fetch('/result', {method: 'POST',
  body: JSON.stringify(what)});
const said = new Promise((done) => navigator.serviceWorker.addEventListener(
  'message', (e) => {
    if (e.data.msg_type === 'collAdded') done();
    if (e.data.error) home({error: String(e.data.error)});
  }));
(async () => {
  try {
    const ask = new URLSearchParams(location.search);
    await navigator.serviceWorker.register('/sw.js', {scope: '/'});
    const worker = (await navigator.serviceWorker.ready).active;
    navigator.serviceWorker.startMessages();
    worker.postMessage({msg_type: 'addColl', name: 'c', type: 'wacz',
      file: {sourceUrl: location.origin + '/archive.wacz'}});
    await said;
    const frame = document.createElement('iframe');
    frame.src = `/w/c/${ask.get('ts')}mp_/${ask.get('url')}`;
    const loaded = new Promise((done) => frame.onload = done);
    document.documentElement.append(frame);
    await loaded;
    const page = frame.contentDocument;
    const saw = {title: page.title, text: page.body.innerText};
    const video = page.querySelector('video');
    if (video) {
      video.muted = true;
      const known = new Promise((done, failed) => {
        video.addEventListener('loadeddata', done);
        video.addEventListener('error', () => failed(
          new Error('video: ' + (video.error && video.error.message))));
        setTimeout(() => failed(new Error('video: no data in time')), 15000);
      });
      video.preload = 'auto';
      video.load();
      await known;
      const moved = new Promise((done, failed) => {
        video.addEventListener('seeked', done);
        setTimeout(() => failed(new Error('video: no seek in time')), 15000);
      });
      video.currentTime = video.duration * 0.7;
      await moved;
      saw.video = {width: video.videoWidth, height: video.videoHeight,
        duration: video.duration, at: video.currentTime};
    }
    home(saw);
  } catch (e) { home({error: String(e)}); }
})();
</script>'''


def engine():
    """The engine's service worker script, or why there is none."""
    given = os.environ.get('STEMMA_WABAC')
    cache = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or
                         pathlib.Path.home() / '.cache') / 'stemma-tests'
    folder = pathlib.Path(given) if given else cache / f'wabac-{VERSION}'
    script = folder / 'node_modules/@webrecorder/wabac/dist/sw.js'
    if script.exists():
        return script, ''
    if not shutil.which('npm') or os.environ.get('STEMMA_NPM') == 'no':
        return None, f'no wabac in {folder}, and no npm to fetch it'
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            ['npm', 'install', '--no-save', '--no-audit', '--no-fund',
             '--ignore-scripts', '--fetch-retries=0', '--prefix', folder,
             f'@webrecorder/wabac@{VERSION}'],
            capture_output=True, text=True, timeout=100, check=False)
    except subprocess.TimeoutExpired:
        return None, 'npm gave no wabac in time'
    if script.exists():
        return script, ''
    return None, f'npm gave no wabac: {done.stderr.strip()[-200:]}'


class Handler(http.server.BaseHTTPRequestHandler):
    """Three files, with ranges, and a place to send the result to."""
    protocol_version = 'HTTP/1.1'

    def __init__(self, files, results, ranges, *args):
        self.files, self.results, self.ranges = files, results, ranges
        super().__init__(*args)

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, body):
        found = self.files.get(self.path.partition('?')[0])
        if found is None:
            self.send_response(404)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        kind, data = found
        asked, status, size = self.headers.get('Range'), 200, len(data)
        first, last = 0, size - 1
        if asked and asked.startswith('bytes='):
            a, _, b = asked[6:].partition('-')
            if a:
                first, last = int(a), min(int(b) if b else last, last)
            else:
                first = max(0, size - int(b))
            status = 206
            self.ranges.append(asked)
        data = data[first:last + 1]
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.send_header('Accept-Ranges', 'bytes')
        if status == 206:
            self.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self.end_headers()
        if body:
            self.wfile.write(data)

    def do_POST(self):
        size = int(self.headers['Content-Length'])
        self.results.append(json.loads(self.rfile.read(size)))
        self.send_response(204)
        self.send_header('Content-Length', '0')
        self.end_headers()
        self.server.seen.set()

    def log_message(self, *args):
        pass


class Replay(e2e.Test):
    @classmethod
    def setUpClass(cls):
        if not CHROMIUM:
            raise unittest.SkipTest('no Chromium here')
        cls.script, why = engine()
        if not cls.script:
            raise unittest.SkipTest(why)
        super().setUpClass()
        cls.sites = e2e.start_sites(cls)

    def watch(self, files, url, stamp):
        """What the engine shows of `url`, and the ranges it asked for."""
        results, ranges = [], []
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0),
            functools.partial(Handler, files, results, ranges))
        server.daemon_threads = True
        server.seen = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu',
             '--disable-quic', '--no-first-run', '--disable-sync',
             '--disable-background-networking', '--disable-component-update',
             '--disable-extensions', '--disable-dev-shm-usage',
             '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
             f'--user-data-dir={self.folder / "profile"}',
             '--remote-debugging-port=0',
             f'http://127.0.0.1:{server.server_port}/?ts={stamp}&url={url}'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.assertTrue(server.seen.wait(90), 'the page sent nothing home')
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
            server.server_close()
        return results[0], ranges

    def test_page_and_video_from_our_wacz(self):
        url = self.sites.url(story.ORIGIN)
        self.run_stemma('capture', url, *self.sites.network())
        wacz = self.folder / 'archive.wacz'
        self.run_stemma('export', '--wacz', wacz)
        event = next(e for e in self.events('capture') if e['target'] == url)
        stamp = ''.join(c for c in event['started'] if c.isdigit())[:14]
        final = event.get('final', {}).get('url', url) if isinstance(
            event.get('final'), dict) else url
        files = {'/': ('text/html', HARNESS.encode()),
                 '/sw.js': ('text/javascript', self.script.read_bytes()),
                 '/archive.wacz': ('application/wacz', wacz.read_bytes())}
        saw, ranges = self.watch(files, final, stamp)
        self.assertNotIn('error', saw)
        for paragraph in story.PARAGRAPHS:
            self.assertIn(paragraph, saw['text'])
        self.assertEqual((saw['video']['width'], saw['video']['height']),
                         (426, 240))
        self.assertAlmostEqual(saw['video']['duration'], 26, delta=0.2)
        self.assertAlmostEqual(saw['video']['at'], 26 * 0.7, delta=0.2)
        self.assertTrue(ranges, 'the engine read the whole file')


if __name__ == '__main__':
    e2e.main()
