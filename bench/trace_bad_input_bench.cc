// What bad input costs: processor seconds and peak memory of each item.
//
//   trace_bad_input_bench [MEGABYTES [MIRRORS]]     default 10 and 2000000
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "hash/sha256.h"
#include "trace/compare.h"
#include "trace/families.h"
#include "trace/text_index.h"

namespace {

using stemma::Publication;

double Cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double PeakMebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

template <class F>
void Measure(std::string_view what, const F& work) {
  const double start = Cpu();
  const std::string found = work();
  fmt::print("{:34} {:8.2f} s {:7.0f} MiB peak   {}\n", what, Cpu() - start,
             PeakMebibytes(), found);
}

std::string Repeated(std::string_view word, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + word.size());
  while (text.size() < bytes) text += word;
  return text;
}

Publication Page(std::string id, std::string text) {
  Publication p;
  p.id = std::move(id);
  p.site = "mirror.example";
  p.text = std::move(text);
  p.text_sha256 = stemma::Sha256Of(p.text);
  return p;
}

std::string Verdict(const std::string& a, const std::string& b) {
  return std::string(
      stemma::NameOf(stemma::Compare(Page("a", a), Page("b", b)).verdict));
}

std::string IndexMirrors(std::size_t count, const std::string& text) {
  stemma::TextIndex index = stemma::TextIndex::InMemory();
  for (std::size_t i = 0; i < count; ++i) {
    if (!index.Add("m" + std::to_string(i), "mirror.example", text)) return {};
  }
  return fmt::format("{} documents, {} postings, {} answers",
                     index.Stats().documents, index.Stats().postings,
                     index.Query(text).size());
}

std::string RelateMirrors(std::size_t count, const std::string& text) {
  std::vector<Publication> pages;
  for (std::size_t i = 0; i < count; ++i) {
    pages.push_back(Page("m" + std::to_string(i), text));
  }
  const auto relations = stemma::FindRelations(pages, {});
  return fmt::format("{} relations, {} families", relations.size(),
                     stemma::Families(pages, relations).size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t bytes =
      (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10ul) << 20;
  const std::size_t mirrors =
      argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 2'000'000ul;
  const std::string story = Repeated("The crews of the harbour went on. ", 500);
  const std::string one = Repeated("word ", bytes);
  const std::string unbroken = Repeated("word", bytes);
  const std::string marks = Repeated("* ", bytes);
  const std::string rows = Repeated("Share this page\n\n", bytes);
  const std::string arabic = Repeated("رئيس البلدية قال ", bytes);
  const std::string chinese = Repeated("市长星期一表示", bytes);
  Measure("one word, itself", [&] { return Verdict(one, one); });
  Measure("one word, a word more", [&] { return Verdict(one, one + "word"); });
  Measure("one word, a story", [&] { return Verdict(one, story); });
  Measure("one unbroken word", [&] { return Verdict(unbroken, story); });
  Measure("marks only", [&] { return Verdict(marks, marks + "*"); });
  Measure("furniture only", [&] { return Verdict(rows, rows + "Share"); });
  Measure("right to left", [&] { return Verdict(arabic, arabic + "قال"); });
  Measure("without spaces", [&] { return Verdict(chinese, chinese + "长"); });
  Measure("one word, indexed", [&] { return IndexMirrors(1, one); });
  Measure(fmt::format("{} mirrors, a tenth", mirrors / 10),
          [&] { return IndexMirrors(mirrors / 10, story); });
  Measure(fmt::format("{} mirrors, indexed", mirrors),
          [&] { return IndexMirrors(mirrors, story); });
  // Up to 64 pairs are told of each.
  for (const std::size_t count : {mirrors / 200, mirrors / 100}) {
    Measure(fmt::format("{} mirrors, related", count),
            [&] { return RelateMirrors(count, story); });
  }
  return 0;
}
