// stemma check: the audit of an archive, or of files, other tools' too.
#include "archive/check.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check_wacz.h"
#include "archive/checkpoint.h"
#include "archive/durable_file.h"
#include "archive/evidence.h"
#include "archive/index.h"
#include "archive/record_scan.h"
#include "archive/tsa.h"
#include "cli/check_deep.h"
#include "cli/commands.h"
#include "cli/log_event.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct CheckCommand {
  std::vector<std::string> files;
  bool evidence = false, repair = false, deep = false, log = false;
  int threads = 0;
  std::vector<std::string> vkeys;
  std::string tsa_ca, tsa_untrusted, wacz_ca, web_ca, queryfile, data, at;
  std::string last_checkpoint;
};

// What the trust options name, read.
struct Trust {
  EvidenceTrust evidence;
  WaczTrust wacz;
  std::optional<std::string> query, data;
};

Result<std::string> ReadIfNamed(const std::string& path) {
  if (path.empty()) return std::string();
  auto bytes = ReadRegularFile(path, 64 << 20);
  if (!bytes) return std::move(bytes).error().Context("reading " + path);
  return bytes;
}

// A key as text, or the file that holds it.
Result<VerifierKey> ReadKey(const std::string& text) {
  if (Result<VerifierKey> key = ParseVerifierKey(text)) return key;
  STEMMA_TRY(const std::string from_file, ReadIfNamed(text));
  return ParseVerifierKey(from_file);
}

Result<Trust> ReadTrust(const Session& session, const CheckCommand& command) {
  Trust trust;
  for (const std::string& text : command.vkeys) {
    STEMMA_TRY(VerifierKey key, ReadKey(text));
    trust.evidence.keys.push_back(std::move(key));
  }
  STEMMA_TRY(trust.evidence.tsa_ca_pem, ReadIfNamed(command.tsa_ca));
  STEMMA_TRY(trust.evidence.tsa_untrusted_pem,
             ReadIfNamed(command.tsa_untrusted));
  STEMMA_TRY(trust.evidence.last_checkpoint,
             ReadIfNamed(command.last_checkpoint));
  STEMMA_TRY(trust.evidence.web_ca_pem, ReadIfNamed(command.web_ca));
  STEMMA_TRY(trust.wacz.domain_ca_pem, ReadIfNamed(command.wacz_ca));
  trust.wacz.tsa_ca_pem = trust.evidence.tsa_ca_pem;
  if (!command.queryfile.empty()) {
    STEMMA_TRY(trust.query, ReadIfNamed(command.queryfile));
  }
  if (!command.data.empty()) {
    STEMMA_TRY(trust.data, ReadIfNamed(command.data));
  }
  trust.evidence.now = session.clock();
  if (!command.at.empty()) {
    const std::optional<TimePoint> at = ParseTime(command.at);
    if (!at) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("--at {}: not a time; write "
                               "2026-03-01T12:00:00Z",
                               command.at));
    }
    trust.evidence.now = *at;
  }
  return trust;
}

// One line about one file, and what it means for the exit code.
struct Answer {
  std::string verdict;
  std::vector<std::string> codes;
  std::string why;
  Json more = Json::object();
  const CheckReport* report = nullptr;
  ExitCode exit = kDone;
};

void PrintFindings(const Session& session, const CheckReport& report) {
  static constexpr std::string_view kWords[] = {
      "note", "warning", "cannot check", "incomplete", "altered"};
  for (const CheckFinding& f : report.findings) {
    std::string place = f.file;
    if (f.offset) place += fmt::format(" at {}", *f.offset);
    if (!f.record.empty()) place += ", record " + f.record;
    *session.out << fmt::format(
        "  {}: {}: {} [{}]\n", kWords[static_cast<int>(f.weight)],
        ForTerminal(place), ForTerminal(f.text), ForTerminal(f.code));
  }
  if (report.findings_left_out > 0) {
    *session.out << fmt::format("  and {} more\n", report.findings_left_out);
  }
}

