// stemma capture URL...: visit pages now.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cli/capture_now.h"
#include "cli/commands.h"
#include "cli/memory.h"
#include "cli/session.h"
#include "cli/sign_archive.h"
#include "fetch/chromium.h"
#include "trace/terminal.h"
#include "trace/verdict_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

struct Options {
  std::vector<std::string> urls;
  bool acks = false, no_media = false, later = false;
  std::string keyframes = "scene", renderer;
  SignOptions sign;
};

std::atomic<bool> stop_requested = false;

void RequestStop(int) { stop_requested = true; }

// A signal ends the run between captures and during waits; what is durable
// stays so in any case.
class StopOnSignal {
 public:
  StopOnSignal() {
    stop_requested = false;
    std::signal(SIGINT, RequestStop);
    std::signal(SIGTERM, RequestStop);
  }
  ~StopOnSignal() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
  }
};

bool WaitUnlessStopped(std::chrono::milliseconds pause) {
  using namespace std::chrono;
  const auto end = steady_clock::now() + pause;
  while (!stop_requested && steady_clock::now() < end) {
    std::this_thread::sleep_for(
        std::min<nanoseconds>(milliseconds(50), end - steady_clock::now()));
  }
  return !stop_requested;
}

// --- one capture, told ------------------------------------------------------

Json MediaJson(const CapturedMedia& media) {
  Json json = {{"url", media.link.url},
               {"kind", NameOf(media.link.kind)},
               {"found_by", media.link.found_by},
               {"after_block", media.link.after_block},
               {"capture", media.capture_id},
               {"sha256", media.sha256},
               {"bytes", media.bytes}};
  if (!media.error.empty()) json["error"] = media.error;
  if (media.report) {
    json["video"] = {{"status", media.report->status},
                     {"duration", media.report->duration},
                     {"keyframes", media.report->keyframes.size()},
                     {"shots", media.report->shots.size()}};
  }
  return json;
}

Json RelativeJson(const Relative& relative) {
  return {{"id", relative.publication.id},
          {"url", relative.publication.url},
          {"title", relative.publication.title},
          {"earlier", relative.earlier},
          {"verdict", NameOf(relative.comparison.verdict)},
          {"coverage",
           {relative.comparison.coverage_reference,
            relative.comparison.coverage_suspect}},
          {"changes", relative.comparison.changes.size()},
          {"video", NameOf(relative.video.verdict)}};
}

Json ReportJson(const std::string& url, const CaptureReport& report) {
  Json json = {{"url", url},
               {"id", report.info.id},
               {"final_url", report.final_url.HrefWithoutFragment()},
               {"status", report.status},
               {"redirects", report.redirects},
               {"payload_sha256", report.payload_sha256},
               {"notes", report.notes}};
  if (report.failure) {
    json["error"] = {{"code", NameOf(report.failure->code())},
                     {"message", report.failure->message()}};
  }
  if (report.redirect_not_followed) {
    json["redirect_not_followed"] = report.redirect_not_followed->message();
  }
  if (report.truncated) json["truncated"] = NameOf(*report.truncated);
  if (report.article) {
    json["article"] = {{"is_article", report.article->is_article},
                       {"title", report.article->title},
                       {"authors", report.article->authors}};
    if (report.publication) {
      json["article"]["text_sha256"] = report.publication->text_sha256.Hex();
      json["article"]["site"] = report.publication->site;
    }
  }
  json["media"] = Json::array();
  for (const CapturedMedia& media : report.media) {
    json["media"].push_back(MediaJson(media));
  }
  json["relatives"] = Json::array();
  for (const Relative& relative : report.relatives) {
    json["relatives"].push_back(RelativeJson(relative));
  }
  return json;
}

void PrintMedia(const CapturedMedia& media, std::ostream& out) {
  out << fmt::format("  {}: {} ({})", NameOf(media.link.kind),
                     ForTerminal(media.link.url), media.link.found_by);
  if (media.report) {
    out << fmt::format(", {:.1f} s, {} shots, {} keyframes",
                       media.report->duration, media.report->shots.size(),
                       media.report->keyframes.size());
  }
  if (!media.error.empty()) out << "; " << ForTerminal(media.error);
  out << "\n";
  if (!media.sha256.empty()) out << "    sha256:" << media.sha256 << "\n";
}

void PrintRelative(const Relative& relative, std::ostream& out) {
  out << fmt::format(
      "  {} {} {}\n    {}, coverage {:.2f} / {:.2f}, {} change{}; video {}\n",
      NameOf(relative.comparison.verdict),
      relative.earlier ? "against the earlier" : "against the later",
      ForTerminal(relative.publication.url.empty() ? relative.publication.id
                                                   : relative.publication.url),
      ForTerminal(relative.publication.title),
      relative.comparison.coverage_reference,
      relative.comparison.coverage_suspect, relative.comparison.changes.size(),
      relative.comparison.changes.size() == 1 ? "" : "s",
      NameOf(relative.video.verdict));
}

