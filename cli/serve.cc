// stemma serve: the review site, read-only, on loopback.
#include <fmt/format.h>
#include <httplib.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/capture_view.h"
#include "cli/commands.h"
#include "cli/family_of.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "cli/session.h"
#include "cli/verify_view.h"
#include "review/site_pages.h"
#include "trace/compare.h"
#include "trace/tree.h"

namespace stemma::cli {
namespace {

constexpr std::uint64_t kMaxShownBytes = std::uint64_t{64} << 20;
constexpr std::size_t kPageSize = 50;

struct Options {
  int port = 8383;
};

// One archive, asked by one request at a time: SQLite and the readers are not
// shared between threads.
class Site {
 public:
  Site(Session& session, std::unique_ptr<ArchiveReader> reader, int port)
      : session_(session), reader_(std::move(reader)), port_(port) {}

  void AddRoutes(httplib::Server& server);

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;

  // A page that a captured script or a rebound name asks for is not given out.
  bool IsForUs(const Request& request) const {
    const std::string host = request.get_header_value("Host");
    for (const char* name : {"127.0.0.1", "localhost", "[::1]"}) {
      if (host == fmt::format("{}:{}", name, port_)) return true;
    }
    return false;
  }

  static void Html(Response& response, const std::string& html,
                   int status = 200) {
    response.status = status;
    response.set_content(html, "text/html; charset=utf-8");
  }
  static void Trouble(Response& response, const Error& error) {
    const bool missing = error.code() == ErrorCode::kNotFound;
    Html(response,
         RenderMessagePage(missing ? "Not found" : "That did not work",
                           error.message()),
         missing ? 404 : 500);
  }

  void List(const Request& request, Response& response);
  void Capture(const Request& request, Response& response);
  void Compare(const Request& request, Response& response);
  void ShowFamily(const Request& request, Response& response);
  void Record(const Request& request, Response& response);
  void Image(const Request& request, Response& response);

  Result<std::string> ComparePage(const std::string& a, const std::string& b);

