#include "archive/proof_script.h"

namespace stemma {

std::string_view VerifyScript() {
  static constexpr std::string_view kScript = R"SH(#!/bin/bash
# usage: verify.sh [--vkey KEY] [--tsa-ca FILE] [--tsa-untrusted FILE]
#                  [--web-ca FILE] [FOLDER]
# Checks an evidence folder (or an archive) with openssl, sha256sum, jq and
# coreutils alone: canonical lines, seq and prev, every checkpoint's signature
# and root, timestamps, anchors, bundles, records, proofs, and with --web-ca
# the certificate chains of the connections at the time of their capture.
# Without --vkey the key in log.vkey is taken: trust on first use.
# exit: 0 intact, 1 altered or incomplete, 3 something could not be checked
set -u
export LC_ALL=C
vkey='' ca='' more='' web=''
while [ $# -gt 0 ]; do
  case $1 in
    --vkey) vkey=$2; shift 2 ;;
    --tsa-ca) ca=$(realpath "$2"); shift 2 ;;
    --tsa-untrusted) more=$(realpath "$2"); shift 2 ;;
    --web-ca) web=$(realpath "$2"); shift 2 ;;
    -h|--help) sed -n '2,10p' "$0"; exit 0 ;;
    *) break ;;
  esac
done
dir=${1:-$(dirname "$0")}
cd "$dir" || exit 3
root=$PWD
[ -d manifest ] && cd manifest
T=$(mktemp -d) || exit 3
trap 'rm -rf "$T"' EXIT
bad=0 open=0
ok() { printf 'ok       %s\n' "$1"; }
fail() { printf 'ALTERED  %s\n' "$1"; bad=1; }
gone() { printf 'MISSING  %s\n' "$1"; bad=1; }
unknown() { printf 'UNKNOWN  %s\n' "$1"; open=1; }
note() { printf 'note     %s\n' "$1"; }
unhex() { sed 's/../\\x&/g' | xargs -0 printf '%b'; }
hexof() { od -An -v -tx1 | tr -d ' \n'; }
leaf() { { printf '\000'; cat; } | sha256sum | cut -c1-64; }
node() { { printf '\001'; printf %s "$1$2" | unhex; } | sha256sum | cut -c1-64; }
sum() { sha256sum < "$1" | cut -c1-64; }
verdict() {
  if [ $bad = 1 ]; then echo "verdict: altered or incomplete"; exit 1; fi
  if [ $open = 1 ]; then echo "verdict: cannot check everything"; exit 3; fi
  echo "verdict: intact"; exit 0
}

