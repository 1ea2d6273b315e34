#include "review/report_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/keys.h"
#include "archive/record_scan.h"
#include "core/blob.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kBegin =
    R"(m=manifest; [ -d $m ] || m=.
t=$(mktemp -d)
ok() { if [ "$1" = "$2" ]; then echo "ok       $3"
  else echo "DIFFERS  $3"; fi; }
have() { [ -f "$1" ] || { echo "MISSING  $1"; return 1; }; }
sum() { sha256sum | cut -c1-64; }
leaf() { { printf '\0'; cat; } | sum; }
node() { printf '01%s%s' "$1" "$2" | sed 's/../\\x&/g' |
  xargs -0 printf '%b' | sum; })";

// The siblings of the path that stand left of it (RFC 9162 2.1.3.2).
std::vector<bool> LeftSiblings(std::uint64_t index, std::uint64_t size,
                               std::size_t count) {
  std::vector<bool> left;
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  while (left.size() < count) {
    const bool is_left = (fn & 1u) == 1 || fn == sn;
    left.push_back(is_left);
    while (is_left && (fn & 1u) == 0 && fn != 0) {
      fn >>= 1u;
      sn >>= 1u;
    }
    fn >>= 1u;
    sn >>= 1u;
  }
  return left;
}

// The content of a bundle's dictionary frame, if it begins with one.
std::optional<std::uint32_t> DictionaryBytes(
    const std::filesystem::path& file) {
  constexpr unsigned char kMagic[] = {0x5D, 0x2A, 0x4D, 0x18};
  const Result<Blob> blob = BlobOfFile(file.string());
  std::string head(8, '\0');
  if (!blob || !blob->ReadAt(0, head)) return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(head[i]);
  };
  for (std::size_t i = 0; i < 4; ++i) {
    if (byte(i) != kMagic[i]) return std::nullopt;
  }
  return static_cast<std::uint32_t>(byte(4)) |
         static_cast<std::uint32_t>(byte(5)) << 8u |
         static_cast<std::uint32_t>(byte(6)) << 16u |
         static_cast<std::uint32_t>(byte(7)) << 24u;
}

}  // namespace

Recipe::Recipe(const RecipeLog& log) : log_(log), steps_(Json::array()) {
  Add("In the folder of the archive, or of its evidence: once, before the "
      "others.",
      std::string(kBegin));
  if (!log_.newest) return;
  AddCheckpoint();
  AddTimestamps();
}

void Recipe::Add(std::string says, std::string run) {
  steps_.push_back({{"says", std::move(says)}, {"run", std::move(run)}});
}

void Recipe::AddCheckpoint() {
  const Result<VerifierKey> key = ParseVerifierKey(log_.vkey);
  if (!key) return;
  Add(fmt::format(
          "The checkpoint over {} events is signed by this key. Compare the "
          "key with the one its owner published: {}",
          log_.newest->size, log_.vkey),
      fmt::format("c=$m/checkpoint.{}\n"
                  "cat > $t/key.pem <<'END'\n{}END\n"
                  "sed '/^$/,$d' $c > $t/text\n"
                  "grep '^— ' $c | head -n1 | sed 's/.* //' | base64 -d |\n"
                  "  tail -c 64 > $t/sig\n"
                  "openssl pkeyutl -verify -pubin -inkey $t/key.pem -rawin \\\n"
                  "  -in $t/text -sigfile $t/sig > /dev/null; ok $? 0 "
                  "\"signature of $c\"",
                  log_.newest->size, PublicKeyPem(*key)));
}

void Recipe::AddTimestamps() {
  if (log_.times.empty()) return;
  std::string run = "ca=${ca:-authority.pem}\n";
  for (const TimeProof& time : log_.times) {
    run += fmt::format(
        "openssl ts -verify -in $m/{} \\\n  -data $m/checkpoint.{} -CAfile $ca "
        "-attime {} > /dev/null 2>&1\nok $? 0 \"checkpoint.{} existed by "
        "{}\"\n",
        time.file, time.size,
        std::chrono::floor<std::chrono::seconds>(time.gen_time)
            .time_since_epoch()
            .count(),
        time.size, FormatSeconds(time.gen_time));
  }
  run.pop_back();
  Add("Outside authorities saw these checkpoints. Get the authority's "
      "root certificate from the authority itself and call it authority.pem.",
      std::move(run));
}

