// How a report of evidence is shown: JSON for machines, lines for people.

#include <nlohmann/json.hpp>

#include "archive/evidence.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

Json FindingJson(const Finding& finding) {
  Json json = {{"code", finding.code},
               {"weight", NameOf(finding.weight)},
               {"where", finding.where},
               {"what", finding.what}};
  if (finding.seq) json["seq"] = *finding.seq;
  return json;
}

Json TimeJson(const TimeProof& proof) {
  Json json = {{"size", proof.size},
               {"gen_time", FormatSeconds(proof.gen_time)},
               {"file", proof.file},
               {"tsa", proof.tsa},
               {"chain", proof.chain_checked ? "checked" : "not checked"}};
  if (proof.anchor_seq) json["anchor_seq"] = *proof.anchor_seq;
  return json;
}

Json LogJson(const EvidenceReport& report) {
  Json log = {{"origin", report.origin},
              {"events", report.events},
              {"key", report.key_pinned ? "pinned" : "trust on first use"},
              {"signers", report.signers}};
  if (report.newest) {
    log["newest_checkpoint"] = {
        {"size", report.newest->size},
        {"root", Base64Of(BytesOf(report.newest->root))}};
  } else {
    log["newest_checkpoint"] = nullptr;
  }
  return log;
}

Json OtsJson(const OtsClaimFound& found) {
  Json json = {
      {"file", found.file}, {"size", found.size}, {"state", found.state}};
  if (!found.calendar.empty()) json["calendar"] = found.calendar;
  if (found.height != 0) {
    json["height"] = found.height;
    json["merkle_root"] = found.merkle_root;
  }
  return json;
}

std::string Heading(const EvidenceReport& report) {
  std::string text(NameOf(report.verdict));
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (const Finding* first = report.Foremost()) {
    text += ": " + first->code;
    if (!first->where.empty()) text += ", " + first->where;
  }
  return text;
}

std::string LogLine(const EvidenceReport& report) {
  std::string text =
      "log " +
      (report.origin.empty() ? std::string("(unnamed)") : report.origin) +
      ": " + std::to_string(report.events) + " events, ";
  text += report.newest
              ? "signed up to event " + std::to_string(report.newest->size)
              : std::string("not signed");
  text += report.key_pinned ? ", key pinned by you"
                            : ", key taken from the log itself";
  return text;
}

}  // namespace

std::string_view NameOf(Weight weight) {
  switch (weight) {
    case Weight::kNote:
      return "note";
    case Weight::kWarning:
      return "warning";
    case Weight::kCannotCheck:
      return "cannot-check";
    case Weight::kIncomplete:
      return "incomplete";
    case Weight::kAltered:
      return "altered";
  }
  return "";
}

nlohmann::json EvidenceJson(const EvidenceReport& report) {
  Json json = {{"verdict", NameOf(report.verdict)},
               {"log", LogJson(report)},
               {"bundles_checked", report.bundles_checked},
               {"bytes_checked", report.bytes_checked},
               {"not_checked", report.not_checked}};
  Json codes = Json::array();
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back(FindingJson(finding));
    if (finding.weight == Weight::kNote) continue;
    if (std::find(codes.begin(), codes.end(), finding.code) == codes.end()) {
      codes.push_back(finding.code);
    }
  }
  // The code that matters most stands first.
  if (const Finding* first = report.Foremost()) {
    const auto at = std::find(codes.begin(), codes.end(), first->code);
    if (at != codes.end()) std::rotate(codes.begin(), at, at + 1);
  }
  json["codes"] = std::move(codes);
  json["findings"] = std::move(findings);
  Json times = Json::array();
  for (const TimeProof& proof : report.times) times.push_back(TimeJson(proof));
  json["times"] = std::move(times);
  Json ots = Json::array();
  for (const OtsClaimFound& found : report.ots) ots.push_back(OtsJson(found));
  if (!ots.empty()) json["opentimestamps"] = std::move(ots);
  return json;
}

std::string EvidenceText(const EvidenceReport& report) {
  std::string text = Heading(report) + "\n" + LogLine(report) + "\n";
  for (const TimeProof& proof : report.times) {
    text += "timestamp: the first " + std::to_string(proof.size) +
            " events existed by " + FormatSeconds(proof.gen_time);
    if (!proof.tsa.empty()) text += " (" + proof.tsa + ")";
    if (!proof.chain_checked) text += ", authority not checked";
    text += "\n";
  }
  for (const Finding& finding : report.findings) {
    text += std::string(NameOf(finding.weight)) + ": " + finding.code;
    if (!finding.where.empty()) text += ": " + finding.where;
    text += ": " + finding.what + "\n";
  }
  for (const std::string& open : report.not_checked) {
    text += "not checked: " + open + "\n";
  }
  return text;
}

}  // namespace stemma
