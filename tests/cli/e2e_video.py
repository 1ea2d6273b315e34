#!/usr/bin/env python3
"""Videos as strangers send them: awkward, damaged, hostile; and a decoder that
dies or lies. Each is a clear answer within walls, and the archive stays whole.
"""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))

import e2e  # noqa: E402
import film  # noqa: E402

FFMPEG = ['ffmpeg', '-v', 'error', '-nostdin', '-y']
X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p',
        '-threads', '1']

# Speaks the worker program's side just far enough to take over one job: the
# job's socket comes as a descriptor over descriptor 3.
FAKE_WORKER = '''#!{python}
import os, socket, struct
control = socket.socket(fileno=3)
letter, rights, _, _ = control.recvmsg(1, socket.CMSG_SPACE(4))
job = socket.socket(fileno=struct.unpack('i', rights[0][2])[0])
job.recv(65536)
{does}
'''


def message(kind, payload):
    return struct.pack('<IB', len(payload), kind) + payload


# What a decoder in an attacker's hands may do with its socket.
LIES = {
    'noise': "job.sendall(bytes(range(256)) * 64)",
    'a huge length': f"job.sendall({struct.pack('<IB', 0xffffffff, 18)!r})",
    'a shot that ends before it begins':
        f"job.sendall({message(20, struct.pack('<ddqqB', 5, 1, 9, 3, 0))!r})",
    'half a message': f"job.sendall({message(25, b'x' * 40)[:20]!r})",
    'nothing': 'pass',
    'death': 'os.kill(os.getpid(), 9)',
}