  Session& session_;
  std::unique_ptr<ArchiveReader> reader_;
  std::unique_ptr<Memory> memory_;  // opened when first needed
  int port_;
  std::mutex mutex_;
};

void Site::AddRoutes(httplib::Server& server) {
  server.set_pre_routing_handler(
      [this](const Request& request, Response& response) {
        if (IsForUs(request) &&
            (request.method == "GET" || request.method == "HEAD")) {
          return httplib::Server::HandlerResponse::Unhandled;
        }
        response.status = 403;
        response.set_content("refused\n", "text/plain");
        return httplib::Server::HandlerResponse::Handled;
      });
  server.set_default_headers({{"X-Content-Type-Options", "nosniff"},
                              {"Referrer-Policy", "no-referrer"},
                              {"Cross-Origin-Resource-Policy", "same-origin"},
                              {"X-Frame-Options", "DENY"}});
  const auto route = [&](const char* pattern,
                         void (Site::*handler)(const Request&, Response&)) {
    server.Get(pattern, [this, handler](const Request& q, Response& r) {
      const std::lock_guard lock(mutex_);
      (this->*handler)(q, r);
    });
  };
  route("/", &Site::List);
  route(R"(/capture/(.+))", &Site::Capture);
  route(R"(/record/(.+))", &Site::Record);
  route(R"(/image/(.+))", &Site::Image);
  route("/compare", &Site::Compare);
  route(R"(/family/(.+))", &Site::ShowFamily);
}

void Site::List(const Request& request, Response& response) {
  ListView view;
  view.query = request.get_param_value("q");
  view.page_size = kPageSize;
  const std::string offset = request.get_param_value("offset");
  std::from_chars(offset.data(), offset.data() + offset.size(), view.offset);
  CaptureQuery query;
  query.url_prefix = view.query;
  query.limit = kPageSize;
  query.offset = view.offset;
  Index& index = reader_->index();
  Result<std::vector<CaptureRow>> captures = index.Captures(query);
  if (!captures) return Trouble(response, captures.error());
  const Result<Index::Totals> totals = index.Count();
  if (!totals) return Trouble(response, totals.error());
  view.totals = *totals;
  view.captures = *std::move(captures);
  for (const CaptureRow& capture : view.captures) {
    const auto publication = index.PublicationById(capture.id);
    view.titles.push_back(publication && *publication ? (*publication)->title
                                                      : "");
  }
  Html(response, RenderListPage(view));
}

void Site::Capture(const Request& request, Response& response) {
  const Result<CaptureView> view =
      GatherCapture(*reader_, request.matches[1].str());
  if (!view) return Trouble(response, view.error());
  Html(response, RenderCapturePage(*view));
}

Result<std::string> Site::ComparePage(const std::string& a,
                                      const std::string& b) {
  if (!memory_) {
    STEMMA_TRY(memory_, Memory::Open(reader_->dir()));
  }
  STEMMA_TRY(const LoadedPublication reference,
             LoadPublication(session_, a, {.fetch = false}));
  STEMMA_TRY(const LoadedPublication suspect,
             LoadPublication(session_, b, {.fetch = false}));
  CompareOptions options;
  options.sites = &memory_->sites();
  const Comparison comparison =
      stemma::Compare(reference.publication, suspect.publication, options);
  STEMMA_TRY(auto reference_videos,
             memory_->VideosOf(reference.publication.id));
  STEMMA_TRY(auto suspect_videos, memory_->VideosOf(suspect.publication.id));
  const VideoComparison video =
      CompareVideoSets(reference_videos, suspect_videos);
  return RenderVerifyReport(
      GatherView(session_, reader_.get(),
                 {reference, suspect, comparison, video,
                  std::move(reference_videos), std::move(suspect_videos)}));
}

void Site::Compare(const Request& request, Response& response) {
  const std::string a = request.get_param_value("a");
  const std::string b = request.get_param_value("b");
  // Ids only: the site opens no files and no addresses for its visitors.
  for (const std::string& id : {a, b}) {
    const Result<CaptureRow> capture = reader_->CaptureById(id);
    if (!capture && !reader_->PublicationById(id)) {
      return Trouble(response, capture.error());
    }
  }
  const Result<std::string> page = ComparePage(a, b);
  if (!page) return Trouble(response, page.error());
  Html(response, *page);
}

void Site::ShowFamily(const Request& request, Response& response) {
  const Result<Publication> asked =
      reader_->PublicationById(request.matches[1].str());
  if (!asked) return Trouble(response, asked.error());
  const Result<Family> family = FamilyOf(session_, *asked);
  if (!family) return Trouble(response, family.error());
  TreeOptions options;
  options.sites = &family->memory->sites();
  VerifyView view;
  view.suspect.publication = *asked;
  AddFamily(InferTree(family->members, {}, options), family->members, view);
  Html(response,
       RenderFamilyPage(asked->title, view.family_svg, view.family_notes));
}

// A record's bytes, for saving, never for showing: what was captured must not
// run here.
void Site::Record(const Request& request, Response& response) {
  const Result<StoredRecord> record =
      reader_->RecordById(request.matches[1].str());
  if (!record) return Trouble(response, record.error());
  const Result<std::string> block = record->block.ReadAll(kMaxShownBytes);
  if (!block) return Trouble(response, block.error());
  response.set_header("Content-Disposition", "attachment");
  response.set_header("Content-Security-Policy", "sandbox; default-src 'none'");
  response.set_content(*block, "application/octet-stream");
}

void Site::Image(const Request& request, Response& response) {
  const Result<StoredRecord> record =
      reader_->RecordById(request.matches[1].str());
  if (!record) return Trouble(response, record.error());
  // Only pictures that we made, and only as the formats that we write.
  const std::string& mime = record->info.mime;
  const bool ours =
      record->info.uri.starts_with("urn:stemma:keyframe:") &&
      (mime == "image/jpeg" || mime == "image/png" || mime == "image/webp");
  if (!ours) {
    return Trouble(response,
                   Error(ErrorCode::kNotFound, "that is no keyframe of ours"));
  }
  const Result<std::string> bytes = record->payload.ReadAll(kMaxShownBytes);
  if (!bytes) return Trouble(response, bytes.error());
  response.set_content(*bytes, mime);
}

int Run(const Options& options, Session& session) {
  Result<std::unique_ptr<ArchiveReader>> reader =
      ArchiveReader::Open(session.ArchiveDir());
  if (!reader) return session.Fail(reader.error());
  httplib::Server server;
  const int port =
      options.port == 0
          ? server.bind_to_any_port("127.0.0.1")
          : (server.bind_to_port("127.0.0.1", options.port) ? options.port
                                                            : -1);
  if (port < 0) {
    return session.Fail(
        Error(ErrorCode::kIo,
              fmt::format("cannot listen on 127.0.0.1:{}; is another program "
                          "there? --port takes another number",
                          options.port)));
  }
  Site site(session, *std::move(reader), port);
  site.AddRoutes(server);
  *session.out << fmt::format("http://127.0.0.1:{}/", port) << std::endl;
  session.Note("read-only, this machine only; end with Ctrl-C");
  return server.listen_after_bind() ? static_cast<int>(kDone)
                                    : static_cast<int>(kTrouble);
}

}  // namespace

void AddServe(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("serve", "the review site on 127.0.0.1");
  command->add_option("--port", options->port, "0: any free one [8383]")
      ->check(CLI::Range(0, 65535));
  command->footer(
      "examples:\n"
      "  stemma serve\n"
      "  stemma --archive case-12 serve --port 9000");
  command->callback(
      [options, &session] { session.exit_code = Run(*options, session); });
}

}  // namespace stemma::cli
