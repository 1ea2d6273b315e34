#include "cli/capture_now.h"

#include <chrono>
#include <thread>
#include <utility>

#include "cli/memory.h"
#include "cli/session.h"

namespace stemma::cli {

FetchPolicy PolicyOf(const Session& session) {
  const NetworkOptions& net = session.network;
  FetchPolicy policy;
  policy.allow_private = net.allow_private;
  policy.resolve = net.resolve;
  policy.cacert = net.cacert;
  policy.proxy = net.proxy;
  if (!net.user_agent.empty()) policy.user_agent = net.user_agent;
  policy.limit_rate = net.limit_rate;
  policy.clock = session.clock;
  return policy;
}

FetchLimits LimitsOf(const Session& session) {
  const NetworkOptions& net = session.network;
  FetchLimits limits;
  if (net.max_filesize) limits.max_body_bytes = *net.max_filesize;
  if (net.max_time > 0) {
    limits.total = std::chrono::milliseconds(
        static_cast<std::int64_t>(net.max_time * 1e3));
    limits.head = std::min(limits.head, limits.total);
    limits.connect = std::min(limits.connect, limits.total);
  }
  return limits;
}

Result<OpenTools> OpenForCapture(Session& session,
                                 const std::filesystem::path& archive,
                                 const std::string& job) {
  OpenTools open;
  FetchPolicy policy = PolicyOf(session);
  ArchiveOptions options;
  options.job = job;
  options.software = "stemma/" STEMMA_VERSION;
  options.user_agent = policy.user_agent;
  options.clock = session.clock;
  // The network first: wrong options must not leave an archive behind.
  STEMMA_TRY(open.fetcher, Fetcher::Create(std::move(policy)));
  STEMMA_TRY(open.archive, ArchiveWriter::Open(archive, options));
  for (const std::string& note : open.archive->recovery_notes()) {
    session.Note(note);
  }
  STEMMA_TRY(open.memory, Memory::Open(archive));
  open.tools = std::make_unique<CaptureTools>(
      CaptureTools{.archive = *open.archive,
                   .fetcher = *open.fetcher,
                   .memory = open.memory.get(),
                   .clock = session.clock,
                   .wait =
                       [](std::chrono::milliseconds pause) {
                         std::this_thread::sleep_for(pause);
                         return true;
                       },
                   .may_fetch = {},
                   .between_requests = {},
                   .acknowledge = {},
                   .progress = {},
                   .memory_lock = nullptr,
                   .shelf = nullptr,
                   .renderer = nullptr});
  return open;
}

Result<std::string> CaptureNow(Session& session, const Url& url) {
  STEMMA_TRY(OpenTools open,
             OpenForCapture(session, session.ArchiveDir(), "capture"));
  CaptureOptions options;
  options.limits = options.media_limits = LimitsOf(session);
  if (session.verbose) {
    open.tools->progress = [&](std::string_view words) { session.Note(words); };
  }
  STEMMA_TRY(const CaptureReport report, CaptureUrl(url, options, *open.tools));
  STEMMA_CHECK_OK(open.memory->Flush());
  if (report.failure) return *report.failure;
  return report.info.id;
}

}  // namespace stemma::cli