void Print(const Session& session, const std::string& file,
           const Answer& answer) {
  if (session.json) {
    Json json = answer.more;
    json["file"] = file;
    json["verdict"] = answer.verdict;
    json["codes"] = answer.codes;
    if (!answer.why.empty()) json["why"] = answer.why;
    if (answer.report != nullptr) {
      Json report = ToJson(*answer.report);
      report.erase("verdict");
      report.erase("codes");
      json.update(report);
    }
    *session.out << json.dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return;
  }
  *session.out << fmt::format("{}: {}", ForTerminal(file), answer.verdict);
  if (!answer.why.empty()) *session.out << " - " << ForTerminal(answer.why);
  *session.out << "\n";
  if (answer.report != nullptr) PrintFindings(session, *answer.report);
}

ExitCode ExitFor(Weight weight) {
  switch (weight) {
    case Weight::kNote:
    case Weight::kWarning:
      return kDone;
    case Weight::kCannotCheck:
      return kTrouble;
    case Weight::kIncomplete:
    case Weight::kAltered:
      return kBadAnswer;
  }
  return kBadAnswer;
}

Answer AnswerWarc(const CheckReport& report) {
  Answer answer;
  answer.verdict = WarcFileVerdict(report);
  answer.codes = report.Codes();
  answer.report = &report;
  answer.exit = ExitFor(report.Worst());
  return answer;
}

Answer AnswerTimestamp(const std::string& bytes, const Trust& trust) {
  TimestampInput input;
  input.response = bytes;
  if (trust.query) input.query = *trust.query;
  if (trust.data) input.data = *trust.data;
  const TimestampVerdict verdict = VerifyTimestamp(
      input, {trust.evidence.tsa_ca_pem, trust.evidence.tsa_untrusted_pem},
      trust.evidence.now);
  Answer answer;
  answer.verdict = verdict.ok() ? "accept" : "reject";
  if (!verdict.ok()) answer.codes.push_back(verdict.code);
  answer.why = verdict.why;
  if (verdict.facts) {
    const TimestampFacts& facts = *verdict.facts;
    answer.more["gen_time"] = facts.gen_time_text;
    answer.more["policy"] = facts.policy;
    answer.more["tsa"] = facts.tsa_name;
    answer.more["revocation"] = facts.revocation;
    if (verdict.ok() && facts.expired_since) {
      answer.codes.push_back("expired-since");
    }
  }
  answer.exit = verdict.ok() ? kDone : kBadAnswer;
  return answer;
}

Answer AnswerNote(const std::string& bytes, const Trust& trust) {
  CheckpointFault fault;
  const auto opened = OpenCheckpoint(bytes, "", trust.evidence.keys, fault);
  Answer answer;
  answer.verdict = opened ? "accept" : "reject";
  if (opened) {
    answer.more["origin"] = opened->checkpoint.origin;
    answer.more["size"] = opened->checkpoint.size;
    answer.more["root"] = opened->checkpoint.root.Hex();
  } else {
    answer.codes.push_back(fault.code);
    answer.why = fault.why;
    answer.exit = kBadAnswer;
  }
  return answer;
}

bool LooksLikeNote(const std::string& name, std::string_view bytes) {
  return name.ends_with(".note") ||
         name.find("checkpoint") != std::string::npos ||
         bytes.find("\n\n\xE2\x80\x94 ") != std::string_view::npos;
}

ExitCode CheckFolder(const Session& session, const fs::path& dir,
                     const CheckCommand& command, const Trust& trust);

ExitCode CheckOneFile(const Session& session, const std::string& file,
                      const CheckCommand& command, const Trust& trust) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    return CheckFolder(session, file, command, trust);
  }
  CheckOptions options;
  options.threads = command.threads;
  const std::string name = fs::path(file).filename().string();
  const auto fail = [&](const Error& error) {
    Answer answer;
    const bool theirs = error.code() == ErrorCode::kMalformed ||
                        error.code() == ErrorCode::kLimit;
    answer.verdict = theirs ? "reject" : "cannot-check";
    answer.codes = {theirs ? "not-a-warc" : "cannot-read"};
    answer.why = error.message();
    answer.exit = theirs ? kBadAnswer : kTrouble;
    Print(session, file, answer);
    return answer.exit;
  };
  const Result<Blob> blob = BlobOfFile(file);
  if (!blob) return fail(blob.error());
  const Result<std::string> first = blob->ReadPrefix(4096);
  if (!first) return fail(first.error());
  Answer answer;
  CheckReport report;
  if (name.ends_with(".tsr")) {
    const Result<std::string> bytes = ReadRegularFile(file, 16 << 20);
    if (!bytes) return fail(bytes.error());
    answer = AnswerTimestamp(*bytes, trust);
  } else if (first->starts_with("PK") || name.ends_with(".wacz")) {
    const Result<WaczReport> wacz =
        CheckWacz(file, trust.wacz, trust.evidence.now, options);
    if (!wacz) return fail(wacz.error());
    report = wacz->report;
    answer.verdict = wacz->verdict;
    answer.codes = wacz->codes;
    answer.why = wacz->why;
    answer.report = &report;
    answer.exit =
        wacz->verdict == "reject" ? kBadAnswer : ExitFor(report.Worst());
  } else if (!DetectContainer(*first) && LooksLikeNote(name, *first)) {
    const Result<std::string> bytes = ReadRegularFile(file, 1 << 20);
    if (!bytes) return fail(bytes.error());
    answer = AnswerNote(*bytes, trust);
  } else {
    Result<CheckReport> checked = CheckWarcFile(file, options);
    if (!checked) return fail(checked.error());
    report = *std::move(checked);
    answer = AnswerWarc(report);
  }
  Print(session, file, answer);
  return answer.exit;
}

