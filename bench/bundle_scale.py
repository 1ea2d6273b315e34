#!/usr/bin/env python3
"""What very large bundles cost: memory and time of building their indexes, and
the time to open one record.

  bundle_scale.py STEMMA FOLDER [--records 1000000] [--gib 10]
                  [--open-bench PROGRAM]

Makes a WARC of so many small records, and one of so many gigabytes, in FOLDER
(which it fills and empties), imports each as one bundle, and prints what the
program needed. `open` is `stemma cat ID` from start to end, beside the start of
the program alone (`stemma --version`); open_bench tells what the library's part
of it is.
"""
import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import time


def record(uri, body, kind="text/html"):
    http = (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    digest = hashlib.sha256(body).hexdigest()
    block = hashlib.sha256(http)
    block.update(body)
    name = hashlib.md5(uri.encode()).hexdigest()
    identity = (f"{name[:8]}-{name[8:12]}-4{name[13:16]}-8{name[17:20]}-"
                f"{name[20:]}")
    head = (f"WARC/1.1\r\nWARC-Type: response\r\n"
            f"WARC-Record-ID: <urn:uuid:{identity}>\r\n"
            f"WARC-Date: 2026-03-01T12:00:00Z\r\nWARC-Target-URI: {uri}\r\n"
            f"Content-Type: application/http; msgtype=response\r\n"
            f"WARC-Block-Digest: sha256:{block.hexdigest()}\r\n"
            f"WARC-Payload-Digest: sha256:{digest}\r\n"
            f"Content-Length: {len(http) + len(body)}\r\n\r\n").encode()
    return identity, (head, http, body, b"\r\n\r\n")


def measured(label, *command):
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{label}: exit {child.returncode}")
    print(f"  {label:<14} {time.monotonic() - begin:8.2f} s   CPU "
          f"{usage.ru_utime + usage.ru_stime:8.2f} s   "
          f"{usage.ru_maxrss / 1024:6.0f} MiB", flush=True)


def costs(stemma, archive, warc):
    run = [stemma, "--quiet", "--archive", archive]
    measured("import", *run, "import", warc)
    os.remove(warc)
    measured("export --cdxj", *run, "export", "--cdxj", archive + ".cdxj")
    measured("reindex", *run, "reindex")
    measured("check", *run, "check")


def opened(command):
    times = []
    for _ in range(15):
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(1000 * (time.monotonic() - begin))
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stemma")
    parser.add_argument("folder")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--gib", type=int, default=10)
    parser.add_argument("--open-bench")
    given = parser.parse_args()
    os.makedirs(given.folder)
    try:
        warc = os.path.join(given.folder, "records.warc")
        with open(warc, "wb") as out:
            for i in range(given.records):
                out.writelines(record(f"https://site{i % 997}.example/{i}",
                                      b"<p>story %d" % i)[1])
        print(f"{given.records} records, {os.path.getsize(warc) >> 20} MiB")
        costs(given.stemma, os.path.join(given.folder, "records"), warc)

        warc = os.path.join(given.folder, "bytes.warc")
        noise = bytearray(random.Random(1).randbytes(16 << 20))
        names = []
        with open(warc, "wb") as out:
            for i in range(given.gib << 6):
                noise[:8] = i.to_bytes(8, "big")
                out.writelines(record(f"https://film.example/{i}.mp4",
                                      noise, "video/mp4")[1])
                name, page = record(f"https://film.example/{i}",
                                    b"<p>film %d" % i)
                names.append(name)
                out.writelines(page)
        print(f"{given.gib} GiB in {2 * len(names)} records")
        archive = os.path.join(given.folder, "bytes")
        costs(given.stemma, archive, warc)
        if given.open_bench:
            subprocess.run([given.open_bench, archive], check=True)
        start = statistics.median(opened([given.stemma, "--version"]))
        for place in (0, len(names) // 2, len(names) - 1):
            times = opened([given.stemma, "--archive", archive, "cat",
                            "urn:uuid:" + names[place]])
            print(f"  open record {2 * place + 1}: first {times[0]:.1f} ms, "
                  f"median {statistics.median(times):.1f} ms, of which "
                  f"{start:.1f} ms start of the program")
    finally:
        shutil.rmtree(given.folder)


main()
