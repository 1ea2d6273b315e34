// Suites of the evidence vectors: the hash tree, signed notes, canonical JSON
// and timestamps. FILE may be the folder of a suite or one file in it.

#include "tests/conform/provenance.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "archive/checkpoint.h"
#include "archive/jcs.h"
#include "archive/merkle.h"
#include "archive/note.h"
#include "archive/tsa.h"
#include "archive/wacz_auth.h"
#include "core/base64.h"
#include "core/digest.h"
#include "hash/sha256.h"
#include "tests/conform/conform.h"

namespace stemma::conform {

std::string FileBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

json FileJson(const std::filesystem::path& path) {
  return json::parse(FileBytes(path), nullptr, false);
}

Outcome Compare(std::string id, json got, const json& expect) {
  const bool passed = got == expect;
  return {std::move(id), std::move(got), passed};
}

Result<std::vector<Outcome>> RunParts(
    const std::filesystem::path& path,
    const std::vector<std::pair<std::string_view, PartRunner>>& parts) {
  const bool folder = std::filesystem::is_directory(path);
  std::vector<Outcome> all;
  bool any = false;
  for (const auto& [name, run] : parts) {
    if (!folder && path.filename() != name) continue;
    const std::filesystem::path file = folder ? path / name : path;
    if (!std::filesystem::exists(file)) continue;
    any = true;
    std::vector<Outcome> some = run(file);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  if (!any) {
    return Error(ErrorCode::kNotFound, path.string() +
                                           ": no vectors of this "
                                           "suite");
  }
  return all;
}

namespace {

using std::filesystem::path;

std::optional<Sha256> HashOfHex(const json& hex) {
  return Sha256::Parse(hex.get<std::string>());
}

std::optional<Sha256> HashOfBytes(std::string_view bytes) {
  return Sha256::Parse(HexOf(bytes));
}

json HexList(const std::vector<Sha256>& hashes) {
  json list = json::array();
  for (const Sha256& hash : hashes) list.push_back(hash.Hex());
  return list;
}

// nullopt when a hash is not 32 bytes: such a proof is refused on sight.
std::optional<std::vector<Sha256>> Hashes(const json& list) {
  std::vector<Sha256> hashes;
  for (const json& hex : list) {
    const std::optional<Sha256> hash = HashOfHex(hex);
    if (!hash) return std::nullopt;
    hashes.push_back(*hash);
  }
  return hashes;
}

// An unsigned number, or nothing: vectors hold some no tree can have.
std::optional<std::uint64_t> Count(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    char* end = nullptr;
    errno = 0;
    const unsigned long long number = std::strtoull(text.c_str(), &end, 10);
    if (errno == 0 && *end == '\0' && !text.empty()) return number;
  }
  return std::nullopt;
}

// --- merkle ----------------------------------------------------------------

std::vector<Outcome> RunTrees(const path& file) {
  const json doc = FileJson(file);
  std::vector<Sha256> leaves;
  std::vector<Outcome> out;
  for (const json& hex : doc.at("leaf_data_hex")) {
    leaves.push_back(LeafHash(BytesOfHex(hex.get<std::string>()).value_or("")));
  }
  out.push_back(Compare("leaf_hash", HexList(leaves), doc.at("leaf_hash")));
  const json& roots = doc.at("roots_by_size");
  for (std::size_t size = 0; size < roots.size(); ++size) {
    out.push_back(Compare("root-" + std::to_string(size),
                          RootOf(std::span(leaves).first(size)).Hex(),
                          roots[size]));
  }
  for (const json& row : doc.at("inclusion").at("rows")) {
    const std::uint64_t index = row.at(0);
    const std::uint64_t size = row.at(1);
    if (!row.at(2).is_array()) continue;
    const NodeSource nodes = NodesOf(std::span(leaves).first(size));
    const auto proof = InclusionProof(nodes, index, size);
    Outcome one = Compare(
        "inclusion-" + std::to_string(index) + "-" + std::to_string(size),
        proof ? HexList(*proof) : json(), row.at(2));
    one.passed =
        one.passed && VerifyInclusion(leaves[index], index, size, *proof,
                                      RootOf(std::span(leaves).first(size)))
                          .has_value();
    out.push_back(std::move(one));
  }
  for (const json& row : doc.at("consistency").at("rows")) {
    const std::uint64_t from = row.at(0);
    const std::uint64_t to = row.at(1);
    const NodeSource nodes = NodesOf(std::span(leaves).first(to));
    const auto proof = ConsistencyProof(nodes, from, to);
    Outcome one = Compare(
        "consistency-" + std::to_string(from) + "-" + std::to_string(to),
        proof ? HexList(*proof) : json(), row.at(2));
    one.passed =
        one.passed &&
        VerifyConsistency(from, to, RootOf(std::span(leaves).first(from)),
                          RootOf(std::span(leaves).first(to)), *proof)
            .has_value();
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Sha256> DecimalLeaves(std::uint64_t count) {
  std::vector<Sha256> leaves;
  for (std::uint64_t i = 0; i < count; ++i) {
    leaves.push_back(LeafHash(std::to_string(i)));
  }
  return leaves;
}

std::vector<Outcome> RunBig(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  for (const json& tree : doc.at("trees")) {
    const std::uint64_t size = tree.at("size");
    const std::string name = std::to_string(size);
    const std::vector<Sha256> leaves = DecimalLeaves(size);
    const NodeSource nodes = NodesOf(leaves);
    out.push_back(
        Compare("root-" + name, RootOf(leaves).Hex(), tree.at("root")));
    for (const json& row : tree.at("inclusion")) {
      const auto proof = InclusionProof(nodes, row.at(0), size);
      out.push_back(Compare("inclusion-" + name + "-" + row.at(0).dump(),
                            proof ? HexList(*proof) : json(), row.at(1)));
    }
    for (const json& row : tree.at("consistency")) {
      const std::uint64_t from = row.at(0);
      const auto proof = ConsistencyProof(nodes, from, size);
      Outcome one = Compare("consistency-" + row.at(0).dump() + "-" + name,
                            proof ? HexList(*proof) : json(), row.at(2));
      one.passed = one.passed &&
                   RootOf(std::span(leaves).first(from)).Hex() == row.at(1);
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<Outcome> RunTiles(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  for (const auto& [index, name] : doc.at("index_paths").items()) {
    out.push_back(Compare("path-" + index,
                          TilePath(0, std::stoull(index)).substr(7), name));
  }
  const std::uint64_t size = doc.at("size");
  const std::vector<Sha256> leaves = DecimalLeaves(size);
  const path folder = std::filesystem::temp_directory_path() /
                      ("stemma-conform-tiles-" + std::to_string(::getpid()));
  const Status written = WriteTiles(
      folder, 0, size, [&](std::uint64_t i) { return leaves.at(i); });
  for (const auto& [name, digest] : doc.at("sha256_of_tile_bytes").items()) {
    const std::string bytes = written ? FileBytes(folder / name) : "";
    out.push_back(Compare(name, Sha256Of(bytes).Hex(), digest));
  }
  json shapes = json::array();
  for (const TileShape& tile : TilesOf(size)) {
    const auto level = static_cast<std::size_t>(tile.level);
    while (shapes.size() <= level) {
      shapes.push_back(
          {{"level", shapes.size()}, {"full", 0}, {"partial_width", 0}});
    }
    if (tile.width == kTileWidth) {
      shapes[level]["full"] = shapes[level]["full"].get<int>() + 1;
    } else {
      shapes[level]["partial_width"] = tile.width;
    }
  }
  out.push_back(Compare("shapes", shapes, doc.at("shapes")));
  std::filesystem::remove_all(folder);
  return out;
}

bool InclusionHolds(const json& test) {
  const auto index = Count(test.at("index"));
  const auto size = Count(test.at("size"));
  const auto leaf = HashOfHex(test.at("leaf_hash"));
  const auto root = HashOfHex(test.at("root"));
  const auto proof = Hashes(test.at("proof"));
  return index && size && leaf && root && proof &&
         VerifyInclusion(*leaf, *index, *size, *proof, *root).has_value();
}

bool ConsistencyHolds(const json& test) {
  const auto from = Count(test.at("size1"));
  const auto to = Count(test.at("size2"));
  const auto old_root = HashOfHex(test.at("root1"));
  const auto new_root = HashOfHex(test.at("root2"));
  const auto proof = Hashes(test.at("proof"));
  return from && to && old_root && new_root && proof &&
         VerifyConsistency(*from, *to, *old_root, *new_root, *proof)
             .has_value();
}

std::vector<Outcome> RunNegative(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  int number = 0;
  for (const json& test : doc.at("cases")) {
    const std::string kind = test.at("kind");
    const bool holds =
        kind == "inclusion" ? InclusionHolds(test) : ConsistencyHolds(test);
    out.push_back(Compare("negative-" + std::to_string(number++) + "-" + kind +
                              "-" + test.value("mutation", ""),
                          holds ? "accept" : "reject", test.at("expect")));
  }
  return out;
}

std::optional<Sha256> HashOfBase64(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto bytes = BytesOfBase64(value.get<std::string>());
  if (!bytes) return std::nullopt;
  return HashOfBytes(*bytes);
}

std::optional<std::vector<Sha256>> HashesOfBase64(const json& list) {
  std::vector<Sha256> hashes;
  if (list.is_null()) return hashes;
  for (const json& text : list) {
    const std::optional<Sha256> hash = HashOfBase64(text);
    if (!hash) return std::nullopt;
    hashes.push_back(*hash);
  }
  return hashes;
}

bool PublishedHolds(const json& test) {
  const auto proof = HashesOfBase64(test.at("proof"));
  if (!proof) return false;
  if (test.contains("leafIdx")) {
    const auto index = Count(test.at("leafIdx"));
    const auto size = Count(test.at("treeSize"));
    const auto leaf = HashOfBase64(test.at("leafHash"));
    const auto root = HashOfBase64(test.at("root"));
    return index && size && leaf && root &&
           VerifyInclusion(*leaf, *index, *size, *proof, *root).has_value();
  }
  const auto from = Count(test.at("size1"));
  const auto to = Count(test.at("size2"));
  const auto old_root = HashOfBase64(test.at("root1"));
  const auto new_root = HashOfBase64(test.at("root2"));
  return from && to && old_root && new_root &&
         VerifyConsistency(*from, *to, *old_root, *new_root, *proof)
             .has_value();
}

std::vector<Outcome> RunPublished(const path& file) {
  std::vector<Outcome> out;
  std::istringstream lines(FileBytes(file));
  for (std::string line; std::getline(lines, line);) {
    const json test = json::parse(line, nullptr, false);
    if (!test.is_object()) continue;
    out.push_back(Compare(test.value("src", ""), !PublishedHolds(test),
                          test.at("wantErr")));
  }
  return out;
}

Result<std::vector<Outcome>> RunMerkle(const path& file) {
  return RunParts(file, {{"trees.json", RunTrees},
                         {"big.json", RunBig},
                         {"tiles.json", RunTiles},
                         {"negative.json", RunNegative},
                         {"published.jsonl", RunPublished}});
}

// --- note ------------------------------------------------------------------

std::vector<VerifierKey> KeysOf(const json& list) {
  std::vector<VerifierKey> keys;
  for (const json& text : list) {
    Result<VerifierKey> key = ParseVerifierKey(text.get<std::string>());
    if (key) keys.push_back(*std::move(key));
  }
  return keys;
}

json Names(const std::vector<VerifiedBy>& verified) {
  json names = json::array();
  for (const VerifiedBy& by : verified) names.push_back(by.key.name);
  return names;
}

// The vectors hold plain notes of other people too; those of the log they are
// about are judged as its checkpoints.
Outcome RunNoteCase(const json& test, const std::string& bytes,
                    const std::string& origin) {
  const std::vector<VerifierKey> keys = KeysOf(test.at("trusted_vkeys"));
  std::vector<VerifiedBy> verified;
  bool accepted = false;
  if (!keys.empty() && keys.front().name == origin) {
    CheckpointFault fault;
    const auto opened = OpenCheckpoint(bytes, origin, keys, fault);
    accepted = opened.has_value();
    if (opened) verified = opened->verified;
  } else if (const Result<Note> note = ParseNote(bytes)) {
    if (auto who = VerifyNote(*note, keys)) {
      accepted = true;
      verified = *who;
    }
  }
  Outcome one = Compare(test.at("file"), accepted ? "accept" : "reject",
                        test.at("expect"));
  if (accepted && test.contains("verified")) {
    one.passed = one.passed && Names(verified) == test.at("verified");
  }
  return one;
}

std::vector<Outcome> RunNotes(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  const std::string origin =
      FileJson(file.parent_path() / "keys.json").value("origin", "");
  for (const json& test : doc.at("cases")) {
    const path name = path(test.at("file").get<std::string>()).filename();
    out.push_back(
        RunNoteCase(test, FileBytes(file.parent_path() / name), origin));
  }
  return out;
}

std::vector<Outcome> RunSplitView(const path& file) {
  const json doc = FileJson(file);
  const json keys = FileJson(file.parent_path() / "keys.json");
  std::vector<VerifierKey> trusted = KeysOf({keys.at("log").at("vkey")});
  CheckpointFault fault;
  const auto a = OpenCheckpoint(doc.at("a").get<std::string>(),
                                trusted.at(0).name, trusted, fault);
  const auto b = OpenCheckpoint(doc.at("b").get<std::string>(),
                                trusted.at(0).name, trusted, fault);
  const bool split = a && b && a->checkpoint.size == b->checkpoint.size &&
                     a->checkpoint.root != b->checkpoint.root;
  return {
      Compare("split_view", split ? "equivocation" : "none", "equivocation")};
}

Result<std::vector<Outcome>> RunNote(const path& file) {
  return RunParts(
      file, {{"cases.json", RunNotes}, {"split_view.json", RunSplitView}});
}

// --- jcs -------------------------------------------------------------------

std::vector<Outcome> RunJcsOwn(const path& file) {
  std::vector<Outcome> out;
  int number = 0;
  const json doc = FileJson(file);
  for (const json& test : doc.at("cases")) {
    const auto value = ParseStrict(test.at("in").get<std::string>());
    const std::string got = value ? Jcs(*value) : value.error().message();
    Outcome one =
        Compare("own-" + std::to_string(number++), got, test.at("out"));
    one.passed = one.passed && Sha256Of(got).Hex() == test.at("sha256");
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Outcome> RunJcsReject(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  int number = 0;
  for (const json& test : doc.at("cases")) {
    const auto bytes = BytesOfHex(test.at("hex").get<std::string>());
    const bool taken = bytes && ParseStrict(*bytes).has_value();
    out.push_back(Compare("reject-" + std::to_string(number++),
                          taken ? "accept" : "reject", "reject"));
  }
  return out;
}

std::vector<Outcome> RunJcsNumbers(const path& file) {
  std::vector<Outcome> out;
  std::istringstream lines(FileBytes(file));
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    const std::size_t comma = line.find(',');
    if (comma == std::string::npos) continue;
    const std::uint64_t bits =
        std::strtoull(line.substr(0, comma).c_str(), nullptr, 16);
    std::string expect = line.substr(comma + 1);
    if (expect.ends_with('\r')) expect.pop_back();
    out.push_back(Compare(line.substr(0, comma),
                          EcmaScriptNumber(std::bit_cast<double>(bits)),
                          expect));
  }
  return out;
}

Result<std::vector<Outcome>> RunJcs(const path& file) {
  std::vector<std::pair<std::string_view, PartRunner>> parts = {
      {"own.json", RunJcsOwn},
      {"numbers.csv", RunJcsNumbers},
      {"reject.json", RunJcsReject}};
  // The published pairs NAME.input.json, NAME.output.json.
  std::vector<std::string> inputs;
  const path folder =
      std::filesystem::is_directory(file) ? file : file.parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".input.json")) inputs.push_back(name);
  }
  std::sort(inputs.begin(), inputs.end());
  for (const std::string& name : inputs) {
    parts.emplace_back(name, [](const path& input) {
      std::string output = input.string();
      output.replace(output.rfind(".input."), 7, ".output.");
      const auto value = ParseStrict(FileBytes(input));
      return std::vector<Outcome>{Compare(input.filename(),
                                          value ? Jcs(*value) : std::string(),
                                          FileBytes(output))};
    });
  }
  return RunParts(file, parts);
}

// --- tsa -------------------------------------------------------------------

std::vector<Outcome> RunTsaCases(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  const path folder = file.parent_path();
  const std::string data = FileBytes(folder / "data.bin");
  TimestampTrust trust;
  trust.ca_pem = FileBytes(folder / "ca" / "root.pem");
  trust.untrusted_pem = FileBytes(folder / "ca" / "inter.pem") +
                        FileBytes(folder / "ca" / "inter.crl.pem");
  for (const json& test : doc.at("cases")) {
    const std::string response =
        FileBytes(folder / test.at("file").get<std::string>());
    const std::string query =
        FileBytes(folder / test.at("request").get<std::string>());
    const TimePoint at{std::chrono::seconds(test.at("attime").get<long>())};
    const TimestampVerdict verdict = VerifyTimestamp(
        {.response = response, .query = query, .data = data}, trust, at);
    Outcome one = Compare(test.at("file"), verdict.ok() ? "accept" : "reject",
                          test.at("expect"));
    if (!verdict.ok()) {
      if (std::getenv("STEMMA_CONFORM_REASONS") != nullptr) {
        one.got = {
            {"expect", one.got}, {"code", verdict.code}, {"why", verdict.why}};
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Outcome>> RunTsa(const path& file) {
  return RunParts(file, {{"cases.json", RunTsaCases}});
}

// --- wacz ------------------------------------------------------------------

std::vector<Outcome> RunWaczCases(const path& file) {
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  const path folder = file.parent_path();
  const WaczTrust trust{FileBytes(folder / "domain_root.pem"),
                        FileBytes(folder / "tsa_root.pem")};
  const TimePoint now =
      Parse14(doc.value("genTime", "").substr(0, 14)).value_or(TimePoint{}) +
      std::chrono::hours(1);
  for (const json& test : doc.at("cases")) {
    const std::string name = test.at("file");
    const Result<WaczVerdict> verdict =
        VerifyWacz(folder / path(name).filename(), trust, now);
    Outcome one =
        Compare(name, verdict ? verdict->state : verdict.error().message(),
                test.at("expect"));
    if (std::getenv("STEMMA_CONFORM_REASONS") != nullptr && verdict) {
      one.got = {
          {"expect", one.got}, {"code", verdict->code}, {"why", verdict->why}};
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Outcome>> RunWacz(const path& file) {
  return RunParts(file, {{"cases.json", RunWaczCases}});
}

const bool registered = Register({
    {.name = "merkle", .run_file = RunMerkle},
    {.name = "trees", .run_file = RunMerkle},
    {.name = "big", .run_file = RunMerkle},
    {.name = "tiles", .run_file = RunMerkle},
    {.name = "negative", .run_file = RunMerkle},
    {.name = "published", .run_file = RunMerkle},
    {.name = "note", .run_file = RunNote},
    {.name = "split_view", .run_file = RunNote},
    {.name = "jcs", .run_file = RunJcs},
    {.name = "own", .run_file = RunJcs},
    {.name = "numbers", .run_file = RunJcs},
    {.name = "reject", .run_file = RunJcs},
    {.name = "tsa", .run_file = RunTsa},
    {.name = "wacz", .run_file = RunWacz},
});

}  // namespace
}  // namespace stemma::conform
