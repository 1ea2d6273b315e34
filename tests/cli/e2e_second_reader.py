#!/usr/bin/env python3
"""`stemma check` and script/check-bundle, which share no code, agree.

Over bundles of every kind, good and damaged: the same verdict, and where both
say a place, the same place.
"""
import base64
import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import uuid
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402

reader = e2e.reader
FLIPS = int(os.environ.get('STEMMA_FLIPS', '24'))
SEED = int(os.environ.get('STEMMA_SEED', '1'))
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n'
WRONG = ('incomplete', 'altered')
# Addresses whose keys are not plain to see.
ODD_URLS = [
    'http://127.0.0.1:18473/', 'http://3232235777/x', 'http://0300.0250.1.1/y',
    'http://127.1/', 'http://0x7f.1/', 'http://1.2.3.4.5/', 'http://256.1.1.1/',
    'https://www.Herald.EXAMPLE/Path/?B=2&a=1#f', 'http://herald.example:080/',
    'https://herald.example:80/', 'http://herald.example:99999/',
    'http://user:secret@herald.example/', 'http://[2001:db8::1]:8080/x',
    'http://b%C3%BCcher.example/%C3%A4', 'http://xn--bcher-kva.example/',
    'http://herald..example./', 'http://www12.herald.example/www.',
    'http://herald.example/a//b/../c/./d/', 'http://herald.example/../../a/..',
    'http://herald.example/a%2fb%41%2525%25zz', 'http://herald.example/%23%3f',
    'http://herald.example/?b&a=&a&=1&b=', 'http://herald.example/?',
    'http://herald.example?q=A%26b', 'http://herald.example/?a=%2B+%20c',
    'http://herald.example/?x=1&JSESSIONID=' + 32 * 'a' + '&y=2',
    'http://herald.example/?phpsessid=' + 32 * '0' + '&sid=' + 32 * '1',
    'http://herald.example/?sid=' + 33 * '1',
    'http://herald.example/?ASPSESSIONIDabcdefgh=' + 24 * 'z' + '&k',
    'http://herald.example/?cfid=1&cftoken=2&p=3',
    'http://herald.example/(a(' + 24 * 'b' + '))/Page.aspx?q',
    'http://herald.example/x/(' + 24 * 'b' + ')/page.aspx',
    'http://herald.example/(' + 24 * 'b' + ')/page.html']


def record(number, kind, block, *fields):
    uri = f'https://herald.example/{number % 100}'
    lines = ['WARC/1.1', f'WARC-Type: {kind}',
             f'WARC-Record-ID: <{uuid.UUID(int=number).urn}>',
             f'WARC-Date: 2026-03-{1 + number // 100:02}T12:00:00Z',
             f'WARC-Target-URI: {uri}',
             f'WARC-Block-Digest: sha256:{hashlib.sha256(block).hexdigest()}',
             f'Content-Type: application/http; msgtype={kind}',
             *fields, f'Content-Length: {len(block)}']
    return ('\r\n'.join(lines) + '\r\n\r\n').encode() + block + b'\r\n\r\n'


def response(number, body, mime=b'text/html', field=b'', *fields, payload=None):
    digest = base64.b32encode(
        hashlib.sha1(body if payload is None else payload).digest()).decode()
    return record(number, 'response', HEAD % (mime, field) + body,
                  f'WARC-Payload-Digest: sha1:{digest}', *fields)


def pages():
    """Pages, a chunked one, a cut one, a revisit."""
    furniture = ''.join(hashlib.sha256(b'%d' % i).hexdigest()
                        for i in range(80))
    first = None
    for number in range(1, 13):
        own = hashlib.sha512(b'%d' % number).hexdigest()
        body = f'<p>{furniture}<p>{own}'.encode()
        first = first or hashlib.sha256(body).hexdigest()
        yield response(number, body)
    yield response(20, b'5\r\nHello\r\n6;x=y\r\n world\r\n0\r\n\r\n',
                   b'text/plain', b'Transfer-Encoding: chunked\r\n',
                   payload=b'Hello world')
    yield response(21, b'only the begin', b'text/plain', b'',
                   'WARC-Truncated: length')
    yield record(
        101, 'revisit', HEAD % (b'text/html', b''),
        'WARC-Profile: http://netpreserve.org/warc/1.1/revisit/'
        'identical-payload-digest',
        f'WARC-Payload-Digest: sha256:{first}',
        f'WARC-Refers-To: <{uuid.UUID(int=1).urn}>',
        'WARC-Refers-To-Target-URI: https://herald.example/1',
        'WARC-Refers-To-Date: 2026-03-01T12:00:00Z')