// Moves aside what a killed process left, and makes caches anew. Never touches
// a sealed bundle.
Status Repair(const Session& session, const fs::path& dir) {
  {
    ArchiveOptions options;
    options.clock = session.clock;
    options.free_space_floor = 0;
    STEMMA_TRY(const auto writer, ArchiveWriter::Open(dir, options));
    for (const std::string& note : writer->recovery_notes()) {
      session.Note(note);
    }
    STEMMA_TRY(const std::size_t made, RepairCdxj(dir));
    if (made > 0) session.Note(fmt::format("{} CDXJ files made anew", made));
  }
  const Result<bool> agrees = IndexAgrees(dir);
  if (!agrees || !*agrees) {
    STEMMA_TRY(const Index::Totals totals, Reindex(dir));
    session.Note(fmt::format("index made anew: {} records", totals.records));
  }
  return {};
}

// Derives again; what is found goes into `report`, too.
Result<DeepReport> Deeper(const fs::path& dir, CheckReport& report) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
  STEMMA_TRY(DeepReport deep, CheckDeep(*reader));
  report.findings.insert(report.findings.end(), deep.findings.begin(),
                         deep.findings.end());
  return deep;
}

void PrintDeep(const Session& session, const DeepReport& deep) {
  const auto print = [&session](std::string_view what,
                                const DeepReport::Counts& counts) {
    *session.out << fmt::format(
        "  derived again: {} {} the same, {} differ, {} not checked\n", what,
        counts.same, counts.differ, counts.not_checked);
  };
  print("articles", deep.articles);
  print("videos", deep.videos);
}

// What was found becomes an event: a year of these shows that bits did not rot.
Status LogFixity(const Session& session, const fs::path& dir,
                 const CheckReport& report,
                 const std::optional<DeepReport>& deep) {
  Json fields = {
      {"verdict", report.Verdict()}, {"codes", report.Codes()},
      {"bundles", report.bundles},   {"records", report.records},
      {"bytes", report.bytes},       {"tool", "stemma/" STEMMA_VERSION}};
  if (deep) fields["deep"] = ToJson(*deep);
  STEMMA_TRY(const std::uint64_t seq, LogEvent(session, dir, "fixity", fields));
  session.Note(fmt::format("logged as event {}", seq));
  return {};
}