# The public keys: the pinned one, else those the folder names.
if [ -n "$vkey" ]; then printf '%s\n' "$vkey" > "$T/vkeys"
else cat ./*.vkey > "$T/vkeys" 2>/dev/null
  [ -s "$T/vkeys" ] || jq -r 'select(.type=="log.init")|.vkey//empty' events.jsonl > "$T/vkeys" 2>/dev/null
  note "no --vkey given: the key that came along is taken (trust on first use)"
fi
pem() { # vkey -> PEM on stdout
  { printf '302a300506032b6570032100' | unhex
    printf %s "${1#*+*+}" | base64 -d 2>/dev/null | tail -c 32; } |
    { echo '-----BEGIN PUBLIC KEY-----'; base64 -w0; echo; echo '-----END PUBLIC KEY-----'; }
}

# 1 The lines: canonical JSON, seq, prev, and no torn end.
[ -f events.jsonl ] && [ ! -L events.jsonl ] || { gone events.jsonl; verdict; }
[ "$(tail -c1 events.jsonl | hexof)" = 0a ] || note "the last line of events.jsonl is torn"
n=$(wc -l < events.jsonl)
head -n "$n" events.jsonl > "$T/log"
# jq writes DEL as an escape and we do not; all else is the same for our lines.
if jq -cS . "$T/log" 2>/dev/null | sed 's/\\u007f/\x7f/g' | cmp -s - "$T/log"
then ok "$n lines are canonical JSON"; else fail "events.jsonl: a line is no canonical JSON"; fi
while IFS= read -r line; do printf %s "$line" | leaf; done < "$T/log" > "$T/leaf"
jq -r '.seq' "$T/log" > "$T/seq" 2>/dev/null
[ "$n" = 0 ] || seq 0 $((n-1)) | cmp -s - "$T/seq" && ok "seq counts up" || fail "events.jsonl: seq does not count up"
{ printf '0%.0s' {1..64}; echo; head -n -1 "$T/leaf"; } > "$T/prev"
jq -r '.prev' "$T/log" 2>/dev/null | cmp -s - "$T/prev" && ok "every prev is the hash of the line before" || fail "events.jsonl: a prev is not the hash of the line before"

mth() { # start count -> root over that range of leaves
  if [ "$2" = 0 ]; then printf '' | sha256sum | cut -c1-64; return; fi
  if [ "$2" = 1 ]; then sed -n "$(($1+1))p" "$T/leaf"; return; fi
  local k=1
  while [ $((k*2)) -lt "$2" ]; do k=$((k*2)); done
  node "$(mth "$1" $k)" "$(mth $(($1+k)) $(($2-k)))"
}

# 2 Every checkpoint: signature, origin, size, root.
signed() { # note file -> 0 when a known key signed its text
  sed '/^$/,$d' "$1" > "$T/text"
  while IFS= read -r key; do
    [ -n "$key" ] || continue
    name=${key%%+*}
    pem "$key" > "$T/key.pem"
    sed '1,/^$/d' "$1" | while IFS= read -r s; do
      case $s in "— $name "*) ;; *) continue ;; esac
      printf %s "${s##* }" | base64 -d > "$T/blob" 2>/dev/null || continue
      [ "$(stat -c %s "$T/blob")" = 68 ] || continue
      [ "$(printf %s "${s##* }" | base64 -d | base64 -w0)" = "${s##* }" ] || continue
      id=$(printf %s "${key#*+}" | cut -d+ -f1)
      [ "$(head -c4 "$T/blob" | hexof)" = "$id" ] || continue
      tail -c 64 "$T/blob" > "$T/sig"
      openssl pkeyutl -verify -pubin -inkey "$T/key.pem" -rawin -in "$T/text" -sigfile "$T/sig" > /dev/null 2>&1 && echo yes
    done
  done < "$T/vkeys" | grep -q yes
}
newest=-1
for size in $(ls | sed -n 's/^checkpoint\.\([0-9][0-9]*\)$/\1/p' | sort -n); do
  c=checkpoint.$size
  if [ -L "$c" ] || ! [ -f "$c" ]; then fail "$c is no regular file"; continue; fi
  # Nothing but text, an empty line and signature lines.
  if [ "$(sed '1,/^$/d' "$c" | grep -vc '^— [^ ]* [A-Za-z0-9+/=]*$')" != 0 ] || [ "$(tail -c1 "$c" | hexof)" != 0a ]
  then fail "$c: not a signed note"; continue; fi
  if [ ! -s "$T/vkeys" ]; then unknown "$c: no key to check it with"
  elif signed "$c"; then :; else fail "$c: signature"; continue; fi
  origin=$(sed -n 1p "$c")
  name=$(head -n1 "$T/vkeys"); name=${name%%+*}
  [ -z "$name" ] || [ "$origin" = "$name" ] || { fail "$c: of another log, $origin"; continue; }
  [ "$(sed -n 2p "$c")" = "$size" ] || { fail "$c: states another size"; continue; }
  if [ "$size" -gt "$n" ]; then fail "$c covers $size events, the log has $n"; continue; fi
  if [ "$(sed -n 3p "$c" | base64 -d 2>/dev/null | hexof)" = "$(mth 0 "$size")" ]
  then ok "$c: signature and root"; newest=$size; else fail "$c: the events are not those signed"; fi
done
if [ $newest = -1 ]; then unknown "no checkpoint vouches for the log"
elif [ "$newest" -lt "$n" ]; then note "$((n-newest)) events since the newest checkpoint are not signed"; fi
if [ -f checkpoint ] && [ $newest != -1 ] && ! cmp -s checkpoint "checkpoint.$newest"
then fail "checkpoint is not the same as checkpoint.$newest"; fi
[ "$root" = "$PWD" ] || [ -f checkpoint ] || [ $newest = -1 ] || gone checkpoint
for c in checkpoint.*; do
  case $c in *.tsq|*.tsr|*.ots|*.cosigned|'checkpoint.*') continue ;; esac
  case ${c#checkpoint.} in *[!0-9]*) ;; *) continue ;; esac
  s=$(sed -n 2p "$c"); r=$(sed -n 3p "$c")
  if signed "$c" && [ -f "checkpoint.$s" ] && [ "$(sed -n 3p "checkpoint.$s")" != "$r" ]
  then fail "$c: a second face of the log at size $s"; fi
done
for c in checkpoint.*.cosigned; do
  [ -f "$c" ] || continue
  p=${c%.cosigned}
  if [ ! -f "$p" ]; then gone "$p"; continue; fi
  sed '/^$/,$d' "$c" | cmp -s - <(sed '/^$/,$d' "$p") && signed "$c" || fail "$c: not the checkpoint it says"
done

# 3 Timestamps over the checkpoints, and the anchors that log them.
for r in checkpoint.*.tsr; do
  [ -f "$r" ] || continue
  s=${r#checkpoint.}; s=${s%%.*}; c=checkpoint.$s
  if [ ! -f "$c" ]; then
    if [ "$s" -gt "$n" ]; then fail "$r is over $s events, the log has $n"; else gone "$c"; fi
    continue
  fi
  q=${r%.tsr}.tsq
  [ -f "$q" ] || note "$q is gone: the nonce is not compared"
  # openssl takes bytes after the answer; we do not.
  want=$(openssl asn1parse -inform DER -in "$r" 2>/dev/null | head -n1 | sed -n 's/.*hl= *\([0-9]*\) l= *\([0-9]*\).*/\1 \2/p')
  [ -n "$want" ] && [ "$(stat -c %s "$r")" = "$((${want% *}+${want#* }))" ] || { fail "$r: no answer of an authority"; continue; }
  at=$(openssl ts -reply -in "$r" -text 2>/dev/null | sed -n 's/^Time stamp: //p')
  [ -n "$at" ] || { fail "$r: no time in it"; continue; }
  epoch=$(date -u -d "$at" +%s)
  printf '%s %s %s\n' "$s" "$epoch" "$r" >> "$T/times"
  if [ -z "$ca" ]; then unknown "$r ($at): no --tsa-ca given"; continue; fi
  set -- -CAfile "$ca" -attime "$epoch"
  [ -n "$more" ] && set -- "$@" -untrusted "$more"
  if openssl ts -verify -in "$r" -data "$c" "$@" > /dev/null 2>&1 &&
     { [ ! -f "$q" ] || openssl ts -verify -in "$r" -queryfile "$q" "$@" > /dev/null 2>&1; }
  then ok "$r: $c existed by $at"; else fail "$r: does not verify over $c"; fi
