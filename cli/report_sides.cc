#include "cli/report_sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/session.h"
#include "media/keyframes.h"

namespace stemma::cli {
namespace {

constexpr std::size_t kMaxPairs = 24;
constexpr std::uint64_t kMaxImageBytes = 8 << 20;

// Where a moment of the reference is in the copy, by the shared segments.
std::optional<double> InCopy(const VideoComparison& video, double seconds) {
  for (const auto& s : video.segments) {
    if (seconds < s.a0 || seconds > s.a1 || s.a1 <= s.a0) continue;
    return s.b0 + (seconds - s.a0) * (s.b1 - s.b0) / (s.a1 - s.a0);
  }
  return std::nullopt;
}

const TimedPicture* Nearest(const std::vector<TimedPicture>& pictures,
                            double seconds) {
  const TimedPicture* best = nullptr;
  for (const TimedPicture& picture : pictures) {
    const double distance = std::abs(picture.seconds - seconds);
    if (distance <= 1.0 &&
        (!best || distance < std::abs(best->seconds - seconds))) {
      best = &picture;
    }
  }
  return best;
}

std::string AlterationAt(const VideoComparison& video, double seconds,
                         bool in_copy) {
  for (const auto& change : video.altered) {
    const bool of_copy = change.kind != "removed";
    if (of_copy == in_copy && seconds >= change.start - 0.05 &&
        seconds <= change.end + 0.05) {
      return change.kind;
    }
  }
  return {};
}

}  // namespace

std::vector<TimedPicture> StoredPictures(ArchiveReader& reader,
                                         const VideoReport& video) {
  std::vector<TimedPicture> pictures;
  const auto rows =
      reader.index().DerivedFromPayload(video.payload.Hex(), "keyframe");
  if (!rows) return pictures;
  std::map<std::int64_t, double> seconds_of;
  for (const Keyframe& frame : video.keyframes) {
    seconds_of[frame.frame] = frame.seconds;
  }
  for (const DerivedRow& row : *rows) {
    const auto facts = nlohmann::json::parse(row.facts, nullptr, false);
    if (!facts.is_object() || !facts.contains("frame") ||
        !facts["frame"].is_number_integer()) {
      continue;
    }
    const auto at = seconds_of.find(facts["frame"].get<std::int64_t>());
    if (at == seconds_of.end()) continue;
    const Result<StoredRecord> record = reader.RecordById(row.record_id);
    if (!record) continue;
    Result<std::string> bytes = record->payload.ReadAll(kMaxImageBytes);
    if (!bytes) continue;
    pictures.push_back({at->second, record->info.mime, *std::move(bytes)});
    seconds_of.erase(at);
  }
  std::sort(pictures.begin(), pictures.end(),
            [](const TimedPicture& a, const TimedPicture& b) {
              return a.seconds < b.seconds;
            });
  return pictures;
}

std::vector<FramePair> PairFrames(const std::vector<TimedPicture>& reference,
                                  const std::vector<TimedPicture>& copy,
                                  const VideoComparison& video) {
  std::vector<FramePair> pairs;
  for (const TimedPicture& picture : reference) {
    FramePair pair;
    pair.reference_mime = picture.mime;
    pair.reference_image = picture.bytes;
    pair.reference_seconds = picture.seconds;
    const std::string gone = AlterationAt(video, picture.seconds, false);
    const std::optional<double> there = InCopy(video, picture.seconds);
    if (!gone.empty() || !there) {
      pair.note = gone.empty() ? "not in the copy" : gone;
    } else if (const TimedPicture* other = Nearest(copy, *there)) {
      pair.suspect_mime = other->mime;
      pair.suspect_image = other->bytes;
      pair.suspect_seconds = other->seconds;
      const std::string altered = AlterationAt(video, other->seconds, true);
      pair.note = altered.empty() ? "same" : altered;
    } else {
      continue;  // there, but no picture was kept of that moment
    }
    pairs.push_back(std::move(pair));
  }
  for (const TimedPicture& picture : copy) {
    const std::string altered = AlterationAt(video, picture.seconds, true);
    if (altered != "inserted") continue;
    FramePair pair;
    pair.suspect_mime = picture.mime;
    pair.suspect_image = picture.bytes;
    pair.suspect_seconds = picture.seconds;
    pair.note = altered;
    pairs.push_back(std::move(pair));
  }
  // Altered moments first when there is no room for all.
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const FramePair& a, const FramePair& b) {
                     return (a.note != "same") > (b.note != "same");
                   });
  if (pairs.size() > kMaxPairs) pairs.resize(kMaxPairs);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const FramePair& a, const FramePair& b) {
                     return std::max(a.reference_seconds, a.suspect_seconds) <
                            std::max(b.reference_seconds, b.suspect_seconds);
                   });
  return pairs;
}

ReportSide GatherSide(ArchiveReader* reader, const LoadedPublication& loaded,
                      const Videos& videos) {
  ReportSide side;
  side.publication = loaded.publication;
  side.body_sha256 = loaded.body_sha256;
  side.text_method = loaded.method;
  if (!videos.empty()) {
    side.video_sha256 = videos.front()->payload.Hex();
    side.video_seconds = videos.front()->duration;
  }
  if (!reader) return side;
  const Result<CaptureRow> capture = reader->CaptureById(side.publication.id);
  if (!capture) return side;
  side.capture_id = capture->id;
  if (const auto record = reader->index().Record(capture->page_record);
      record && *record) {
    side.bundle = (*record)->bundle;
  }
  if (const auto media = reader->index().MediaOf(capture->id); media) {
    for (const MediaRow& row : *media) {
      if (row.payload_sha256 == side.video_sha256) side.video_name = row.url;
    }
  }
  return side;
}

LoadedPublication LoadKnown(Session& session, const Publication& known) {
  SourceOptions archive_only;
  archive_only.fetch = false;
  Result<LoadedPublication> loaded =
      LoadPublication(session, known.id, archive_only);
  if (loaded) return *std::move(loaded);
  LoadedPublication left;
  left.publication = known;
  return left;
}

Status WriteReport(const std::string& path, std::string_view html,
                   const Session& session) {
  std::ofstream file(path, std::ios::binary);
  file << html;
  file.close();
  if (!file) {
    return Error(ErrorCode::kIo,
                 fmt::format("writing the report {}: cannot write", path));
  }
  session.Note("report: " + path);
  return {};
}

}  // namespace stemma::cli
