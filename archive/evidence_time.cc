#include "archive/evidence_time.h"

#include <algorithm>
#include <utility>

#include "archive/durable_file.h"
#include "archive/ots.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxManifestFile = std::size_t{4} << 20;

std::string WordsFor(const TimestampVerdict& verdict) {
  return verdict.code + ": " + verdict.why;
}

// Whom to trust is the user's to say. Without anchors a token is held against
// what it carries itself, and the report says that this proves little.
TimestampVerdict JudgeWithoutAnchors(const TimestampInput& input,
                                     const EvidenceTrust& trust) {
  return VerifyTimestamp(
      input, {.untrusted_pem = trust.tsa_untrusted_pem, .own_chain = true},
      trust.now);
}

// What a report must say of a token that is good.
void NoteFacts(const TimestampFacts& facts, const std::string& where,
               EvidenceReport& report, FindingList& findings) {
  if (facts.expired_since) {
    findings.Add({"timestamp-expired-since", Weight::kNote, where,
                  "the authority's certificate was valid at genTime and has "
                  "ended since; stamp the log again",
                  std::nullopt});
  }
  if (facts.revocation == "not checked") {
    report.not_checked.push_back(where +
                                 ": whether the authority's certificate was "
                                 "revoked (no revocation list given)");
  }
}

// "checkpoint.10.ots1.ots" is over size 10; the collector took no other form.
std::uint64_t SizeOf(const std::string& name) {
  return std::stoull(name.substr(name.find('.') + 1));
}

OtsClaimFound FoundIn(const std::string& name, std::uint64_t size,
                      const OtsClaim& claim) {
  OtsClaimFound found{size, name, "unknown", claim.calendar, claim.height, {}};
  if (claim.kind == OtsClaim::Kind::kPending) found.state = "pending";
  if (claim.kind == OtsClaim::Kind::kBitcoin) {
    found.state = "bitcoin, not checked";
    found.merkle_root = MerkleRootOf(claim);
  }
  return found;
}

std::string WordsFor(const OtsClaimFound& found) {
  if (found.state == "pending") {
    return "pending at " + found.calendar + ", no timestamp yet";
  }
  if (found.height == 0) return "an attestation of a kind we do not know";
  return "whether the header of Bitcoin block " + std::to_string(found.height) +
         " has the merkle root " + found.merkle_root;
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos &&
         name.find('\\') == std::string::npos && name.front() != '.';
}

}  // namespace

std::vector<JudgedToken> JudgeTokens(
    const std::vector<TokenFiles>& tokens,
    const std::map<std::uint64_t, std::string>& checkpoints,
    const EvidenceTrust& trust, EvidenceReport& report, FindingList& findings) {
  std::vector<JudgedToken> judged;
  bool chains_open = false;
  for (const TokenFiles& files : tokens) {
    if (!files.has_response) {
      findings.Add({"timestamp-missing", Weight::kIncomplete,
                    files.name + ".tsr",
                    "the request is there, the answer is not", std::nullopt});
      continue;
    }
    JudgedToken token;
    token.size = files.size;
    token.file = files.name + ".tsr";
    token.sha256 = Sha256Of(files.response).Hex();
    if (files.has_query) token.query_sha256 = Sha256Of(files.query).Hex();
    const auto checkpoint = checkpoints.find(files.size);
    if (checkpoint == checkpoints.end()) {
      // Whether this is a rollback depends on the log; the caller decides.
      judged.push_back(std::move(token));
      continue;
    }
    TimestampInput input{.response = files.response,
                         .data = checkpoint->second};
    if (files.has_query) input.query = files.query;
    const bool open = trust.tsa_ca_pem.empty();
    const TimestampVerdict verdict =
        open ? JudgeWithoutAnchors(input, trust)
             : VerifyTimestamp(input,
                               {.ca_pem = trust.tsa_ca_pem,
                                .untrusted_pem = trust.tsa_untrusted_pem},
                               trust.now);
    chains_open = chains_open || open;
    if (!verdict.ok()) {
      findings.Add({"timestamp-invalid", Weight::kAltered, token.file,
                    WordsFor(verdict), std::nullopt});
      judged.push_back(std::move(token));
      continue;
    }
    if (!files.has_query) {
      findings.Add(
          {"timestamp-query-missing", Weight::kWarning, files.name + ".tsq",
           "the request is gone, so its nonce was not compared", std::nullopt});
    }
    token.good = true;
    token.chain_checked = !open;
    token.gen_time = verdict.facts->gen_time;
    token.gen_time_text = verdict.facts->gen_time_text;
    token.tsa = verdict.facts->tsa_name;
    if (!open) NoteFacts(*verdict.facts, token.file, report, findings);
    judged.push_back(std::move(token));
  }
  if (chains_open) {
    findings.Add({"timestamp-not-checked", Weight::kWarning, "",
                  "no authority was given (--tsa-ca): the times are what the "
                  "tokens claim",
                  std::nullopt});
    report.not_checked.push_back(
        "the chains of the timestamps, for want of --tsa-ca");
  }
  return judged;
}

