#!/usr/bin/env python3
"""Runs the conformance vectors of the crawl and holds what each suite reached.

The vectors lie outside the repository (../shared, or $STEMMA_SHARED); without
them the test is skipped. A suite that passes more than its floor is fine; raise
the floor with the change that earned it.
"""
import os
import pathlib
import subprocess
import sys

# Suite: cases that must pass. The comment says what the rest is.
FLOORS = {
    "base_href": 11,
    "content_disposition": 61,
    "cookie_dates": 30,
    "cookies_httpstate": 136,
    "data_urls_wpt": 34,
    "encoding_labels": 117,
    "feeds_feedparser": 397,  # of 401: IRIs kept as IRIs, unclosed SVG
    "forgiving_base64_wpt": 44,
    "html_encoding_html5lib": 34,  # of 37: a <meta> beyond the first 1,024 bytes
    "meta_refresh_wpt": 34,
    "mime_parse_generated_wpt": 422,
    "mime_parse_wpt": 40,
    "mime_sniff_jsdom": 42,
    "psl": 37,
    "redirects": 23,
    "retry_after": 7,
    "robots_crawlercommons": 49,
    "robots_files": 11,
    "robots_google": 57,  # of 59: docs/decisions/fetch-robots.md
    "robots_google_helpers": 14,
    "sitemaps_cc": 7,
    "srcset_wpt": 120,
    "url_idna_v2": 1373,  # of 1375: a character younger than ICU 72
    "url_normalize_cc": 35,  # of 60: more than the URL Standard does
    "url_percent_encoding_wpt": 3,
    "url_resolve_cc": 9,
    "url_toascii_wpt": 37,
    "url_wpt": 451,
    "urlcanon_iipc": 557,  # of 806: its own canonical forms, not ours
}


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def passed(program, suite, vectors):
    run = subprocess.run([program, suite, vectors], capture_output=True,
                         text=True, check=False, timeout=120)
    last = run.stdout.splitlines()[-1:] or [""]
    words = last[0].split()
    if len(words) != 4 or words[1] != "passed,":
        sys.exit(f"{suite}: exit {run.returncode}, no count: {run.stderr[:500]}")
    if (run.returncode == 0) != (words[2] == "0"):
        sys.exit(f"{suite}: {last[0]}, but exit {run.returncode}")
    return int(words[0])


def main():
    source = pathlib.Path(os.environ.get("STEMMA_SOURCE_DIR", "."))
    shared = pathlib.Path(os.environ.get("STEMMA_SHARED", source / "../shared"))
    vectors = shared / "corpus/crawl"
    if not vectors.is_dir():
        skip(f"no vectors at {vectors}")
    binary_dir = os.environ.get("STEMMA_BINARY_DIR")
    if not binary_dir:
        sys.exit("STEMMA_BINARY_DIR is not set")
    program = pathlib.Path(binary_dir) / "bin/stemma-conform"
    fallen = []
    for suite, floor in FLOORS.items():
        count = passed(program, suite, vectors / f"{suite}.jsonl")
        print(f"{suite}: {count} (floor {floor})")
        if count < floor:
            fallen.append(suite)
    if fallen:
        sys.exit("below the floor: " + ", ".join(fallen))


if __name__ == "__main__":
    main()
