// Opening what a capture needs, with the session's options: shared by `capture`
// and by the commands that capture a URL on the way.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "cli/capture_url.h"
#include "core/result.h"

namespace stemma::cli {

struct Session;
class Memory;

// The fetcher's policy from the session's network options.
FetchPolicy PolicyOf(const Session& session);
// The limits of one exchange from the session's network options.
FetchLimits LimitsOf(const Session& session);

// An open archive and all the tools of the pipeline. Not movable: `tools`
// refers to its members.
struct OpenTools {
  std::unique_ptr<Memory> memory;
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<ArchiveWriter> archive;
  std::unique_ptr<CaptureTools> tools;
};
// Takes the archive's lock (kBusy when another process holds it).
Result<OpenTools> OpenForCapture(Session& session,
                                 const std::filesystem::path& archive,
                                 const std::string& job);

// Captures one URL with default options into the session's archive; its
// capture id. kNetwork and the like when nothing usable came.
Result<std::string> CaptureNow(Session& session, const Url& url);

}  // namespace stemma::cli
