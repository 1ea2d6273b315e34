// Pages made to hurt: each is read by a process of its own, whose memory is
// bounded and whose work grows as the page does. Work is counted in bytes asked
// for with new, which says the same on a busy machine. STEMMA_HOSTILE_MB=10
// runs the list at 10 MB a page (1 by default).
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "article/charset.h"
#include "article/extract.h"
#include "article/text_layers.h"
#include "core/utf8.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCounts = false;
constexpr std::uint64_t allocated = 0;
#else
constexpr bool kCounts = true;
static std::uint64_t allocated = 0;

void* operator new(std::size_t size) {
  allocated += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace stemma {
namespace {

constexpr long kMemoryKiB = 128 << 10;
const std::string kText =
    "<p>The text below it all is still here, and it is a sentence.</p>";

std::string Rep(std::string_view piece, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + piece.size());
  while (out.size() < bytes) out += piece;
  return out;
}

struct Outcome {
  bool exited = false, text_kept = false, noted = false;
  std::uint64_t work = 0;
  std::uint64_t blocks = 0, links = 0;
  long peak_kib = 0;  // of the whole process
};

struct Answer {
  std::uint64_t text_kept, noted, work, blocks, links;
};

Outcome ReadAlone(const std::function<std::string()>& make) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    const std::string page = make();
    const std::uint64_t before = allocated;
    const Result<Article> article =
        ExtractArticle({page, "", "https://a.example/b"});
    Answer answer{0, 0, allocated - before, 0, 0};
    if (article) {
      for (const Block& block : article->blocks) {
        if (block.text.find("is still here") != std::string::npos) {
          answer.text_kept = 1;
        }
      }
      answer.noted = article->notes.size();
      answer.blocks = article->blocks.size();
      answer.links = article->links.size();
    }
    const ssize_t written = write(ends[1], &answer, sizeof answer);
    _exit(written == sizeof answer ? 0 : 1);
  }
  close(ends[1]);
  Answer answer{};
  const ssize_t got = read(ends[0], &answer, sizeof answer);
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  Outcome outcome;
  outcome.exited =
      got == sizeof answer && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  outcome.text_kept = answer.text_kept != 0;
  outcome.noted = answer.noted != 0;
  outcome.work = answer.work;
  outcome.blocks = answer.blocks;
  outcome.links = answer.links;
  outcome.peak_kib = usage.ru_maxrss;
  return outcome;
}

struct Case {
  const char* name;
  // Before `piece`, which is repeated, and behind it.
  std::string before, piece, after;
  bool keeps_text = true;
};

std::vector<Case> Cases() {
  const std::string sentence = "The text of it all is a sentence here. ";
  return {
      {"divs", kText, "<div>", ""},
      {"attributes", "<div ", "abc=1 ", ">" + kText},
      {"one attribute", "<div title='", "x", "'>" + kText},
      {"references", kText, "&amp;", ""},
      {"long reference names", kText, "&CounterClockwiseContourIntegral;", ""},
      {"ampersands", kText + "<p>", "&", ""},
      {"less-than signs", kText + "<p>", "<", ""},
      {"links", kText, "<a href=/x/1>a</a>", ""},
      {"paragraphs", kText, "<p>x", ""},
      {"prose", kText, "<p>" + sentence, ""},
      {"bold", kText, "<b>", ""},
      {"lists in lists", kText, "<ul><li>x", ""},
      {"tables in tables", kText, "<table><tr><td>x", ""},
      {"the text again in a textarea", kText + "<textarea>", kText, ""},
      {"script that reads like text", kText + "<script>", "var a='<p>x';</s",
       ""},
      {"open comment", kText, "<!-- x --", ""},
      {"comments", kText, "<!--x-->", ""},
      {"JSON of brackets", kText + "<script type=application/ld+json>", "[",
       "</script>"},
      {"JSON of objects", kText + "<script type=application/ld+json>",
       "{\"a\":", "</script>"},
      {"JSON in pieces", kText,
       "<script type=application/ld+json>"
       "{\"@type\":\"NewsArticle\",\"headline\":\"x\"}</script>",
       ""},
      {"blanks", kText + "<p>", " ", ""},
      {"one paragraph of words", kText + "<p>", "word ", ""},
      {"one paragraph of sentences", kText + "<p>", "A b. ", ""},
      {"line breaks", kText + "<p>", "a<br>", ""},
      {"double line breaks", kText + "<p>", "a<br><br>", ""},
      {"media", kText, "<img src=a.mp4>", ""},
      {"metadata", "", "<meta name=author content='Jane Doe'>", kText},
      {"time elements", kText, "<time datetime=2020-01-01>x</time>", ""},
      {"dates", kText, "<p>12.11.2020 ", ""},
      {"headlines", kText, "<h1>Title of the page</h1>", ""},
      {"open quotes", kText, "<a href=\"x", ""},
      {"open values", kText, "<p title='a", ""},
      {"hidden", "", "<div style='display:none'>x</div>", kText},
      {"authors", kText, "<p rel=author itemprop=author>By Jane Doe</p>", ""},
      {"bylines", "<h1>T</h1>" + kText, "<p>By Jane Doe and</p>", ""},
      {"headings of comments", kText, "<h2>Comments</h2><p>" + sentence, ""},
      {"inline in inline", kText, "<span><i>x", ""},
      {"vector graphics", kText, "<svg><path d='x'/>", ""},
      {"choices", kText, "<select><option>x", ""},
      {"forms", kText, "<form><p>" + sentence, ""},
      {"tabs", kText + "<pre>", "a\t\n", ""},
      {"combining marks", kText + "<p>a", "\u0301", ""},
      {"ideographs", kText + "<p>", "漢字。", ""},
      {"no UTF-8", kText + "<p>", "\xFF", ""},
      {"zero bytes", kText, std::string("\0a", 2), "", false},
      {"zero-width", kText + "<p>", "a\u200B", ""},
  };
}

