// Suites of the small archive of the vectors: as it is, and after each recipe
// of tampering. FILE is the folder log/ or mutations.json in it.

#include <openssl/evp.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "archive/checkpoint.h"
#include "archive/evidence.h"
#include "archive/jcs.h"
#include "archive/merkle.h"
#include "core/digest.h"
#include "hash/sha256.h"
#include "tests/conform/provenance.h"

namespace stemma::conform {
namespace {

namespace fs = std::filesystem;

void Write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::string> Lines(const fs::path& path) {
  std::vector<std::string> lines;
  std::string bytes = FileBytes(path);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = bytes.find('\n', at);
    if (end == std::string::npos) break;
    lines.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

void WriteLines(const fs::path& path, const std::vector<std::string>& lines) {
  std::string bytes;
  for (const std::string& line : lines) bytes += line + "\n";
  Write(path, bytes);
}

Sha256 RootOver(const std::vector<std::string>& lines) {
  CompactRange range;
  for (const std::string& line : lines) range.Append(LeafHash(line));
  return range.Root();
}

// --- The public test keys ----------------------------------------------------

std::string SeedOf(const std::string& set, const std::string& name) {
  return std::string(BytesOf(Sha256Of("stemma test key " + set + " " + name +
                                      " - PUBLIC, NEVER USE")));
}

// Which set the folder belongs to: the one whose log key is that of keys.json.
std::string SetOf(const fs::path& log) {
  const json keys = FileJson(log.parent_path() / "note" / "keys.json");
  const std::string seed =
      keys.is_object() ? keys.at("log").value("seed_hex", "") : "";
  for (const std::string set : {"dev", "heldout", "held-out"}) {
    if (HexOf(SeedOf(set, "log")) == seed) return set;
  }
  return "dev";
}

Ed25519Signer SignerOf(const std::string& seed) {
  const std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(
          EVP_PKEY_ED25519, nullptr,
          reinterpret_cast<const unsigned char*>(seed.data()), seed.size()),
      EVP_PKEY_free);
  return [key](std::string_view message) -> Result<std::string> {
    const std::shared_ptr<EVP_MD_CTX> context(EVP_MD_CTX_new(),
                                              EVP_MD_CTX_free);
    std::string signature(64, '\0');
    std::size_t size = 64;
    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get());
    EVP_DigestSign(context.get(),
                   reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()),
                   message.size());
    return signature;
  };
}

// A note over `text` as the recipes make it: the log's name and key id, signed
// by whoever holds `seed`.
std::string NoteWith(const std::string& text, const VerifierKey& log,
                     const std::string& seed) {
  const std::string signature = SignerOf(seed)(text).value_or("");
  return FormatNote({text, {{log.name, log.Id(), signature}}});
}

// --- The recipes
// ---------------------------------------------------------------

std::string Zstd(std::string_view bytes, int level) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

std::string Unzstd(const std::string& bytes) {
  std::string out;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string buffer(1 << 16, '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context.get(), &to, &in))) break;
    out.append(buffer.data(), to.pos);
  }
  return out;
}

class Tamperer {
 public:
  Tamperer(fs::path folder, std::string set, VerifierKey log)
      : folder_(std::move(folder)),
        set_(std::move(set)),
        log_(std::move(log)) {}

  bool Apply(const json& op) {
    const std::string kind = op.at(0);
    if (kind == "flip") return Flip(op);
    if (kind == "truncate" || kind == "truncate_bytes") return Truncate(op);
    if (kind == "append_event") return AppendEvent(op.at(1));
    if (kind == "replace" || kind == "replace_first") return Replace(op);
    if (kind == "edit_event_rechain") return Rechain(op.at(1), op.at(2));
    if (kind == "edit_event_rechain_delete") return Rechain(op.at(1), json());
    if (kind == "append_frame") return AppendFrame(Path(op.at(1)));
    if (kind == "recompress") {
      Write(Path(op.at(1)), Zstd(Unzstd(FileBytes(Path(op.at(1)))), op.at(2)));
      return true;
    }
    if (kind == "resign_checkpoint" || kind == "reorigin_checkpoint" ||
        kind == "equivocate") {
      return Resign(kind, op);
    }
    return EditLines(kind, op) || EditFiles(kind, op);
  }

