"""What a disk holds after a power cut, made from a record of what was written
and what was synced (disk_shim.c).

The rules are those of POSIX, not of a kind file system: bytes that were not
synced are there or not, write by write, the last one perhaps in part; a name
that was made, moved or removed counts for sure only once its folder was
synced; until then names change in order up to some moment. A file never has
bytes that nobody wrote, but for zeros where an earlier write is missing.
"""
import os
import pathlib


class Entry:
    def __init__(self, kind, fields, data=b''):
        self.kind, self.fields, self.data = kind, fields, data


def read_log(path):
    raw = pathlib.Path(path).read_bytes()
    entries, at = [], 0
    while at < len(raw):
        end = raw.index(b'\n', at)
        kind, *fields = raw[at:end].decode().split('\t')
        at = end + 1
        size = int(fields[-1]) if kind in 'WA' else 0
        entries.append(Entry(kind, fields, raw[at:at + size]))
        at += size
    return entries


def acknowledged(entries):
    """What the program had said by then, in whole lines."""
    said = b''.join(e.data for e in entries if e.kind == 'A')
    return [line[4:] for line in said.decode().split('\n')[:-1]
            if line.startswith('ACK ')]


class File:
    def __init__(self):
        self.sure = bytearray()  # synced
        self.pending = []        # since then, in order

    def apply(self, content, change, torn=None):
        kind, at, data = change
        if kind == 'T':
            size = at
            if len(content) > size:
                del content[size:]
            else:
                content.extend(bytes(size - len(content)))
            return
        if torn is not None:
            data = data[:torn]
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        content[at:at + len(data)] = data

    def sync(self):
        for change in self.pending:
            self.apply(self.sure, change)
        self.pending = []

    def after_cut(self, random):
        content = bytearray(self.sure)
        keep = random.choice((0.0, 0.5, 1.0))
        for change in self.pending:
            if random.random() >= keep:
                continue
            torn = None
            if change[0] == 'W' and random.random() < 0.3:
                torn = random.randrange(len(change[2]) + 1)
            self.apply(content, change, torn)
        return bytes(content)


def leave(entries, root, target, random):
    """Makes at `target` what the cut after `entries` leaves of `root`."""
    files = {}        # path as of now: File
    sure = {}         # names that are there for sure: path to File or None
    pending = []      # changes of names since their folders were synced

    def change(names, what):
        kind, path, other = what
        if kind == 'make':
            names[path] = other
        elif kind == 'move':
            if path in names:
                names[other] = names.pop(path)
        else:
            names.pop(path, None)

    def name_changed(kind, path, other=None):
        pending.append((kind, path, other))

    def file_at(path):
        if path not in files:
            files[path] = File()
            name_changed('make', path, files[path])
        return files[path]

    for e in entries:
        if e.kind == 'W':
            file_at(e.fields[0]).pending.append(
                ('W', int(e.fields[1]), e.data))
        elif e.kind == 'T':
            file_at(e.fields[0]).pending.append(('T', int(e.fields[1]), b''))
        elif e.kind == 'S':
            file_at(e.fields[0]).sync()
        elif e.kind == 'C':
            file_at(e.fields[0])
        elif e.kind == 'R':
            source, to = e.fields
            if source in files:
                files[to] = files.pop(source)
            name_changed('move', source, to)
        elif e.kind == 'U':
            files.pop(e.fields[0], None)
            name_changed('drop', e.fields[0])
        elif e.kind == 'M':
            name_changed('make', e.fields[0].rstrip('/'), None)
        elif e.kind == 'D':
            folder = e.fields[0].rstrip('/')
            still = []
            for what in pending:
                ends = [os.path.dirname(p) for p in
                        (what[1], what[2] if what[0] == 'move' else what[1])]
                if folder in ends:
                    change(sure, what)
                else:
                    still.append(what)
            pending = still
    for what in pending[:random.randrange(len(pending) + 1)]:
        change(sure, what)

    target = pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for path, file in sorted(sure.items()):
        relative = os.path.relpath(path, root)
        if relative.startswith('..'):
            continue
        place = target / relative
        if file is None:
            place.mkdir(parents=True, exist_ok=True)
            continue
        # A file whose folder never became real is lost with it.
        parent = os.path.dirname(path)
        if parent != root and parent not in sure:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.after_cut(random))