void PrintReport(const std::string& url, const CaptureReport& report,
                 std::ostream& out) {
  if (report.failure) {
    out << fmt::format("failed {}\n  {}: {}\n  {}\n", ForTerminal(url),
                       NameOf(report.failure->code()),
                       ForTerminal(report.failure->message()), report.info.id);
  } else {
    out << fmt::format("captured {} {}\n  {}\n", ForTerminal(url),
                       report.status, report.info.id);
  }
  for (const std::string& hop : report.redirects) {
    out << "  redirected to " << ForTerminal(hop) << "\n";
  }
  if (report.truncated) {
    out << fmt::format("  body cut: {}\n", NameOf(*report.truncated));
  }
  if (report.article && report.article->is_article) {
    out << "  article: " << ForTerminal(report.article->title) << "\n";
  }
  for (const CapturedMedia& media : report.media) PrintMedia(media, out);
  for (const Relative& relative : report.relatives) {
    PrintRelative(relative, out);
  }
  for (const std::string& note : report.notes) {
    out << "  note: " << ForTerminal(note) << "\n";
  }
}

// --- the run
// ------------------------------------------------------------------

// Of several outcomes the run's exit code is the first trouble met.
void Remember(int& exit_code, int code) {
  if (exit_code == kDone) exit_code = code;
}

Result<std::vector<Url>> ParseAll(const std::vector<std::string>& texts) {
  std::vector<Url> urls;
  for (const std::string& text : texts) {
    Result<Url> url = Url::Parse(text);
    if (!url || !url->IsHttp() || url->host().empty()) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' is not an http(s) URL", text));
    }
    urls.push_back(*std::move(url));
  }
  return urls;
}

int Run(const Options& options, Session& session) {
  const Result<std::vector<Url>> urls = ParseAll(options.urls);
  if (!urls) return session.Fail(urls.error());
  const StopOnSignal stop_on_signal;
  Result<OpenTools> open =
      OpenForCapture(session, session.ArchiveDir(), "capture");
  if (!open) return session.Fail(open.error());

  CaptureTools& tools = *open->tools;
  tools.wait = WaitUnlessStopped;
  if (!session.quiet) {
    tools.progress = [&](std::string_view words) { session.Note(words); };
  }
  if (options.acks) {
    tools.acknowledge = [&](std::string_view url) {
      *session.out << "ACK " << url << std::endl;
    };
  }
  CaptureOptions how;
  how.limits = how.media_limits = LimitsOf(session);
  how.media = !options.no_media;
  std::unique_ptr<PageRenderer> renderer;
  if (!options.renderer.empty()) {
    renderer = MakeChromium(options.renderer);
    open->tools->renderer = renderer.get();
    how.render.emplace();
  }
  how.derive = !options.later;
  how.keyframes = options.keyframes;

  int exit_code = kDone;
  for (std::size_t i = 0; i < urls->size(); ++i) {
    if (stop_requested) {
      return session.Fail(Error(ErrorCode::kInterrupted,
                                fmt::format("stopped before {} of {} URLs",
                                            urls->size() - i, urls->size())));
    }
    const Result<CaptureReport> report = CaptureUrl((*urls)[i], how, tools);
    if (!report) {
      return session.Fail(report.error().Context(options.urls[i]));
    }
    if (report->failure) {
      Remember(exit_code,
               session.Fail(report->failure->Context(options.urls[i])));
    }
    if (report->redirect_not_followed) {
      Remember(exit_code, session.Fail(report->redirect_not_followed->Context(
                              options.urls[i])));
    }
    if (session.json) {
      *session.out << ReportJson(options.urls[i], *report)
                          .dump(-1, ' ', false, Json::error_handler_t::replace)
                   << std::endl;
    } else if (!options.acks) {
      PrintReport(options.urls[i], *report, *session.out);
    }
  }
  for (const std::string& note : open->memory->notes()) session.Note(note);
  if (Status flushed = open->memory->Flush(); !flushed) {
    Remember(exit_code, session.Fail(flushed.error()));
  }
  // The captures stand without a signature.
  if (Status done =
          SignWork(session, *open->archive, options.sign, PolicyOf(session));
      !done) {
    Remember(exit_code, session.Fail(done.error()));
  }
  return exit_code;
}

}  // namespace

void AddCapture(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("capture", "visit pages now and keep everything");
  command->add_option("URL", options->urls, "http or https")->required();
  command->add_flag("--acks", options->acks,
                    "print ACK URL once a capture is durable");
  command
      ->add_option("--renderer", options->renderer,
                   "a Chromium that shows pages as well: chromium")
      ->type_name("PROGRAM");
  command->add_flag("--no-media", options->no_media,
                    "do not fetch embedded videos");
  command->add_flag("--derive-later", options->later,
                    "evidence only; 'stemma derive' does the rest");
  command
      ->add_option("--keyframes", options->keyframes,
                   "scene, iframe, interval:5s, all or none [scene]")
      ->type_name("MODE");
  AddSignOptions(*command, options->sign);
  AddNetworkOptions(*command, session);
  command->footer(
      "examples:\n"
      "  stemma capture https://herald.example/report\n"
      "  stemma --archive case-12 capture --json https://a.example/1");
  command->callback(
      [options, &session] { session.exit_code = Run(*options, session); });
}

}  // namespace stemma::cli
