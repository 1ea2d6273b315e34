#include "cli/find_video.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "hash/image.h"
#include "media/keyframes.h"
#include "media/picture_report.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxReportBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMaxImageBytes = std::uint64_t{256} << 20;

double Rounded(double seconds) { return std::round(seconds * 1000) / 1000; }

}  // namespace

Result<VideoLibrary> VideoLibrary::Open(const std::filesystem::path& dir) {
  VideoLibrary library;
  Result<std::unique_ptr<ArchiveReader>> opened = ArchiveReader::Open(dir);
  if (!opened) {
    if (opened.error().code() == ErrorCode::kNotFound) return library;
    return std::move(opened).error();
  }
  ArchiveReader& reader = **opened;
  STEMMA_CHECK_OK(reader.index().ForEachDerived(
      "video", [&](const DerivedRow& row) -> Status {
        const std::string& payload = row.of_sha256;
        if (library.places_.contains(payload)) return {};
        STEMMA_TRY(const StoredRecord record, reader.RecordById(row.record_id));
        STEMMA_TRY(const std::string json,
                   record.payload.ReadAll(kMaxReportBytes));
        Result<VideoReport> report = VideoReportFromJson(json);
        if (!report) {
          return std::move(report).error().Context("record " + row.record_id);
        }
        std::vector<KnownPlace>& places = library.places_[payload];
        STEMMA_TRY(const auto media, reader.index().MediaWithPayload(payload));
        for (const MediaRow& medium : media) {
          places.push_back(
              {medium.capture_id, medium.url, medium.reference, medium.page});
        }
        if (places.empty()) places.push_back({row.capture_id, {}, {}, {}});
        const auto& kept = library.reports_[payload] =
            std::make_shared<const VideoReport>(*std::move(report));
        library.index_.Add(payload, kept);
        return {};
      }));
  return library;
}

const std::vector<KnownPlace>& VideoLibrary::PlacesOf(
    const std::string& id) const {
  static const std::vector<KnownPlace> kNone;
  const auto found = places_.find(id);
  return found == places_.end() ? kNone : found->second;
}

std::shared_ptr<const VideoReport> VideoLibrary::ReportOf(
    const std::string& id) const {
  const auto found = reports_.find(id);
  return found == reports_.end() ? nullptr : found->second;
}

bool IsMedium(std::string_view prefix) {
  return LooksLikeImage(prefix) || LooksLikeVideo(prefix);
}

Result<VideoReport> ReadMedium(const Blob& bytes, bool pictures) {
  STEMMA_TRY(const std::string prefix, bytes.ReadPrefix(4096));
  if (LooksLikeImage(prefix)) {
    STEMMA_TRY(const std::string all, bytes.ReadAll(kMaxImageBytes));
    return ReadPicture(all);
  }
  if (LooksLikeVideo(prefix)) {
    KeyframeOptions how;
    how.mode = pictures ? "scene" : "none";
    how.images_in_memory = pictures;
    return ReadVideo(bytes, how);
  }
  return Error(ErrorCode::kUnsupported,
               "neither a video nor a PNG or JPEG image by its first bytes");
}

Json LineOf(std::string_view query, const VideoMatch& match,
            std::string_view reference) {
  const VideoComparison& c = match.comparison;
  Json segments = Json::array();
  for (const auto& s : c.segments) {
    segments.push_back(
        {Rounded(s.b0), Rounded(s.b1), Rounded(s.a0), Rounded(s.a1)});
  }
  Json altered = Json::array();
  for (const auto& e : c.altered) {
    const bool removed = e.kind == "removed";
    Json event = {{"kind", e.kind},
                  {"q_start", Rounded(removed ? e.at : e.start)},
                  {"q_end", Rounded(removed ? e.at : e.end)}};
    if (removed) event["reference"] = {Rounded(e.start), Rounded(e.end)};
    altered.push_back(std::move(event));
  }
  Json line = {{"query", query},
               {"reference", reference},
               {"score", std::round(match.score * 1000) / 1000},
               {"verdict", NameOf(c.verdict)},
               {"segments", std::move(segments)},
               {"altered", std::move(altered)},
               {"reason", c.reason}};
  if (match.mirrored) line["mirrored"] = true;
  if (std::abs(match.speed - 1) > 0.005) line["speed"] = match.speed;
  return line;
}

}  // namespace stemma::cli
