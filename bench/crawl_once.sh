#!/bin/sh
# usage: crawl_once.sh OUT URL
# One whole crawl of the site at URL into the archive OUT, as the crawl bench
# asks for it: the feed as a seed, no delay, 8 connections. STEMMA is the
# binary [build/release/bin/stemma], DERIVE is now or later [later], MAX_PAGES the
# limit of pages [1000000]. The job file is OUT.toml.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
out=$1 url=${2%/}
host=${url#*://}
cat > "$out.toml" <<TOML
[job]
name = "bench"
archive = "$out"
derive = "${DERIVE:-later}"
[seeds]
urls = ["$url/"]
feeds = ["$url/feed.xml"]
[scope]
max_depth = 1000
max_pages = ${MAX_PAGES:-1000000}
[politeness]
delay = "0s"
concurrency_per_host = 8
robots = "obey"
[network]
connections = 8
allow_private = ["$host"]
TOML
exec "${STEMMA:-$here/build/release/bin/stemma}" --quiet crawl "$out.toml"
