#!/usr/bin/env python3
"""The main job: capture one report on five sites, then ask who copied whom."""
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
import film  # noqa: E402
import story  # noqa: E402

SAME_TEXT = ('identical', 'cosmetic-only', 'boilerplate-only')


class World:
    """One archive for all classes below: they read it, and tidy up."""


def setUpModule():
    World.folder = pathlib.Path(tempfile.mkdtemp(prefix='stemma-e2e-'))
    unittest.addModuleCleanup(shutil.rmtree, World.folder, ignore_errors=True)
    World.archive = World.folder / 'archive'
    World.sites = unittest.enterModuleContext(
        e2e.sites.Sites(e2e.films_folder()))
    World.captured = {
        host: e2e.stemma('--archive', World.archive, 'capture',
                         World.sites.url(host), *World.sites.network())
        for host in story.HOSTS}


class MainJob(e2e.Test):

    @classmethod
    def setUpClass(cls):
        cls.folder, cls.archive = World.folder, World.archive
        cls.sites, cls.captured = World.sites, World.captured

    def setUp(self):
        for run in self.captured.values():
            self.assertEqual(run.code, e2e.DONE, f'\n{run}')

    def capture_event(self, url):
        found = [e for e in self.events('capture') if e['target'] == url]
        self.assertTrue(found, f'no capture event for {url}')
        return found[-1]

    def records(self, url):
        """{type: record} of the newest capture of `url`."""
        event = self.capture_event(url)
        archive = e2e.reader.Archive(self.archive)
        return [record for of, _, record in archive.records()
                if of['seq'] == event['seq']]

    def response(self, url):
        return next(r for r in self.records(url)
                    if r.field('WARC-Type') in ('response', 'revisit')
                    and r.field('WARC-Target-URI') == url)

    def verify(self, a, b, code, *more):
        return self.run_stemma('--json', 'verify', a, b, '--no-fetch', *more,
                               code=code).json


