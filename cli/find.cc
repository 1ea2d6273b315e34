// stemma find FILE|URL: which captures hold this text, image or video.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/batch_input.h"
#include "cli/commands.h"
#include "cli/file_blob.h"
#include "cli/find_video.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRelatives = 50;

struct Options {
  std::string reference;
  bool batch = false, no_fetch = false;
};

// What is searched in, opened when the first query needs it.
class Finder {
 public:
  explicit Finder(Session& session) : session_(session) {}

  // The answers to one query, as the batch has them; one with a null
  // reference when nothing was found.
  Result<std::vector<Json>> Find(const std::string& name,
                                 const std::string& reference, bool fetch);

 private:
  Result<std::vector<Json>> FindMedium(const std::string& name,
                                       const Blob& bytes);
  std::vector<Json> FindPicture(const std::string& name,
                                const VideoReport& still);
  Result<std::vector<Json>> FindText(const std::string& name,
                                     const std::string& reference, bool fetch);

  Session& session_;
  std::optional<VideoLibrary> videos_;
  std::unique_ptr<Memory> texts_;
};

std::string NameOfPlace(const KnownPlace& place) {
  return place.reference.empty() ? place.capture_id : place.reference;
}

void AddPlace(const KnownPlace& place, Json& line) {
  line["capture"] = place.capture_id;
  if (!place.url.empty()) line["url"] = place.url;
}

Result<std::vector<Json>> Finder::Find(const std::string& name,
                                       const std::string& reference,
                                       bool fetch) {
  Result<std::vector<Json>> found = std::vector<Json>{};
  std::error_code ignored;
  if (fs::exists(reference, ignored)) {
    STEMMA_TRY(const Blob bytes, FileBlob(reference));
    STEMMA_TRY(const std::string prefix, bytes.ReadPrefix(4096));
    found = IsMedium(prefix) ? FindMedium(name, bytes)
                             : FindText(name, reference, fetch);
  } else {
    found = FindText(name, reference, fetch);
  }
  if (found && found->empty()) {
    found->push_back({{"query", name}, {"reference", nullptr}});
  }
  return found;
}

