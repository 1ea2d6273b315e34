#include "cli/ask_authority.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

#include "core/url.h"
#include "fetch/coding.h"

namespace stemma::cli {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;

FetchRequest RequestFor(const Url& url, const FetchLimits& limits,
                        const Question& question) {
  FetchRequest request{.url = url, .headers = {}, .limits = limits};
  request.headers = {{"Accept", question.accept},
                     {"Accept-Encoding", "identity"}};
  if (question.post) {
    request.headers.emplace_back("Content-Type", question.content_type);
    request.post = question.post;
  }
  request.limits.max_body_bytes = kMaxAnswer;
  request.limits.head = std::min<std::chrono::milliseconds>(
      limits.head, std::chrono::seconds(30));
  request.limits.total = std::min<std::chrono::milliseconds>(
      limits.total, std::chrono::seconds(45));
  return request;
}

}  // namespace

Result<std::string> AskAuthority(const FetchPolicy& policy,
                                 const FetchLimits& limits,
                                 const Question& question) {
  STEMMA_TRY(const Url url, Url::Parse(question.url));
  STEMMA_TRY(const std::unique_ptr<Fetcher> fetcher, Fetcher::Create(policy));
  std::string head;
  std::string body;
  int status = 0;
  const ExchangeSink sink{.on_head = [&](const Exchange& exchange) -> Status {
                            status = exchange.status;
                            head = exchange.response_head;
                            return {};
                          },
                          .on_body = [&](std::string_view bytes) -> Status {
                            body += bytes;
                            return {};
                          }};
  const FetchOutcome outcome =
      fetcher->Get(RequestFor(url, limits, question), sink);
  if (outcome.failure) return *outcome.failure;
  if (status != 200) {
    return Error(status == 404 ? ErrorCode::kNotFound : ErrorCode::kNetwork,
                 fmt::format("HTTP status {}", status));
  }
  if (outcome.exchange.truncated) {
    return Error(ErrorCode::kNetwork, "the answer was cut off");
  }
  return DecodeTransfer(head, std::move(body));
}

}  // namespace stemma::cli
