"""Imported articles: who copied whom, what was changed, where a text stands."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / 'support'))
import e2e  # noqa: E402

PARAGRAPHS = [
    'The city council said on Monday that the old bridge over the river will '
    'stay closed until 14 March because inspectors found cracks in a pillar.',
    'Mayor Anna Weber told reporters that the repairs will cost 2.4 million '
    'euros and that the money is not taken from the budget of the schools.',
    'Engineers of the regional office reported that seven bridges in the state '
    'use the same steel, and that each will be examined before the summer.',
    'The opposition made some significant demands, among them an independent '
    'inquiry into why nobody saw the cracks during the last inspection.',
    'Bus line six takes the southern route in the meantime, and cyclists can '
    'use the railway bridge during the day and the ferry in the evening.',
]


def row(name, paragraphs, day, links=()):
    return {'id': name, 'url': f'https://{name}.example/story',
            'site': f'{name}.example', 'title': 'Bridge stays closed',
            'byline': None, 'lang': 'en', 'canonical': None,
            'published_at': f'2026-03-{day:02}T08:00:00Z',
            'fetched_at': '2026-03-20T08:00:00Z', 'links': list(links),
            'text': '\n\n'.join(paragraphs)}


class Articles(e2e.Test):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        altered = list(PARAGRAPHS[:4])
        altered[1] = altered[1].replace('is not taken', 'is taken')
        rows = [
            row('copy', altered + ['Subscribe to the letter of this site.'], 3,
                ['https://edited.example/story']),
            row('edited', altered, 2, ['https://origin.example/story']),
            row('origin', PARAGRAPHS, 1),
        ]
        cls.rows = cls.folder / 'rows.jsonl'
        cls.rows.write_text(''.join(json.dumps(r) + '\n' for r in rows))
        cls.part = cls.folder / 'part.txt'
        cls.part.write_text('\n\n'.join(PARAGRAPHS[2:4]))
        done = e2e.stemma('--archive', cls.archive, 'import', '--articles',
                          cls.rows)
        assert done.code == 0, done.err

    def test_the_trail_is_told_from_whichever_end(self):
        for asked in ('copy', 'origin'):
            out = self.run_stemma('trace', asked).out
            lines = [line for line in out.splitlines() if 'https:' in line]
            self.assertTrue(lines[0].startswith('https://origin.example/'), out)
            self.assertIn('\n`-> https://edited.example', out)
            self.assertIn('   `-> https://copy.example', out)
            self.assertIn('extended, ', out)
            self.assertIn('links to https://edited.example/story', out)

    def test_the_most_serious_change_with_its_words(self):
        out = self.run_stemma('verify', 'origin', 'edited', code=1).out
        self.assertIn('EDITED   1 critical, 0 minor | excerpt: 1 paragraph '
                      'missing', out)
        self.assertIn('is [not] taken', out)
        self.assertIn('is [ ] taken', out)
        alone = self.run_stemma('verify', 'edited', code=1).out
        self.assertEqual(alone, out)

    def test_where_a_text_stands(self):
        out = self.run_stemma('find', self.part).out
        self.assertIn('origin  https://origin.example/story  excerpt\n'
                      '    1.00 of it is 0.37 of the archived text: '
                      'paragraphs 3-4\n', out)
        found = self.run_stemma('--json', 'find', self.part).json
        first = found['matches'][0]
        self.assertEqual(first['reference'], 'origin')
        self.assertEqual(first['coverage']['query'], 1)
        text = '\n\n'.join(PARAGRAPHS)
        for passage, paragraph in zip(first['passages'], PARAGRAPHS[2:4]):
            begin, end = passage['reference']
            self.assertTrue(paragraph.startswith(text[begin:end]))
            begin, end = passage['query']
            self.assertTrue(
                paragraph.startswith(self.part.read_text()[begin:end]))

    def test_where_nothing_is_known(self):
        stranger = self.folder / 'stranger.txt'
        stranger.write_text('Nobody ever wrote a thing like that elsewhere.')
        self.run_stemma('find', stranger, code=1)
        done = self.run_stemma('verify', '--no-fetch', stranger, code=3)
        self.assertIn('holds no earlier publication', done.err)
        done = self.run_stemma('trace', '--no-fetch', stranger)
        self.assertIn('no other publication', done.err)

    def test_a_report_beside_the_answer(self):
        report = self.folder / 'report.html'
        for command, asked in (('trace', self.part), ('find', self.part)):
            with self.subTest(command=command):
                done = self.run_stemma('--json', command, '--no-fetch', asked,
                                       '--report', report)
                done.json  # stays what it was
                self.assertIn('</html>', report.read_text())
                report.unlink()
                self.run_stemma(command, '--no-fetch', asked, '--report',
                                self.folder / 'none' / 'x', code=e2e.TROUBLE)
        for args in (['verify', '--batch'], ['find', '--batch'],
                     ['trace', '--all', '--out', self.folder / 'out']):
            self.run_stemma(*args, '--report', report, code=e2e.USAGE,
                            input=b'')
            self.assertFalse(report.exists(), args)

    # A mistyped folder must not look like "nobody copied it".
    def test_no_archive_is_no_answer(self):
        missing = self.folder / 'no-such-archive'
        for command in (['find', self.part], ['verify', self.part],
                        ['trace', self.part],
                        ['trace', '--all', '--out', self.folder / 'out']):
            done = e2e.stemma('--archive', missing, *command)
            self.assertEqual(done.code, 3, command)
            self.assertIn('there is no archive in', done.err)
            self.assertIn('name one with --archive', done.err)
            self.assertEqual(done.out, '')
        self.assertFalse(missing.exists())


if __name__ == '__main__':
    e2e.main()