def packed_frame(content):
    """A frame with content size and checksum, as zstd's own program makes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return subprocess.run(['zstd', '-cq', file.name], check=True,
                              capture_output=True).stdout


class Shape:
    """A bundle by its frames, to be damaged."""

    def __init__(self, data):
        self.data = data
        self.frames = list(reader.frames(data))
        self.records = [f for f in self.frames if f.is_data]
        self.tables = [f for f in self.frames if f.magic == reader.SEEK_TABLE]
        self.dictionary = None
        if data[:4] == reader.DICTIONARY_MAGIC:
            self.dictionary = reader.Dictionary(data[8:self.frames[0].end])

    def bytes_of(self, frame):
        return self.data[frame.offset:frame.end]

    def replaced(self, frame, new):
        return self.data[:frame.offset] + new + self.data[frame.end:]

    def flipped(self, at, bit=1):
        return (self.data[:at] + bytes([self.data[at] ^ bit])
                + self.data[at + 1:])

    def content(self, frame):
        name = self.dictionary.name if self.dictionary else None
        return reader.inflate(self.bytes_of(frame), name)

    def rewritten(self, frame, change):
        """A sound frame whose record was changed."""
        content = change(self.content(frame))
        return self.replaced(frame, packed_frame(content))


def change_field(name, value):
    def change(content):
        head, _, rest = content.partition(b'\r\n\r\n')
        lines = [name + b': ' + value if line.startswith(name + b':') else line
                 for line in head.split(b'\r\n')]
        return b'\r\n'.join(lines) + b'\r\n\r\n' + rest
    return change


def add_field(line):
    return lambda content: content.replace(b'\r\n', b'\r\n' + line + b'\r\n', 1)


# What may be wrong with the record in a sound frame.
RECORD_CHANGES = {
    'length one too large': change_field(b'Content-Length', b'9999'),
    'length one too small': lambda c: change_field(
        b'Content-Length',
        b'%d' % (reader.content_length(reader.read_header(c)[1]) - 1))(c),
    'length in hex': change_field(b'Content-Length', b'0x10'),
    'length twice': add_field(b'Content-Length: 1'),
    'block digest': change_field(b'WARC-Block-Digest', b'sha256:' + b'0' * 64),
    'payload digest': change_field(b'WARC-Payload-Digest',
                                   b'sha1:' + b'A' * 32),
    'a byte of the block': lambda c: c[:-8] + b'?' + c[-7:],
    'no blank line behind': lambda c: c[:-4],
    'one blank line too few': lambda c: c[:-2],
    'other bytes behind': lambda c: c[:-4] + b'\r\n\n\r',
    'LF only': lambda c: c.replace(b'\r\n', b'\n'),
    'a folded line': add_field(b'WARC-Odd: a\r\n b'),
    'NUL': add_field(b'WARC-Odd: a\0b'),
    'no colon': add_field(b'WARC-Odd'),
    'no type': change_field(b'WARC-Type', b''),
    'no id': change_field(b'WARC-Record-ID', b''),
    'not a record': lambda c: b'x' * 200,
    'twice in one frame': lambda c: c + c,
    'its id is that of the next': change_field(
        b'WARC-Record-ID', b'<%s>' % uuid.UUID(int=2).urn.encode()),
}


def damages(shape):
    """(name, bytes) of each damaged copy."""
    data = shape.data
    one = shape.records[len(shape.records) // 2]
    two = shape.records[len(shape.records) // 2 + 1]
    middle = (one.offset + one.end) // 2
    a, b = shape.bytes_of(one), shape.bytes_of(two)
    yield 'magic', shape.flipped(one.offset)
    yield 'descriptor', shape.flipped(one.offset + 4, 0x08)
    yield 'content size', shape.flipped(one.offset + 5)
    yield 'content', shape.flipped(middle)
    yield 'checksum', shape.flipped(one.end - 1)
    yield 'a frame gone', shape.replaced(one, b'')
    yield 'a frame twice', shape.replaced(one, a + a)
    yield 'two frames swapped', (data[:one.offset] + b + a + data[two.end:]
                                 if one.end == two.offset else
                                 shape.replaced(two, a))
    yield 'junk between', shape.replaced(one, b'junk' + a)
    yield 'junk behind', data + b'junk'
    yield 'zeros behind', data + bytes(100)
    yield 'cut by one', data[:-1]
    yield 'cut in a frame', data[:middle]
    yield 'cut between frames', data[:one.end]
    yield 'void in front', reader.VOID.to_bytes(4, 'little') + bytes(4) + data
    yield 'a frame of 4 GiB', shape.replaced(
        one, reader.VOID.to_bytes(4, 'little') + b'\xff' * 4)
    if shape.dictionary:
        frame = shape.frames[0]
        moved = data[frame.end:one.offset] + shape.bytes_of(frame)
        yield 'dictionary moved', moved + data[one.offset:]
        yield 'dictionary gone', data[frame.end:]
        yield 'dictionary twice', shape.bytes_of(frame) + data
        yield 'dictionary damaged', shape.flipped(frame.end - 1)
        yield 'dictionary content', shape.flipped(frame.end // 2)
    for table in shape.tables:
        yield 'table: an entry', shape.flipped(table.offset + 8)
        yield 'table: a content size', shape.flipped(table.offset + 13)
        yield 'table: its count', shape.flipped(table.end - 9)
        yield 'table: its flags', shape.flipped(table.end - 5)
        yield 'table: its end', shape.flipped(table.end - 1)
        yield 'table moved to the front', (
            data[:one.offset] + shape.bytes_of(table)
            + data[one.offset:table.offset] + data[table.end:])
    whole = [f for f in shape.records
             if shape.content(f).startswith(b'WARC/')
             and shape.content(f).endswith(b'\r\n\r\n')]
    if shape.tables:  # large; what records have is said by the others
        return
    for name, change in RECORD_CHANGES.items():
        yield name, shape.rewritten(whole[len(whole) // 2], change)


def wacz_damages(path):
    """(what, bytes): one change each, which the package then vouches for."""
    def packed(change):
        with zipfile.ZipFile(path) as old:
            members = {m.filename: old.read(m) for m in old.infolist()
                       if not m.filename.startswith('datapackage')}
        change(members)
        package = json.dumps({'profile': 'data-package', 'resources': [
            {'name': name.split('/')[-1], 'path': name, 'bytes': len(data),
             'hash': 'sha256:' + hashlib.sha256(data).hexdigest()}
            for name, data in members.items()],
            'wacz_version': '1.1.1'}).encode()
        members['datapackage.json'] = package
        members['datapackage-digest.json'] = json.dumps({
            'path': 'datapackage.json',
            'hash': 'sha256:' + hashlib.sha256(package).hexdigest()}).encode()
        with tempfile.NamedTemporaryFile() as file:
            with zipfile.ZipFile(file.name, 'w') as new:
                for name, data in members.items():
                    new.writestr(name, data)
            return pathlib.Path(file.name).read_bytes()

    def edit(name, change):
        def on(members):
            members[name] = change(members[name])
        return packed(on)

    index, pages = 'indexes/index.cdx', 'pages/pages.jsonl'
    yield 'warning: a line less', edit(index, lambda d: d[d.index(b'\n') + 1:])
    yield 'another key', edit(index, lambda d: b'a,' + d)
    yield 'another offset', edit(
        index, lambda d: d.replace(b'"offset":"', b'"offset":"1', 1))
    yield 'warning: another time', edit(pages, lambda d: d.replace(b'T12', b'T13', 1))
    yield 'warning: another page', edit(
        pages, lambda d: d.replace(b'"url":"https://', b'"url":"https://x.', 1))
    yield 'no pages', packed(lambda members: members.pop(pages))
    yield 'no index', packed(lambda members: members.pop(index))
    yield 'a cut WARC', edit('archive/data.warc.gz', lambda d: d[:-9])


class SecondReader(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plain = cls.folder / 'pages.warc.gz'
        plain.write_bytes(b''.join(map(gzip.compress, pages())))
        chance = random.Random(SEED)
        film = cls.folder / 'film.warc'
        film.write_bytes(response(40, chance.randbytes(5 << 20), b'video/mp4')
                         + response(41, b'<p>And a page.')
                         + response(42, b'<p>And another.'))
        cls.archives = {}
        for name, file in (('plain', plain), ('film', film)):
            cls.archives[name] = cls.folder / name
            done = e2e.stemma('--archive', cls.archives[name], 'import', file)
            assert done.code == e2e.DONE, done
        for name, of in (('packed', 'plain'), ('film packed', 'film')):
            cls.archives[name] = cls.folder / name
            shutil.copytree(cls.archives[of], cls.archives[name])
            done = e2e.stemma('--archive', cls.archives[name], 'repack')
            assert done.code == e2e.DONE, done
        cls.bundles = {
            name: max((path / 'bundles').glob('*.warc.zst'),
                      key=lambda bundle: bundle.stat().st_size)
            for name, path in cls.archives.items()}

    def shape(self, name):
        return Shape(self.bundles[name].read_bytes())

    def assert_agree(self, what, path):
        """Both readers on an archive or a file; their verdict: is it good?"""
        run = e2e.stemma('--json', 'check', path)
        self.assertIn(run.code, (e2e.DONE, e2e.BAD_ANSWER), f'{what}\n{run}')
        theirs, _ = reader.audit(path)
        words = '\n'.join(map(str, theirs)) + f'\n{run}'
        bad = any(not finding.warning for finding in theirs)
        self.assertEqual(run.code == e2e.BAD_ANSWER, bad, f'{what}\n{words}')
        ours = {}
        for finding in run.json['findings']:
            if finding['severity'] in WRONG and 'offset' in finding:
                place = ours.setdefault(finding['file'], finding['offset'])
                ours[finding['file']] = min(place, finding['offset'])
        both = 0
        for file, offset in ours.items():
            places = [f.offset for f in theirs
                      if f.file == file and f.offset is not None
                      and not f.warning]
            if places:
                both += 1
                self.assertEqual(offset, min(places), f'{what}\n{words}')
        return not bad, both

    @contextlib.contextmanager
    def damaged(self, path, data):
        """Puts `data` in the place of a sealed file for a while."""
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data)
        try:
            yield
        finally:
            path.write_bytes(good)

    def test_what_is_whole_is_whole_to_both(self):
        self.assertTrue(self.shape('packed').dictionary)
        self.assertTrue(self.shape('film').tables)
        for name, archive in self.archives.items():
            self.assertTrue(self.assert_agree(name, archive)[0], name)
            self.assertTrue(self.assert_agree(name, self.bundles[name])[0])
            out = self.folder / f'{name}.warc.gz'
            done = e2e.stemma('--archive', archive, 'export', '--warc-gz', out)
            self.assertEqual(done.code, e2e.DONE, done)
            self.assertTrue(self.assert_agree(name, out)[0], name)
            plain = self.folder / f'{name}.warc'
            plain.write_bytes(gzip.decompress(out.read_bytes()))
            self.assertTrue(self.assert_agree(name, plain)[0], name)

    def test_every_kind_of_damage(self):
        located = 0
        for name in self.archives:
            shape = self.shape(name)
            # Without its footer, which would tell of any change.
            bare = Shape(shape.data[:-48])
            for what, data in damages(bare):
                with self.subTest(bundle=name, damage=what):
                    file = self.folder / 'damaged.warc.zst'
                    file.write_bytes(data)
                    located += self.assert_agree(what, file)[1]
            for what, data in damages(shape):
                with self.subTest(archive=name, damage=what):
                    with self.damaged(self.bundles[name], data):
                        good, both = self.assert_agree(what,
                                                       self.archives[name])
                    self.assertFalse(good)
                    located += both
        self.assertGreater(located, 80)

    def test_any_flipped_byte(self):
        chance = random.Random(SEED)
        for name in ('plain', 'packed'):
            shape = self.shape(name)
            bare = Shape(shape.data[:-48])
            file = self.folder / 'flipped.warc.zst'
            for _ in range(FLIPS):
                at = chance.randrange(len(bare.data))
                bit = 1 << chance.randrange(8)
                with self.subTest(bundle=name, at=at, bit=bit):
                    file.write_bytes(bare.flipped(at, bit))
                    self.assert_agree(f'byte {at}', file)
                    file.write_bytes(shape.flipped(at, bit))
                    self.assertFalse(self.assert_agree(at, file)[0])

    def test_any_flipped_byte_of_log_and_index(self):
        chance = random.Random(SEED)
        for name in ('plain', 'packed'):
            archive = self.archives[name]
            for path in (archive / 'manifest' / 'events.jsonl',
                         self.bundles[name].with_suffix('').with_suffix(
                             '.cdxj')):
                data = path.read_bytes()
                for _ in range(FLIPS // 2):
                    at = chance.randrange(len(data))
                    changed = bytearray(data)
                    changed[at] ^= 1 << chance.randrange(8)
                    with self.subTest(file=path.name, at=at, to=changed[at]):
                        with self.damaged(path, bytes(changed)):
                            good, _ = self.assert_agree(at, archive)
                        # A last line without its LF is a torn one; of a copy
                        # without signatures its end cannot be known.
                        last = at >= data[:-1].rfind(b'\n')
                        self.assertTrue(not good or last)

    def test_keys_of_an_index(self):
        self.assertEqual(reader.surt('https://www3.Herald.example:443//a/./b/'
                                     '?b=1&A=2#top'),
                         'example,herald)/a/b?a=2&b=1')
        odd = self.folder / 'odd'
        warc = self.folder / 'odd.warc'
        warc.write_bytes(b''.join(
            response(200 + number, b'<p>page %d' % number).replace(
                f'https://herald.example/{number % 100}\r'.encode(),
                url.encode() + b'\r')
            for number, url in enumerate(ODD_URLS)))
        done = e2e.stemma('--archive', odd, 'import', warc)
        self.assertEqual(done.code, e2e.DONE, done)
        self.assertTrue(self.assert_agree('odd addresses', odd)[0])
        index, = (odd / 'bundles').glob('*.cdxj')
        lines = index.read_bytes().splitlines(keepends=True)
        self.assertEqual(len(lines), len(ODD_URLS))
        for at, change in ((0, b'a,'), (len(lines) // 2, lines[-1][:4])):
            with self.subTest(line=at), self.damaged(index, b''.join(
                    [*lines[:at], change + lines[at], *lines[at + 1:]])):
                self.assertFalse(self.assert_agree('another key', odd)[0])

    def test_wacz(self):
        file = self.folder / 'damaged.wacz'
        chance = random.Random(SEED)
        for name in ('plain', 'film packed'):
            out = self.folder / f'{name}.wacz'
            done = e2e.stemma('--archive', self.archives[name], 'export',
                              '--wacz', out)
            self.assertEqual(done.code, e2e.DONE, done)
            self.assertTrue(self.assert_agree(name, out)[0], name)
            for what, data in wacz_damages(out):
                with self.subTest(wacz=name, damage=what):
                    file.write_bytes(data)
                    good = self.assert_agree(what, file)[0]
                    self.assertEqual(good, what.startswith('warning'))
            whole = out.read_bytes()
            for _ in range(FLIPS // 2):
                at = chance.randrange(len(whole))
                with self.subTest(wacz=name, at=at):
                    file.write_bytes(whole[:at] + bytes([whole[at] ^ 4])
                                     + whole[at + 1:])
                    self.assert_agree(at, file)

    def test_gzip_members(self):
        file = self.folder / 'members.warc.gz'
        members = [gzip.compress(r, mtime=0) for r in pages()]
        whole = b''.join(members)
        begin = sum(map(len, members[:3]))
        for what, data in {
                'flip': whole[:begin + 60] + b'\xff' + whole[begin + 61:],
                'checksum': (whole[:begin + len(members[3]) - 8] + b'\0\0\0\0'
                             + whole[begin + len(members[3]) - 4:]),
                'cut': whole[:begin + 100],
                'junk': whole + b'junk',
                'zeros': whole + bytes(20),
                'two in one': gzip.compress(b''.join(list(pages())[:2])),
                'one in two': (gzip.compress(next(pages())[:300])
                               + gzip.compress(next(pages())[300:]))}.items():
            with self.subTest(damage=what):
                file.write_bytes(data)
                self.assert_agree(what, file)
        chance = random.Random(SEED)
        for _ in range(FLIPS):
            changed = bytearray(whole)
            at = chance.randrange(len(whole))
            changed[at] ^= 1 << chance.randrange(8)
            with self.subTest(at=at, to=changed[at]):
                file.write_bytes(changed)
                self.assert_agree(at, file)


if __name__ == '__main__':
    e2e.main()
