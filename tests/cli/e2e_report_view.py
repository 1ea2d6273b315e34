"""What a reader sees of the reports of verify, trace and find: rendered by Chromium,
where there is one.

At desktop and phone width, light and dark: the page is no wider than the
window, its text has contrast, nothing runs and nothing is loaded. Printed, it
is a PDF. STEMMA_SCREENSHOTS=DIR keeps the pictures.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')

REFERENCE = '\n\n'.join(e2e.story.PARAGRAPHS)
SUSPECT = REFERENCE.replace('41 of the 58', '14 of the 58').replace(
    'was not damaged', 'was damaged') + '\n\n' + 'Unbroken' * 60


def browse(*args, profile, timeout=60):
    """A run of the browser that may reach nothing but files."""
    done = subprocess.run(
        [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu',
         '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update',
         '--disable-extensions', '--hide-scrollbars',
         '--allow-file-access-from-files', f'--user-data-dir={profile}',
         *args], capture_output=True, timeout=timeout, check=False)
    return done.stdout.decode(errors='replace')


def read_png(path):
    """Width, height and rows of RGB or RGBA bytes of an 8-bit PNG."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, packed = 8, b''
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b'IHDR':
            width, height, depth, color = struct.unpack('>IIBB', body[:10])
        if kind == b'IDAT':
            packed += body
        at += size + 12
    assert depth == 8 and color in (2, 6)
    step = 3 if color == 2 else 4
    raw = zlib.decompress(packed)
    rows, last, stride = [], bytes(width * step), width * step
    for y in range(height):
        start = y * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for i in range(stride):
            left = line[i - step] if i >= step else 0
            up = last[i]
            corner = last[i - step] if i >= step else 0
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + up) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left),
                           (abs(guess - up), 1, up),
                           (abs(guess - corner), 2, corner))
                line[i] = (line[i] + near[2]) & 255
        rows.append(bytes(line))
        last = line
    return width, height, step, rows


def lightness(path):
    """The least, most and commonest lightness of a picture, 0 to 255."""
    _, _, step, rows = read_png(path)
    counts = [0] * 256
    for row in rows[::3]:
        for i in range(0, len(row) - 2, step * 2):
            counts[(row[i] * 3 + row[i + 1] * 6 + row[i + 2]) // 10] += 1
    seen = [value for value, count in enumerate(counts) if count > 5]
    return min(seen), max(seen), counts.index(max(counts))


def row(number, text):
    return {'id': f'urn:test:{number}', 'site': f'paper{number}.example',
            'url': f'https://paper{number}.example/teal', 'text': text,
            'title': 'Dyke crews gain ground ' + 'Unbroken' * 30,
            'published_at': f'2026-03-0{number}T08:00:00Z'}


@unittest.skipUnless(CHROMIUM, 'no Chromium here')
class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='stemma-view-'))
        (cls.folder / 'a.txt').write_text(REFERENCE)
        (cls.folder / 'b.txt').write_text(SUSPECT)
        rows = [row(1, REFERENCE), row(2, REFERENCE), row(3, SUSPECT)]
        (cls.folder / 'rows.jsonl').write_text(
            ''.join(json.dumps(r) + '\n' for r in rows))
        cls.run_stemma('import', '--articles', cls.folder / 'rows.jsonl')
        cls.reports = {}
        cls.make('verify', cls.folder / 'a.txt', cls.folder / 'b.txt',
                 code=e2e.BAD_ANSWER)
        cls.make('trace', 'urn:test:3')
        cls.make('find', cls.folder / 'b.txt')
        cls.pictures = pathlib.Path(
            os.environ.get('STEMMA_SCREENSHOTS', cls.folder))

    @classmethod
    def run_stemma(cls, *args, code=e2e.DONE):
        done = e2e.stemma('--archive', cls.folder / 'archive', *args)
        assert done.code == code, done

    @classmethod
    def make(cls, command, *args, code=e2e.DONE):
        cls.reports[command] = cls.folder / f'{command}.html'
        cls.run_stemma(command, *args, '--no-fetch', '--report',
                       cls.reports[command], code=code)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def picture(self, report, name, width, height, dark=False):
        path = self.pictures / f'{report}-{name}.png'
        scheme = (['--blink-settings=preferredColorScheme=0'] if dark else
                  ['--blink-settings=preferredColorScheme=1'])
        browse(f'--window-size={width},{height}', f'--screenshot={path}',
               *scheme, self.reports[report].as_uri(),
               profile=self.folder / f'profile-{report}-{name}')
        self.assertTrue(path.exists(), 'the browser made no picture')
        return path

    def measured(self, report, width):
        """How wide the page is in a frame of this width."""
        wrapper = self.folder / f'wrapper-{report}-{width}.html'
        wrapper.write_text(
            f'<!doctype html><iframe id="f" width="{width}" height="800" '
            f'style="border:0" src="{self.reports[report].as_uri()}"></iframe>'
            '<p id="out"></p><script>f.onload=()=>{'
            'const d=f.contentDocument.documentElement;'
            'out.textContent="wide:"+d.scrollWidth'
            '+" scripts:"+f.contentDocument.scripts.length};</script>')
        text = browse('--dump-dom', '--virtual-time-budget=4000',
                      wrapper.as_uri(),
                      profile=self.folder / f'profile-{report}-w{width}')
        return text.partition('<p id="out">')[2].partition('</p>')[0]

    def test_fits_the_window(self):
        for report in self.reports:
            for width in (1280, 320):
                with self.subTest(report=report, width=width):
                    self.assertEqual(self.measured(report, width),
                                     f'wide:{width} scripts:0')

    def test_light_and_dark(self):
        for report in self.reports:
            with self.subTest(report=report):
                least, most, paper = lightness(
                    self.picture(report, 'desktop', 1280, 900))
                self.assertGreater(paper, 200)
                self.assertLess(least, 70)
                least, most, paper = lightness(
                    self.picture(report, 'desktop-dark', 1280, 900, dark=True))
                self.assertLess(paper, 60)
                self.assertGreater(most, 180)
                _, _, paper = lightness(
                    self.picture(report, 'phone', 390, 844))
                self.assertGreater(paper, 200)

    def test_prints(self):
        for report, html in self.reports.items():
            with self.subTest(report=report):
                path = self.pictures / f'{report}.pdf'
                browse(f'--print-to-pdf={path}', html.as_uri(),
                       profile=self.folder / f'profile-{report}-pdf')
                data = path.read_bytes()
                self.assertTrue(data.startswith(b'%PDF-'))
                self.assertGreater(data.count(b'/Type /Page'), 0)


if __name__ == '__main__':
    e2e.main()