done
# An OpenTimestamps proof begins with its magic and the digest it is over; the
# rest takes a Bitcoin node (ots verify).
for f in checkpoint.*.ots; do
  [ -f "$f" ] || continue
  s=${f#checkpoint.}; s=${s%%.*}
  if [ -f "checkpoint.$s" ] && [ "$(head -c 65 "$f" | hexof)" = "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e892940108$(sum "checkpoint.$s")" ]
  then note "$f is over checkpoint.$s; whether Bitcoin confirms it was not checked"
  else fail "$f is not over checkpoint.$s"; fi
done
for q in checkpoint.*.tsq; do
  [ -f "$q" ] && [ ! -f "${q%.tsq}.tsr" ] && gone "${q%.tsq}.tsr"
done
jq -r 'select(.type=="anchor")|"\(.sha256) \(.file) \(.query_sha256//"-") \(.seq)"' "$T/log" 2>/dev/null > "$T/anchors"
while read -r h f qh a; do
  case $f in */*|.*) fail "event $a names a file outside"; continue ;; esac
  if [ ! -f "$f" ]; then gone "$f (event $a)"
  elif [ "$(sum "$f")" = "$h" ]; then ok "$f is the one event $a names"
  else fail "$f is not the one event $a names"; fi
  [ "$qh" = - ] && continue
  q=${f%.tsr}.tsq
  if [ ! -f "$q" ]; then gone "$q (event $a)"; elif [ "$(sum "$q")" != "$qh" ]; then fail "$q is not the one event $a names"; fi
done < "$T/anchors"
# Every event lies between the times the authorities gave.
if [ -f "$T/times" ]; then
  jq -r '"\(.seq) \(.t)"' "$T/log" | sed 's/[TZ]/ /g;s/\.[0-9]* *$//' | while read -r i d h; do
    printf '%s %s\n' "$i" "$(date -u -d "$d $h" +%s 2>/dev/null || echo 0)"; done > "$T/t"
  while read -r size epoch file; do
    after=$(jq -r --arg f "$file" 'select(.type=="anchor" and .file==$f)|.seq' "$T/log" | head -n1)
    while read -r i e; do
      [ "$i" -lt "$size" ] && [ "$e" -gt $((epoch+300)) ] && fail "event $i is dated after $file, which covers it"
      [ -n "$after" ] && [ "$i" -gt "$after" ] && [ "$e" -lt $((epoch-300)) ] && fail "event $i is dated before $file, which the log held already"
    done < "$T/t" > "$T/out"
    [ -s "$T/out" ] && { cat "$T/out"; bad=1; }
  done < "$T/times"
fi

# 4 The bundles the log names.
cd "$root" || exit 3
log=$T/log
jq -rs '[.[]|select(.bundle.sha256)|{key:.bundle.name,value:(.bundle+{cdxj:.cdxj_sha256})}]|from_entries|.[]|"\(.sha256) \(.sha512//"-") \(.bytes) \(.cdxj//"-") \(.name)"' "$log" 2>/dev/null > "$T/bundles"
jq -r 'select(.type=="tombstone")|.of' "$log" 2>/dev/null > "$T/tombs"
# Packed anew or redacted: the root over all records ever sealed stays.
jq -rs '[.[]|select(.bundle.records_root)|.bundle]|group_by(.name)|.[]|select((map(.records_root)|unique|length)>1)|.[0].name' "$log" 2>/dev/null > "$T/moved"
while read -r name; do fail "the log gives $name another root over its records"; done < "$T/moved"
jq -r 'select(.type=="redact")|"\(.redacted|length) \(.bundle.name) \(.seq)"' "$log" 2>/dev/null > "$T/redacted"
while read -r n name a; do note "$n records of $name were taken out by decision (event $a)"; done < "$T/redacted"
while read -r h h5 bytes cd name; do
  case $name in bundles/*[!A-Za-z0-9._-]*|bundles/.*|[!b]*) fail "a bundle with an unsafe name"; continue ;; esac
  if [ -L "$name" ] || { [ -e "$name" ] && [ ! -f "$name" ]; }; then fail "$name is no regular file"; continue; fi
  if [ ! -f "$name" ]; then
    if grep -qxF "$name" "$T/tombs"; then note "$name was erased by decision"
    elif [ -f handover.json ]; then note "$name is not part of this hand-over"
    else gone "$name"; fi
    continue
  fi
  if [ "$(sum "$name")" = "$h" ] && { [ "$h5" = - ] || [ "$(sha512sum < "$name" | cut -c1-128)" = "$h5" ]; }
  then ok "$name: SHA-256 and SHA-512"
  elif [ "$(stat -c %s "$name")" -lt "$bytes" ]; then fail "$name is truncated"
  else fail "$name is not the file that was logged"; fi
  x=${name%.warc.zst}.cdxj
  [ "$cd" = - ] && continue
  if [ ! -f "$x" ]; then [ -f handover.json ] || gone "$x"
  elif [ "$(sum "$x")" != "$cd" ]; then fail "$x is not the file that was logged"; fi
done < "$T/bundles"

strict64() { # base64 with exactly one spelling -> hex
  [ "$(printf %s "$1" | base64 -d 2>/dev/null | base64 -w0)" = "$1" ] && printf %s "$1" | base64 -d | hexof
}
# 5 Proofs: of events in the log, of records in their bundle.
climb() { # leaf index size, hashes (hex) on stdin -> root, empty if too short or long
  local fn=$2 sn=$(($3-1)) r=$1 h
  while read -r h; do
    [ $sn = 0 ] && return
    if [ $((fn&1)) = 1 ] || [ $fn = $sn ]; then
      r=$(node "$h" "$r")
      while [ $((fn&1)) = 0 ] && [ $fn != 0 ]; do fn=$((fn>>1)); sn=$((sn>>1)); done
    else r=$(node "$r" "$h"); fi
    fn=$((fn>>1)); sn=$((sn>>1))
  done
  [ $sn = 0 ] && printf %s "$r"
}
for p in capture-*.tlog-proof; do
  [ -f "$p" ] || continue
  i=$(sed -n 's/^index //p' "$p"); e=${p%.tlog-proof}.event.json
  sed '1,/^$/d' "$p" > "$T/cp"
  s=$(sed -n 2p "$T/cp")
  [ "$(head -n1 "$p")" = c2sp.org/tlog-proof@v1 ] || { fail "$p is no tlog-proof"; continue; }
  sed '1,/^index /d;/^$/,$d' "$p" | while read -r b; do strict64 "$b"; echo; done > "$T/hashes"
  r=$(climb "$(leaf < "$e")" "$i" "$s" < "$T/hashes")
  m=; [ -d manifest ] && m=manifest/
  if [ -f "$e" ] && { cmp -s "$T/cp" "${m}checkpoint.$s" || cmp -s "$T/cp" "${m}checkpoint.$s.cosigned"; } &&
     [ "$r" = "$(sed -n 3p "$T/cp" | base64 -d | hexof)" ]
  then ok "$e is event $i of the $s that were signed"; else fail "$p does not prove $e"; fi
done
for p in records/*.proof.json; do
  [ -f "$p" ] || continue
  w=${p%.proof.json}.warc
  b=$(jq -r .bundle "$p" 2>/dev/null); r=$(jq -rs --arg b "$b" '[.[]|select(.bundle.name==$b and .bundle.records_root)]|last|"\(.bundle.records) \(.bundle.records_root)"' "$log")
  jq -r '.proof_b64[]' "$p" 2>/dev/null | while read -r x; do strict64 "$x"; echo; done > "$T/hashes"
  if [ -f "$w" ] && [ "$(jq -r '"\(.records) \(.records_root)"' "$p")" = "$r" ] &&
     [ "$(jq -r .leaf_sha256 "$p")" = "$(leaf < "$w")" ] && [ "$(climb "$(leaf < "$w")" "$(jq -r .index "$p")" "${r% *}" < "$T/hashes")" = "${r#* }" ]
  then ok "$w is record $(jq -r .index "$p") of $b"; else fail "$w: not proved by $p"; fi
done
# 6 The connections: every file is what its name says, every one an event
# names is there, and its chain led to a root when the capture was logged.
for f in certificates/*; do
  [ -e "$f" ] || [ -L "$f" ] || continue
  h=${f##*/}
  if [ -L "$f" ] || [ ! -f "$f" ]; then fail "$f is no regular file"
  elif [ "$(sum "$f")" != "${h%.*}" ]; then fail "$f: its SHA-256 is not its name"; fi
