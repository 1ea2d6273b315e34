#include "cli/found.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/session.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPassages = 100;

std::string NameOfPlace(const KnownPlace& place) {
  return place.reference.empty() ? place.capture_id : place.reference;
}

Json TextLine(const std::string& query, const Relative& relative) {
  const Publication& p = relative.publication;
  Json line = {{"query", query},
               {"reference", p.id},
               {"verdict", NameOf(relative.comparison.verdict)},
               {"url", p.url},
               {"title", p.title},
               {"coverage",
                {{"query", CoverageOfQuery(relative)},
                 {"reference", CoverageOfArchived(relative)}}},
               {"passages", Json::array()}};
  for (const SharedPassage& passage : PassagesOf(relative)) {
    line["passages"].push_back(
        {{"query", {passage.query.begin, passage.query.end}},
         {"reference", {passage.archived.begin, passage.archived.end}},
         {"paragraph", passage.paragraph}});
  }
  return line;
}

Json PictureLine(const std::string& query, const Match& match) {
  const PictureMatch& picture = *match.picture;
  Json line = {{"query", query},
               {"reference", NameOfPlace(match.place)},
               {"score", picture.score},
               {"seconds", picture.seconds},
               {"region",
                {picture.region.left, picture.region.top, picture.region.right,
                 picture.region.bottom}}};
  if (picture.mirrored) line["mirrored"] = true;
  return line;
}

Json LineOfMatch(const std::string& query, const Match& match) {
  if (match.text) return TextLine(query, *match.text);
  Json line = match.picture
                  ? PictureLine(query, match)
                  : LineOf(query, *match.video, NameOfPlace(match.place));
  line["capture"] = match.place.capture_id;
  if (!match.place.url.empty()) line["url"] = match.place.url;
  return line;
}

// An alteration for people. What was removed has a place in the query and a
// length in the known video.
std::string ToldEvent(const Json& event) {
  const auto kind = event["kind"].get<std::string>();
  const double start = event["q_start"].get<double>();
  if (event.contains("reference")) {
    const Json& gone = event["reference"];
    return fmt::format("{} {:.3f}-{:.3f} s of it, at {:.3f} s here", kind,
                       gone[0].get<double>(), gone[1].get<double>(), start);
  }
  return fmt::format("{} {:.3f}-{:.3f} s", kind, start,
                     event["q_end"].get<double>());
}

// "0.92 of it in 0.35 of the archived text: paragraphs 2-4, 7"
std::string ToldPassages(const Json& line) {
  std::string told =
      fmt::format("\n    {:.2f} of it is {:.2f} of the archived text",
                  line["coverage"]["query"].get<double>(),
                  line["coverage"]["reference"].get<double>());
  std::string_view before = ": paragraphs ";
  const Json& passages = line["passages"];
  const auto number = [&](std::size_t k) {
    return passages[k]["paragraph"].get<std::size_t>();
  };
  for (std::size_t k = 0; k < passages.size();) {
    std::size_t last = k;
    while (last + 1 < passages.size() && number(last + 1) == number(last) + 1) {
      ++last;
    }
    told += before;
    told += last == k ? fmt::format("{}", number(k))
                      : fmt::format("{}-{}", number(k), number(last));
    before = ", ";
    k = last + 1;
  }
  return told;
}

}  // namespace

// The earlier of the two is the comparison's reference.
double CoverageOfQuery(const Relative& relative) {
  return relative.earlier ? relative.comparison.coverage_suspect
                          : relative.comparison.coverage_reference;
}

double CoverageOfArchived(const Relative& relative) {
  return relative.earlier ? relative.comparison.coverage_reference
                          : relative.comparison.coverage_suspect;
}

std::vector<SharedPassage> PassagesOf(const Relative& relative) {
  const std::vector<BlockRole>& blocks = relative.comparison.blocks;
  const bool archived_is_suspect = !relative.earlier;
  std::vector<SharedPassage> passages;
  std::size_t number = 0;
  for (const BlockRole& block : blocks) {
    if (block.on_suspect != archived_is_suspect || block.role == "furniture") {
      continue;
    }
    ++number;
    if ((block.role != "shared" && block.role != "moved") || block.pair < 0) {
      continue;
    }
    if (passages.size() == kMostPassages) break;
    passages.push_back({blocks[static_cast<std::size_t>(block.pair)].span,
                        block.span, number});
  }
  return passages;
}

std::vector<Json> LinesOf(const std::string& query, const Found& found) {
  std::vector<Json> lines;
  for (const Match& match : found.matches) {
    lines.push_back(LineOfMatch(query, match));
  }
  if (lines.empty())
    lines.push_back({{"query", query}, {"reference", nullptr}});
  return lines;
}

std::string Told(const Json& line) {
  std::string text = line.value("reference", std::string());
  if (line.contains("url")) text += "  " + line["url"].get<std::string>();
  if (line.contains("verdict")) {
    text += "  " + line["verdict"].get<std::string>();
  }
  if (line.contains("passages")) text += ToldPassages(line);
  if (line.contains("seconds")) {
    text += fmt::format("  at {:.3f} s", line["seconds"].get<double>());
  }
  if (line.contains("segments")) {
    for (const Json& s : line["segments"]) {
      text += fmt::format("\n    {:.3f}-{:.3f} s shows {:.3f}-{:.3f} s",
                          s[0].get<double>(), s[1].get<double>(),
                          s[2].get<double>(), s[3].get<double>());
    }
    for (const Json& e : line["altered"]) text += "\n    " + ToldEvent(e);
  }
  return ForTerminal(text);
}

}  // namespace stemma::cli
