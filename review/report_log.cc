#include "review/report_log.h"

#include <fmt/format.h>

#include <string_view>

#include "archive/archive_reader.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// What one event did, in words.
std::string InWords(const Json& event, std::string_view subject) {
  const std::string type = TextIn(event, "type");
  const Json& bundle = MemberIn(event, "bundle");
  if (type == "capture" || type == "capture.failed" || type == "import") {
    if (type == "import") return "records taken over from a file";
    const std::string words =
        type == "capture" ? "visited" : "visited without success";
    return TextIn(event, "id") == subject
               ? words
               : words + " for this page: " + TextIn(event, "target");
  }
  if (type == "capture.records") return "records of the visit";
  if (type == "derive") {
    const std::string payload = TextIn(event, "payload_sha256");
    return fmt::format("{} made by {}",
                       payload.empty() ? "article" : "fingerprints and frames",
                       TextIn(event, "method"));
  }
  if (type == "compare") {
    const bool first = TextIn(event, "a") == subject;
    std::string words =
        fmt::format("compared with {}: {}", TextIn(event, first ? "b" : "a"),
                    TextIn(event, "verdict"));
    const std::string video = TextIn(MemberIn(event, "video"), "verdict");
    if (!video.empty()) words += fmt::format(", video {}", video);
    return words;
  }
  if (type == "seal") return "bundle sealed: " + TextIn(bundle, "name");
  if (type == "repack") {
    return "bundle packed anew, the same records: " + TextIn(bundle, "name");
  }
  if (type == "redact") {
    return fmt::format("{} records taken out of {} by decision: {}",
                       MemberIn(event, "redacted").size(),
                       TextIn(bundle, "name"), TextIn(event, "basis"));
  }
  if (type == "tombstone") {
    return fmt::format("erased by decision: {}", TextIn(event, "basis"));
  }
  for (const char* key : {"what", "message", "note", "result"}) {
    if (std::string text = TextIn(event, key); !text.empty()) return text;
  }
  return type;
}

std::string ByWhom(const Json& event) {
  for (const char* key : {"by", "actor", "approved_by", "operator", "tool"}) {
    const Json& who = MemberIn(event, key);
    if (who.is_string()) return who.get<std::string>();
    if (who.is_array()) {
      std::string all;
      for (const Json& one : who) {
        if (!one.is_string()) continue;
        if (!all.empty()) all += ", ";
        all += one.get<std::string>();
      }
      return all;
    }
  }
  return {};
}

class LogPass {
 public:
  explicit LogPass(const LogAsked& asked) : asked_(asked) {
    for (const auto& [capture, bundles] : asked.bundles) {
      for (const std::string& name : bundles) {
        answer_.bundles[name] = {{"name", name}};
        captures_in_[name].insert(capture);
      }
    }
  }

  void See(const Json& event) {
    const std::string type = TextIn(event, "type");
    if (type == "log.init") answer_.begin = event;
    if (type == "clock.check") clock_ = event;
    std::set<std::string> touched;
    for (const char* key : {"id", "of", "a", "b"}) {
      const auto owner = asked_.owner.find(TextIn(event, key));
      if (owner != asked_.owner.end()) touched.insert(owner->second);
    }
    for (const Json& id : MemberIn(event, "captures")) {
      if (!id.is_string()) continue;
      const auto owner = asked_.owner.find(id.get<std::string>());
      if (owner != asked_.owner.end()) touched.insert(owner->second);
    }
    SeeBundle(type, event, touched);
    for (const std::string& capture : touched) Note(capture, type, event);
  }

  LogAnswer Take() { return std::move(answer_); }

 private:
  void SeeBundle(const std::string& type, const Json& event,
                 std::set<std::string>& touched) {
    if (type != "seal" && type != "repack" && type != "redact" &&
        type != "tombstone" && type != "fixity") {
      return;
    }
    const Json& facts = MemberIn(event, "bundle");
    std::string name = TextIn(facts, "name");
    if (name.empty()) name = TextIn(event, "of");
    const auto bundle = answer_.bundles.find(name);
    if (bundle == answer_.bundles.end()) return;
    touched.insert(captures_in_[name].begin(), captures_in_[name].end());
    if (TextIn(facts, "sha256").empty()) return;
    Json& known = bundle->second;
    known["seq"] = CountIn(event, "seq");
    known["repacked"] = type != "seal";
    for (const char* key : {"bytes", "records"}) {
      known[key] = CountIn(facts, key);
    }
    for (const char* key : {"sha256", "sha512", "records_root"}) {
      SetText(known, key, TextIn(facts, key));
    }
  }

  void Note(const std::string& capture, const std::string& type,
            const Json& event) {
    if (TextIn(event, "id") == capture && !clock_.is_null()) {
      answer_.clock[capture] = clock_;
    }
    Json entry = {{"seq", CountIn(event, "seq")},
                  {"t", TextIn(event, "t")},
                  {"type", type},
                  {"what", InWords(event, capture)}};
    SetText(entry, "by", ByWhom(event));
    Json& list = answer_.custody[capture];
    if (list.is_null()) list = Json::array();
    list.push_back(std::move(entry));
  }

  const LogAsked& asked_;
  std::map<std::string, std::set<std::string>> captures_in_;
  Json clock_;
  LogAnswer answer_;
};

}  // namespace

Result<LogAnswer> ReadLogFor(ArchiveReader& reader, const LogAsked& asked) {
  LogPass pass(asked);
  STEMMA_CHECK_OK(
      reader.ForEachEvent([&](std::string_view, const Json& event) -> Status {
        pass.See(event);
        return {};
      }));
  return pass.Take();
}

}  // namespace stemma