done
given() { # digest, ending, event -> 0 when the file is there
  [ -f "certificates/$1.$2" ] && return
  if jq -e --arg h "$1" '.certificates_not_given//[]|index($h)' handover.json > /dev/null 2>&1
  then note "certificates/$1.$2 is not part of this hand-over"
  else gone "certificates/$1.$2 ($3)"; fi
  return 1
}
for e in capture-*.event.json; do
  [ -f "$e" ] || continue
  jq -r '.connection.certificates[]?|select(test("^[0-9a-f]{64}$"))' "$e" 2>/dev/null > "$T/chain"
  [ -s "$T/chain" ] || continue
  whole=1; rm -f "$T"/c*.pem; : > "$T/rest.pem"; k=0
  while read -r h; do
    given "$h" der "$e" || { whole=0; continue; }
    openssl x509 -inform DER -in "certificates/$h.der" > "$T/c$k.pem" 2> /dev/null || whole=0
    [ $k = 0 ] || cat "$T/c$k.pem" >> "$T/rest.pem"
    k=$((k+1))
  done < "$T/chain"
  o=$(jq -r '.connection.ocsp.sha256//empty' "$e"); s=$(jq -r '.connection.sct_list_sha256//empty' "$e")
  [ -z "$o" ] || given "$o" ocsp "$e" || o=
  [ -z "$s" ] || given "$s" sct "$e" || s=
  [ $whole = 1 ] || continue
  t=$(jq -r .t "$e"); at=$(date -u -d "$(printf %s "$t" | sed 's/[TZ]/ /g;s/\.[0-9]* *$//')" +%s)
  why=$(jq -r .connection.tls_verify "$e")
  host=$(jq -r .final "$e" | sed -n 's#^https://\([^/:?\#]*\).*#\1#p')
  case $host in *[!0-9.]*) set -- -verify_hostname "$host" ;; *) set -- ;; esac
  case $host in \[*) set -- ;; esac
  if [ "$why" != ok ]; then note "$e: the connection was not trusted when it was made: $why"
  elif [ -z "$web" ]; then note "$e: its certificate chain was not held against roots (no --web-ca)"
  elif openssl verify -attime "$at" -purpose sslserver -no-CApath -no-CAstore -CAfile "$web" -untrusted "$T/rest.pem" "$@" "$T/c0.pem" > /dev/null 2>&1
  then ok "$e: its certificate chain leads to a root at $t"
  else unknown "$e: its certificate chain leads to no root of $web at $t"; fi
  [ -n "$o" ] && [ -f "$T/c1.pem" ] || continue
  openssl ocsp -respin "certificates/$o.ocsp" -issuer "$T/c1.pem" -cert "$T/c0.pem" -CAfile "$T/c1.pem" -partial_chain -no_nonce -attime "$at" > "$T/ocsp" 2>&1
  if grep -q 'Response verify OK' "$T/ocsp"
  then note "$e: the stapled OCSP response says$(sed -n 's#^.*c0.pem:##p' "$T/ocsp" | head -n1), signed for the issuer"
  else note "$e: the stapled OCSP response does not verify"; fi
