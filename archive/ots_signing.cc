#include "archive/ots_signing.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/durable_file.h"
#include "archive/ots.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxOts = std::size_t{1} << 20;
constexpr std::string_view kUpgraded = ".upgraded.ots";

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

bool HasBitcoin(const OtsStamp& stamp) {
  const std::vector<OtsClaim> claims = ClaimsOf(stamp);
  return std::any_of(claims.begin(), claims.end(), [](const OtsClaim& claim) {
    return claim.kind == OtsClaim::Kind::kBitcoin;
  });
}

// Writes a proof over checkpoint.`size` and logs it.
Status Keep(ArchiveWriter& writer, std::uint64_t size, const std::string& name,
            const OtsProof& proof) {
  const std::string bytes = FormatOts(proof);
  STEMMA_CHECK_OK(WriteDurably(writer.dir() / "manifest" / name, bytes));
  const bool bitcoin = HasBitcoin(proof.stamp);
  STEMMA_TRY(
      const std::uint64_t seq,
      writer.AppendEvent(
          "anchor", {{"kind", "ots"},
                     {"file", name},
                     {"size", size},
                     {"sha256", Sha256Of(bytes).Hex()},
                     {"state", bitcoin ? "bitcoin, not checked" : "pending"}}));
  static_cast<void>(seq);
  return {};
}

bool IsOurs(const Error& error) {
  return error.code() == ErrorCode::kIo || error.code() == ErrorCode::kNoSpace;
}

// A pending stamp's file: "checkpoint.10.ots1.ots" is over size 10.
std::optional<std::uint64_t> SizeOfPending(const std::string& name) {
  constexpr std::string_view kPrefix = "checkpoint.";
  if (!name.starts_with(kPrefix) || !name.ends_with(".ots") ||
      name.ends_with(kUpgraded)) {
    return std::nullopt;
  }
  const std::string digits = name.substr(
      kPrefix.size(), name.find('.', kPrefix.size()) - kPrefix.size());
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(digits);
}

std::vector<std::string> PendingFiles(const fs::path& manifest) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(manifest, failed)) {
    std::string name = entry.path().filename().string();
    if (!SizeOfPending(name)) continue;
    const std::string later =
        name.substr(0, name.size() - 4) + std::string(kUpgraded);
    if (!fs::exists(manifest / later, failed)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Adds what the calendars give to the promises in `proof`; true when one of
// them leads to a block now.
bool AskForRest(OtsProof& proof, const std::vector<std::string>& calendars,
                const CalendarAsk& ask, std::vector<std::string>& warnings) {
  for (const OtsClaim& claim : ClaimsOf(proof.stamp)) {
    if (claim.kind != OtsClaim::Kind::kPending || claim.message.empty()) {
      continue;
    }
    const std::string calendar = WithoutSlash(claim.calendar);
    const bool named = std::any_of(
        calendars.begin(), calendars.end(),
        [&](const std::string& url) { return WithoutSlash(url) == calendar; });
    if (!named) continue;
    const std::string url = calendar + "/timestamp/" + HexOf(claim.message);
    const Result<std::string> answer = ask(url, std::nullopt);
    if (!answer) {
      // Hours pass until a block is found: not there yet is no trouble.
      if (answer.error().code() != ErrorCode::kNotFound) {
        warnings.push_back("no upgrade from " + calendar + ": " +
                           answer.error().message());
      }
      continue;
    }
    Result<OtsStamp> more = ParseOtsStamp(*answer, claim.message);
    if (!more || !HasBitcoin(*more)) {
      if (!more) {
        warnings.push_back("no upgrade from " + calendar + ": " +
                           more.error().message());
      }
      continue;
    }
    Upgrade(proof, claim.calendar, claim.message, *std::move(more));
  }
  return HasBitcoin(proof.stamp);
}

}  // namespace

Result<OtsReport> StampCheckpoint(ArchiveWriter& writer, std::uint64_t size,
                                  const std::vector<std::string>& calendars,
                                  const CalendarAsk& ask) {
  OtsReport report;
  const std::string name = "checkpoint." + std::to_string(size);
  STEMMA_TRY(const std::string checkpoint,
             ReadRegularFile(writer.dir() / "manifest" / name, kMaxOts));
  const Sha256 digest = Sha256Of(checkpoint);
  const std::string message(digest.bytes.begin(), digest.bytes.end());
  int number = 0;
  for (const std::string& calendar : calendars) {
    ++number;
    const Result<std::string> answer =
        ask(WithoutSlash(calendar) + "/digest", message);
    Result<OtsStamp> stamp = answer ? ParseOtsStamp(*answer, message)
                                    : Result<OtsStamp>(answer.error());
    if (!stamp) {
      if (IsOurs(stamp.error())) return stamp.error();
      report.warnings.push_back("no stamp from " + calendar + ": " +
                                stamp.error().message());
      continue;
    }
    STEMMA_CHECK_OK(Keep(writer, size,
                         name + ".ots" + std::to_string(number) + ".ots",
                         {digest, *std::move(stamp)}));
    ++report.stamped;
  }
  return report;
}

Result<OtsReport> UpgradeStamps(ArchiveWriter& writer,
                                const std::vector<std::string>& calendars,
                                const CalendarAsk& ask) {
  OtsReport report;
  const fs::path manifest = writer.dir() / "manifest";
  for (const std::string& name : PendingFiles(manifest)) {
    STEMMA_TRY(const std::string bytes,
               ReadRegularFile(manifest / name, kMaxOts));
    Result<OtsProof> proof = ParseOts(bytes);
    if (!proof) {
      report.warnings.push_back(name + ": " + proof.error().message());
      continue;
    }
    if (HasBitcoin(proof->stamp) ||
        !AskForRest(*proof, calendars, ask, report.warnings)) {
      continue;
    }
    STEMMA_CHECK_OK(
        Keep(writer, *SizeOfPending(name),
             name.substr(0, name.size() - 4) + std::string(kUpgraded), *proof));
    ++report.upgraded;
  }
  return report;
}

}  // namespace stemma