ExitCode CheckFolder(const Session& session, const fs::path& dir,
                     const CheckCommand& command, const Trust& trust) {
  std::error_code ignored;
  const bool archive = fs::exists(dir / "manifest" / "events.jsonl", ignored);
  const bool evidence = command.evidence ||
                        (!archive && fs::exists(dir / "events.jsonl", ignored));
  ExitCode exit = kDone;
  Json json = {{"archive", dir.string()}};
  if (archive || !evidence) {
    if (command.repair) {
      if (Status repaired = Repair(session, dir); !repaired) {
        return static_cast<ExitCode>(session.Fail(repaired.error()));
      }
    }
    CheckOptions options;
    options.threads = command.threads;
    Result<CheckReport> report = CheckArchive(dir, options);
    if (!report) return static_cast<ExitCode>(session.Fail(report.error()));
    std::optional<DeepReport> deep;
    if (command.deep) {
      Result<DeepReport> derived = Deeper(dir, *report);
      if (!derived) return static_cast<ExitCode>(session.Fail(derived.error()));
      deep = *std::move(derived);
    }
    exit = ExitFor(report->Worst());
    if (session.json) {
      json.update(ToJson(*report));
      if (deep) json["deep"] = ToJson(*deep);
    } else {
      *session.out << fmt::format(
          "{}: {} ({} events, {} bundles, {} records, {} bytes stored)\n",
          ForTerminal(dir.string()), report->Verdict(), report->events,
          report->bundles, report->records, report->bytes);
      if (deep) PrintDeep(session, *deep);
      PrintFindings(session, *report);
    }
    if (command.log) {
      if (Status logged = LogFixity(session, dir, *report, deep); !logged) {
        return static_cast<ExitCode>(session.Fail(logged.error()));
      }
    }
  }
  if (evidence) {
    EvidenceOptions options;
    const Result<EvidenceReport> report =
        CheckEvidence(dir, trust.evidence, options);
    if (!report) return static_cast<ExitCode>(session.Fail(report.error()));
    const ExitCode worse =
        report->verdict == EvidenceVerdict::kAltered ||
                report->verdict == EvidenceVerdict::kIncomplete
            ? kBadAnswer
        : report->verdict == EvidenceVerdict::kCannotCheck ? kTrouble
                                                           : kDone;
    exit = exit == kBadAnswer ? exit : worse != kDone ? worse : exit;
    if (session.json) {
      Json e = EvidenceJson(*report);
      if (archive)
        json["evidence"] = std::move(e);
      else
        json.update(e);
    } else {
      *session.out << EvidenceText(*report);
    }
  }
  if (session.json) {
    *session.out << json.dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
  }
  return exit;
}

int Run(const Session& session, const CheckCommand& command) {
  const Result<Trust> trust = ReadTrust(session, command);
  if (!trust) return session.Fail(trust.error());
  if (command.files.empty()) {
    return CheckFolder(session, session.ArchiveDir(), command, *trust);
  }
  // The worst answer counts: altered before cannot check.
  int exit = kDone;
  for (const std::string& file : command.files) {
    const ExitCode one = CheckOneFile(session, file, command, *trust);
    if (exit == kDone || one == kBadAnswer) exit = one == kDone ? exit : one;
  }
  return exit;
}

}  // namespace

void AddCheck(CLI::App& root, Session& session) {
  CLI::App* check = root.add_subcommand(
      "check", "audits the archive, or WARC, WACZ and evidence files");
  auto command = std::make_shared<CheckCommand>();
  CheckCommand& c = *command;
  check->add_option("FILE", c.files, "files or archives [the archive]");
  check->add_flag("--evidence", c.evidence, "signatures, proofs, timestamps");
  check->add_flag("--deep", c.deep, "derive articles and keyframes again");
  check->add_flag("--repair", c.repair,
                  "move torn tails aside, make caches anew");
  check->add_flag("--log", c.log, "log what was found: a fixity event");
  check->add_option("--threads", c.threads, "[one per core]")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  const auto trust = [&](const char* name, std::string& to, const char* what,
                         const char* type) {
    check->add_option(name, to, what)->type_name(type);
  };
  check->add_option("--vkey", c.vkeys, "trust this key of a log or witness")
      ->type_name("KEY")
      ->allow_extra_args(false);
  trust("--tsa-ca", c.tsa_ca, "roots of timestamp authorities", "FILE");
  trust("--tsa-untrusted", c.tsa_untrusted, "their intermediates", "FILE");
  trust("--wacz-ca", c.wacz_ca, "roots of WACZ signers", "FILE");
  trust("--web-ca", c.web_ca, "roots of captured web sites", "FILE");
  trust("--queryfile", c.queryfile, "what a .tsr answers", "FILE");
  trust("--data", c.data, "what a .tsr stamps", "FILE");
  trust("--at", c.at, "judge at this time [now]", "TIME");
  trust("--last-checkpoint", c.last_checkpoint, "one seen before", "FILE");
  check->footer(
      "examples:\n"
      "  stemma check --evidence --vkey desk.vkey\n"
      "  stemma --json check other-tools.warc.gz");
  check->callback(
      [&session, command] { session.exit_code = Run(session, *command); });
}

}  // namespace stemma::cli