class Video(e2e.Test):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.film, cls.cut, _ = film.make_films(e2e.films_folder())

    @classmethod
    def make(cls, name, *args):
        path = cls.folder / name
        subprocess.run([*FFMPEG, *map(str, args), str(path)], check=True)
        return path

    def keyframes(self, path, code, *args, **kwargs):
        run = self.run_stemma('--json', 'keyframes', path, *args, code=code,
                              **kwargs)
        return run.json

    # ---- awkward but valid ----

    def test_two_frames_forty_hours_apart(self):
        gap = self.make('gap.mp4', '-f', 'lavfi', '-i',
                        'testsrc2=s=160x120:r=1/1:d=2', '-vf',
                        'setpts=PTS*144000', '-vsync', 'vfr', *X264,
                        '-video_track_timescale', '1000')
        report = self.keyframes(gap, e2e.DONE)
        self.assertEqual(report['frames_decoded'], 2)
        self.assertLessEqual(len(report['keyframes']), 2)
        last = self.keyframes(gap, e2e.DONE, '--mode', 'interval:1s')
        self.assertEqual([k['seconds'] for k in last['keyframes']],
                         [0, 144000])

    def test_the_picture_size_changes_in_mid_stream(self):
        parts = [
            self.make(f'part{i}.ts', '-f', 'lavfi', '-i',
                      f'{source}=s={size}:r=25', '-t', '2', *X264)
            for i, (source, size) in enumerate(
                [('testsrc2', '160x120'), ('mandelbrot', '320x180')])
        ]
        both = self.folder / 'both.ts'
        both.write_bytes(b''.join(p.read_bytes() for p in parts))
        report = self.keyframes(both, e2e.DONE)
        self.assertTrue(report['facts']['resolution_change'])
        sizes = {(k['width'], k['height']) for k in report['keyframes']}
        self.assertEqual(sizes, {(160, 120), (320, 180)})
        self.assertEqual([s['begins'] for s in report['shots']],
                         ['start', 'cut'])

    def test_the_shots_of_the_film_are_found_to_the_frame(self):
        report = self.keyframes(self.film, e2e.DONE)
        self.assertEqual(
            [s['first'] for s in report['shots']],
            [round(start * film.RATE) for start, _ in film.shot_times()])

    # ---- no video at all ----

    def test_what_is_no_video_is_refused_with_the_reason(self):
        empty = self.folder / 'empty.mp4'
        empty.write_bytes(b'')
        sound = self.make('sound.mp4', '-f', 'lavfi', '-i', 'sine=d=1', '-c:a',
                          'aac')
        for path, reason in ((empty, 'empty'), (sound, 'no video stream')):
            report = self.keyframes(path, e2e.BAD_ANSWER)
            self.assertEqual(report['status'], 'rejected')
            self.assertIn(reason, report['reason'])

    def test_a_folder_and_a_pipe_are_no_files(self):
        pipe = self.folder / 'pipe.mp4'
        os.mkfifo(pipe)
        for path in (self.folder, pipe):
            run = e2e.stemma('--json', 'keyframes', path, timeout=20)
            self.assertIn(run.code, (e2e.USAGE, e2e.TROUBLE), run)
            self.assertIn(str(path), run.err)

    # ---- what find says ----

    def altered(self, name, filters, crf=24):
        """What find says was altered in the film, encoded again so."""
        copy = self.make(name, '-i', self.film, '-vf', filters, '-an',
                         *film.encoder(crf))
        match, = self.run_stemma('--json', 'find', copy).json['matches']
        return match['altered']

    def test_nobody_drew_what_an_encoder_left(self):
        self.archive = self.folder / 'encoded'
        self.run_stemma('import', '--media', self.film)
        for size, crf in (('320:180', 24), ('320:180', 36), ('256:144', 30)):
            with self.subTest(size=size, crf=crf):
                self.assertEqual(
                    self.altered('encoded.mp4', f'scale={size}', crf), [])
        # Nor when a shot is gone as well.
        match, = self.run_stemma('--json', 'find', self.cut).json['matches']
        self.assertEqual([a['kind'] for a in match['altered']], ['removed'])

    def test_what_somebody_drew_is_found_with_its_seconds(self):
        self.archive = self.folder / 'drawn'
        self.run_stemma('import', '--media', self.film)
        caption = "enable='between(t,8,13)'"
        drawn = {
            'overlay': (  # a caption of two lines; a logo
                (f'drawbox=x=20:y=190:w=300:h=40:c=navy:t=fill:{caption},'
                 f'drawbox=x=30:y=200:w=240:h=8:c=white:t=fill:{caption},'
                 f'drawbox=x=30:y=214:w=180:h=8:c=white:t=fill:{caption}',
                 8, 13),
                ('drawbox=x=360:y=10:w=50:h=26:c=white@0.7:t=fill:'
                 "enable='between(t,2,9)'", 2, 9)),
            'painted': (
                ('drawbox=x=180:y=80:w=70:h=60:c=black:t=fill:'
                 "enable='between(t,12,14.5)'", 12, 14.5),),
        }
        for kind, cases in drawn.items():
            for filters, start, end in cases:
                with self.subTest(kind=kind, start=start):
                    found, = self.altered('drawn.mp4',
                                          filters + ',scale=320:180', 32)
                    self.assertEqual(found['kind'], kind)
                    self.assertAlmostEqual(found['q_start'], start, delta=0.5)
                    self.assertAlmostEqual(found['q_end'], end, delta=1.3)

    def test_find_says_what_was_removed_and_where(self):
        self.archive = self.folder / 'find'
        self.run_stemma('import', '--media', self.film)
        found = self.run_stemma('find', self.cut)
        start, end = film.shot_times()[film.CUT_SHOT]
        line, = [t for t in found.out.splitlines() if 'removed' in t]
        for number in (start, end):
            self.assertIn(f'{number:.1f}', line)
        self.assertIn(f'at {start:.1f}', line)
        match, = self.run_stemma('--json', 'find', self.cut).json['matches']
        event, = [e for e in match['altered'] if e['kind'] == 'removed']
        self.assertAlmostEqual(event['q_start'], start, delta=0.3)
        self.assertAlmostEqual(event['reference'][0], start, delta=0.3)
        self.assertAlmostEqual(event['reference'][1], end, delta=0.3)
        report = self.folder / 'found.html'
        self.run_stemma('find', self.cut, '--report', report)
        html = report.read_text()
        self.assertIn('found in 1 place<', html)
        self.assertIn('<td class="critical">removed</td>', html)
        self.assertIn('of the archived video</li>', html)

    # ---- a decoder that dies or lies ----

    def fake_worker(self, name, does):
        path = self.folder / f'worker-{name.replace(" ", "-")}'
        path.write_text(FAKE_WORKER.format(python=sys.executable, does=does))
        path.chmod(0o700)
        return {'STEMMA_MEDIA_WORKER': str(path)}

    def test_a_decoder_that_lies_is_a_clear_result(self):
        for name, does in LIES.items():
            with self.subTest(name):
                report = self.keyframes(self.film, e2e.BAD_ANSWER,
                                        env=self.fake_worker(name, does))
                self.assertEqual(report['status'], 'rejected')
                self.assertTrue(report['reason'])
                self.assertEqual(report['keyframes'], [])

    def test_an_archive_survives_a_decoder_that_lies(self):
        self.archive = self.folder / 'lied-to'
        self.run_stemma('import', '--media', self.cut)
        kept = self.events()
        run = e2e.stemma('--archive', self.archive, 'import', '--media',
                         self.film, env=self.fake_worker('noise',
                                                         LIES['noise']))
        self.assertIn(run.code, (e2e.DONE, e2e.BAD_ANSWER, e2e.TROUBLE), run)
        self.assertEqual(self.events()[:len(kept)], kept)
        self.assert_readable_by_others()

    def test_no_decoder_is_trouble_with_advice(self):
        run = e2e.stemma('keyframes', self.film,
                         env={'STEMMA_MEDIA_WORKER': '/nowhere/worker'})
        self.assertEqual(run.code, e2e.TROUBLE, run)
        self.assertIn('/nowhere/worker', run.err)

    def test_a_decoder_killed_from_outside_leaves_what_it_said(self):
        long = self.make('long.mp4', '-f', 'lavfi', '-i',
                         'testsrc2=s=1280x720:r=25:d=40', *X264, '-g', '25')
        with subprocess.Popen(
                [e2e.program(), '--json', 'keyframes', long],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            decoder = grandchild(process.pid)
            if decoder:
                os.kill(decoder, signal.SIGKILL)
            out, err = process.communicate(timeout=100)
        if not decoder:
            self.skipTest('this kernel does not list children')
        report = json.loads(out)
        self.assertEqual(process.returncode, e2e.BAD_ANSWER, err)
        self.assertIn(report['status'], ('partial', 'rejected'))
        self.assertIn('killed from outside', report['reason'])

    # ---- the walls, seen from outside ----

    def test_no_file_but_the_video_and_no_socket_is_opened(self):
        if not shutil.which('strace'):
            self.skipTest('strace is not installed')
        hostile = self.folder / 'hostile'
        hostile.mkdir()
        canary = self.folder / 'canary'
        canary.mkdir()
        secret = canary / 'secret.ts'
        secret.write_bytes(
            self.make('secret.ts', '-f', 'lavfi', '-i',
                      'testsrc=s=160x120:r=25:d=1', *X264).read_bytes())
        playlist = ('#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n'
                    '%s\n#EXT-X-ENDLIST\n')
        film_bytes = self.film.read_bytes()
        # The flag that says "the media data is in this file" taken off.
        elsewhere = film_bytes.replace(b'url \0\0\0\1', b'url \0\0\0\0')
        self.assertNotEqual(elsewhere, film_bytes)
        for name, content in {
                'good.mp4': film_bytes,
                'elsewhere.mp4': elsewhere,
                'relative.mp4': (playlist % '../canary/secret.ts').encode(),
                'file.mp4': (playlist % f'file://{secret}').encode(),
                'http.m3u8': (playlist % 'http://127.0.0.1:9/x').encode(),
                'list.mp4': f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
        }.items():
            (hostile / name).write_bytes(content)
        for video in sorted(hostile.iterdir()):
            with self.subTest(video.name):
                self.assert_locked_in(video, secret)

    def assert_locked_in(self, video, secret):
        log = self.folder / 'trace'
        done = subprocess.run(
            ['strace', '-f', '-qq', '-o', log, '-e',
             'trace=open,openat,openat2,socket,connect', e2e.program(),
             '--json', 'keyframes', video],
            capture_output=True, timeout=100, check=False)
        if not done.stdout:
            self.skipTest(f'strace may not trace here: {done.stderr[:200]}')
        lines = log.read_text(errors='replace').splitlines()
        calls = [t.split(maxsplit=1)[1] for t in lines if '(' in t]
        self.assertTrue(any(str(video) in c for c in calls), 'a blind trace')
        for call in calls:
            self.assertFalse(call.startswith(('socket(', 'connect(')), call)
            if '"' not in call:
                continue
            path = call.split('"')[1]
            # Libraries and their settings, read before the first byte is.
            own = (str(video), '/lib', '/usr/', '/etc/', '/proc/', '/sys/',
                   '/dev/null', str(pathlib.Path(e2e.program()).parent))
            self.assertTrue(path.startswith(own), f'opened outside: {call}')
            self.assertNotIn(str(secret), call)
        report = json.loads(done.stdout)
        good = video.name == 'good.mp4'
        self.assertEqual(report['status'], 'ok' if good else 'rejected')


def grandchild(pid):
    """The process that decodes: a child of the child of `pid`, once there."""
    def children(parent):
        try:
            listing = pathlib.Path(f'/proc/{parent}/task/{parent}/children')
            return [int(c) for c in listing.read_text().split()]
        except FileNotFoundError:
            return None
    while pathlib.Path(f'/proc/{pid}/task').exists():
        first = children(pid)
        if first is None:
            return None
        for child in first:
            for decoder in children(child) or ():
                return decoder
        os.sched_yield()
    return None


if __name__ == '__main__':
    e2e.main()