class Evidence(MainJob):

    def test_a_second_reader_agrees_with_log_and_bundles(self):
        self.assert_readable_by_others()

    def test_articles_and_keyframes_are_the_same_when_derived_again(self):
        deep = self.run_stemma('--json', 'check', '--deep').json['deep']
        for kind in ('articles', 'videos'):
            self.assertGreater(deep[kind]['same'], 0, deep)
            self.assertEqual(deep[kind]['differ'], 0, deep)
            self.assertEqual(deep[kind]['not_checked'], 0, deep)

    def test_page_bytes_are_those_of_the_wire(self):
        response = self.response(self.sites.url(story.ORIGIN))
        self.assertIn(b'content-encoding: gzip', response.http_head.lower())
        page = gzip.decompress(response.payload).decode()
        self.assertEqual(page, story.origin_page(self.sites))

    def test_a_chunked_body_is_whole(self):
        response = self.response(self.sites.url(story.MIRROR))
        page = gzip.decompress(response.payload).decode()
        self.assertEqual(page, story.mirror_page(self.sites))

    def test_connection_facts_are_in_the_records(self):
        records = self.records(self.sites.url(story.ORIGIN))
        response = self.response(self.sites.url(story.ORIGIN))
        self.assertEqual(response.field('WARC-IP-Address'), '127.0.0.1')
        protocols = response.all('WARC-Protocol')
        self.assertIn('http/1.1', protocols)
        self.assertTrue(any(p.startswith('tls/1.') for p in protocols))
        self.assertRegex(response.field('WARC-Cipher-Suite'), r'^TLS_')
        request = next(r for r in records
                       if r.field('WARC-Type') == 'request'
                       and r.field('WARC-Target-URI')
                       == self.sites.url(story.ORIGIN))
        self.assertTrue(request.block.startswith(
            f'GET {story.PATHS[story.ORIGIN]} HTTP/1.1\r\n'.encode()))
        self.assertIn(request.field('WARC-Concurrent-To').strip('<>'),
                      {r.id for r in records})

    def test_certificate_chain_is_kept(self):
        archive = e2e.reader.Archive(self.archive)
        chains = [r for _, _, r in archive.records() if 'certificate'
                  in r.field('Content-Type')
                  or r.field('WARC-Target-URI').startswith('urn:stemma:tls:')]
        self.assertTrue(chains)
        self.assertIn(b'-----BEGIN CERTIFICATE-----', chains[0].block)

    def test_every_redirect_hop_has_records_of_its_own(self):
        short = self.sites.base(story.ORIGIN) + '/short'
        self.run_stemma('capture', short, *self.sites.network())
        targets = {r.field('WARC-Target-URI') for r in self.records(short)
                   if r.field('WARC-Type') in ('response', 'revisit')}
        self.assertLessEqual(
            {short, self.sites.base(story.ORIGIN) + '/2026/short',
             self.sites.url(story.ORIGIN)}, targets)

    def test_videos_are_stored_and_bound_to_their_pages(self):
        for host, path in ((story.ORIGIN, story.FILM_PATH),
                           (story.MIRROR, '/films/HL_04_03_2026.mp4'),
                           (story.ALTERED, '/cdn/v/teal.mp4')):
            url = self.sites.base(host) + path
            film_bytes = self.sites.resources[host, path].body
            archive = e2e.reader.Archive(self.archive)
            stored = [r for _, _, r in archive.records()
                      if r.field('WARC-Target-URI') == url
                      and r.field('WARC-Type') in ('response', 'revisit')]
            self.assertTrue(stored, url)
            if stored[0].field('WARC-Type') == 'response':
                self.assertEqual(stored[0].payload, film_bytes)
            page = json.dumps(self.events())
            self.assertIn(url, page)

    def test_video_found_wherever_the_page_hides_it(self):
        found = {}
        for host in (story.ORIGIN, story.REPUBLISHER, story.MIRROR,
                     story.ALTERED):
            article = self.run_stemma('--json', 'extract',
                                      self.sites.url(host)).json
            found[host] = [m for m in article['media']
                           if m['kind'] == 'video']
            self.assertTrue(found[host], host)
        self.assertEqual(found[story.REPUBLISHER][0]['url'],
                         self.sites.film_url(story.ORIGIN))
        self.assertEqual(found[story.REPUBLISHER][0]['found_by'], 'bare-url')


