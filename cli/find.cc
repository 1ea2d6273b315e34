// stemma find FILE|URL: which captures hold this text, image or video.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/batch_input.h"
#include "cli/commands.h"
#include "cli/file_blob.h"
#include "cli/find_video.h"
#include "cli/find_view.h"
#include "cli/found.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "review/find_report.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRelatives = 50;

struct Options {
  std::string reference, report;
  bool batch = false, no_fetch = false;
};

// What is searched in, opened when the first query needs it.
class Finder {
 public:
  // With `pictures`, frames of a video that is looked for come along.
  explicit Finder(Session& session, bool pictures = false)
      : session_(session), pictures_(pictures) {}

  Result<Found> Find(const std::string& reference, bool fetch);

 private:
  Result<Found> FindMedium(const std::string& name, const Blob& bytes);
  Result<Found> FindText(const std::string& reference, bool fetch);
  void AddMatch(Match match, const std::string& id, Found& found) const;

  Session& session_;
  bool pictures_;
  std::optional<VideoLibrary> videos_;
  std::unique_ptr<Memory> texts_;
};

Result<Found> Finder::Find(const std::string& reference, bool fetch) {
  std::error_code ignored;
  if (!fs::exists(reference, ignored)) return FindText(reference, fetch);
  STEMMA_TRY(const Blob bytes, FileBlob(reference));
  STEMMA_TRY(const std::string prefix, bytes.ReadPrefix(4096));
  return IsMedium(prefix) ? FindMedium(reference, bytes)
                          : FindText(reference, fetch);
}

// The match at every place where the archive has the medium.
void Finder::AddMatch(Match match, const std::string& id, Found& found) const {
  match.known = videos_->ReportOf(id);
  for (const KnownPlace& place : videos_->PlacesOf(id)) {
    match.place = place;
    found.matches.push_back(match);
  }
}

Result<Found> Finder::FindMedium(const std::string& name, const Blob& bytes) {
  if (!videos_) {
    STEMMA_TRY(videos_, VideoLibrary::Open(session_.ArchiveDir()));
  }
  Found found;
  STEMMA_TRY(found.medium, ReadMedium(bytes, pictures_));
  const VideoReport& report = *found.medium;
  if (report.status == "rejected") {
    return Error(ErrorCode::kMalformed,
                 fmt::format("{}: no video: {}", name, report.reason));
  }
  found.searched = videos_->size();
  if (report.facts.contains("kind")) {
    for (PictureMatch& match : videos_->FindPicture(report.samples.front())) {
      const std::string id = match.id;
      AddMatch({.picture = std::move(match)}, id, found);
    }
    return found;
  }
  for (VideoMatch& match : videos_->Find(report)) {
    const std::string id = match.id;
    AddMatch({.video = std::move(match)}, id, found);
  }
  return found;
}

Result<Found> Finder::FindText(const std::string& reference, bool fetch) {
  SourceOptions source;
  source.fetch = fetch;
  Found found;
  STEMMA_TRY(found.text, LoadPublication(session_, reference, source));
  if (!texts_) {
    STEMMA_TRY(texts_, Memory::Open(session_.ArchiveDir()));
    STEMMA_CHECK_OK(texts_->NeedArchive());
  }
  STEMMA_TRY(std::vector<Relative> relatives,
             texts_->RelativesOf(found.text->publication, {}, kMostRelatives));
  found.searched = texts_->texts();
  for (Relative& relative : relatives) {
    Match match;
    match.place.capture_id = relative.publication.id;
    match.place.url = relative.publication.url;
    match.text = std::move(relative);
    found.matches.push_back(std::move(match));
  }
  return found;
}

std::string Dumped(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Print(const Found& found, const Options& options, Session& session) {
  const bool nothing = found.matches.empty();
  const std::vector<Json> lines = LinesOf(options.reference, found);
  if (session.json) {
    *session.out << Dumped({{"query", options.reference},
                            {"matches", nothing ? Json::array() : Json(lines)}})
                 << "\n";
  } else if (nothing) {
    session.Note("nothing in the archive shares it");
  } else {
    for (const Json& line : lines) *session.out << Told(line) << "\n";
  }
}

Status FindOne(const Options& options, Session& session) {
  Finder finder(session, !options.report.empty());
  STEMMA_TRY(const Found found,
             finder.Find(options.reference, !options.no_fetch));
  session.exit_code = found.matches.empty() ? kBadAnswer : kDone;
  Print(found, options, session);
  if (options.report.empty()) return {};
  STEMMA_TRY(const FindView view,
             GatherFind(session, options.reference, found));
  return WriteReport(options.report, RenderFindReport(view), session);
}

std::vector<std::string> AnswersTo(const std::string& text,
                                   const fs::path& folder, Finder& finder,
                                   const Options& options, bool& failed) {
  std::string name;
  const auto error = [&](std::string_view why) {
    failed = true;
    return std::vector{Dumped({{"query", name}, {"error", why}})};
  };
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object()) return error("not a JSON object");
  std::string file;
  for (const char* key : {"file", "path", "page"}) {
    if (line.contains(key) && line[key].is_string()) file = line[key];
  }
  if (line.contains("query") && line["query"].is_string()) name = line["query"];
  if (name.empty()) return error("'query' is missing");
  if (file.empty()) return error("'file' is missing");
  const Result<Found> found =
      finder.Find((folder / file).string(), !options.no_fetch);
  if (!found) return error(found.error().message());
  std::vector<std::string> answers;
  for (const Json& answer : LinesOf(name, *found)) {
    answers.push_back(Dumped(answer));
  }
  return answers;
}

void RunBatch(const Options& options, Session& session) {
  Result<BatchInput> in = BatchInput::Open(options.reference);
  if (!in) {
    session.exit_code = session.Fail(in.error());
    return;
  }
  Finder finder(session);
  bool failed = false;
  std::string line;
  Result<bool> more = in->Next(line);
  for (; more && *more; more = in->Next(line)) {
    for (const std::string& answer :
         AnswersTo(line, in->folder(), finder, options, failed)) {
      *session.out << answer << "\n";
    }
    session.out->flush();
  }
  if (failed) session.exit_code = kBadAnswer;
  if (!more) session.exit_code = session.Fail(more.error());
}

}  // namespace

void AddFind(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "find", "Which captures hold this text, image or video, and where.");
  command
      ->add_option("reference", options->reference,
                   "video, image or page; batch: JSON lines")
      ->type_name("FILE|URL");
  command->add_option("--report", options->report, "write an HTML report")
      ->type_name("FILE");
  command->add_flag("--batch", options->batch,
                    "read {\"query\",\"file\"} lines, answer in order");
  command->add_flag("--no-fetch", options->no_fetch, "never use the network");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma --archive case-12 find copy.mp4 --report found.html\n"
      "  stemma find --batch queries.jsonl > found.jsonl");
  command->callback([options, &session] {
    if (options->batch && !options->report.empty()) {
      *session.err << "stemma find: a report is of one query, not of a "
                      "batch.\n";
      session.exit_code = kUsage;
    } else if (options->batch) {
      RunBatch(*options, session);
    } else if (options->reference.empty()) {
      *session.err << "stemma find: what? Give a FILE or a URL.\n";
      session.exit_code = kUsage;
    } else if (const Status done = FindOne(*options, session); !done) {
      session.exit_code = session.Fail(done.error());
    }
  });
}

}  // namespace stemma::cli
