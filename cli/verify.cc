// stemma verify A [B]: was B altered against A?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "archive/archive_reader.h"
#include "cli/batch_input.h"
#include "cli/commands.h"
#include "cli/family_of.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "cli/verify_view.h"
#include "media/keyframes.h"
#include "review/verify_report.h"
#include "trace/compare.h"
#include "trace/site_model.h"
#include "trace/terminal.h"
#include "trace/tree.h"
#include "trace/verdict_json.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Options {
  std::string reference, suspect, report;
  bool no_fetch = false, batch = false;
};

// Everything about the two that the outputs need.
struct Verified {
  LoadedPublication reference, suspect;
  Videos reference_videos, suspect_videos;
  Comparison comparison;
  VideoComparison video;
};

std::string_view TextMethod(const LoadedPublication& side) {
  return side.article ? std::string_view("stemma-text/1")
                      : std::string_view(side.method);
}

// With one argument it is the suspect; the best earlier publication in the
// archive is the reference.
Result<LoadedPublication> BestEarlier(Session& session, Memory& memory,
                                      const LoadedPublication& suspect,
                                      const Videos& videos) {
  STEMMA_TRY(const std::vector<Relative> relatives,
             memory.RelativesOf(suspect.publication, videos, 1));
  if (relatives.empty() || !relatives.front().earlier) {
    return Error(
        ErrorCode::kNotFound,
        fmt::format("{}: the archive '{}' holds no earlier "
                    "publication of this text; name the reference: "
                    "stemma verify REFERENCE SUSPECT",
                    suspect.publication.url.empty() ? suspect.publication.id
                                                    : suspect.publication.url,
                    session.ArchiveDir().string()));
  }
  SourceOptions archive_only;
  archive_only.fetch = false;
  return LoadPublication(session, relatives.front().publication.id,
                         archive_only);
}

Result<Verified> Verify(const Options& options, Session& session) {
  SourceOptions source;
  source.fetch = !options.no_fetch;
  const bool both = !options.suspect.empty();
  Verified verified;
  // Loading may capture, so the archive is read afterwards.
  if (both) {
    STEMMA_TRY(verified.reference,
               LoadPublication(session, options.reference, source));
  }
  STEMMA_TRY(verified.suspect,
             LoadPublication(
                 session, both ? options.suspect : options.reference, source));
  STEMMA_TRY(const std::unique_ptr<Memory> memory,
             Memory::Open(session.ArchiveDir()));
  STEMMA_TRY(verified.suspect_videos,
             memory->VideosOf(verified.suspect.publication.id));
  if (!both) {
    STEMMA_CHECK_OK(memory->NeedArchive());
    STEMMA_TRY(verified.reference,
               BestEarlier(session, *memory, verified.suspect,
                           verified.suspect_videos));
  }
  STEMMA_TRY(verified.reference_videos,
             memory->VideosOf(verified.reference.publication.id));

  for (const std::string& note : memory->notes()) session.Note(note);
  CompareOptions compare;
  compare.sites = &memory->sites();
  verified.comparison = Compare(verified.reference.publication,
                                verified.suspect.publication, compare);
  verified.video =
      CompareVideoSets(verified.reference_videos, verified.suspect_videos);
  return verified;
}

// The contract: 0 for the three harmless verdicts with a harmless video.
bool IsHarmless(const Verified& verified) {
  switch (verified.comparison.verdict) {
    case Verdict::kIdentical:
    case Verdict::kCosmeticOnly:
    case Verdict::kBoilerplateOnly:
      break;
    default:
      return false;
  }
  return verified.video.verdict == VideoVerdict::kSame ||
         verified.video.verdict == VideoVerdict::kReencoded ||
         verified.video.verdict == VideoVerdict::kNotCompared;
}

