#include "review/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/durable_file.h"
#include "archive/index.h"
#include "archive/jcs.h"
#include "archive/log_file.h"
#include "archive/merkle.h"
#include "archive/signing.h"
#include "archive/tsa.h"
#include "hash/sha256.h"
#include "review/json_facts.h"
#include "review/report_capture.h"
#include "review/report_checks.h"
#include "review/report_compare.h"
#include "review/report_log.h"
#include "review/report_recipe.h"
#include "review/report_words.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxTokenBytes = std::size_t{4} << 20;

std::string PlainDate(const std::optional<TimePoint>& time) {
  return time ? FormatSeconds(*time) : std::string();
}

class ReportMaker {
 public:
  ReportMaker(ArchiveReader& reader, const ReportOrder& order)
      : reader_(reader), order_(order), manifest_(reader.dir() / "manifest") {}

  Result<ReportDocument> Make() {
    STEMMA_CHECK_OK(ReadCaptures());
    STEMMA_CHECK_OK(ReadLog());
    report_.facts = {{"schema", "stemma.report.v1"},
                     {"made", FormatSeconds(order_.trust.now)},
                     {"made_by", order_.tool},
                     {"stated", order_.stated},
                     {"log", LogFactsJson()},
                     {"limits", ReportLimits()},
                     {"declaration", ReportDeclaration()}};
    Recipe recipe(recipe_log_);
    Json checks = CheckLog(evidence_);
    report_.facts["bundles"] = Json::array();
    for (const auto& [name, bundle] : answer_.bundles) {
      report_.facts["bundles"].push_back(bundle);
      checks.push_back(CheckBundle(reader_.dir(), bundle));
      recipe.AddBundle(bundle);
    }
    report_.facts["captures"] = Json::array();
    for (const CaptureRecords& capture : captures_) {
      STEMMA_TRY(Json facts, CaptureJson(capture, recipe));
      report_.facts["captures"].push_back(std::move(facts));
    }
    report_.facts["checks"] = std::move(checks);
    report_.facts["how_to_check"] = recipe.Take();
    // Of everything above, so that a report cannot name itself by chance.
    report_.facts["id"] =
        "urn:stemma:report:sha256:" + Sha256Of(Jcs(report_.facts)).Hex();
    return std::move(report_);
  }

 private:
  Status ReadCaptures() {
    for (const std::string& id : order_.captures) {
      STEMMA_TRY(CaptureRecords capture, ReadCaptureRecords(reader_, id));
      const std::string& name = capture.row.id;
      asked_.owner[name] = name;
      for (const RecordInfo& record : capture.records) {
        asked_.bundles[name].insert(record.bundle);
      }
      STEMMA_TRY(const std::vector<MediaRow> media,
                 reader_.index().MediaOf(name));
      for (const MediaRow& medium : media) {
        asked_.owner.emplace(medium.capture_id, name);
        STEMMA_TRY(const std::vector<RecordInfo> records,
                   reader_.index().RecordsOf(medium.capture_id));
        for (const RecordInfo& record : records) {
          asked_.bundles[name].insert(record.bundle);
        }
      }
      captures_.push_back(std::move(capture));
    }
    return {};
  }

  Status ReadLog() {
    STEMMA_TRY(answer_, ReadLogFor(reader_, asked_));
    EvidenceOptions log_only;
    log_only.bundles = false;
    STEMMA_TRY(evidence_, CheckEvidence(reader_.dir(), order_.trust, log_only));
    recipe_log_.archive = reader_.dir();
    recipe_log_.newest = evidence_.newest;
    recipe_log_.vkey =
        evidence_.signers.empty() ? std::string() : evidence_.signers.front();
    recipe_log_.times = BracketingTimes();
    return {};
  }

  // Of many timestamps those that the captures lie between.
  std::vector<TimeProof> BracketingTimes() const {
    std::vector<TimeProof> times;
    for (const TimeProof& time : evidence_.times) {
      const bool bounds =
          std::ranges::any_of(captures_, [&](const CaptureRecords& capture) {
            const TimeBracket bracket = evidence_.BracketOf(capture.row.seq);
            return bracket.not_before == time.gen_time ||
                   bracket.not_after == time.gen_time;
          });
      if (bounds) times.push_back(time);
    }
    return times;
  }