namespace {

// An anchor of any kind names a file of the manifest by its digest.
void CheckAnchoredFile(const LoggedAnchor& anchor, const std::string& file,
                       const std::string& sha256, std::string_view missing,
                       const std::filesystem::path& manifest,
                       FindingList& findings) {
  const std::string& where = file;
  if (!IsPlainName(file)) {
    findings.Add({"unsafe-name", Weight::kAltered,
                  "event " + std::to_string(anchor.seq),
                  "an anchor names a file outside the manifest", anchor.seq});
    return;
  }
  const Result<std::string> bytes =
      ReadRegularFile(manifest / file, kMaxManifestFile);
  if (!bytes && bytes.error().code() == ErrorCode::kNotFound) {
    findings.Add({std::string(missing), Weight::kIncomplete, where,
                  "event " + std::to_string(anchor.seq) +
                      " names this file, and it is gone",
                  anchor.seq});
  } else if (!bytes) {
    findings.Add({"not-regular-file", Weight::kAltered, where,
                  bytes.error().message(), anchor.seq});
  } else if (Sha256Of(*bytes).Hex() != sha256) {
    findings.Add({"anchor-mismatch", Weight::kAltered, where,
                  "its digest is not the one event " +
                      std::to_string(anchor.seq) + " names",
                  anchor.seq});
  }
}

std::string QueryNameOf(const std::string& response) {
  std::string name = response;
  if (name.ends_with(".tsr")) name.replace(name.size() - 4, 4, ".tsq");
  return name;
}

void CheckAnchorTime(const LoggedAnchor& anchor, const JudgedToken& token,
                     FindingList& findings) {
  const std::optional<TimePoint> said = ParseTime(anchor.gen_time);
  if (!said || std::chrono::floor<std::chrono::seconds>(*said) !=
                   std::chrono::floor<std::chrono::seconds>(token.gen_time)) {
    findings.Add({"anchor-mismatch", Weight::kAltered, token.file,
                  "event " + std::to_string(anchor.seq) +
                      " gives it another time than it has",
                  anchor.seq});
  }
  if (anchor.size != token.size) {
    findings.Add({"anchor-mismatch", Weight::kAltered, token.file,
                  "event " + std::to_string(anchor.seq) +
                      " says it is over another size",
                  anchor.seq});
  }
}

}  // namespace

void CheckOtsProofs(const std::map<std::string, std::string>& proofs,
                    const std::map<std::uint64_t, std::string>& checkpoints,
                    EvidenceReport& report, FindingList& findings) {
  for (const auto& [name, bytes] : proofs) {
    const std::uint64_t size = SizeOf(name);
    const auto over = checkpoints.find(size);
    const Result<OtsProof> proof = ParseOts(bytes);
    if (!proof) {
      findings.Add({"ots-invalid", Weight::kAltered, name,
                    proof.error().message(), std::nullopt});
      continue;
    }
    if (over == checkpoints.end() || Sha256Of(over->second) != proof->digest) {
      findings.Add({"ots-invalid", Weight::kAltered, name,
                    "it is not over checkpoint." + std::to_string(size),
                    std::nullopt});
      continue;
    }
    for (const OtsClaim& claim : ClaimsOf(proof->stamp)) {
      report.ots.push_back(FoundIn(name, size, claim));
      report.not_checked.push_back(name + ": " + WordsFor(report.ots.back()));
    }
  }
}

std::vector<TimeProof> MatchAnchors(const LogFacts& log,
                                    const std::vector<JudgedToken>& tokens,
                                    const std::filesystem::path& manifest,
                                    FindingList& findings) {
  std::map<std::string, std::uint64_t> anchored;  // file -> seq
  for (const LoggedAnchor& anchor : log.anchors) {
    if (anchor.file.empty()) continue;
    const bool token = anchor.kind == "rfc3161" || anchor.kind == "ots";
    CheckAnchoredFile(anchor, anchor.file, anchor.sha256,
                      token ? "timestamp-missing" : "checkpoint-missing",
                      manifest, findings);
    if (!anchor.query_sha256.empty()) {
      CheckAnchoredFile(anchor, QueryNameOf(anchor.file), anchor.query_sha256,
                        "timestamp-query-missing", manifest, findings);
    }
    anchored.emplace(anchor.file, anchor.seq);
    for (const JudgedToken& one : tokens) {
      if (one.file == anchor.file && one.good && one.sha256 == anchor.sha256) {
        CheckAnchorTime(anchor, one, findings);
      }
    }
  }
  std::vector<TimeProof> times;
  for (const JudgedToken& token : tokens) {
    if (!token.good) continue;
    TimeProof proof{token.size, token.gen_time, token.file,
                    token.tsa,  std::nullopt,   token.chain_checked};
    if (const auto at = anchored.find(token.file); at != anchored.end()) {
      proof.anchor_seq = at->second;
    }
    times.push_back(std::move(proof));
  }
  std::stable_sort(
      times.begin(), times.end(),
      [](const TimeProof& a, const TimeProof& b) { return a.size < b.size; });
  return times;
}

}  // namespace stemma