std::string VideoLine(const VideoComparison& video) {
  std::string line = fmt::format("video: {}", NameOf(video.verdict));
  if (!video.reason.empty()) line += " (" + ForTerminal(video.reason) + ")";
  for (const auto& segment : video.segments) {
    line += fmt::format(
        "\n       {:.2f} to {:.2f} s is {:.2f} to {:.2f} s of "
        "the reference",
        segment.b0, segment.b1, segment.a0, segment.a1);
  }
  for (const auto& change : video.altered) {
    line += fmt::format("\n       {} {:.2f} to {:.2f} s{}",
                        ForTerminal(change.kind), change.start, change.end,
                        change.kind == "removed" ? " of the reference" : "");
  }
  return line;
}

// What both sides' videos say of their origin; nothing when none says any.
std::string C2paStateOf(const Videos& videos) {
  std::string state;
  for (const auto& video : videos) {
    const auto fact = video->facts.find("c2pa_state");
    if (fact == video->facts.end() || !fact->is_string()) continue;
    if (!state.empty()) state += "; ";
    state += fact->get<std::string>();
  }
  return state;
}

Json C2paOf(const Verified& verified) {
  const std::string a = C2paStateOf(verified.reference_videos);
  const std::string b = C2paStateOf(verified.suspect_videos);
  if (a.empty() && b.empty()) return nullptr;
  return {{"a", a.empty() ? "absent" : a}, {"b", b.empty() ? "absent" : b}};
}