class Article(MainJob):
    """Issue: all that a republication carries is read into fields."""

    def setUp(self):
        super().setUp()
        self.article = self.run_stemma(
            '--json', 'extract', self.sites.url(story.REPUBLISHER)).json

    def kept(self):
        return [b for b in self.article['blocks'] if b['kept']]

    def dropped_text(self):
        return '\n'.join(b['text'] for b in self.article['blocks']
                         if not b['kept'])

    def test_title_without_prefix_and_as_written(self):
        self.assertEqual(self.article['title'], story.TITLE)
        self.assertIn('Video: ' + story.TITLE, self.article['title_raw'])

    def test_two_publishers_and_an_organisation_as_author(self):
        self.assertEqual(self.article['authors'], ['Harrow Line'])
        self.assertEqual(self.article['publisher'], 'World Inquiry')
        self.assertIn('Harrow Line',
                      {c['name'] for c in self.article['claims']})

    def test_two_dates(self):
        self.assertTrue(
            self.article['published']['time'].startswith('2026-03-05'))
        dates = {d['time'][:10] for d in self.article['dates']}
        dates |= {c['date']['time'][:10] for c in self.article['claims']
                  if c['date']}
        self.assertLessEqual({'2026-03-04', '2026-03-05'}, dates)

    def test_body_is_the_seven_paragraphs_and_nothing_else(self):
        body = [b['text'] for b in self.kept()
                if b['kind'] not in ('title', 'media-url', 'media_url')]
        self.assertEqual(body, list(story.PARAGRAPHS))

    def test_video_stands_between_the_third_and_the_fourth_paragraph(self):
        video = next(m for m in self.article['media']
                     if m['kind'] == 'video')
        blocks = self.article['blocks']
        before = [b['text'] for b in blocks[:video['after_block'] + 1]
                  if b['kept'] and b['kind'] == 'paragraph']
        self.assertEqual(before, list(story.PARAGRAPHS[:story.VIDEO_AFTER]))

    def test_source_claims_name_the_original_and_link_to_it(self):
        origin = self.sites.url(story.ORIGIN)
        lines = [c for c in self.article['claims']
                 if c['kind'] == 'original-source-line']
        self.assertEqual({(c['name'], c['url']) for c in lines},
                         {('Harrow Line', origin)})
        self.assertIn('The original source of this article is Harrow Line',
                      [c['quote'] for c in lines])

    def test_copyright_licence_and_taxonomy(self):
        self.assertIn('Copyright © Harrow Line, Harrow Line, 2026',
                      self.article['copyright'])
        self.assertIn('cross-post', self.article['licence'])
        for word in ('Teal Valley', 'Environment', 'Disaster Relief',
                     'THE RIVER'):
            self.assertIn(word, self.article['keywords'])

    def test_furniture_is_dropped_and_each_block_says_by_which_rule(self):
        dropped = self.dropped_text()
        for words in ('Note to readers', story.APPEAL[0], 'PayPal',
                      'Comment on World Inquiry', 'Become a Member',
                      'Articles by', 'Disclaimer',
                      'not always been specifically authorized',
                      'publications@worldinquiry.example'):
            self.assertIn(words, dropped)
        for block in self.article['blocks']:
            self.assertTrue(block['rule'], block)

    def test_other_template_same_text(self):
        origin = self.run_stemma('--json', 'extract',
                                 self.sites.url(story.ORIGIN)).json
        self.assertEqual([b['text'] for b in origin['blocks']
                          if b['kept'] and b['kind'] == 'paragraph'],
                         list(story.PARAGRAPHS))