 private:
  fs::path Path(const json& name) const {
    return folder_ / name.get<std::string>();
  }
  fs::path Log() const { return folder_ / "events.jsonl"; }

  bool Flip(const json& op) {
    std::string bytes = FileBytes(Path(op.at(1)));
    const std::size_t at = op.at(2);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ (1 << op.at(3).get<int>()));
    Write(Path(op.at(1)), bytes);
    return true;
  }

  bool Truncate(const json& op) {
    std::string bytes = FileBytes(Path(op.at(1)));
    const double size = static_cast<double>(bytes.size());
    const double keep = op.at(0) == "truncate" ? size * op.at(2).get<double>()
                                               : size - op.at(2).get<double>();
    bytes.resize(static_cast<std::size_t>(keep));
    Write(Path(op.at(1)), bytes);
    return true;
  }

  bool AppendEvent(const json& fields) {
    std::vector<std::string> lines = Lines(Log());
    json event = {{"v", 1},
                  {"seq", lines.size()},
                  {"prev", LeafHash(lines.back()).Hex()}};
    event.update(fields);
    const std::string text = event.value("text", "");
    if (text.starts_with("@")) {
      event["text"] = std::string(std::stoul(text.substr(1)), 'x');
    }
    lines.push_back(Jcs(event));
    WriteLines(Log(), lines);
    return true;
  }

  bool Replace(const json& op) {
    std::string bytes = FileBytes(Path(op.at(1)));
    const std::string from = op.at(2);
    const std::string to = op.at(3);
    std::size_t at = bytes.find(from);
    if (at == std::string::npos) return false;
    for (; at != std::string::npos; at = bytes.find(from, at + to.size())) {
      bytes.replace(at, from.size(), to);
      if (op.at(0) == "replace_first") break;
    }
    Write(Path(op.at(1)), bytes);
    return true;
  }

  // `change` null: the event is deleted.
  bool Rechain(std::size_t index, const json& change) {
    std::vector<std::string> lines = Lines(Log());
    const bool remove = change.is_null();
    if (remove) lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(index));
    for (std::size_t i = index; i < lines.size(); ++i) {
      json event = json::parse(lines[i]);
      if (i == index && !remove) event.update(change);
      if (i > index || remove) {
        event["prev"] =
            i > 0 ? LeafHash(lines[i - 1]).Hex() : std::string(64, '0');
      }
      lines[i] = Jcs(event);
    }
    WriteLines(Log(), lines);
    return true;
  }

  bool AppendFrame(const fs::path& path) {
    Write(path, FileBytes(path) +
                    Zstd("WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: "
                         "<urn:uuid:00000000-0000-4000-8000-0000000000aa>\r\n"
                         "WARC-Date: 2026-03-01T11:58:00Z\r\nWARC-Target-URI: "
                         "https://bank.example/\r\nContent-Length: 8\r\n\r\n"
                         "SMUGGLED\r\n\r\n",
                         3));
    return true;
  }

  bool EditLines(const std::string& kind, const json& op) {
    if (kind != "delete_line" && kind != "swap_lines" && kind != "keep_lines" &&
        kind != "insert_line") {
      return false;
    }
    std::vector<std::string> lines = Lines(Path(op.at(1)));
    const auto at = [&](std::size_t i) {
      return lines.begin() + op.at(i).get<std::ptrdiff_t>();
    };
    if (kind == "delete_line") lines.erase(at(2));
    if (kind == "swap_lines") std::iter_swap(at(2), at(3));
    if (kind == "keep_lines") lines.erase(at(2), lines.end());
    if (kind == "insert_line") {
      lines.insert(at(2), op.at(3).get<std::string>());
    }
    WriteLines(Path(op.at(1)), lines);
    return true;
  }

  bool EditFiles(const std::string& kind, const json& op) {
    const fs::path path = Path(op.at(1));
    if (kind == "delete_file") {
      fs::remove(path);
    } else if (kind == "crlf") {
      std::string out;
      for (const char c : FileBytes(path)) {
        if (c == '\n') out += '\r';
        out += c;
      }
      Write(path, out);
    } else if (kind == "prepend_hex") {
      const std::string head = BytesOfHex(op.at(2).get<std::string>()).value();
      Write(path, head + FileBytes(path));
    } else if (kind == "append_hex") {
      const std::string tail = BytesOfHex(op.at(2).get<std::string>()).value();
      Write(path, FileBytes(path) + tail);
    } else if (kind == "swap_files") {
      const std::string other = FileBytes(Path(op.at(2)));
      Write(Path(op.at(2)), FileBytes(path));
      Write(path, other);
    } else if (kind == "copy_file") {
      Write(Path(op.at(2)), FileBytes(path));
    } else if (kind == "symlink") {
      fs::rename(path, Path(op.at(2)));
      fs::create_symlink(op.at(2).get<std::string>(), path);
    } else {
      return false;
    }
    return true;
  }

  bool Resign(const std::string& kind, const json& op) {
    const fs::path path =
        folder_ / ("checkpoint." + std::to_string(op.at(1).get<int>()));
    const Result<Note> note = ParseNote(FileBytes(path));
    if (!note) return false;
    Result<Checkpoint> checkpoint = ParseCheckpointText(note->text);
    if (!checkpoint) return false;
    std::vector<std::string> lines = Lines(Log());
    std::string seed = SeedOf(set_, "log");
    fs::path to = path;
    if (kind == "resign_checkpoint") {
      seed = SeedOf(set_, op.at(2));
      checkpoint->root = RootOver(lines);
    } else if (kind == "reorigin_checkpoint") {
      checkpoint->origin = op.at(2);
    } else {
      lines.at(1) += ' ';
      checkpoint->root = RootOver(lines);
      to += ".other";
    }
    Write(to, NoteWith(checkpoint->Text(), log_, seed));
    return true;
  }

  fs::path folder_;
  std::string set_;
  VerifierKey log_;
};