TEST(Hostile, MemoryIsBoundedAndWorkGrowsAsThePage) {
  const char* given = std::getenv("STEMMA_HOSTILE_MB");
  const std::size_t bytes =
      static_cast<std::size_t>(given ? std::atoi(given) : 1) * 1'000'000;
  for (const Case& c : Cases()) {
    const auto page = [&c](std::size_t size) {
      return [&c, size] { return c.before + Rep(c.piece, size) + c.after; };
    };
    const Outcome half = ReadAlone(page(bytes / 2));
    const Outcome whole = ReadAlone(page(bytes));
    EXPECT_TRUE(half.exited && whole.exited) << c.name;
    EXPECT_TRUE(whole.text_kept || !c.keeps_text) << c.name;
    if (!kCounts) continue;
    EXPECT_LE(whole.peak_kib, kMemoryKiB) << c.name;
    // Twice the page, twice the work; a vector may double once more.
    EXPECT_LE(whole.work, 5 * half.work / 2 + 4'000'000) << c.name;
    if (given) {
      std::printf("%-28s %4ld MiB, new %6.1f MB of %6.1f\n", c.name,
                  whole.peak_kib >> 10, 1e-6 * double(whole.work),
                  1e-6 * double(half.work));
    }
  }
}

TEST(Hostile, TheNumbersOfTheList) {
  const struct {
    const char* name;
    std::function<std::string()> page;
    bool noted;
  } cases[] = {
      {"100,000 nested divs",
       [] { return kText + Rep("<div>", 500'000) + "<p>deep"; }, true},
      {"100,000 attributes",
       [] { return "<div " + Rep("a=1 ", 400'000) + ">" + kText; }, true},
      {"an attribute of 50 MB",
       [] { return kText + "<p title='" + Rep("x", 50'000'000); }, true},
      {"1,000,000 references",
       [] { return kText + "<p>" + Rep("&amp;", 5'000'000); }, false},
      {"1,000,000 links",
       [] { return kText + Rep("<a href=/x>a</a>", 16'000'000); }, true},
  };
  for (const auto& c : cases) {
    const Outcome outcome = ReadAlone(c.page);
    EXPECT_TRUE(outcome.exited) << c.name;
    EXPECT_TRUE(outcome.text_kept) << c.name;
    EXPECT_TRUE(outcome.noted || !c.noted) << c.name;
    EXPECT_LE(outcome.blocks, HtmlLimits().max_blocks + 1) << c.name;
    EXPECT_LE(outcome.links, HtmlLimits().max_links) << c.name;
    EXPECT_TRUE(!kCounts || outcome.peak_kib <= kMemoryKiB) << c.name;
  }
}

constexpr std::string_view kLabels[] = {
    "utf-8",        "ibm866",         "iso-8859-2",
    "iso-8859-3",   "iso-8859-4",     "iso-8859-5",
    "iso-8859-6",   "iso-8859-7",     "iso-8859-8",
    "iso-8859-8-i", "iso-8859-10",    "iso-8859-13",
    "iso-8859-14",  "iso-8859-15",    "iso-8859-16",
    "koi8-r",       "koi8-u",         "macintosh",
    "windows-874",  "windows-1250",   "windows-1251",
    "windows-1252", "windows-1253",   "windows-1254",
    "windows-1255", "windows-1256",   "windows-1257",
    "windows-1258", "x-mac-cyrillic", "gbk",
    "gb18030",      "big5",           "euc-jp",
    "iso-2022-jp",  "shift_jis",      "euc-kr",
    "utf-16le",     "utf-16be",       "x-user-defined",
    "hz-gb-2312",   "iso-2022-kr",    "no-such-charset"};

// Whatever a page says of its charset and whatever its bytes are, there is an
// answer, it is UTF-8, and plain ASCII stays what it is.
TEST(Hostile, EveryCharsetMayLieAboutItself) {
  const std::string bodies[] = {
      "Gr\xC3\xB6\xC3\x9F",                    // UTF-8
      "Gr\xF6\xDF",                            // Latin-1
      "\xCF\xF0\xE8\xE2\xE5\xF2",              // windows-1251
      "\xB5\xD8\xBD\xC5",                      // EUC
      "\x83\x65\x83\x58",                      // Shift_JIS
      "\x1B$B%F\x1B(B",                        // ISO-2022-JP
      "~{VPND~}",                              // HZ
      "cut \xE2\x82",                          // in the middle of a character
      "\xFE\xFF\xFF\xFE\x80\x81\xFE\xFE\xFF",  // nothing at all
      std::string("\0\x41\0\x42", 4),
  };
  for (const std::string_view label : kLabels) {
    for (const std::string& body : bodies) {
      const std::string tail = "<p>" + body + "</p>";
      for (const bool in_header : {true, false}) {
        const std::string page =
            (in_header ? "" : "<meta charset=" + std::string(label) + ">") +
            kText + tail;
        const Result<Article> article = ExtractArticle(
            {page, in_header ? "text/html; charset=" + std::string(label) : "",
             "https://a.example/b"});
        ASSERT_TRUE(article.has_value()) << label;
        bool kept = false;
        for (const Block& block : article->blocks) {
          EXPECT_EQ(ValidUtf8(block.text), block.text) << label;
          EXPECT_EQ(CanonicalBlockText(block.text), block.text) << label;
          kept = kept || block.text.find("is still here") != std::string::npos;
        }
        // These read ASCII as something else, and say so.
        const std::string& used = article->charset;
        const bool other = used.starts_with("UTF-16") || used == "replacement";
        EXPECT_TRUE(kept || other) << label << " read as " << used;
      }
    }
  }
}

TEST(Hostile, AnEndInsideACharacterEndsNothingElse) {
  static constexpr struct {
    const char *label, *cut;
  } kCases[] = {{"utf-8", "\xF0\x9F\x98"}, {"utf-8", "\xC3"},
                {"gbk", "\x81"},           {"gb18030", "\x81\x30\x81"},
                {"big5", "\xA4"},          {"euc-jp", "\x8F\xA2"},
                {"shift_jis", "\x83"},     {"euc-kr", "\xB0"},
                {"iso-2022-jp", "\x1B$B%"}};
  for (const auto& [label, cut] : kCases) {
    const std::string page = kText + "<p>And this: " + cut;
    const Result<Article> article =
        ExtractArticle({page, "text/html; charset=" + std::string(label),
                        "https://a.example/b"});
    ASSERT_TRUE(article.has_value()) << label;
    ASSERT_FALSE(article->blocks.empty()) << label;
    EXPECT_NE(article->blocks[0].text.find("is still here"), std::string::npos);
    for (const Block& block : article->blocks) {
      EXPECT_EQ(ValidUtf8(block.text), block.text) << label;
    }
  }
}

TEST(Hostile, Utf16WithoutItsMarkIsRead) {
  for (const bool big : {false, true}) {
    std::string page;
    for (const char c : kText + kText) {
      if (big) page += '\0';
      page += c;
      if (!big) page += '\0';
    }
    const Result<Article> article =
        ExtractArticle({page, "", "https://a.example/b"});
    ASSERT_TRUE(article.has_value()) << big;
    ASSERT_FALSE(article->blocks.empty());
    EXPECT_NE(article->blocks[0].text.find("is still here"), std::string::npos);
    // Half a character at the end is one sign that says so.
    page.pop_back();
    EXPECT_TRUE(ExtractArticle({page, "", ""}).has_value());
  }
}

}  // namespace
}  // namespace stemma