class Verdicts(MainJob):

    def test_republication_keeps_every_word_and_the_video(self):
        result = self.verify(self.sites.url(story.ORIGIN),
                             self.sites.url(story.REPUBLISHER), e2e.DONE)
        self.assertIn(result['verdict'], SAME_TEXT)
        self.assertEqual(result['video']['verdict'], 'same')

    def test_mirror_is_faithful(self):
        result = self.verify(self.sites.url(story.ORIGIN),
                             self.sites.url(story.MIRROR), e2e.DONE)
        self.assertIn(result['verdict'], SAME_TEXT)
        self.assertEqual(result['video']['verdict'], 'same')

    def test_altered_copy_shows_the_number_and_the_negation(self):
        result = self.verify(self.sites.url(story.ORIGIN),
                             self.sites.url(story.ALTERED), e2e.BAD_ANSWER)
        self.assertEqual(result['schema'], 'stemma.verdict.v1')
        self.assertEqual(result['verdict'], 'edited')
        critical = [c for c in result['changes']
                    if c['severity'] == 'critical']
        kinds = {kind for c in critical for kind in c['kinds']}
        self.assertLessEqual({'number', 'negation'}, kinds)
        number = next(c for c in critical if 'number' in c['kinds'])
        self.assertIn('41', number['reference_text'])
        self.assertIn('14', number['suspect_text'])
        text = '\n\n'.join(story.PARAGRAPHS)
        start, end = number['reference_span']
        self.assertEqual(text[start:end], number['reference_text'])

    def test_altered_video_lacks_the_shot_that_was_cut(self):
        video = self.verify(self.sites.url(story.ORIGIN),
                            self.sites.url(story.ALTERED),
                            e2e.BAD_ANSWER)['video']
        self.assertEqual(video['verdict'], 'altered')
        removed = [a for a in video['altered'] if a['kind'] == 'removed']
        self.assertEqual(len(removed), 1, video)
        start, end = film.shot_times()[film.CUT_SHOT]
        self.assertAlmostEqual(removed[0]['start'], start, delta=0.5)
        self.assertAlmostEqual(removed[0]['end'], end, delta=0.5)

    def test_another_story_is_unrelated(self):
        result = self.verify(self.sites.url(story.ORIGIN),
                             self.sites.url(story.UNRELATED), e2e.BAD_ANSWER)
        self.assertEqual(result['verdict'], 'unrelated')

    def test_with_one_argument_the_best_earlier_copy_is_the_reference(self):
        run = self.run_stemma('--json', 'verify',
                              self.sites.url(story.ALTERED), '--no-fetch',
                              code=e2e.BAD_ANSWER)
        self.assertEqual(run.json['verdict'], 'edited')
        self.assertNotEqual(run.json['reference']['url'],
                            self.sites.url(story.ALTERED))

    def test_capture_itself_says_what_it_recognised(self):
        self.assertIn('edited', self.captured[story.ALTERED].out)
        compares = self.events('compare')
        self.assertTrue(any(e.get('verdict') == 'edited' for e in compares))

    def test_json_and_text_say_the_same(self):
        text = self.run_stemma('verify', self.sites.url(story.ORIGIN),
                               self.sites.url(story.ALTERED), '--no-fetch',
                               code=e2e.BAD_ANSWER).out.lower()
        for words in ('edited', '41', '14', 'altered'):
            self.assertIn(words, text)

    def test_report_is_one_file_without_script_or_outside_loads(self):
        report = self.folder / 'report.html'
        self.verify(self.sites.url(story.ORIGIN),
                    self.sites.url(story.ALTERED), e2e.BAD_ANSWER,
                    '--report', report)
        page = report.read_text(encoding='utf-8')
        self.assertIn('edited', page)
        self.assertNotIn('<script', page.lower())
        loads = re.findall(r'(?:src|srcset|poster|data)\s*=\s*["\']?([^"\' >]+)',
                           page)
        self.assertEqual([x for x in loads if not x.startswith('data:')], [])

    def test_report_names_the_digests_of_the_bytes_that_were_served(self):
        report = self.folder / 'digests.html'
        self.verify(self.sites.url(story.ORIGIN),
                    self.sites.url(story.ALTERED), e2e.BAD_ANSWER,
                    '--report', report)
        page = re.sub(r'<[^>]*>', '', report.read_text(encoding='utf-8'))
        for host in (story.ORIGIN, story.ALTERED):
            stored = self.response(self.sites.url(host)).payload
            self.assertIn(hashlib.sha256(stored).hexdigest(), page)

    def test_trace_knows_the_family_and_only_the_family(self):
        out = self.run_stemma('trace', self.sites.url(story.ALTERED)).out
        for host in (story.ORIGIN, story.REPUBLISHER, story.MIRROR,
                     story.ALTERED):
            self.assertIn(host, out)
        self.assertNotIn(story.UNRELATED, out)

    def test_a_page_captured_again_is_one_member_of_its_family(self):
        self.archive = shutil.copytree(World.archive, self.folder / 'again')
        for host in (story.ORIGIN, story.MIRROR):
            self.run_stemma('capture', self.sites.url(host),
                            *self.sites.network())
        for asked in (story.ALTERED, story.MIRROR):
            out = self.run_stemma('trace', self.sites.url(asked)).out
            for host in (story.ORIGIN, story.REPUBLISHER, story.MIRROR,
                         story.ALTERED):
                lines = [line for line in out.splitlines()
                         if f'{self.sites.url(host)}  ' in line]
                self.assertEqual(len(lines), 1, out)

    def test_trace_all_says_who_shares_the_video(self):
        out = self.folder / 'families'
        self.run_stemma('trace', '--all', '--out', out)
        relations = [json.loads(line) for line in
                     (out / 'relations.jsonl').read_text().splitlines()]
        self.assertGreaterEqual(len(relations), 6)  # each copy with each
        self.assertTrue(all(r.get('shares_video') for r in relations),
                        relations)

    def test_find_tells_where_a_video_was_seen(self):
        folder = e2e.films_folder()
        out = self.run_stemma('--json', 'find', folder / 'film_cut.mp4').out
        self.assertIn(story.ALTERED, out)
        self.run_stemma('find', folder / 'poster.jpg')