  Json LogFactsJson() const {
    Json log = {{"origin", evidence_.origin},
                {"events", evidence_.events},
                {"verdict", NameOf(evidence_.verdict)},
                {"key_pinned", evidence_.key_pinned},
                {"signers", evidence_.signers},
                {"begun", TextIn(answer_.begin, "t")},
                {"begun_by", TextIn(answer_.begin, "tool")}};
    if (evidence_.newest) {
      log["checkpoint"] = {{"size", evidence_.newest->size},
                           {"root", evidence_.newest->root.Hex()}};
    }
    log["timestamps"] = Json::array();
    for (const TimeProof& time : evidence_.times) {
      log["timestamps"].push_back(TimestampJson(time));
    }
    log["findings"] = Json::array();
    for (const Finding& finding : evidence_.findings) {
      log["findings"].push_back({{"code", finding.code},
                                 {"where", finding.where},
                                 {"what", finding.what}});
    }
    return log;
  }

  Json TimestampJson(const TimeProof& time) const {
    Json json = {{"time", FormatSeconds(time.gen_time)},
                 {"over_events", time.size},
                 {"file", time.file},
                 {"authority", time.tsa},
                 {"chain_checked", time.chain_checked}};
    if (time.anchor_seq) json["logged_as_event"] = *time.anchor_seq;
    const Result<std::string> bytes =
        ReadRegularFile(manifest_ / time.file, kMaxTokenBytes);
    const auto facts = bytes ? ReadTimestamp(*bytes) : std::nullopt;
    if (!facts) return json;
    SetText(json, "policy", facts->policy);
    SetText(json, "serial", facts->serial);
    SetText(json, "accuracy", facts->accuracy);
    SetText(json, "unit_certificate_sha256", facts->unit_sha256);
    SetText(json, "unit_certificate_ends", PlainDate(facts->unit_not_after));
    SetText(json, "revocation", facts->revocation);
    return json;
  }

  Json When(const CaptureRecords& capture) const {
    const std::uint64_t seq = capture.row.seq;
    Json when = {{"started", capture.row.started},
                 {"logged", capture.row.t},
                 {"clock", "the capturing machine's own, UTC"}};
    const TimeBracket bracket = evidence_.BracketOf(seq);
    if (bracket.not_before) {
      when["not_before"] = {{"time", FormatSeconds(*bracket.not_before)},
                            {"by", bracket.not_before_by}};
    }
    if (bracket.not_after) {
      when["not_after"] = {{"time", FormatSeconds(*bracket.not_after)},
                           {"by", bracket.not_after_by}};
    }
    const auto clock = answer_.clock.find(capture.row.id);
    if (clock != answer_.clock.end()) {
      when["clock_check"] = WithoutFractions(clock->second);
    }
    if (const Json& state = MemberIn(capture.event, "clock");
        !state.is_null()) {
      when["clock_state"] = WithoutFractions(state);
    }
    return when;
  }

  Result<std::vector<Sha256>> PathToRoot(std::uint64_t seq, LogFile& log) {
    if (!evidence_.newest || evidence_.newest->size <= seq) {
      return std::vector<Sha256>();
    }
    const std::uint64_t size = evidence_.newest->size;
    TileReader tiles(manifest_, size);
    auto path = InclusionProof(tiles.Source(), seq, size);
    if (path) return path;
    // Tiles are a convenience; the log itself always suffices.
    std::vector<Sha256> leaves;
    STEMMA_CHECK_OK(log.ForEachFrom(
        0, [&](std::uint64_t number, std::string_view line) -> Status {
          if (number < size) leaves.push_back(LeafHash(line));
          return {};
        }));
    return InclusionProof(NodesOf(leaves), seq, size);
  }

  // The event's place in the log, and the check that it is there.
  Status Locate(const CaptureRecords& capture, Recipe& recipe, Json& facts,
                Json& checks) {
    const std::uint64_t seq = capture.row.seq;
    STEMMA_TRY(LogFile log, LogFile::Open(manifest_ / "events.jsonl"));
    STEMMA_TRY(const std::string line, log.Line(seq));
    const Sha256 leaf = LeafHash(line);
    facts["event"] = {{"seq", seq}, {"leaf_sha256", leaf.Hex()}};
    const Result<std::vector<Sha256>> path = PathToRoot(seq, log);
    recipe.AddEvent(seq, leaf, path ? *path : std::vector<Sha256>());
    const std::optional<Checkpoint>& newest = evidence_.newest;
    if (!newest || newest->size <= seq) {
      checks.push_back(CheckRow("event in a signed checkpoint", "untested",
                                "no checkpoint covers this event yet",
                                "unsigned-tail"));
      return {};
    }
    const Status proved =
        path ? VerifyInclusion(leaf, seq, newest->size, *path, newest->root)
             : Status(path.error());
    checks.push_back(CheckRow(
        "event in a signed checkpoint", proved ? "passed" : "failed",
        proved ? fmt::format("event {} is one of the {} that were signed", seq,
                             newest->size)
               : proved.error().message(),
        proved ? "" : "inclusion"));
    return {};
  }