Result<std::vector<Json>> Finder::FindMedium(const std::string& name,
                                             const Blob& bytes) {
  if (!videos_) {
    STEMMA_TRY(videos_, VideoLibrary::Open(session_.ArchiveDir()));
  }
  STEMMA_TRY(const VideoReport report, ReadMedium(bytes));
  if (report.status == "rejected") {
    return Error(ErrorCode::kMalformed,
                 fmt::format("{}: no video: {}", name, report.reason));
  }
  if (report.facts.contains("kind")) return FindPicture(name, report);
  std::vector<Json> lines;
  for (const VideoMatch& match : videos_->Find(report)) {
    for (const KnownPlace& place : videos_->PlacesOf(match.id)) {
      Json line = LineOf(name, match, NameOfPlace(place));
      AddPlace(place, line);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<Json> Finder::FindPicture(const std::string& name,
                                      const VideoReport& still) {
  std::vector<Json> lines;
  for (const PictureMatch& match :
       videos_->FindPicture(still.samples.front())) {
    for (const KnownPlace& place : videos_->PlacesOf(match.id)) {
      Json line = {{"query", name},
                   {"reference", NameOfPlace(place)},
                   {"score", match.score},
                   {"seconds", match.seconds},
                   {"region",
                    {match.region.left, match.region.top, match.region.right,
                     match.region.bottom}}};
      if (match.mirrored) line["mirrored"] = true;
      AddPlace(place, line);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// How much of each text is in the other, and where: pairs of paragraphs, as
// code points of either text, with the number of the archived one.
void AddPassages(const Relative& relative, Json& line) {
  constexpr std::size_t kMostPassages = 100;
  const Comparison& c = relative.comparison;
  // The earlier of the two is the comparison's reference.
  const bool query_is_suspect = relative.earlier;
  const double of_query =
      query_is_suspect ? c.coverage_suspect : c.coverage_reference;
  const double of_archived =
      query_is_suspect ? c.coverage_reference : c.coverage_suspect;
  line["coverage"] = {{"query", of_query}, {"reference", of_archived}};
  line["passages"] = Json::array();
  std::size_t number = 0;
  for (const BlockRole& block : c.blocks) {
    if (block.on_suspect == query_is_suspect || block.role == "furniture") {
      continue;
    }
    ++number;
    if ((block.role != "shared" && block.role != "moved") || block.pair < 0 ||
        line["passages"].size() == kMostPassages) {
      continue;
    }
    const Span here = c.blocks[static_cast<std::size_t>(block.pair)].span;
    line["passages"].push_back(
        {{"query", {here.begin, here.end}},
         {"reference", {block.span.begin, block.span.end}},
         {"paragraph", number}});
  }
}

Result<std::vector<Json>> Finder::FindText(const std::string& name,
                                           const std::string& reference,
                                           bool fetch) {
  SourceOptions source;
  source.fetch = fetch;
  STEMMA_TRY(const LoadedPublication loaded,
             LoadPublication(session_, reference, source));
  if (!texts_) {
    STEMMA_TRY(texts_, Memory::Open(session_.ArchiveDir()));
    STEMMA_CHECK_OK(texts_->NeedArchive());
  }
  STEMMA_TRY(const std::vector<Relative> relatives,
             texts_->RelativesOf(loaded.publication, {}, kMostRelatives));
  std::vector<Json> lines;
  for (const Relative& relative : relatives) {
    const Publication& p = relative.publication;
    lines.push_back({{"query", name},
                     {"reference", p.id},
                     {"verdict", NameOf(relative.comparison.verdict)},
                     {"url", p.url},
                     {"title", p.title}});
    AddPassages(relative, lines.back());
  }
  return lines;
}

std::string Dumped(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// An alteration for people. What was removed has a place in the query and a
// length in the known video.
std::string ToldEvent(const Json& event) {
  const auto kind = event["kind"].get<std::string>();
  const double start = event["q_start"].get<double>();
  if (event.contains("reference")) {
    const Json& gone = event["reference"];
    return fmt::format("{} {:.3f}-{:.3f} s of it, at {:.3f} s here", kind,
                       gone[0].get<double>(), gone[1].get<double>(), start);
  }
  return fmt::format("{} {:.3f}-{:.3f} s", kind, start,
                     event["q_end"].get<double>());
}

// "0.92 of it in 0.35 of the archived text: paragraphs 2-4, 7"
std::string ToldPassages(const Json& line) {
  std::string told =
      fmt::format("\n    {:.2f} of it is {:.2f} of the archived text",
                  line["coverage"]["query"].get<double>(),
                  line["coverage"]["reference"].get<double>());
  std::string_view before = ": paragraphs ";
  const Json& passages = line["passages"];
  const auto number = [&](std::size_t k) {
    return passages[k]["paragraph"].get<std::size_t>();
  };
  for (std::size_t k = 0; k < passages.size();) {
    std::size_t last = k;
    while (last + 1 < passages.size() && number(last + 1) == number(last) + 1) {
      ++last;
    }
    told += before;
    told += last == k ? fmt::format("{}", number(k))
                      : fmt::format("{}-{}", number(k), number(last));
    before = ", ";
    k = last + 1;
  }
  return told;
}

// One answer for people.
std::string Told(const Json& line) {
  std::string text = line.value("reference", std::string());
  if (line.contains("url")) text += "  " + line["url"].get<std::string>();
  if (line.contains("verdict")) {
    text += "  " + line["verdict"].get<std::string>();
  }
  if (line.contains("passages")) text += ToldPassages(line);
  if (line.contains("seconds")) {
    text += fmt::format("  at {:.3f} s", line["seconds"].get<double>());
  }
  if (line.contains("segments")) {
    for (const Json& s : line["segments"]) {
      text += fmt::format("\n    {:.3f}-{:.3f} s shows {:.3f}-{:.3f} s",
                          s[0].get<double>(), s[1].get<double>(),
                          s[2].get<double>(), s[3].get<double>());
    }
    for (const Json& e : line["altered"]) text += "\n    " + ToldEvent(e);
  }
  return ForTerminal(text);
}

void RunOne(const Options& options, Session& session) {
  Finder finder(session);
  const Result<std::vector<Json>> found =
      finder.Find(options.reference, options.reference, !options.no_fetch);
  if (!found) {
    session.exit_code = session.Fail(found.error());
    return;
  }
  const bool nothing = found->front()["reference"].is_null();
  session.exit_code = nothing ? kBadAnswer : kDone;
  if (session.json) {
    Json matches = Json::array();
    if (!nothing) {
      for (const Json& line : *found) matches.push_back(line);
    }
    *session.out << Dumped({{"query", options.reference},
                            {"matches", std::move(matches)}})
                 << "\n";
    return;
  }
  if (nothing) session.Note("nothing in the archive shares it");
  if (nothing) return;
  for (const Json& line : *found) *session.out << Told(line) << "\n";
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
  const Result<std::vector<Json>> found =
      finder.Find(name, (folder / file).string(), !options.no_fetch);
  if (!found) return error(found.error().message());
  std::vector<std::string> answers;
  for (const Json& answer : *found) answers.push_back(Dumped(answer));
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
  command->add_flag("--batch", options->batch,
                    "read {\"query\",\"file\"} lines, answer in order");
  command->add_flag("--no-fetch", options->no_fetch, "never use the network");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma --archive case-12 find copy.mp4\n"
      "  stemma find --batch queries.jsonl > found.jsonl");
  command->callback([options, &session] {
    if (options->batch) {
      RunBatch(*options, session);
    } else if (options->reference.empty()) {
      *session.err << "stemma find: what? Give a FILE or a URL.\n";
      session.exit_code = kUsage;
    } else {
      RunOne(*options, session);
    }
  });
}

}  // namespace stemma::cli
