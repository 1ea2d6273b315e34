// stemma trace REF: who copied whom.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "archive/archive_reader.h"
#include "cli/commands.h"
#include "cli/family_of.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "cli/trace_view.h"
#include "review/trace_report.h"
#include "trace/families.h"
#include "trace/site_model.h"
#include "trace/terminal.h"
#include "trace/tree.h"
#include "trace/verdict_json.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::string reference, families, out, report;
  bool all = false, no_fetch = false;
};

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A file of JSON lines in the output folder.
class Lines {
 public:
  Lines(const fs::path& folder, const char* name)
      : path_(folder / name), file_(path_, std::ios::binary) {}
  void Add(const Json& json) { file_ << Line(json); }
  Status Close() {
    file_.close();
    if (file_) return {};
    return Error(ErrorCode::kIo,
                 fmt::format("writing {}: cannot write", path_.string()));
  }

 private:
  fs::path path_;
  std::ofstream file_;
};

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return {};
  return Error(ErrorCode::kIo,
               fmt::format("making {}: {}", folder, error.message()));
}

// All publications of the archive and what is furniture on their sites.
struct Library {
  std::vector<Publication> publications;
  SiteModels sites;
};

Result<std::unique_ptr<Library>> OpenLibrary(Session& session) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  auto library = std::make_unique<Library>();
  STEMMA_TRY(library->publications, ReadPublications(*reader));
  for (const Publication& publication : library->publications) {
    library->sites.Know(publication.site);
  }
  for (const Publication& publication : library->publications) {
    library->sites.Add(publication);
  }
  return library;
}

// Whether texts that are related also show the same pictures: the same file,
// or one that the matcher finds in the other.
Status NoteSharedVideos(const Library& library, const fs::path& archive,
                        std::vector<Republication>& relations) {
  std::unordered_map<std::string, const Publication*> with_video;
  for (const Publication& publication : library.publications) {
    if (!publication.media.empty()) {
      with_video.emplace(publication.id, &publication);
    }
  }
  if (with_video.size() < 2) return {};
  STEMMA_TRY(const auto memory, Memory::Open(archive));
  for (Republication& relation : relations) {
    const auto a = with_video.find(relation.a);
    const auto b = with_video.find(relation.b);
    if (a == with_video.end() || b == with_video.end()) continue;
    const auto& theirs = b->second->media;
    relation.shares_video = std::ranges::any_of(
        a->second->media, [&theirs](const std::string& sha256) {
          return std::ranges::find(theirs, sha256) != theirs.end();
        });
    if (relation.shares_video) continue;
    STEMMA_TRY(const auto reference, memory->VideosOf(relation.a));
    STEMMA_TRY(const auto suspect, memory->VideosOf(relation.b));
    relation.shares_video =
        SharesPictures(CompareVideoSets(reference, suspect).verdict);
  }
  return {};
}

Status TraceAll(const Options& options, Session& session) {
  STEMMA_TRY(const auto library, OpenLibrary(session));
  STEMMA_CHECK_OK(MakeFolder(options.out));
  CompareOptions compare;
  compare.sites = &library->sites;
  std::vector<Republication> relations =
      FindRelations(library->publications, compare);
  STEMMA_CHECK_OK(NoteSharedVideos(*library, session.ArchiveDir(), relations));
  Lines pairs(options.out, "pairs.jsonl");
  Lines all(options.out, "relations.jsonl");
  std::size_t copies = 0;
  for (const Republication& relation : relations) {
    all.Add(RelationToJson(relation));
    if (!IsRepublication(relation)) continue;
    ++copies;
    Json pair;
    pair["a"] = relation.a;
    pair["b"] = relation.b;
    pairs.Add(pair);
  }
  Lines families(options.out, "families.jsonl");
  std::size_t number = 0;
  for (const auto& members : Families(library->publications, relations)) {
    Json family;
    family["family"] = fmt::format("f{:04}", number++);
    family["members"] = members;
    families.Add(family);
  }
  STEMMA_CHECK_OK(pairs.Close());
  STEMMA_CHECK_OK(all.Close());
  STEMMA_CHECK_OK(families.Close());
  if (session.json) {
    Json summary;
    summary["publications"] = library->publications.size();
    summary["republications"] = copies;
    summary["relations"] = relations.size();
    summary["families"] = number;
    *session.out << Line(summary);
  } else {
    *session.out << fmt::format(
        "{} publications, {} republications, {} families; written to {}\n",
        library->publications.size(), copies, number, ForTerminal(options.out));
  }
  return {};
}

struct Membership {
  std::string family;
  std::vector<std::string> members;
};

Result<std::vector<Membership>> ReadFamilies(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("reading families {}: cannot read", path));
  }
  std::vector<Membership> families;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json json = Json::parse(line, nullptr, false);
    const auto bad = [&](std::string_view why) {
      return Error(ErrorCode::kMalformed,
                   fmt::format("{} line {}: {}", path, number, why));
    };
    if (!json.is_object() || !json.contains("family") ||
        !json["family"].is_string() || !json.contains("members") ||
        !json["members"].is_array()) {
      return bad("expected {\"family\",\"members\"}");
    }
    Membership membership;
    membership.family = json["family"].get<std::string>();
    for (const Json& member : json["members"]) {
      if (!member.is_string()) return bad("a member is no string");
      membership.members.push_back(member.get<std::string>());
    }
    families.push_back(std::move(membership));
  }
  return families;
}

