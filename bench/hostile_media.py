#!/usr/bin/env python3
"""Runs `stemma keyframes` on a set that make_hostile_media.py made.

    bench/hostile_media.py SET [STEMMA]

Each file is judged by SET/expect.jsonl: status, frames, facts, the end of the
process, and seconds. Where a file does not have what the list claims (the
generator cannot make it with every FFmpeg), ffprobe is the judge: an answer
that agrees with it counts as right and is told apart.
"""
import json
import pathlib
import resource
import subprocess
import sys
import time


def probe(path):
    """(width, height), and whether the size changes, as ffprobe has them."""
    done = subprocess.run(
        ['ffprobe', '-v', 'error', '-select_streams', 'v:0', '-show_entries',
         'frame=width,height', '-of', 'json', f'file:{path}'],
        capture_output=True, check=False)
    frames = json.loads(done.stdout or b'{}').get('frames') or [{}]
    sizes = [(f.get('width'), f.get('height')) for f in frames]
    return sizes[0], len(set(sizes)) > 1


def complaints(want, report):
    """(what is wrong, its name) of an answer to an `ok` file."""
    for name in ('width', 'height', 'rotation'):
        if name in want and report[name] != want[name]:
            yield f'{name} {report[name]}, not {want[name]}', name
    if abs(report['frames_decoded'] - want.get('frames', 0)) > 1:
        yield f'{report["frames_decoded"]} frames, not {want["frames"]}', ''
    if abs(report['duration'] - want.get('duration',
                                         report['duration'])) > 0.1:
        yield f'duration {report["duration"]}', ''
    for name, value in want.get('facts', {}).items():
        if name != 'note' and report['facts'].get(name) != value:
            yield f'{name} {report["facts"].get(name)}, not {value}', name


def judge(want, report, path):
    """What is wrong with an answer, and what ffprobe takes its side in."""
    wrong, excused = [], []
    status, frames = report['status'], report['frames_decoded']
    if want['expect'] == 'ok':
        if status != 'ok':
            wrong.append(f'{status}: {report["reason"]}')
        for text, name in complaints(want, report):
            size, changes = probe(path)
            agrees = (name in ('width', 'height') and
                      size == (report['width'], report['height']) or
                      name == 'resolution_change' and
                      report['facts'][name] == changes)
            (excused if agrees else wrong).append(text)
    elif want['expect'] == 'partial':
        if status != 'partial' or frames < want['min_frames']:
            wrong.append(f'{status} with {frames} of {want["min_frames"]}')
    elif want['expect'] == 'reject' and (status != 'rejected' or frames):
        wrong.append(f'{status} with {frames} frames')
    if want['class'] == 'external' and report['keyframes']:
        wrong.append('frames of another file')
    return wrong, excused


def main():
    folder = pathlib.Path(sys.argv[1])
    stemma = sys.argv[2] if len(sys.argv) > 2 else 'stemma'
    right = total = 0
    slowest = 0.0
    for line in (folder / 'expect.jsonl').read_text().splitlines():
        want = json.loads(line)
        path = folder / want['file']
        began = time.monotonic()
        done = subprocess.run([stemma, '--json', 'keyframes', path],
                              capture_output=True, check=False)
        seconds = time.monotonic() - began
        slowest = max(slowest, seconds)
        try:
            wrong, excused = judge(want, json.loads(done.stdout), path)
        except ValueError:
            wrong, excused = [f'no answer: {done.stderr[:100]}'], []
        if done.returncode < 0:
            wrong.append(f'signal {-done.returncode}')
        if seconds > want['limits']['seconds']:
            wrong.append(f'{seconds:.1f} s')
        total += 1
        right += not wrong
        if wrong or excused:
            print(want['case'], '; '.join(wrong) or 'right',
                  f'(ffprobe agrees: {"; ".join(excused)})' if excused else '')
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f'{right} of {total} right, slowest {slowest:.1f} s, '
          f'peak {peak} MB in one process')


if __name__ == '__main__':
    main()