  Json CheckBracket(const Json& when) const {
    if (!when.contains("not_after")) {
      return CheckRow("outside time", "untested",
                      "no timestamp covers this event yet");
    }
    const bool chains = std::ranges::all_of(
        evidence_.times, [](const TimeProof& t) { return t.chain_checked; });
    return chains ? CheckRow("outside time", "passed",
                             "the tokens verify, to the given authority")
                  : CheckRow("outside time", "cantTell",
                             "the tokens are whole; whose they are was not "
                             "checked (no --tsa-ca)");
  }

  Result<Json> CaptureJson(const CaptureRecords& capture, Recipe& recipe) {
    Json facts = CaptureSections(capture);
    Json checks = Json::array();
    facts["id"] = capture.row.id;
    facts["type"] = capture.row.type;
    facts["target"] = capture.row.target;
    SetText(facts, "final", capture.row.final_url);
    STEMMA_CHECK_OK(Locate(capture, recipe, facts, checks));
    facts["when"] = When(capture);
    STEMMA_TRY(facts["what"]["article"], ArticleFacts(reader_, capture.row));
    STEMMA_TRY(facts["what"]["media"],
               MediaOfCapture(reader_, capture.row,
                              order_.pictures ? &report_.pictures : nullptr));
    STEMMA_TRY(facts["comparisons"],
               ComparisonFacts(reader_, capture.row, order_.sites));
    facts["records"] = RecordsJson(capture);
    facts["custody"] = answer_.custody[capture.row.id];
    checks.push_back(CheckBracket(facts["when"]));
    for (Json& row : CheckRecords(reader_, capture)) checks.push_back(row);
    for (Json& row : CheckConnection(facts["from_whom"])) checks.push_back(row);
    checks.push_back(CheckRow("derived again", "untested",
                              "'stemma check --deep' makes article and "
                              "keyframes again and compares"));
    facts["checks"] = std::move(checks);
    if (LiesAsSealed(capture)) recipe.AddRecords(capture);
    return facts;
  }

  // Whether offsets of the log still hold.
  bool LiesAsSealed(const CaptureRecords& capture) const {
    return std::ranges::all_of(capture.records, [&](const RecordInfo& record) {
      const auto bundle = answer_.bundles.find(record.bundle);
      return bundle != answer_.bundles.end() &&
             !bundle->second.value("repacked", true);
    });
  }

  static Json RecordsJson(const CaptureRecords& capture) {
    Json list = Json::array();
    for (const RecordInfo& record : capture.records) {
      Json one = {{"id", record.id},
                  {"type", record.type},
                  {"url", record.uri},
                  {"bundle", record.bundle},
                  {"offset", record.offset},
                  {"stored_bytes", record.length},
                  {"bytes", record.block_bytes},
                  {"block_sha256", record.block_sha256.Hex()}};
      if (record.payload_sha256) {
        one["payload_sha256"] = record.payload_sha256->Hex();
      }
      SetText(one, "truncated", record.truncated);
      list.push_back(std::move(one));
    }
    return list;
  }

  ArchiveReader& reader_;
  const ReportOrder& order_;
  std::filesystem::path manifest_;
  std::vector<CaptureRecords> captures_;
  LogAsked asked_;
  LogAnswer answer_;
  EvidenceReport evidence_;
  RecipeLog recipe_log_;
  ReportDocument report_;
};

}  // namespace

Result<ReportDocument> GatherReport(ArchiveReader& reader,
                                    const ReportOrder& order) {
  return ReportMaker(reader, order).Make();
}

std::string ReportJson(const ReportDocument& report) {
  return Jcs(report.facts) + "\n";
}

}  // namespace stemma