// --- Judging
// ---------------------------------------------------------------------

EvidenceTrust TrustOf(const fs::path& log) {
  EvidenceTrust trust;
  for (const char* file : {"log.vkey", "witness1.vkey"}) {
    const Result<VerifierKey> key = ParseVerifierKey(FileBytes(log / file));
    if (key) trust.keys.push_back(*key);
  }
  trust.tsa_ca_pem = FileBytes(log / "tsa-root.pem");
  trust.tsa_untrusted_pem = FileBytes(log / "tsa-inter.pem");
  trust.now = SystemNow();
  std::uint64_t newest = 0;
  for (const auto& entry : fs::directory_iterator(log)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("checkpoint.") ||
        name.find('.', 11) != std::string::npos) {
      continue;
    }
    const std::uint64_t size = std::stoull(name.substr(11));
    if (size >= newest) {
      newest = size;
      trust.last_checkpoint = FileBytes(entry.path());
    }
  }
  return trust;
}

std::string CodeOf(const Result<EvidenceReport>& report) {
  if (!report) return report.error().message();
  const Finding* first = report->Foremost();
  return first == nullptr ? "ok" : first->code;
}

void Explain(const std::string& id, const Result<EvidenceReport>& report) {
  if (std::getenv("STEMMA_CONFORM_REASONS") == nullptr || !report) return;
  std::fprintf(stderr, "== %s\n%s", id.c_str(), EvidenceText(*report).c_str());
}

