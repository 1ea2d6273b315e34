#include "archive/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "archive/merkle.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

Error Malformed(std::string what) {
  return Error(ErrorCode::kMalformed, std::move(what));
}

// Takes the next line off `text`, without its LF; nullopt when there is none.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Decimal without sign or leading zero, below 2^63.
std::optional<std::uint64_t> ParseCount(std::string_view text) {
  std::uint64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || error != std::errc() || end != last) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  if (number >= kMaxTreeSize) return std::nullopt;
  return number;
}

std::optional<Sha256> ParseHash(std::string_view text) {
  const std::optional<std::string> bytes = BytesOfBase64(text);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Sha256 hash;
  std::copy(bytes->begin(), bytes->end(), hash.bytes.begin());
  return hash;
}

}  // namespace

std::string Checkpoint::Text() const {
  std::string text = origin + "\n" + std::to_string(size) + "\n" +
                     Base64Of(BytesOf(root)) + "\n";
  for (const std::string& line : extensions) text += line + "\n";
  return text;
}

Result<Checkpoint> ParseCheckpointText(std::string_view text) {
  Checkpoint checkpoint;
  const auto origin = TakeLine(text);
  const auto size = TakeLine(text);
  const auto root = TakeLine(text);
  if (!origin || !size || !root) {
    return Malformed("a checkpoint has an origin, a size and a root");
  }
  if (origin->empty()) return Malformed("checkpoint: empty origin");
  checkpoint.origin = *origin;
  const std::optional<std::uint64_t> count = ParseCount(*size);
  if (!count) {
    return Malformed("checkpoint: the size \"" + std::string(*size) +
                     "\" is no plain decimal");
  }
  checkpoint.size = *count;
  const std::optional<Sha256> hash = ParseHash(*root);
  if (!hash) return Malformed("checkpoint: the root is no base64 of 32 bytes");
  checkpoint.root = *hash;
  while (const auto line = TakeLine(text)) {
    if (line->empty()) return Malformed("checkpoint: an empty extension line");
    checkpoint.extensions.emplace_back(*line);
  }
  return checkpoint;
}

std::optional<SignedCheckpoint> OpenCheckpoint(
    std::string_view bytes, std::string_view origin,
    std::span<const VerifierKey> keys, CheckpointFault& fault) {
  Result<Note> note = ParseNote(bytes);
  if (!note) {
    fault = {"checkpoint-malformed", note.error().message()};
    return std::nullopt;
  }
  const Result<Checkpoint> checkpoint = ParseCheckpointText(note->text);
  if (!checkpoint) {
    fault = {"checkpoint-malformed", checkpoint.error().message()};
    return std::nullopt;
  }
  // The origin first: "of another log" says more than "not signed by ours".
  if (!origin.empty() && checkpoint->origin != origin) {
    fault = {"wrong-origin", "it is of \"" + checkpoint->origin +
                                 "\", not of \"" + std::string(origin) + "\""};
    return std::nullopt;
  }
  Result<std::vector<VerifiedBy>> verified = VerifyNote(*note, keys);
  if (!verified) {
    fault = {"signature-invalid", verified.error().message()};
    return std::nullopt;
  }
  const bool by_the_log =
      std::any_of(verified->begin(), verified->end(), [&](const VerifiedBy& v) {
        return v.key.kind == KeyKind::kLog && v.key.name == checkpoint->origin;
      });
  if (!by_the_log) {
    fault = {"signature-invalid", "no trusted key of the log itself signed it"};
    return std::nullopt;
  }
  fault = {};
  return SignedCheckpoint{*checkpoint, *std::move(note), *std::move(verified)};
}

std::string FormatTlogProof(const TlogProof& proof) {
  std::string text = "c2sp.org/tlog-proof@v1\nindex ";
  text += std::to_string(proof.index) + "\n";
  for (const Sha256& hash : proof.hashes)
    text += Base64Of(BytesOf(hash)) + "\n";
  return text + "\n" + proof.checkpoint;
}

Result<TlogProof> ParseTlogProof(std::string_view bytes) {
  TlogProof proof;
  if (TakeLine(bytes) != "c2sp.org/tlog-proof@v1") {
    return Malformed("not a tlog-proof: its first line is another");
  }
  std::optional<std::string_view> line = TakeLine(bytes);
  // "extra" carries application data we have none of.
  if (line && line->starts_with("extra ")) line = TakeLine(bytes);
  if (!line || !line->starts_with("index ")) {
    return Malformed("tlog-proof: no index line");
  }
  const std::optional<std::uint64_t> index = ParseCount(line->substr(6));
  if (!index) return Malformed("tlog-proof: the index is no plain decimal");
  proof.index = *index;
  for (line = TakeLine(bytes); line && !line->empty(); line = TakeLine(bytes)) {
    const std::optional<Sha256> hash = ParseHash(*line);
    if (!hash) return Malformed("tlog-proof: a hash is no base64 of 32 bytes");
    proof.hashes.push_back(*hash);
    if (proof.hashes.size() > 63) return Malformed("tlog-proof: too long");
  }
  if (!line) return Malformed("tlog-proof: no checkpoint below the hashes");
  proof.checkpoint = bytes;
  return proof;
}

}  // namespace stemma