void Print(const Verified& verified, Session& session) {
  const Json c2pa = C2paOf(verified);
  const VerdictSide reference{&verified.reference.publication,
                              TextMethod(verified.reference)};
  const VerdictSide suspect{&verified.suspect.publication,
                            TextMethod(verified.suspect)};
  if (session.json) {
    Json json = VerdictToJson(verified.comparison, reference, suspect,
                              verified.video, STEMMA_VERSION);
    if (!c2pa.is_null()) json["video"]["c2pa"] = c2pa;
    *session.out << json.dump(1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return;
  }
  TerminalStyle style;
  style.color = session.UseColor();
  style.safe = [](std::string_view text) { return ForTerminal(text); };
  *session.out << RenderVerdict(verified.comparison,
                                verified.reference.publication,
                                verified.suspect.publication, style)
               << VideoLine(verified.video) << "\n";
  if (!c2pa.is_null()) {
    *session.out << fmt::format("C2PA:  reference {}, suspect {}\n",
                                ForTerminal(c2pa["a"].get<std::string>()),
                                ForTerminal(c2pa["b"].get<std::string>()));
  }
}

Status ReportPair(const Verified& verified, const Options& options,
                  Session& session) {
  std::unique_ptr<ArchiveReader> reader;
  if (auto opened = ArchiveReader::Open(session.ArchiveDir()); opened) {
    reader = *std::move(opened);
  }
  VerifyView view = GatherView(
      session, reader.get(),
      {verified.reference, verified.suspect, verified.comparison,
       verified.video, verified.reference_videos, verified.suspect_videos});
  STEMMA_TRY(const Family family,
             FamilyOf(session, verified.suspect.publication));
  std::vector<Publication> members = family.members;
  const auto known = [&](const Publication& publication) {
    return std::ranges::any_of(members, [&](const Publication& member) {
      return member.id == publication.id;
    });
  };
  if (!known(verified.reference.publication)) {
    members.push_back(verified.reference.publication);
  }
  TreeOptions tree;
  tree.sites = &family.memory->sites();
  AddFamily(InferTree(members, {}, tree), members, view);
  return WriteReport(options.report, RenderVerifyReport(view), session);
}

void RunOne(const Options& options, Session& session) {
  const Result<Verified> verified = Verify(options, session);
  if (!verified) {
    session.exit_code = session.Fail(verified.error());
    return;
  }
  Print(*verified, session);
  session.exit_code = IsHarmless(*verified) ? kDone : kBadAnswer;
  if (options.report.empty()) return;
  if (const Status written = ReportPair(*verified, options, session);
      !written) {
    session.exit_code = session.Fail(written.error());
  }
}

// ---- batches ----

std::string ErrorLine(const Json& qid, std::string_view message) {
  Json json;
  json["qid"] = qid;
  json["error"] = message;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Batch {
 public:
  explicit Batch(Session& session) : session_(session) {}

  Status Run(BatchInput in) {
    STEMMA_TRY(const auto reader, ArchiveReader::Open(session_.ArchiveDir()));
    STEMMA_TRY(publications_, ReadPublications(*reader));
    for (const Publication& publication : publications_) {
      sites_.Know(publication.site);
    }
    for (std::size_t i = 0; i < publications_.size(); ++i) {
      numbers_.emplace(publications_[i].id, i);
      sites_.Add(publications_[i]);
    }
    options_.sites = &sites_;
    options_.with_text = false;
    std::string line;
    while (true) {
      STEMMA_TRY(const bool more, in.Next(line));
      if (!more) break;
      *session_.out << Answer(line) << "\n";
    }
    session_.exit_code = failed_ ? kBadAnswer : kDone;
    return {};
  }

 private:
  std::string Answer(const std::string& line) {
    const Json query = Json::parse(line, nullptr, false);
    const auto fail = [&](const Json& qid, std::string_view message) {
      failed_ = true;
      return ErrorLine(qid, message);
    };
    if (!query.is_object()) return fail(Json(), "not a JSON object");
    const Json qid = query.contains("qid") ? query["qid"] : Json();
    const Publication* sides[2] = {};
    for (const int k : {0, 1}) {
      const char* key = k == 0 ? "a" : "b";
      if (!query.contains(key) || !query[key].is_string()) {
        return fail(qid, fmt::format("no \"{}\"", key));
      }
      const auto id = query[key].get<std::string>();
      const auto at = numbers_.find(id);
      if (at == numbers_.end()) {
        return fail(qid, fmt::format("no publication '{}' in the archive", id));
      }
      sides[k] = &publications_[at->second];
    }
    Json answer = BatchVerdict("", Compare(*sides[0], *sides[1], options_));
    answer["qid"] = qid;
    return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  Session& session_;
  std::vector<Publication> publications_;
  std::unordered_map<std::string, std::size_t> numbers_;
  SiteModels sites_;
  CompareOptions options_;
  bool failed_ = false;
};

void RunBatch(const Options& options, Session& session) {
  Result<BatchInput> in = BatchInput::Open(options.reference);
  const Status done =
      in ? Batch(session).Run(*std::move(in)) : Status(in.error());
  if (!done) session.exit_code = session.Fail(done.error());
}

}  // namespace

void AddVerify(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "verify", "Was B altered against A? With one argument it is the copy.");
  command
      ->add_option("A", options->reference,
                   "URL, file, capture or article id; batch: JSON lines")
      ->type_name("REF");
  command->add_option("B", options->suspect, "the copy")->type_name("REF");
  command->add_option("--report", options->report, "write an HTML report")
      ->type_name("FILE");
  command->add_flag("--no-fetch", options->no_fetch, "archive and files only");
  command->add_flag("--batch", options->batch,
                    "read {\"qid\",\"a\",\"b\"} lines of ids");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma verify original.txt copy.html --report report.html\n"
      "  stemma verify https://copy.example/story\n"
      "Exit: 0 harmless, 1 altered or unrelated, 2 usage, 3 trouble.");
  command->callback([options, &session] {
    if (options->batch && !options->report.empty()) {
      *session.err << "stemma verify: a report is of one pair, not of a "
                      "batch.\n";
      session.exit_code = kUsage;
    } else if (options->batch) {
      RunBatch(*options, session);
    } else if (options->reference.empty()) {
      *session.err << "stemma verify: which page? Give A and B, or the copy "
                      "alone.\n";
      session.exit_code = kUsage;
    } else {
      RunOne(*options, session);
    }
  });
}

}  // namespace stemma::cli