std::vector<Outcome> RunMutations(const fs::path& file) {
  std::vector<Outcome> out;
  const fs::path log = fs::absolute(file).parent_path();
  const EvidenceTrust trust = TrustOf(log);
  const Result<VerifierKey> key = ParseVerifierKey(FileBytes(log / "log.vkey"));
  if (!key) return out;
  const std::string set = SetOf(log);
  const fs::path work = fs::temp_directory_path() /
                        ("stemma-conform-log-" + std::to_string(::getpid()));
  const json doc = FileJson(file);
  for (const json& mutation : doc.at("mutations")) {
    const std::string id = mutation.at("id");
    fs::remove_all(work);
    fs::copy(log, work, fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(work)) {
      fs::permissions(entry.path(), fs::perms::owner_write,
                      fs::perm_options::add);
    }
    fs::permissions(work, fs::perms::owner_write, fs::perm_options::add);
    Tamperer tamperer(work, set, *key);
    bool applied = true;
    for (const json& op : mutation.at("ops")) {
      applied = applied && tamperer.Apply(op);
    }
    const auto report = CheckEvidence(work, trust);
    Explain(id, report);
    out.push_back(Compare(id, applied ? CodeOf(report) : "recipe not applied",
                          mutation.at("expect")));
  }
  fs::remove_all(work);
  return out;
}

std::vector<Outcome> RunBaseline(const fs::path& file) {
  const fs::path log = fs::absolute(file).parent_path();
  const json expected = FileJson(file);
  const auto report = CheckEvidence(log, TrustOf(log));
  Explain("baseline", report);
  std::vector<Outcome> out;
  json warnings = json::array();
  bool altered = !report;
  if (report) {
    for (const Finding& finding : report->findings) {
      if (finding.weight == Weight::kWarning) warnings.push_back(finding.code);
      altered = altered || finding.weight > Weight::kWarning;
    }
  }
  out.push_back(Compare("baseline-verdict", altered ? CodeOf(report) : "ok",
                        expected.at("baseline").at("verdict")));
  out.push_back(Compare("baseline-warnings", warnings,
                        expected.at("baseline").at("warnings")));
  const std::vector<std::string> lines = Lines(log / "events.jsonl");
  json leaves = json::array();
  CompactRange range;
  json roots = {{"0", range.Root().Hex()}};
  for (const std::string& line : lines) {
    leaves.push_back(LeafHash(line).Hex());
    range.Append(LeafHash(line));
    roots[std::to_string(range.size())] = range.Root().Hex();
  }
  out.push_back(Compare("leaf_hashes", leaves, expected.at("leaf_hashes")));
  out.push_back(Compare("roots", roots, expected.at("roots")));
  return out;
}

json Digits(const std::optional<TimePoint>& time) {
  return time ? json(Format14(*time) + "Z") : json();
}

std::vector<Outcome> RunBrackets(const fs::path& file) {
  const fs::path log = fs::absolute(file).parent_path();
  const auto report = CheckEvidence(log, TrustOf(log));
  std::vector<Outcome> out;
  const json doc = FileJson(file);
  for (const json& event : doc.at("events")) {
    const std::uint64_t seq = event.at("seq");
    const TimeBracket bracket = report ? report->BracketOf(seq) : TimeBracket();
    out.push_back(Compare("bracket-" + std::to_string(seq),
                          {{"seq", seq},
                           {"not_before", Digits(bracket.not_before)},
                           {"not_after", Digits(bracket.not_after)}},
                          event));
  }
  return out;
}

Result<std::vector<Outcome>> RunLog(const fs::path& file) {
  return RunParts(file, {{"expected.json", RunBaseline},
                         {"brackets.json", RunBrackets},
                         {"mutations.json", RunMutations}});
}

const bool registered = Register({
    {.name = "log", .run_file = RunLog},
    {.name = "mutations", .run_file = RunLog},
    {.name = "brackets", .run_file = RunLog},
    {.name = "expected", .run_file = RunLog},
});

}  // namespace
}  // namespace stemma::conform
