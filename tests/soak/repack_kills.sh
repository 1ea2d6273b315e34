#!/bin/bash
# Kills `stemma repack` at random moments; after each kill, and after the next
# command that writes, the archive must check and hold the same records. By
# hand, since it takes minutes:
#   tests/soak/repack_kills.sh [KILLS]     [60]
# BIN is the folder of the programs, STEMMA_SEED the seed of the moments.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
STEMMA_REPACK_KILLS=${1:-60} exec python3 "$here/tests/cli/e2e_repack.py" \
  "${BIN:-$here/build/release/bin}/stemma" \
  Repack.test_killed_at_any_moment_nothing_is_lost
