#include "cli/capture_render.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "article/discover.h"
#include "cli/capture_hop.h"
#include "core/http_head.h"
#include "fetch/coding.h"
#include "fetch/page_renderer.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;
using Fields = std::vector<std::pair<std::string, std::string>>;

Fields FieldsOf(std::string_view head) {
  Fields fields;
  ForEachHttpField(head, [&](std::string_view name, std::string_view value) {
    fields.emplace_back(name, value);
  });
  return fields;
}

// Answers the browser from the stored page and, for all else, from hops whose
// records go into `draft`.
class Supply {
 public:
  Supply(const std::string& body, const CaptureOptions& options,
         CaptureTools& tools, const CaptureReport& report, CaptureDraft& draft)
      : body_(body),
        options_(options),
        tools_(tools),
        report_(report),
        draft_(draft) {
    options_.retry.max_attempts = 1;
  }

  Result<std::optional<RenderAnswer>> Answer(const RenderRequest& request) {
    if (request.url.HrefWithoutFragment() ==
        report_.final_url.HrefWithoutFragment()) {
      return RenderAnswer{200, FieldsOf(report_.response_head), body_, 0};
    }
    FetchLimits limits = options_.limits;
    limits.max_body_bytes = std::min(limits.max_body_bytes, request.bytes_left);
    limits.total = std::min(limits.total, request.time_left);
    options_.headers = request.headers;
    STEMMA_TRY(const Hop hop,
               FetchHop(request.url, options_, limits, draft_, tools_));
    if (hop.failure) {
      if (hop.failure->code() == ErrorCode::kInterrupted) return *hop.failure;
      return std::optional<RenderAnswer>();
    }
    STEMMA_TRY(std::string received, Received(hop));
    const std::string& head = hop.exchange.response_head;
    const Result<std::string> text =
        DecodeContent(head, DecodeTransfer(head, std::move(received)));
    if (!text) return std::optional<RenderAnswer>();
    return RenderAnswer{hop.exchange.status, FieldsOf(head), *text,
                        hop.exchange.body_bytes};
  }

 private:
  Result<std::string> Received(const Hop& hop) {
    if (hop.kept) return *hop.kept;
    if (!hop.record) return std::string();
    STEMMA_TRY(
        const Blob payload,
        tools_.archive.Payload(hop.original ? *hop.original : *hop.record));
    return payload.ReadAll(options_.limits.max_body_bytes);
  }

  const std::string& body_;
  CaptureOptions options_;
  CaptureTools& tools_;
  const CaptureReport& report_;
  CaptureDraft& draft_;
};

Json FactsOf(const RenderedPage& rendered, const CaptureReport& report) {
  return {
      {"of", report.info.id},        {"browser", rendered.browser},
      {"shown", rendered.final_url}, {"requests", rendered.requests},
      {"refused", rendered.refused}, {"bytes", rendered.bytes},
      {"loaded", rendered.loaded},   {"network_namespace", rendered.walled}};
}

Status Keep(const RenderedPage& rendered, const RecordInfo& page,
            const std::string& target, CaptureDraft& draft,
            CaptureReport& report) {
  STEMMA_TRY(const RecordInfo picture,
             draft.AddResource(target, "image/png", rendered.picture));
  STEMMA_TRY(
      const RecordInfo document,
      draft.AddConversion("urn:stemma:rendered:" + report.info.id,
                          "text/html; charset=utf-8", rendered.html, page.id));
  Json facts = FactsOf(rendered, report);
  facts["picture"] = picture.id;
  facts["document"] = document.id;
  STEMMA_TRY(const CaptureInfo kept,
             draft.Commit({{"embedded_in", report.info.id},
                           {"final", target},
                           {"page", picture.id},
                           {"rendered", std::move(facts)}}));
  static_cast<void>(kept);
  return {};
}

// What the page's own text does not name.
void AddFound(const RenderedPage& rendered, CaptureReport& report) {
  Result<Discovery> found =
      DiscoverAddresses({rendered.html, "text/html; charset=utf-8",
                         report.final_url.HrefWithoutFragment()});
  if (!found) return;
  std::set<std::string> known;
  for (const PageLink& link : report.found.links) known.insert(link.url);
  for (PageLink& link : found->links) {
    if (known.insert(link.url).second) {
      report.found.links.push_back(std::move(link));
    }
  }
  known.clear();
  for (const MediaLink& link : report.found.media) known.insert(link.url);
  for (MediaLink& link : found->media) {
    if (known.insert(link.url).second) {
      report.found.media.push_back(std::move(link));
    }
  }
}

}  // namespace

Status RenderPage(const std::string& body, const RecordInfo& page,
                  const CaptureOptions& options, CaptureTools& tools,
                  CaptureReport& report) {
  if (tools.renderer == nullptr || !options.render) return {};
  tools.Say("rendering " + report.final_url.HrefWithoutFragment());
  if (tools.between_requests) tools.between_requests();
  const std::string target = "urn:stemma:render:" + report.info.id;
  STEMMA_TRY(CaptureDraft draft,
             tools.archive.BeginCapture(target, tools.clock()));
  Supply supply(body, options, tools, report, draft);
  const auto go_on = [&tools] {
    return !tools.wait || tools.wait(std::chrono::milliseconds(0));
  };
  const Result<RenderedPage> rendered = tools.renderer->Render(
      report.final_url, *options.render,
      [&](const RenderRequest& request) { return supply.Answer(request); },
      go_on);
  if (tools.between_requests) tools.between_requests();
  if (rendered) {
    STEMMA_CHECK_OK(Keep(*rendered, page, target, draft, report));
    AddFound(*rendered, report);
    return {};
  }
  const ErrorCode code = rendered.error().code();
  if (code == ErrorCode::kIo || code == ErrorCode::kNoSpace ||
      code == ErrorCode::kInterrupted) {
    return rendered.error();
  }
  report.notes.push_back("not rendered: " + rendered.error().message());
  STEMMA_TRY(const CaptureInfo failed,
             draft.CommitFailed(rendered.error(),
                                {{"embedded_in", report.info.id},
                                 {"rendered", {{"of", report.info.id}}}}));
  static_cast<void>(failed);
  return {};
}

}  // namespace stemma::cli
