"""Strings that want to be more than text: in titles, names, addresses, files.

Whatever a page calls itself, it is inert in every output: no script and no new
element in HTML, no control and no bidi character on a terminal; the exact
original stays in the JSON. The strings are ours; where ../shared holds the
ui_strings vectors, theirs are shown as well.
"""
import html.parser
import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402

OURS = [
    '</title><script>steal()</script>',
    '"><img src=x onerror=steal()>',
    "'><svg/onload=steal()>",
    '<!--', ']]>', '</style><script>steal()</script>',
    '=HYPERLINK("http://evil.example","click")',
    '@SUM(1+1)*cmd|calc', '\tleading tab',
    '\u202egpj.exe', 'a\u2066b\u2069', 'zero\u200bwidth',
    'a\x1b[2Jb', '\x1b]0;owned\x07', 'c1 \x9b31m', 'bell\x07 and \x00 nul',
    'line\r\nSet-Cookie: x=1', '{{7*7}} ${7*7} %s%n', 'javascript:steal()',
]
SHARED = pathlib.Path(os.environ.get('STEMMA_SHARED',
                                     e2e.SOURCE.parent / 'shared'))
VECTORS = SHARED / 'corpus' / 'provenance' / 'ui_strings.json'

# C0 but for LF and TAB, DEL, C1, bidi controls.
FORBIDDEN = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069'
                       '\u200e\u200f\u061c]')


def strings():
    found = list(OURS)
    if VECTORS.exists():
        found += [c['value'] for c in json.loads(VECTORS.read_text())['cases']]
    else:
        print('without the ui_strings vectors: no ../shared here')
    return found


class Inert(html.parser.HTMLParser):
    """Every element and attribute of a page that could run something."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag in ('script', 'iframe', 'object', 'embed', 'base', 'link'):
            self.found.append(tag)
        for name, value in attributes:
            if name.startswith('on') or (value or '').strip().lower(
                    ).startswith('javascript:'):
                self.found.append(f'{tag} {name}={value}')
            if name in ('src', 'srcset') and not (value or '').startswith(
                    'data:'):
                self.found.append(f'{tag} {name}={value}')


class HostileStrings(e2e.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strings = strings()
        body = ('The council of Harrow met on Monday and agreed to mend the '
                'bridge before the spring, its clerk told reporters after a '
                'session of four hours in the old town hall.')
        rows = []
        for n, value in enumerate(cls.strings):
            safe = re.sub(r'[\x00-\x20]', '', value)
            rows += [
                {'id': f'a{n}', 'url': f'https://desk.example/{n}?q={safe}',
                 'site': 'desk.example', 'title': value, 'byline': value,
                 'lang': 'en', 'published_at': '2026-03-01T10:00:00Z',
                 'fetched_at': '2026-03-01T11:00:00Z', 'links': [value],
                 'canonical': value, 'text': f'{body} Case {n}.\n\n{value}'},
                {'id': f'b{n}', 'url': f'https://copy.example/{n}',
                 'site': 'copy.example', 'title': value + ' again',
                 'byline': value, 'lang': 'en',
                 'published_at': '2026-03-02T10:00:00Z',
                 'fetched_at': '2026-03-02T11:00:00Z', 'links': [],
                 'canonical': '', 'text': f'{body} Case {n}.\n\n{value} too'}]
        cls.rows = {row['id']: row for row in rows}
        articles = cls.folder / 'rows.jsonl'
        articles.write_text(''.join(json.dumps(r) + '\n' for r in rows))
        done = e2e.stemma('--archive', cls.archive, 'import', '--articles',
                          articles)
        assert done.code == e2e.DONE, done

    def assert_inert_text(self, run):
        for stream in (run.out, run.err):
            bad = FORBIDDEN.search(stream)
            self.assertIsNone(bad, f'{bad}\n{run}')

    def assert_inert_html(self, path):
        page = path.read_text()
        inert = Inert()
        inert.feed(page)
        self.assertEqual(inert.found, [], path)
        bad = FORBIDDEN.search(page)
        self.assertIsNone(bad, bad)

    def test_terminal_and_report_and_json(self):
        for n in range(len(self.strings)):
            with self.subTest(self.strings[n]):
                report = self.folder / f'report{n}.html'
                run = e2e.stemma('--archive', self.archive, '--color',
                                 'never', 'verify', f'a{n}', f'b{n}',
                                 '--no-fetch', '--report', report)
                self.assertIn(run.code, (e2e.DONE, e2e.BAD_ANSWER), run)
                self.assert_inert_text(run)
                self.assert_inert_html(report)

    def test_lists_and_families(self):
        for args in (('list',), ('trace', 'a0', '--no-fetch'),
                     ('check',), ('status',)):
            run = e2e.stemma('--archive', self.archive, '--color', 'never',
                             *args)
            self.assert_inert_text(run)

    def test_the_original_stays(self):
        """What is kept is what was given, to the last control character."""
        log = self.events('import')
        records = {r['id'] for e in log for r in e['records']}
        self.assertEqual(len(records), len(self.rows))
        kept = {}
        for record in records:
            run = self.run_stemma('cat', record)
            row = json.loads(run.raw)
            kept[row['id']] = row
        for name, row in self.rows.items():
            self.assertEqual(kept[name]['title'], row['title'])
            self.assertEqual(kept[name]['text'], row['text'])


if __name__ == '__main__':
    e2e.main()
