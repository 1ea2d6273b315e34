"""Makes the small films of the demo and the tests with FFmpeg's own sources.

`film.mp4` is a report of seven shots with moving content and sound;
`film_cut.mp4` is the same film encoded again, smaller, without its fourth shot.
Nothing here is taken from anywhere: pictures and tones are computed.
"""
import fcntl
import pathlib
import subprocess

WIDTH, HEIGHT, RATE = 426, 240, 25

# What each shot shows: a lavfi source, how it moves, and how long it stays.
# The sources differ in texture and brightness, so that a cut is a cut.
SHOTS = (
    ('gradients=s=852x480:c0=navy:c1=skyblue:c2=white:n=3:seed=3:speed=0.02',
     "crop=426:240:x='60*t':y='30*t',"
     "drawbox=x=40:y=150:w=90:h=70:c=black:t=fill,"
     "drawbox=x=210:y=110:w=60:h=110:c=maroon:t=fill,"
     "drawbox=x=330:y=30:w=50:h=50:c=yellow:t=fill", 3.2),
    ('mandelbrot=s=426x240:start_scale=1.2:end_scale=0.2:end_pts=100',
     'hue=s=0.6', 4.0),
    ('testsrc2=s=426x240', 'hue=h=140:s=0.5,vflip', 3.6),
    ('life=s=36x20:mold=12:ratio=0.35:seed=11:death_color=#602010:'
     'life_color=#f0e0a0', 'scale=426:240:flags=bicubic', 4.4),
    ('sierpinski=s=852x480:type=carpet:seed=5',
     "crop=426:240:x='20+40*t':y='200-20*t',negate,hue=h=40", 3.4),
    ('gradients=s=426x240:c0=darkgreen:c1=gold:n=2:seed=9:speed=0.05',
     "drawgrid=w=53:h=60:t=3:c=white@0.5,"
     "rotate='0.25*t':ow=426:oh=240:c=olive", 3.8),
    ('mandelbrot=s=426x240:start_x=-1.25:start_y=0.12:start_scale=0.4:'
     'end_scale=0.1:end_pts=120', 'transpose=clock,scale=426:240,hue=h=200',
     3.6),
)
CUT_SHOT = 3  # index of the shot that the altered copy lacks


def shot_times():
    """[(start, end)] of each shot in seconds."""
    times, start = [], 0.0
    for *_, seconds in SHOTS:
        times.append((round(start, 3), round(start + seconds, 3)))
        start += seconds
    return times


def _ffmpeg(*args):
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-y', '-nostdin', *map(str, args)],
        check=True)


def encoder(crf):
    """The options that encode the films, with this constant rate factor."""
    return ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', crf,
            '-pix_fmt', 'yuv420p', '-g', '250', '-threads', '1',
            '-c:a', 'aac', '-b:a', '48k', '-map_metadata', '-1',
            '-fflags', '+bitexact', '-flags:v', '+bitexact',
            '-flags:a', '+bitexact', '-movflags', '+faststart']


def make_film(path):
    """Renders the report: all shots, a tone that moves from shot to shot."""
    inputs, chains = [], []
    for i, (source, motion, seconds) in enumerate(SHOTS):
        inputs += ['-f', 'lavfi', '-t', seconds, '-i', f'{source}:r={RATE}']
        chains.append(f'[{i}:v]{motion},format=yuv420p,setsar=1[v{i}]')
    for i, (*_, seconds) in enumerate(SHOTS):
        tone = f'sine=f={220 * (i + 2) // 2}:r=22050:d={seconds}'
        inputs += ['-f', 'lavfi', '-t', seconds, '-i', tone]
    count = len(SHOTS)
    pairs = ''.join(f'[v{i}][{count + i}:a]' for i in range(count))
    chains.append(f'{pairs}concat=n={count}:v=1:a=1[v][a]')
    _ffmpeg(*inputs, '-filter_complex', ';'.join(chains), '-map', '[v]',
            '-map', '[a]', '-r', RATE, *encoder(24), path)


def make_cut(film, path):
    """Encodes `film` again, smaller, without the shot CUT_SHOT."""
    start, end = shot_times()[CUT_SHOT]
    keep = f'lt(t,{start})+gte(t,{end})'
    _ffmpeg('-i', film,
            '-vf', f"select='{keep}',setpts=N/{RATE}/TB,scale=384:216",
            '-af', f"aselect='{keep}',asetpts=N/SR/TB",
            '-r', RATE, *encoder(30), path)


def make_poster(film, path):
    _ffmpeg('-ss', '5', '-i', film, '-frames:v', '1', '-q:v', '5', path)


def make_films(folder):
    """Both films and the poster in `folder`; made once, kept for later.

    Of tests that begin side by side the first makes them and the others wait.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    film = folder / 'film.mp4'
    cut = folder / 'film_cut.mp4'
    poster = folder / 'poster.jpg'
    steps = ((film, lambda out: make_film(out)),
             (cut, lambda out: make_cut(film, out)),
             (poster, lambda out: make_poster(film, out)))
    with open(folder / 'lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path, make in steps:
            if not path.exists():
                # A half-made file must never pass for a whole one.
                partial = path.with_name('partial-' + path.name)
                make(partial)
                partial.replace(path)
    return film, cut, poster
