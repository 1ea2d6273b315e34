// What a decoder in an attacker's hands may send to the parent.
#include <algorithm>
#include <string>

#include "media/worker_protocol.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(worker_protocol) {
  KeyframeOptions options;
  options.hash_every = 0;
  options.images_in_memory = true;
  VideoReport report;
  WorkerAnswers answers(options, report);
  for (std::size_t at = 0; at + kWorkerHeaderBytes <= bytes.size();) {
    const Result<WorkerHeader> header =
        DecodeHeader(bytes.substr(at, kWorkerHeaderBytes));
    if (!header) break;
    at += kWorkerHeaderBytes;
    // Exactly its size, so that a sanitizer sees the first byte too many.
    const std::string payload(bytes.substr(
        at, std::min<std::size_t>(header->length, bytes.size() - at)));
    at += payload.size();
    RgbPicture picture;
    if (!answers.Take(header->type, payload, picture)) break;
  }
  for (const Keyframe& key : report.keyframes) {
    Require(key.time_base.den > 0, "a time base one can divide by");
  }
  for (std::size_t i = 1; i < report.shots.size(); ++i) {
    Require(report.shots[i].first > report.shots[i - 1].last,
            "shots follow each other");
  }
  static_cast<void>(DecodeJob(bytes));
  static_cast<void>(DecodeRead(bytes));
}

}  // namespace stemma::fuzz
