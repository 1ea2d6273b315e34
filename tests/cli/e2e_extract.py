"""stemma extract: what people and scripts are told of a page."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402

DECK = ('Crews carried sand to the wall until noon, while the river rose and the '
        'ships of three companies waited outside the harbour for their turn.')
PAGE = '''<html lang=en><head><title>The harbour of Osk is closed</title>
<meta property="og:description" content="DECK">
<script type="application/ld+json">{"@type": "NewsArticle",
"headline": "The harbour of Osk is closed", "author": "Jane Doe",
"datePublished": "2026-03-01T23:30:00Z",
"dateModified": "2026-03-05T08:00:00Z"}</script></head>
<body><nav><a href="/">Start</a></nav><header><h1>The harbour of Osk is closed</h1>
<h2>DECK</h2><p>Published 2 March 2026</p></header><div>
<p>The harbour of Osk was closed on Monday, because the river had risen by two
metres over night, the office of the harbour said.</p>
<p>Crews carried sand to the old wall until noon, and the water stayed where it
was, while the ships were told to wait outside.</p></div>
<p>\x1b[2JAll rights reserved.</p></body></html>'''.replace('DECK', DECK)


class Extract(e2e.Test):
    def page(self, name='page.html', text=PAGE):
        path = self.folder / name
        path.write_text(text, encoding='utf-8')
        return path

    def lines(self, *args):
        return self.run_stemma('extract', '--no-fetch', '--url',
                               'https://gazette.example/1', *args).out

    def test_people_see_what_was_read_and_where(self):
        out = self.lines(self.page())
        for line in ('title: The harbour of Osk is closed',
                     f'standfirst: {DECK}',
                     'author: Jane Doe',
                     'published: 2026-03-01T23:30:00Z '
                     '(json-ld:datePublished), on the page 2026-03-02',
                     'modified: 2026-03-05T08:00:00Z '
                     '(json-ld:dateModified)'):
            self.assertIn(line + '\n', out)
        self.assertIn('The harbour of Osk was closed on Monday', out)
        self.assertNotIn('rights reserved.\n\n', out)

    def test_explain_names_each_rule_and_each_date(self):
        out = self.lines('--explain', self.page())
        self.assertRegex(out, r'drop list-item|drop paragraph +nav')
        self.assertRegex(out, r'keep standfirst +deck +Crews')
        self.assertIn('date: 2026-03-02 (text:published) 2 March 2026\n', out)
        self.assertIn('(json-ld:dateModified) 2026-03-05T08:00:00Z\n', out)
        self.assertNotIn('\x1b', out)

    def test_a_batch_gives_the_day_on_the_page(self):
        page = self.page()
        queries = self.folder / 'pages.jsonl'
        queries.write_text(
            json.dumps({'id': 1, 'path': page.name,
                        'url': 'https://gazette.example/1'}) + '\n'
            + json.dumps({'id': 2, 'path': 'missing.html'}) + '\n')
        run = self.run_stemma('extract', '--batch', queries, code=1)
        first, second = [json.loads(row) for row in run.out.splitlines()]
        self.assertEqual(first['date'], '2026-03-02')
        self.assertEqual(first['author'], ['Jane Doe'])
        self.assertIn('missing.html', second['error'])


if __name__ == '__main__':
    e2e.main()
