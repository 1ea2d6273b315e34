#!/usr/bin/env bash
# Changes a signed archive at random and checks it each time: bits, bytes,
# ranges, files cut, deleted, swapped, replaced by an older state; bundles,
# CDXJ, log, checkpoints, tiles, requests, tokens. 0 missed, 0 false alarms, or
# this ends with 1. Ten thousand take about six minutes of one core.
#
# usage: tests/soak/evidence_mutations.sh [COUNT] [BUILD]
set -euo pipefail
count=${1:-10000}
build=${2:-build/release}
STEMMA_MUTATIONS=$count exec "$build/tests/archive_tests" \
  --gtest_filter=EvidenceTest.NothingChangesUnnoticed
