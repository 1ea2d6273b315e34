#include "fetch/fetcher.h"

#include "core/http_head.h"
#include "fetch/engine.h"

namespace stemma {

Fetcher::Fetcher(std::unique_ptr<FetchEngine> engine,
                 std::function<bool()> stop)
    : engine_(std::move(engine)), stop_(std::move(stop)) {}
Fetcher::~Fetcher() = default;

Result<std::unique_ptr<Fetcher>> Fetcher::Create(FetchPolicy policy) {
  std::function<bool()> stop = policy.stop;
  STEMMA_TRY(auto engine, FetchEngine::Create(std::move(policy)));
  return std::unique_ptr<Fetcher>(
      new Fetcher(std::move(engine), std::move(stop)));
}

FetchOutcome Fetcher::Get(const FetchRequest& request,
                          const ExchangeSink& sink) {
  constexpr std::chrono::milliseconds kGlance(200);
  // Shared, since a broken engine may outlive this call with it.
  const auto outcome = std::make_shared<std::optional<FetchOutcome>>();
  const FetchEngine::Id id = engine_->Start(
      request, sink,
      [outcome](FetchOutcome got) { *outcome = std::move(got); });
  bool stopped = false;
  while (!outcome->has_value()) {
    if (!stopped && stop_ && stop_()) {
      stopped = true;
      engine_->Cut(id, Truncation::kUnspecified);
    }
    const Status moved = engine_->RunOnce(kGlance);
    if (moved || outcome->has_value()) continue;
    FetchOutcome broken;
    broken.exchange.url = request.url.HrefWithoutFragment();
    broken.failure = moved.error();
    return broken;
  }
  if (stopped && (*outcome)->failure) {
    (*outcome)->failure = Error(ErrorCode::kInterrupted, "told to stop");
  }
  return std::move(**outcome);
}

std::optional<Url> RedirectTarget(const Exchange& exchange, const Url& base) {
  constexpr std::size_t kMaxLocation = 16 << 10;
  switch (exchange.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      break;
    default:
      return std::nullopt;
  }
  const Result<HttpHead> head = ParseHttpHead(exchange.response_head);
  if (!head) return std::nullopt;
  const std::string* location = head->Find("Location");
  if (location == nullptr || location->empty() ||
      location->size() > kMaxLocation) {
    return std::nullopt;
  }
  Result<Url> target = Url::Parse(FieldToUtf8(*location), &base);
  if (!target) return std::nullopt;
  // RFC 9110 10.2.2: without a fragment of its own, it inherits ours.
  if (!target->has_fragment() && base.has_fragment()) {
    target = Url::Parse(target->Href() + "#" + base.fragment());
    if (!target) return std::nullopt;
  }
  // A page must not make us log in anywhere.
  return target->WithoutCredentials();
}

}  // namespace stemma
