#!/usr/bin/env python3
"""Scores shot cuts against a set that make_video_variants.py made.

    bench/shot_cuts.py SET [STEMMA] [-v]

SET/refs_truth.jsonl lists the cuts as planned. FFmpeg's `zoompan` gives one
frame less than asked for, so each shot of the kinds `photo` and `static` is a
frame shorter in the file than in the plan, and every later cut comes a frame
earlier. The plan is corrected by that and nothing else, and the correction is
proved file by file: frames planned less frames decoded must be the number of
such shots. Both scores are printed, within one frame of tolerance, and what the
plan would give a tool that found every cut of the files and nothing else: the
most that anyone can reach against it.
"""
import fractions
import json
import pathlib
import subprocess
import sys

SHORT_BY_ONE = ('photo', 'static')


def lines(path):
    return [json.loads(t) for t in path.read_text().splitlines() if t]


class Score:

    def __init__(self, name):
        self.name, self.hit, self.missed, self.extra = name, 0, 0, 0

    def take(self, want, got):
        left = list(got)
        missed = []
        for cut in want:
            near = [g for g in left if abs(g - cut) <= 1]
            if near:
                left.remove(near[0])
                self.hit += 1
            else:
                missed.append(cut)
        self.missed += len(missed)
        self.extra += len(left)
        return missed, left

    def __str__(self):
        total = 2 * self.hit + self.missed + self.extra
        return (f'{self.name}: {self.hit} found, {self.missed} missed, '
                f'{self.extra} extra, F1 {2 * self.hit / max(total, 1):.3f}')


def main():
    args = [a for a in sys.argv[1:] if a != '-v']
    folder = pathlib.Path(args[0])
    stemma = args[1] if len(args) > 1 else 'stemma'
    truth = {t['reference']: t for t in lines(folder / 'refs_truth.jsonl')}
    plan, file = Score('against the plan'), Score('against the files')
    perfect = Score('a perfect tool, against the plan')
    unproved = 0
    for ref in lines(folder / 'refs.jsonl'):
        report = json.loads(subprocess.run(
            [stemma, '--json', 'keyframes', folder / ref['file']],
            capture_output=True, check=False).stdout)
        rate = float(fractions.Fraction(ref['fps']))
        known = truth[ref['reference']]
        planned, real, short = [], [], 0
        for cut, kind in zip(known['cuts'], known['kinds']):
            short += kind in SHORT_BY_ONE
            planned.append(round(cut * rate))
            real.append(planned[-1] - short)
        short += known['kinds'][-1] in SHORT_BY_ONE
        lacking = round(ref['duration'] * rate) - report['frames_decoded']
        unproved += lacking != short
        got = [shot['first'] for shot in report['shots'][1:]]
        plan.take(planned, got)
        perfect.take(planned, real)
        missed, extra = file.take(real, got)
        if missed or extra or lacking != short or '-v' in sys.argv:
            print(ref['reference'], 'missed', missed, 'extra', extra,
                  'frames lacking', lacking, 'short shots', short)
    print(plan)
    print(perfect)
    print(f'{file}; {unproved} files whose frame count speaks against it')


if __name__ == '__main__':
    main()