done
for w in records/*.warc; do
  [ -f "$w" ] && [ ! -f "${w%.warc}.proof.json" ] && note "$w has no proof (its bundle is not sealed)"
done
verdict
)SH";
  return kScript;
}

std::string_view EvidenceReadme() {
  return R"TXT(What this folder is

A log of captures of web pages (events.jsonl), signed checkpoints over it
(checkpoint.N), timestamps of outside authorities over those (checkpoint.N.tsaK.*),
and the records that were handed over. Nothing here has to be taken on trust in
the software that made it.

How to check it

  ./verify.sh --vkey KEY --tsa-ca AUTHORITY.pem --web-ca ROOTS.pem

needs bash, openssl, sha256sum, jq. KEY is the line the operator gave you on
another way than this folder (on paper, on a web site); log.vkey is what came
along. AUTHORITY.pem is the root certificate of the timestamp authority, from
the authority itself; tsa-certificates.pem holds the certificates the tokens
carry, and proves nothing by itself. ROOTS.pem holds the roots that web sites are
trusted by, as they were at the time (/etc/ssl/certs/ca-certificates.crt).
  stemma check --evidence --vkey KEY --tsa-ca AUTHORITY.pem FOLDER
says the same with more detail.

By hand, for one event, line i+1 of events.jsonl:
  leaf hash        (printf '\0'; sed -n "$((i+1))p" events.jsonl | tr -d '\n') | sha256sum
  is `prev` of the next line; the tree over all leaf hashes is RFC 9162.
  a checkpoint is Ed25519 over its three lines of text: openssl pkeyutl -verify
  a connection: the event's connection.certificates name certificates/H.der by
            SHA-256, leaf first; openssl x509 -inform DER, then
            openssl verify -attime SECONDS -CAfile ROOTS.pem -untrusted REST LEAF
  a token:  openssl ts -verify -in X.tsr -data checkpoint.N -CAfile AUTHORITY.pem

What it proves, and what it does not

- Nothing up to the newest checkpoint was changed, put in, left out or put in
  another order since it was signed; since its timestamp even by the operator.
- The log entry lies between two outside times. That binds the entry, not the
  visit: an operator could log old bytes late.
- TLS leaves no signature of the site on the page: that the server sent this is
  the operator's statement, supported by the certificate chain and the address
  in the event, and by other operators' captures.
- A page may differ from visitor to visitor.
)TXT";
}

}  // namespace stemma
