#include "cli/capture_hop.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "archive/index.h"
#include "archive/warc_record.h"
#include "core/blob.h"
#include "core/http_head.h"
#include "core/time.h"
#include "fetch/range_resume.h"
#include "fetch/retry.h"
#include "fetch/retry_after.h"

namespace stemma::cli {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Bodies smaller than this are stored again rather than referred to.
constexpr std::uint64_t kMinRevisitBytes = 1024;
// Bodies up to this are kept at hand for reading; longer ones are read back
// from the archive.
constexpr std::size_t kKeptBodyBytes = std::size_t{2} << 20;
// So often the rest of one body is asked for.
constexpr int kMaxResumes = 8;

// The record a finished body repeats, if the archive holds one.
std::optional<std::pair<RecordInfo, RevisitProfile>> OriginalOf(
    BodyWriter& body, const Exchange& exchange, ArchiveWriter& archive) {
  if (exchange.truncated) return std::nullopt;
  if (exchange.status == 304) {
    const auto earlier = archive.ResponseOf(exchange.url);
    if (!earlier) return std::nullopt;
    return std::pair(*earlier, RevisitProfile::kServerNotModified);
  }
  if (exchange.status != 200 || body.size() < kMinRevisitBytes) {
    return std::nullopt;
  }
  const auto same = archive.ResponseWith(body.PayloadDigest());
  if (!same) return std::nullopt;
  return std::pair(*same, RevisitProfile::kIdenticalPayload);
}

void KeepAtHand(BodyWriter& body, Hop& hop) {
  if (body.size() <= kKeptBodyBytes) hop.kept = body.TakeBody();
}

Status FinishBody(BodyWriter body, ArchiveWriter& archive, Hop& hop) {
  if (const auto original = OriginalOf(body, hop.exchange, archive)) {
    const RevisitOf of{original->first.id, original->first.uri,
                       original->first.date, original->first.payload_sha256};
    Result<RecordInfo> revisit =
        body.FinishAsRevisit(hop.exchange, of, original->second);
    if (revisit) {
      hop.record = *std::move(revisit);
      hop.original = original->first;
      KeepAtHand(body, hop);
      return {};
    }
    if (revisit.error().code() != ErrorCode::kInvalidArgument) {
      return std::move(revisit).error();
    }
  }
  STEMMA_TRY(hop.record, body.Finish(hop.exchange));
  KeepAtHand(body, hop);
  return {};
}

// No answer came, but the peer showed who it says it is: that is evidence.
Status KeepStranger(const Exchange& exchange, CaptureDraft& draft) {
  STEMMA_TRY(BodyWriter none, draft.BeginExchange(exchange));
  STEMMA_TRY(const RecordInfo shown, none.Finish(exchange));
  static_cast<void>(shown);
  return {};
}

// One attempt. An error is ours; the server's trouble is in the Hop.
Result<Hop> FetchOnce(const Url& url, const CaptureOptions& options,
                      const FetchLimits& limits, const Fields& more,
                      CaptureDraft& draft, CaptureTools& tools,
                      Trouble& trouble) {
  std::optional<BodyWriter> body;
  Status ours;
  const auto guard = [&](Status status) {
    if (!status && ours) ours = status;
    return status;
  };
  ExchangeSink sink;
  sink.on_head = [&](const Exchange& head) -> Status {
    Result<BodyWriter> begun = draft.BeginExchange(head);
    if (!begun) return guard(std::move(begun).error());
    body = *std::move(begun);
    return {};
  };
  sink.on_body = [&](std::string_view bytes) {
    return guard(body->Append(bytes));
  };
  FetchRequest request{url, options.headers, limits};
  if (!more.empty()) {
    // The rest of a body is asked for under its own condition only.
    std::erase_if(request.headers, [](const auto& field) {
      return field.first.starts_with("If-");
    });
    request.headers.insert(request.headers.end(), more.begin(), more.end());
  }
  FetchOutcome outcome = tools.fetcher.Get(request, sink);
  if (!ours) return std::move(ours).error();
  trouble = Classify(outcome);
  Hop hop;
  hop.exchange = std::move(outcome.exchange);
  hop.failure = std::move(outcome.failure);
  hop.unusable = std::move(outcome.unusable);
  hop.notes = std::move(outcome.notes);
  if (body) {
    STEMMA_CHECK_OK(FinishBody(*std::move(body), tools.archive, hop));
  } else if (!hop.exchange.connection.certificates.empty()) {
    STEMMA_CHECK_OK(KeepStranger(hop.exchange, draft));
  }
  return hop;
}

// Waits before attempt `attempt` + 1 as the policy says. False: there is to be
// none.
Result<bool> Pause(const CaptureOptions& options, CaptureTools& tools,
                   const Hop& hop, const Url& url, Trouble trouble,
                   int attempt) {
  std::minstd_rand random(std::random_device{}());
  const double jitter = static_cast<double>(random()) /
                        (static_cast<double>(std::minstd_rand::max()) + 1.0);
  const auto pause =
      NextTry(options.retry, trouble, attempt,
              RetryAfter(hop.exchange.response_head, tools.clock()), jitter);
  if (!pause) return false;
  tools.Say(fmt::format("{}: {}; trying again in {:.1f} s",
                        url.HrefWithoutFragment(),
                        hop.failure  ? hop.failure->message()
                        : hop.record ? "the body broke off"
                                     : "overloaded",
                        static_cast<double>(pause->count()) / 1000));
  if (tools.wait && !tools.wait(*pause)) {
    return Error(ErrorCode::kInterrupted, "told to stop");
  }
  return true;
}

std::optional<Hop> RefusedBy(const Url& url, CaptureTools& tools) {
  if (!tools.may_fetch) return std::nullopt;
  Status allowed = tools.may_fetch(url);
  if (allowed) return std::nullopt;
  Hop refused;
  refused.exchange.url = url.HrefWithoutFragment();
  refused.exchange.started = tools.clock();
  refused.failure = std::move(allowed).error();
  return refused;
}

// Tries again while a visit brings nothing. What was kept in part is evidence
// already, and not worth the server's trouble again as a whole.
Result<Hop> FetchSome(const Url& url, const CaptureOptions& options,
                      const FetchLimits& limits, CaptureDraft& draft,
                      CaptureTools& tools) {
  for (int attempt = 1;; ++attempt) {
    if (auto refused = RefusedBy(url, tools)) return *std::move(refused);
    Trouble trouble = Trouble::kNone;
    STEMMA_TRY(Hop hop,
               FetchOnce(url, options, limits, {}, draft, tools, trouble));
    if (trouble == Trouble::kNone || hop.record) return hop;
    STEMMA_TRY(const bool again,
               Pause(options, tools, hop, url, trouble, attempt));
    if (!again) return hop;
  }
}

// --- going on with a body that broke off -------------------------------------

// What has come of a body, in responses that follow each other.
struct Parts {
  std::vector<RecordInfo> records;
  std::uint64_t bytes = 0;
};

// A resource record of the whole: the responses stay what they were, and
// readers that know nothing of ranges find the file.
Result<RecordInfo> Join(const Parts& parts, const Exchange& first,
                        CaptureDraft& draft, ArchiveWriter& archive) {
  WarcHeader header;
  header.Add("WARC-Type", "resource");
  header.Add("WARC-Record-ID", "<" + archive.NewRecordId() + ">");
  header.Add("WARC-Date", FormatSeconds(first.started));
  header.Add("WARC-Target-URI", UriForHeader(first.url));
  header.Add("WARC-Concurrent-To", "<" + parts.records.front().id + ">");
  const std::string type = FieldOf(first.response_head, "content-type");
  header.Add("Content-Type",
             UriForHeader(type.empty() ? "application/octet-stream" : type));
  STEMMA_TRY(BodyWriter whole, draft.BeginRecord(header));
  for (const RecordInfo& part : parts.records) {
    STEMMA_TRY(const Blob payload, archive.Payload(part));
    const Status joined = payload.ForEachPiece(
        [&whole](std::string_view piece) { return whole.Append(piece); });
    if (!joined) {
      return Error(joined.error())
          .Context("joining a part that was just written: " + part.id);
    }
  }
  const Sha256 digest = whole.PayloadDigest();
  return whole.FinishRecord(header, digest);
}

bool IsBroken(const Hop& hop) {
  return hop.record && !hop.original && !hop.failure &&
         hop.exchange.truncated == Truncation::kDisconnect;
}

// The length that a 206 says the whole has; 0: unknown.
std::uint64_t TotalOf(const Exchange& exchange) {
  const std::string range = FieldOf(exchange.response_head, "content-range");
  const std::size_t slash = range.rfind('/');
  std::uint64_t total = 0;
  if (slash == std::string::npos) return 0;
  for (const char c : range.substr(slash + 1)) {
    if (c < '0' || c > '9' || total > (std::uint64_t{1} << 56)) return 0;
    total = total * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return total;
}

// Asks for the rest of `broken` until it is whole, the server no longer plays
// along, or it broke off too often. The answer is the hop to go on with.
Result<Hop> Resume(const Url& url, Hop broken, const CaptureOptions& options,
                   const FetchLimits& limits, CaptureDraft& draft,
                   CaptureTools& tools) {
  Parts parts{{*broken.record}, broken.record->payload_bytes};
  const auto give_up = [&](std::string why) {
    broken.notes.push_back("not resumed: " + std::move(why));
    return std::move(broken);
  };
  int dry = 1;  // attempts since something came
  const auto begun = std::chrono::steady_clock::now();
  for (int n = 0; n < kMaxResumes; ++n) {
    const Fields fields = ResumeHeaders(broken.exchange, parts.bytes);
    if (fields.empty() || parts.bytes >= limits.max_body_bytes) break;
    STEMMA_TRY(const bool again,
               Pause(options, tools, broken, url, Trouble::kTransient, dry));
    if (!again) break;
    if (auto refused = RefusedBy(url, tools)) {
      return give_up(refused->failure->message());
    }
    // The limits are those of the whole.
    FetchLimits rest = limits;
    rest.max_body_bytes -= parts.bytes;
    rest.total -= std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    if (rest.total <= rest.total.zero()) return give_up("the time is over");
    Trouble trouble = Trouble::kNone;
    STEMMA_TRY(Hop more,
               FetchOnce(url, options, rest, fields, draft, tools, trouble));
    for (std::string& note : more.notes) {
      broken.notes.push_back(std::move(note));
    }
    if (more.failure || !more.record) {
      ++dry;
      continue;
    }
    std::string why;
    switch (JudgeResume(broken.exchange, parts.bytes, more.exchange, &why)) {
      case ResumeAnswer::kUseless:
        return give_up(std::move(why));
      case ResumeAnswer::kReplaced:
        more.notes = std::move(broken.notes);
        more.notes.push_back("sent again as a whole after it broke off");
        if (!IsBroken(more)) return more;
        broken = std::move(more);
        parts = {{*broken.record}, broken.record->payload_bytes};
        continue;
      case ResumeAnswer::kContinues:
        break;
    }
    dry = more.record->payload_bytes > 0 ? 1 : dry + 1;
    parts.records.push_back(*more.record);
    parts.bytes += more.record->payload_bytes;
    if (more.exchange.truncated == Truncation::kDisconnect) continue;
    if (more.exchange.truncated) break;  // a limit of ours
    if (const std::uint64_t total = TotalOf(more.exchange);
        total != 0 && total != parts.bytes) {
      return give_up(
          fmt::format("{} of {} bytes in ranges that fit", parts.bytes, total));
    }
    STEMMA_TRY(broken.record,
               Join(parts, broken.exchange, draft, tools.archive));
    for (const RecordInfo& part : parts.records) {
      broken.joined.push_back(part.id);
    }
    broken.exchange.truncated.reset();
    broken.exchange.body_bytes = parts.bytes;
    broken.kept.reset();
    return broken;
  }
  if (parts.records.size() > 1) return give_up("it broke off too often");
  return broken;
}

}  // namespace

Result<Hop> FetchHop(const Url& url, const CaptureOptions& options,
                     const FetchLimits& limits, CaptureDraft& draft,
                     CaptureTools& tools) {
  STEMMA_TRY(Hop hop, FetchSome(url, options, limits, draft, tools));
  if (!IsBroken(hop)) return hop;
  return Resume(url, std::move(hop), options, limits, draft, tools);
}

}  // namespace stemma::cli
