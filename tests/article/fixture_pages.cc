#include "fixture_pages.h"

#include <fmt/format.h>

#include <cstdint>

namespace stemma::testing {
namespace {

const char* const kSubjects[] = {"The harbour office",
                                 "A crew from the dyke board",
                                 "The town council",
                                 "The ferry company",
                                 "An engineer of the water board",
                                 "The night watch",
                                 "The regional court",
                                 "A committee of growers",
                                 "The tram workshop",
                                 "The school in Orrin",
                                 "The archive of the county",
                                 "A mapping team"};
const char* const kVerbs[] = {
    "reported",  "closed",   "opened again", "measured",  "did not repair",
    "inspected", "paid for", "promised",     "postponed", "counted"};
const char* const kObjects[] = {"the lower gate of the Marlow dam",
                                "forty-one of the breaches",
                                "a wall of sandbags behind the stores",
                                "the bridge at Kessel",
                                "three pumps that had failed twice",
                                "the road between Pell and Brandt",
                                "a list of damaged houses",
                                "the gauge below the spillway",
                                "half of the eastern fields",
                                "the power line from Osk"};
const char* const kEnds[] = {"before noon, as the log shows",
                             "although the rain had not stopped",
                             "and said that it would be enough for five days",
                             "while the “second wall” was raised",
                             "for the first time since October",
                             "at a cost of 3,120 crowns",
                             "without waiting for the ministry",
                             "in an effort that took nineteen hours"};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : state_(seed * 2654435761U + 12345U) {}
  template <std::size_t N>
  const char* Pick(const char* const (&list)[N]) {
    state_ = state_ * 1664525U + 1013904223U;
    return list[(state_ >> 16) % N];
  }
  unsigned Number(unsigned below) {
    state_ = state_ * 1664525U + 1013904223U;
    return (state_ >> 16) % below;
  }

 private:
  std::uint32_t state_;
};

std::string Sentence(Dice& dice) {
  return fmt::format("{} {} {} {}.", dice.Pick(kSubjects), dice.Pick(kVerbs),
                     dice.Pick(kObjects), dice.Pick(kEnds));
}

std::string Paragraphs(const Story& story, const char* open, const char* close,
                       const std::string& video) {
  std::string out;
  for (std::size_t i = 0; i < story.paragraphs.size(); ++i) {
    if (i == 2) out += video;
    out += open + story.paragraphs[i] + close + "\n";
  }
  return out;
}

std::string Head(const Story& s, const std::string& more) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">" +
         fmt::format("<title>{} - The Osk Gazette</title>{}</head>", s.title,
                     more);
}

const char* const kMenu =
    "<ul><li><a href=\"/\">Home</a></li><li><a href=\"/maps\">Maps</a></li>"
    "<li><a href=\"/about\">About us</a></li></ul>";
const char* const kOthers =
    "<h3>Related articles</h3><ul>"
    "<li><a href=\"/1\">Who pays for the pumps of the valley?</a></li>"
    "<li><a href=\"/2\">Five years of river walls, seen from above</a></li>"
    "<li><a href=\"/3\">The bridge at Kessel opens on Monday</a></li></ul>";

std::string Classic(const Story& s) {
  return Head(s, "") + "<body><div id=\"header\">" + kMenu +
         "</div><div id=\"content\"><h1 class=\"entry-title\">" + s.title +
         "</h1><p class=\"meta\">By <a href=\"/author/x\">" + s.author +
         "</a> on <time datetime=\"" + s.day + "\">" + s.day +
         "</time></p><div class=\"entry-content\">" +
         Paragraphs(s, "<p>", "</p>",
                    "<p><video controls src=\"" + s.video + "\"></video></p>") +
         "</div></div><div id=\"sidebar\">" + kOthers +
         "</div><div id=\"footer\"><p>© 2021 The Osk Gazette. All rights "
         "reserved.</p></div></body></html>";
}

std::string BlockTheme(const Story& s) {
  return Head(s, "<meta property=\"article:published_time\" content=\"" +
                     s.day +
                     "T08:00:00+00:00\"><meta name=\"author\" "
                     "content=\"" +
                     s.author + "\">") +
         "<body><header><nav>" + kMenu + "</nav></header><main><article><h1>" +
         s.title + "</h1>" +
         Paragraphs(s, "<p class=\"wp-block-paragraph\">", "</p>",
                    "<figure class=\"wp-block-video\"><video controls><source "
                    "src=\"" +
                        s.video +
                        "\" type=\"video/mp4\"></video><figcaption>The wall, "
                        "seen from above.</figcaption></figure>") +
         "</article><aside>" + kOthers +
         "</aside></main><footer><p>Made in Osk, by people who live there and "
         "write about it.</p></footer></body></html>";
}