void Recipe::AddBundle(const Json& bundle) {
  const std::string name = TextIn(bundle, "name");
  const std::string sha512 = TextIn(bundle, "sha512");
  if (TextIn(bundle, "sha256").empty()) return;
  std::string run =
      fmt::format("b={}\nif have $b; then\nok $(sum < $b) \\\n  {} \"$b\"",
                  name, TextIn(bundle, "sha256"));
  if (sha512.size() == 128) {
    run += fmt::format(
        "\nok $(sha512sum < $b | cut -c1-128) \\\n  {}\\\n{} \"SHA-512\"",
        sha512.substr(0, 64), sha512.substr(64));
  }
  Add("The bundle is the file that was sealed. It is missing where only some "
      "records were handed over; verify.sh checks those.",
      run + "\nfi");
}

void Recipe::AddEvent(std::uint64_t seq, const Sha256& leaf,
                      const std::vector<Sha256>& hashes) {
  std::string run = fmt::format(
      "h=$(sed -n {}p $m/events.jsonl | tr -d '\\n' | leaf)\n"
      "ok $h \\\n  {} \"event {}\"",
      seq + 1, leaf.Hex(), seq);
  if (!log_.newest || log_.newest->size <= seq) {
    Add(fmt::format("Event {} of the log is the one reported. No checkpoint "
                    "covers it yet.",
                    seq),
        std::move(run));
    return;
  }
  const std::vector<bool> left =
      LeftSiblings(seq, log_.newest->size, hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    run += left[i] ? fmt::format("\nh=$(node {} $h)", hashes[i].Hex())
                   : fmt::format("\nh=$(node $h {})", hashes[i].Hex());
  }
  run += fmt::format(
      "\nroot=$(sed -n 3p $m/checkpoint.{0} | base64 -d | od -An -v -tx1 |\n"
      "  tr -d ' \\n'); ok $h $root \"event {1} is in checkpoint.{0}\"",
      log_.newest->size, seq);
  Add(fmt::format("Event {} of the log is the one reported, and part of what "
                  "was signed (RFC 9162).",
                  seq),
      std::move(run));
}

void Recipe::AddRecords(const CaptureRecords& capture) {
  std::string run;
  std::string bundle;
  for (const RecordInfo& record : capture.records) {
    const std::filesystem::path file = log_.archive / record.bundle;
    std::error_code failed;
    if (!std::filesystem::exists(file, failed)) continue;
    const auto dictionary = DictionaryBytes(file);
    if (record.bundle != bundle) {
      if (!bundle.empty()) run += "fi\n";
      bundle = record.bundle;
      run += fmt::format("b={}\nif have $b; then\n", bundle);
      if (dictionary) {
        run += fmt::format(
            "tail -c +9 $b | head -c {} > $t/d\n"
            "zstd -qdcf $t/d > $t/dict 2> /dev/null || cp $t/d $t/dict\n",
            *dictionary);
      }
    }
    run += fmt::format(
        "ok $(tail -c +{} $b | head -c {} | zstd -qdc{} |\n"
        "  tail -c {} | head -c {} | sum) \\\n  {} \"{} record\"\n",
        record.offset + 1, record.length, dictionary ? " -D $t/dict" : "",
        record.block_bytes + 4, record.block_bytes, record.block_sha256.Hex(),
        record.type);
  }
  if (run.empty()) return;
  run += "fi";
  Add(fmt::format("The records of event {} hold the bytes that were logged.",
                  capture.row.seq),
      std::move(run));
}

Json Recipe::Take() {
  Add("Everything at once, with the tools of the archive: a folder for "
      "strangers with its own verify.sh, or the whole audit.",
      "stemma export --proof DIR CAPTURE && DIR/verify.sh\n"
      "stemma check --evidence --deep");
  return std::move(steps_);
}

}  // namespace stemma