class Keyframes(MainJob):

    def test_each_shot_has_a_frame_with_its_exact_time(self):
        out = self.folder / 'frames'
        run = self.run_stemma('--json', 'keyframes',
                              e2e.films_folder() / 'film.mp4', '--out', out)
        result = run.json
        self.assertEqual(result['status'], 'ok')
        self.assertEqual(result['frames_decoded'], 26 * film.RATE)
        for start, end in film.shot_times():
            inside = [k for k in result['keyframes']
                      if start - 0.02 <= k['seconds'] < end]
            self.assertTrue(inside, f'no keyframe between {start} and {end}')
        for frame in result['keyframes']:
            num, den = self.fraction(frame['time_base'])
            self.assertAlmostEqual(frame['pts'] * num / den, frame['seconds'],
                                   delta=0.002)
            self.assertTrue((out / frame['file']).stat().st_size > 0)
            self.assertRegex(frame['sha256'], r'^[0-9a-f]{64}$')
            self.assertRegex(frame['pdq'], r'^[0-9a-f]{64}$')
        self.assertTrue(list(out.glob('*sheet*.png')), list(out.iterdir()))

    def fraction(self, time_base):
        if isinstance(time_base, str):
            return [int(x) for x in re.split('[/:]', time_base)]
        return time_base if isinstance(time_base, list) else (
            time_base['num'], time_base['den'])


class Upkeep(MainJob):

    def test_reindex_builds_the_same_content(self):
        url = self.sites.url(story.ALTERED)
        def answers():
            return (self.run_stemma('--json', 'list').out,
                    self.run_stemma('--json', 'trace', url).out,
                    self.run_stemma('--json', 'verify', url, '--no-fetch',
                                    code=e2e.BAD_ANSWER).out)
        before = answers()
        (self.archive / 'index.sqlite').unlink()
        self.run_stemma('reindex')
        self.assertEqual(answers(), before)

    def test_cat_gives_the_bytes_of_one_record(self):
        event = self.capture_event(self.sites.url(story.ORIGIN))
        archive = e2e.reader.Archive(self.archive)
        entry, record = next(
            (entry, record) for of, entry, record in archive.records()
            if of['seq'] == event['seq'] and record.field('WARC-Type')
            == 'response' and record.field('WARC-Target-URI')
            == self.sites.url(story.ORIGIN))
        out = self.run_stemma('cat', entry['id']).raw
        self.assertIn(record.payload, out)

    def test_check_finds_one_flipped_byte_and_says_where(self):
        self.assertIn('intact', self.run_stemma('check').out.lower()
                      + self.run_stemma('--json', 'check').out.lower())
        bundle = max((self.archive / 'bundles').glob('*.warc.zst'),
                     key=lambda path: path.stat().st_size)
        whole = bundle.read_bytes()
        middle = len(whole) // 2
        bundle.chmod(0o644)
        try:
            bundle.write_bytes(whole[:middle]
                               + bytes([whole[middle] ^ 1])
                               + whole[middle + 1:])
            run = self.run_stemma('check', code=e2e.BAD_ANSWER)
            self.assertIn(bundle.name, run.out + run.err)
            with self.assertRaises(AssertionError):
                self.assert_readable_by_others()
        finally:
            bundle.write_bytes(whole)
            bundle.chmod(0o444)
        self.run_stemma('check')


if __name__ == '__main__':
    e2e.main()
