#include "review/report_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "review/html.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kColumns[] = {"id",
                                         "target",
                                         "final",
                                         "title",
                                         "t",
                                         "not_before",
                                         "not_after",
                                         "status",
                                         "peer_ip",
                                         "tls_verify",
                                         "leaf_cert_sha256",
                                         "bundle",
                                         "bundle_sha256",
                                         "body_sha256",
                                         "text_sha256",
                                         "n_media",
                                         "n_keyframes",
                                         "verdict",
                                         "against",
                                         "changes",
                                         "checks_failed",
                                         "checkpoint_size"};

std::string Row(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (!row.empty()) row += ',';
    row += CsvCell(cell);
  }
  return row + "\r\n";
}

// The comparison a reader of a sheet asks for first: this one as a copy, with
// the most changes.
Json Foremost(const Json& comparisons) {
  Json best;
  for (const Json& one : comparisons) {
    if (best.is_null() || (TextIn(one, "this_is") == "copy" &&
                           (TextIn(best, "this_is") != "copy" ||
                            MemberIn(one, "changes").size() >
                                MemberIn(best, "changes").size()))) {
      best = one;
    }
  }
  return best;
}

std::string BundleDigest(const Json& facts, const std::string& name) {
  for (const Json& bundle : MemberIn(facts, "bundles")) {
    if (TextIn(bundle, "name") == name) return TextIn(bundle, "sha256");
  }
  return {};
}

std::vector<std::string> CellsOf(const Json& capture, const Json& facts) {
  const Json& when = MemberIn(capture, "when");
  const Json& from = MemberIn(capture, "from_whom");
  const Json& what = MemberIn(capture, "what");
  const Json& article = MemberIn(what, "article");
  const Json& chain = MemberIn(from, "certificates");
  const Json& media = MemberIn(what, "media");
  const Json& records = MemberIn(capture, "records");
  std::size_t keyframes = 0;
  for (const Json& medium : media) {
    keyframes += MemberIn(medium, "keyframes").size();
  }
  std::size_t failed = 0;
  for (const Json& check : MemberIn(capture, "checks")) {
    failed += TextIn(check, "outcome") == "failed" ? 1 : 0;
  }
  const std::string bundle =
      records.empty() ? std::string() : TextIn(records.at(0), "bundle");
  const Json compared = Foremost(MemberIn(capture, "comparisons"));
  return {
      TextIn(capture, "id"),
      TextIn(capture, "target"),
      TextIn(capture, "final"),
      TextIn(article, "title"),
      TextIn(when, "started"),
      TextIn(MemberIn(when, "not_before"), "time"),
      TextIn(MemberIn(when, "not_after"), "time"),
      fmt::format("{}", CountIn(what, "status")),
      TextIn(from, "address"),
      TextIn(from, "tls_verify"),
      chain.empty() ? std::string() : TextIn(chain.at(0), "sha256"),
      bundle,
      BundleDigest(facts, bundle),
      TextIn(what, "body_sha256"),
      TextIn(article, "text_sha256"),
      fmt::format("{}", media.size()),
      fmt::format("{}", keyframes),
      TextIn(compared, "verdict"),
      TextIn(compared, "with_url"),
      compared.is_null()
          ? std::string()
          : fmt::format("{}", MemberIn(compared, "changes").size()),
      fmt::format("{}", failed),
      fmt::format("{}", CountIn(MemberIn(MemberIn(facts, "log"), "checkpoint"),
                                "size"))};
}

}  // namespace

std::string CsvCell(std::string_view text) {
  std::string shown = VisibleText(text);
  // A tab, line feed or space before a formula is skipped by some programs,
  // and some take the full-width signs of East Asian keyboards for the same.
  static constexpr std::string_view kSigns[] = {
      "=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  const std::size_t first = shown.find_first_not_of(" \t\n");
  const std::string_view begin = first == std::string::npos
                                     ? std::string_view()
                                     : std::string_view(shown).substr(first);
  const bool formula = text.starts_with('\t') || text.starts_with('\r') ||
                       std::ranges::any_of(kSigns, [&](std::string_view sign) {
                         return begin.starts_with(sign);
                       });
  std::string cell = formula ? "\"'" : "\"";
  for (const char c : shown) {
    cell += c;
    if (c == '"') cell += c;
  }
  return cell + "\"";
}

std::string ReportCsv(const ReportDocument& report) {
  std::vector<std::string> names(std::begin(kColumns), std::end(kColumns));
  std::string csv = Row(names);
  for (const Json& capture : MemberIn(report.facts, "captures")) {
    csv += Row(CellsOf(capture, report.facts));
  }
  return csv;
}

}  // namespace stemma
