"""The report of a capture, as somebody would make it who has to convince
others: captured from hostile and from honest sites, signed, stamped by an
authority, exported in every form, checked by its own recipe.
"""
import csv
import hashlib
import html.parser
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import authority  # noqa: E402
import e2e  # noqa: E402

HOSTILE = ['</title><script>steal()</script>', '=HYPERLINK("http://x","y")',
           '\u202egpj.exe', 'c1 \x9b31m', '@SUM(1+1)*cmd|calc',
           '"><img src=x onerror=steal()>']
SHARED = pathlib.Path(os.environ.get('STEMMA_SHARED',
                                     e2e.SOURCE.parent / 'shared'))
VECTORS = SHARED / 'corpus' / 'provenance' / 'ui_strings.json'
# C0 but for LF, CR and TAB, DEL, C1, bidi controls.
FORBIDDEN = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e'
                       '\u2066-\u2069\u200e\u200f\u061c]')
FORMS = ('html', 'json', 'csv', 'prov', 'claimreview')


class Elements(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.bad = set(), []

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        for name, value in attributes:
            if name.startswith('on') or name in ('src', 'srcset') and not (
                    value or '').startswith('data:'):
                self.bad.append((tag, name, value))


class Report(e2e.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        story = e2e.story
        strings = list(HOSTILE)
        if VECTORS.exists():
            strings += [c['value'] for c in
                        json.loads(VECTORS.read_text())['cases']]
        else:
            print('without the ui_strings vectors: no ../shared here')
        key = cls.folder / 'log.key'
        with authority.Authority(cls.folder / 'tsa') as tsa:
            cls.tsa = tsa
            site = e2e.start_sites(cls)
            network = [*site.network(), '--allow-private',
                       f'127.0.0.1:{tsa.port}', '--sign-key', key,
                       '--timestamp', tsa.url]
            cls.stemma('key', 'create', 'log.example/a', '--out', key)
            cls.hostile = []
            for n, value in enumerate(strings):
                path = f'/hostile/{n}'
                safe = value.replace('&', '&amp;').replace('<', '&lt;')
                site.add(story.UNRELATED, path, f'''<!DOCTYPE html><html>
<head><meta charset="utf-8"><title>{safe}</title>
<meta name="author" content="{safe.replace('"', '&quot;')}"></head><body>
<article><h1>{safe}</h1><p>By {safe}</p>
<p>The council of Harrow met on Monday and agreed to mend the bridge before
the spring, its clerk told reporters after a session of four hours.</p>
<p>Case {n} of the list is {safe}.</p></article></body></html>''')
                cls.hostile.append(site.base(story.UNRELATED) + path)
            cls.first = site.url(story.ORIGIN)
            cls.copy = site.url(story.ALTERED)
            for url in (cls.first, cls.copy):
                cls.stemma('capture', url, *network)
            cls.stemma('capture', *cls.hostile, *network)
        cls.vkey = (cls.folder / 'log.key.vkey').read_text().strip()
        cls.trust = ('--tsa-ca', tsa.ca, '--vkey', cls.vkey)

    @classmethod
    def stemma(cls, *args):
        run = e2e.stemma('--archive', cls.archive, *args)
        assert run.code == e2e.DONE, run
        return run

    def export(self, form, *captures, more=(), code=e2e.DONE):
        file = self.folder / f'{self.id()}.{form}'
        file.unlink(missing_ok=True)
        self.run_stemma('export', '--report', file, '--format', form,
                        *captures, *self.trust, *more, code=code)
        return file

    def test_every_field_of_the_list(self):
        file = self.export('json', self.copy,
                           more=('--state', 'operator=Desk Nine'))
        report = json.loads(file.read_text())
        capture = report['captures'][0]
        self.assertEqual(report['stated'], {'operator': 'Desk Nine'})
        when = capture['when']
        self.assertLessEqual(when['not_before']['time'][:19],
                             when['logged'][:19])
        self.assertLessEqual(when['logged'][:19], when['not_after']['time'])
        self.assertIn('Example Time', when['not_after']['by'])
        whom = capture['from_whom']
        self.assertEqual(whom['address'], '127.0.0.1')
        self.assertTrue(whom['names_host'])
        self.assertEqual(whom['tls_verify'], 'ok')
        self.assertRegex(whom['certificates'][0]['sha256'], '^[0-9a-f]{64}$')
        self.assertIn('GET /world', capture['how']['request_line'])
        self.assertTrue(capture['how']['warcinfo']['software'])
        what = capture['what']
        self.assertEqual(what['status'], 200)
        self.assertRegex(what['article']['text_sha256'], '^[0-9a-f]{64}$')
        self.assertEqual(len(what['media']), 1)
        self.assertTrue(what['media'][0]['keyframes'])
        one = capture['comparisons'][0]
        self.assertEqual(one['verdict'], 'edited')
        words = [(c['reference']['words'], c['copy']['words'])
                 for c in one['changes']]
        self.assertIn(('41', '14'), words)
        types = [e['type'] for e in capture['custody']]
        for kind in ('capture', 'derive', 'compare', 'seal'):
            self.assertIn(kind, types)
        outcomes = [c['outcome'] for c in report['checks'] +
                    capture['checks']]
        self.assertNotIn('failed', outcomes)
        self.assertGreater(len(report['limits']), 4)

    def test_its_id_is_the_digest_of_its_canonical_bytes(self):
        file = self.export('json', self.copy)
        report = json.loads(file.read_text())
        if shutil.which('jq'):
            rest = subprocess.run(['jq', '-cjS', 'del(.id)', file],
                                  capture_output=True, check=True).stdout
            self.assertEqual(report['id'], 'urn:stemma:report:sha256:'
                             + hashlib.sha256(rest).hexdigest())

        def numbers(value):
            if isinstance(value, dict):
                value = list(value.values())
            if isinstance(value, list):
                for one in value:
                    yield from numbers(one)
            elif isinstance(value, float):
                yield value
        self.assertEqual(list(numbers(report)), [])

    def recipe(self, report, archive):
        """The commands as a reader would paste them."""
        steps = [s['run'] for s in report['how_to_check']
                 if 'stemma ' not in s['run']]
        done = subprocess.run(
            ['bash', '-c', '\n'.join(steps)], cwd=archive,
            env={'PATH': os.environ['PATH'], 'ca': str(self.tsa.ca),
                 'TMPDIR': str(self.folder)},
            capture_output=True, text=True, check=False)
        return done.stdout.splitlines(), done.stderr

    def test_the_recipe_works_and_finds_what_was_changed(self):
        report = json.loads(self.export('json', self.copy).read_text())
        for step in report['how_to_check']:
            for line in step['run'].splitlines():
                self.assertLessEqual(len(line), 88, line)
        lines, errors = self.recipe(report, self.archive)
        self.assertEqual(errors, '')
        self.assertGreater(len(lines), 9)
        for line in lines:
            self.assertTrue(line.startswith('ok '), line)

        # Some records handed over, and no bundle: missing, not different.
        part = self.folder / 'part'
        self.run_stemma('export', '--proof', part, self.copy)
        lines, _ = self.recipe(report, part)
        self.assertTrue(any(line.startswith('MISSING') for line in lines))
        for line in lines:
            self.assertRegex(line, '^(ok|MISSING) ')

        damaged = self.folder / 'damaged'
        shutil.copytree(self.archive, damaged)
        bundle = damaged / report['captures'][0]['records'][0]['bundle']
        bundle.chmod(0o644)
        content = bytearray(bundle.read_bytes())
        content[len(content) // 2] ^= 1
        bundle.write_bytes(content)
        log = damaged / 'manifest' / 'events.jsonl'
        seq = report['captures'][0]['event']['seq']
        events = log.read_text().splitlines()
        events[seq] = events[seq].replace('"status":200', '"status":404')
        log.write_text('\n'.join(events) + '\n')
        lines, _ = self.recipe(report, damaged)
        wrong = [line for line in lines if line.startswith('DIFFERS')]
        self.assertTrue(any('warc.zst' in line for line in wrong), lines)
        self.assertTrue(any(f'event {seq}' in line for line in wrong), lines)

        file = self.folder / 'damaged.json'
        run = e2e.stemma('--archive', damaged, 'export', '--report', file,
                         report['captures'][0]['id'])
        self.assertEqual(run.code, e2e.DONE, run)
        self.assertIn('FAILED', run.out)
        checks = json.loads(file.read_text())
        codes = {c.get('code') for c in checks['checks'] +
                 checks['captures'][0]['checks'] if c['outcome'] == 'failed'}
        self.assertIn('bundle-digest-mismatch', codes)
        shutil.rmtree(damaged)

    def test_hostile_pages_in_every_form(self):
        for form in FORMS:
            with self.subTest(form):
                text = self.export(form, *self.hostile).read_bytes().decode()
                if form in ('html', 'csv'):
                    self.assertIsNone(FORBIDDEN.search(text), form)
                if form == 'html':
                    page = Elements()
                    page.feed(text)
                    self.assertEqual(page.bad, [])
                    self.assertFalse(page.seen & {'script', 'iframe', 'svg',
                                                  'object', 'base', 'form'})
                elif form == 'csv':
                    rows = list(csv.reader(io.StringIO(text), strict=True))
                    self.assertEqual(len(rows), len(self.hostile) + 1)
                    for row in rows[1:]:
                        for cell in row:
                            self.assertNotRegex(cell, r'^\s*[=+\-@]')
                else:
                    json.loads(text)

    def test_pdf(self):
        if not (shutil.which('chromium') or shutil.which('weasyprint')):
            self.skipTest('neither Chromium nor WeasyPrint here')
        file = self.export('pdf', self.copy)
        self.assertEqual(file.read_bytes()[:5], b'%PDF-')
        self.assertFalse(file.with_name(file.name + '.html').exists())

    def test_without_a_printer_it_says_what_to_install(self):
        file = self.folder / 'none.pdf'
        run = e2e.stemma('--archive', self.archive, 'export', '--report', file,
                         self.copy, env={'PATH': '/nowhere'})
        self.assertEqual(run.code, e2e.TROUBLE, run)
        self.assertIn('Chromium', run.err)
        self.assertFalse(file.exists())

    def test_mistakes(self):
        out = self.folder / 'x.html'
        for args, code, words in (
                (('--report', out), e2e.TROUBLE, 'name one or more'),
                (('--report', out, 'https://nowhere.example/'), e2e.TROUBLE,
                 'nowhere.example'),
                (('--report', out, self.copy, '--state', 'nonsense'),
                 e2e.TROUBLE, 'operator'),
                (('--report', out, self.copy, '--format', 'docx'),
                 e2e.USAGE, '--format'),
                (('--format', 'csv', self.copy), e2e.USAGE, '--report')):
            with self.subTest(args):
                run = e2e.stemma('--archive', self.archive, 'export', *args)
                self.assertIn(run.code, (code, e2e.USAGE), run)
                self.assertIn(words, run.err)
                self.assertFalse(out.exists())
        out.write_text('mine')
        run = e2e.stemma('--archive', self.archive, 'export', '--report', out,
                         self.copy)
        self.assertEqual(run.code, e2e.REFUSED, run)
        self.assertEqual(out.read_text(), 'mine')


if __name__ == '__main__':
    e2e.main()