std::string PageBuilder(const Story& s) {
  std::string body;
  for (std::size_t i = 0; i < s.paragraphs.size(); ++i) {
    body += "<div class=\"e-" + fmt::format("{:x}", i * 7919 + 13) +
            "\"><div class=\"w\"><p>" + s.paragraphs[i] + "</p></div></div>";
    if (i == 1) {
      body += "<div class=\"q\" data-video-src=\"" + s.video + "\"></div>";
    }
  }
  return Head(s,
              "<script type=\"application/ld+json\">{\"@context\":"
              "\"https://schema.org\",\"@type\":\"NewsArticle\","
              "\"headline\":\"" +
                  s.title + "\",\"datePublished\":\"" + s.day +
                  "\",\"author\":{\"@type\":\"Person\",\"name\":\"" + s.author +
                  "\"}}</script>") +
         "<body><div><div>" + kMenu +
         "</div></div><div class=\"z1\"><div><h1>" + s.title + "</h1></div>" +
         body + "</div><div class=\"z2\">" + kOthers + "</div></body></html>";
}

std::string TableLayout(const Story& s) {
  return "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; "
         "charset=utf-8\"><title>" +
         s.title +
         " | The Osk Gazette</title></head><body><table><tr><td colspan=3>"
         "<a href=\"/\">Gazette</a></td></tr><tr><td width=120>" +
         kMenu + "</td><td><h1>" + s.title + "</h1><font size=1>" + s.author +
         ", " + s.day + "</font>" +
         Paragraphs(s, "<p>", "</p>", "<p>" + s.video + "</p>") + "</td><td>" +
         kOthers + "</td></tr></table></body></html>";
}

std::string Bare(const Story& s) {
  return "<title>" + s.title + "</title><h1>" + s.title + "</h1>\n" +
         Paragraphs(s, "<p>", "", "<video src=\"" + s.video + "\"></video>");
}

std::string AspNet(const Story& s) {
  return Head(s, "<meta property=\"og:video\" content=\"" + s.video + "\">") +
         "<body><form id=\"aspnetForm\" action=\"/\"><input type=hidden "
         "name=__VIEWSTATE value=\"dDwtMTA4\"><div>" +
         kMenu + "</div><div><h2>" + s.title + "</h2><span>" + s.day +
         "</span><div>" + Paragraphs(s, "<p>", "</p>", "") +
         "</div></div><div>" + kOthers + "</div></form></body></html>";
}

std::string LineBreaks(const Story& s) {
  return Head(s, "") + "<body><div>" + kMenu + "</div><div><h1>" + s.title +
         "</h1><div>" +
         Paragraphs(
             s, "", "<br><br>",
             "<script>player.setup({\"file\":\"" + s.video + "\"});</script>") +
         "</div></div></body></html>";
}

std::string Portal(const Story& s) {
  const std::string box =
      "<div class=\"nl\"><h4>Sign up for our newsletter</h4><p>Get the best "
      "stories delivered to your inbox every morning.</p><form><input "
      "type=email><button>Subscribe</button></form></div>";
  std::string body;
  for (std::size_t i = 0; i < s.paragraphs.size(); ++i) {
    body += "<p>" + s.paragraphs[i] + "</p>";
    if (i == 1) body += "<p><a href=\"" + s.video + "\">The film</a></p>";
    if (i == 2) body += box;
  }
  return Head(s, "") +
         "<body><div class=\"cookie\"><p>We use cookies to make this site "
         "work. Read our <a href=\"/c\">cookie policy</a>.</p></div><header>" +
         kMenu + "</header><section><h1>" + s.title + "</h1><div><span>By " +
         s.author + "</span> | <span>" + s.day + "</span></div><div>" + body +
         "</div></section><section><h3>2 comments</h3><div><b>Anna</b> 3 June "
         "2021<p>I walked there yesterday, and the water was higher than the "
         "report says it was.</p></div><div><b>Ben</b> 4 June 2021<p>So did I, "
         "and it was not. The gauge is wrong, as it has been for years and "
         "years.</p></div></section></body></html>";
}

}  // namespace

Story MakeStory(unsigned number) {
  Dice dice(number + 1);
  Story story;
  story.title = fmt::format("{} and {}: report {}", dice.Pick(kSubjects),
                            dice.Pick(kObjects), number + 1);
  const char* const names[] = {"Halima Verrin", "Tomas Adeyi", "Edda Molnar",
                               "Ruth Calder", "Jan Kessler"};
  story.author = dice.Pick(names);
  story.day =
      fmt::format("2021-{:02}-{:02}", 1 + dice.Number(12), 1 + dice.Number(28));
  story.video =
      fmt::format("https://films.example/2021/report-{}.mp4", number + 1);
  const unsigned paragraphs = 4 + dice.Number(4);
  for (unsigned i = 0; i < paragraphs; ++i) {
    std::string text = Sentence(dice);
    const unsigned more = 1 + dice.Number(3);
    for (unsigned k = 0; k < more; ++k) text += " " + Sentence(dice);
    story.paragraphs.push_back(std::move(text));
  }
  return story;
}

std::string Render(const Story& story, int which) {
  switch (which) {
    case 0:
      return Classic(story);
    case 1:
      return BlockTheme(story);
    case 2:
      return PageBuilder(story);
    case 3:
      return TableLayout(story);
    case 4:
      return Bare(story);
    case 5:
      return AspNet(story);
    case 6:
      return LineBreaks(story);
    default:
      return Portal(story);
  }
}

}  // namespace stemma::testing