Status TraceFamilies(const Options& options, Session& session) {
  STEMMA_TRY(const auto families, ReadFamilies(options.families));
  STEMMA_TRY(const auto library, OpenLibrary(session));
  STEMMA_CHECK_OK(MakeFolder(options.out));
  std::unordered_map<std::string, const Publication*> by_id;
  for (const Publication& publication : library->publications) {
    by_id.emplace(publication.id, &publication);
  }
  TreeOptions tree;
  tree.sites = &library->sites;
  Lines trees(options.out, "trees.jsonl");
  for (const Membership& family : families) {
    std::vector<Publication> members;
    for (const std::string& id : family.members) {
      const auto at = by_id.find(id);
      if (at == by_id.end()) {
        return Error(
            ErrorCode::kNotFound,
            fmt::format("family {}: no publication '{}' in the "
                        "archive '{}'",
                        family.family, id, session.ArchiveDir().string()));
      }
      members.push_back(*at->second);
    }
    trees.Add(TreeToJson(family.family, InferTree(members, {}, tree)));
  }
  STEMMA_CHECK_OK(trees.Close());
  if (!session.json) {
    *session.out << fmt::format("{} trees; written to {}\n", families.size(),
                                ForTerminal(options.out));
  }
  return {};
}

Json JsonOf(const Publication& member) {
  return {{"id", member.id},
          {"url", member.url},
          {"title", member.title},
          {"published_at", member.published_at
                               ? Json(FormatSeconds(*member.published_at))
                               : Json()},
          {"sha256", member.text_sha256.Hex()}};
}

void PrintJson(const TracedFamily& traced, Session& session) {
  Json json = TreeToJson("", traced.tree);
  json.erase("family");
  json["asked"] = traced.asked.publication.id;
  json["members"] = Json::array();
  for (const Publication& member : traced.family.members) {
    json["members"].push_back(JsonOf(member));
  }
  json["quoting"] = Json::array();
  for (const Publication& quoting : traced.family.quoting) {
    json["quoting"].push_back(quoting.id);
  }
  *session.out << json.dump(1, ' ', false, Json::error_handler_t::replace)
               << "\n";
}

void PrintTree(const TracedFamily& traced, Session& session) {
  TerminalStyle style;
  style.color = session.UseColor();
  style.safe = [](std::string_view text) { return ForTerminal(text); };
  *session.out << RenderTree(traced.tree, traced.family.members, style);
  for (const Publication& quoting : traced.family.quoting) {
    *session.out << fmt::format(
        "quotes it: {}\n",
        ForTerminal(quoting.url.empty() ? quoting.id : quoting.url));
  }
  if (traced.family.members.size() == 1) {
    session.Note("no other publication of this text or video in '" +
                 session.ArchiveDir().string() + "'");
  }
}

Status TraceOne(const Options& options, Session& session) {
  SourceOptions source;
  source.fetch = !options.no_fetch;
  TracedFamily traced;
  STEMMA_TRY(traced.asked, LoadPublication(session, options.reference, source));
  STEMMA_TRY(traced.family, FamilyOf(session, traced.asked.publication));
  STEMMA_CHECK_OK(traced.family.memory->NeedArchive());
  TreeOptions tree_options;
  tree_options.sites = &traced.family.memory->sites();
  traced.tree = InferTree(traced.family.members, {}, tree_options);
  session.json ? PrintJson(traced, session) : PrintTree(traced, session);
  if (options.report.empty()) return {};
  STEMMA_TRY(const TraceView view, GatherTrace(session, traced));
  return WriteReport(options.report, RenderTraceReport(view), session);
}

int Usage(Session& session, std::string_view what) {
  *session.err << "stemma trace: " << what << "\n";
  return kUsage;
}

void Run(const Options& options, Session& session) {
  const bool batch = options.all || !options.families.empty();
  if (batch && options.out.empty()) {
    session.exit_code = Usage(session, "where to? Give --out DIR.");
    return;
  }
  if (!batch && options.reference.empty()) {
    session.exit_code =
        Usage(session, "whose family? Give a file, a URL or an id, or --all.");
    return;
  }
  if (batch && !options.report.empty()) {
    session.exit_code =
        Usage(session, "a report is of one family: give its REF.");
    return;
  }
  const Status status = options.all ? TraceAll(options, session)
                        : !options.families.empty()
                            ? TraceFamilies(options, session)
                            : TraceOne(options, session);
  if (!status) session.exit_code = session.Fail(status.error());
}

}  // namespace

void AddTrace(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "trace", "The family of a publication: who copied whom, how sure.");
  command
      ->add_option("REF", options->reference,
                   "URL, file, capture or article id")
      ->type_name("REF");
  command->add_flag("--all", options->all,
                    "all pairs and families of the archive, into --out");
  command
      ->add_option("--families", options->families,
                   "trees for this membership, into --out")
      ->type_name("FILE");
  command->add_option("--out", options->out, "folder for JSON lines")
      ->type_name("DIR");
  command->add_option("--report", options->report, "write an HTML report")
      ->type_name("FILE");
  command->add_flag("--no-fetch", options->no_fetch, "archive and files only");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma trace https://copy.example/story --report family.html\n"
      "  stemma trace --all --out families/");
  command->callback([options, &session] { Run(*options, session); });
}

}  // namespace stemma::cli
