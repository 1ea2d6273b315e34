// Candidate index and verdicts: speed, latency and bytes, beside a MinHash-LSH
// written plainly (128 permutations of word 5-grams, 25 bands of 5 rows, as
// datasketch chooses for a threshold of 0.5).
//
//   trace_bench [DOCUMENTS [FOLDER]]     default 100000, index in FOLDER
//
// Documents are generated, about 3.2 KB of words drawn by Zipf's law with some
// formula sentences; queries are excerpts of a quarter of a document.
// Times are of the processor, one core.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "trace/compare.h"
#include "trace/normal_form.h"
#include "trace/text_index.h"

namespace {

// Processor time of this thread: what a query costs, also on a machine that is
// busy with other work.
double Seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

// Processor seconds: throughput is told for one core, also on a busy machine.
double Cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

const std::vector<std::string>& Vocabulary() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all;
    Random random(3);
    for (int i = 0; i < 40'000; ++i) {
      std::string word;
      const int length = 2 + static_cast<int>(std::log2(i + 2)) / 2 +
                         static_cast<int>(random.Next() % 4);
      for (int k = 0; k < length; ++k) {
        word.push_back(static_cast<char>('a' + random.Next() % 26));
      }
      all.push_back(word);
    }
    return all;
  }();
  return words;
}

// Document `number`: the same each time it is asked for.
std::string Document(std::uint64_t number) {
  Random random(number + 11);
  const std::vector<std::string>& words = Vocabulary();
  std::string text;
  int in_sentence = 0;
  int in_block = 0;
  while (text.size() < 3'200) {
    // Zipf: rank is exponential in a uniform number.
    const auto rank =
        static_cast<std::size_t>(std::exp(random.Unit() * std::log(39'999.0)));
    std::string word = words[rank];
    if (in_sentence == 0) word[0] = static_cast<char>(word[0] - 32);
    text += word;
    if (++in_sentence > 12 + static_cast<int>(random.Next() % 16)) {
      in_sentence = 0;
      text += ++in_block % 4 == 0 ? ".\n\n" : ". ";
      if (random.Next() % 6 == 0) {
        // One of 300 sentences that many documents share.
        Random formula(random.Next() % 300 + 1'000'003);
        for (int k = 0; k < 14; ++k) {
          text += words[formula.Next() % 5'000] + (k < 13 ? " " : ". ");
        }
      }
    } else {
      text += ' ';
    }
  }
  return text;
}

std::string Excerpt(const std::string& text) {
  const std::size_t from = text.find(' ', text.size() / 3);
  return text.substr(from + 1, text.size() / 4);
}

// ---- the peer ----

class MinHash {
 public:
  static constexpr int kPermutations = 128, kBands = 25, kRows = 5;
  MinHash() {
    Random random(99);
    for (int i = 0; i < kPermutations; ++i) {
      a_.push_back(random.Next() | 1);
      b_.push_back(random.Next());
    }
  }
  std::vector<std::uint64_t> Signature(const std::string& text) const {
    std::vector<std::uint64_t> words;
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : text) {
      if (c == ' ' || c == '\n') {
        words.push_back(hash);
        hash = 14695981039346656037u;
      } else {
        hash = (hash ^ static_cast<unsigned char>(c | 0x20)) * 1099511628211u;
      }
    }
    std::vector<std::uint64_t> least(kPermutations, ~0ull);
    for (std::size_t i = 0; i + 5 <= words.size(); ++i) {
      std::uint64_t gram = 0;
      for (std::size_t k = 0; k < 5; ++k) gram = gram * 31 + words[i + k];
      for (std::size_t p = 0; p < least.size(); ++p) {
        least[p] = std::min(least[p], gram * a_[p] + b_[p]);
      }
    }
    return least;
  }
  void Add(std::uint32_t id, const std::vector<std::uint64_t>& signature) {
    for (int band = 0; band < kBands; ++band) {
      tables_[band][Key(signature, band)].push_back(id);
    }
  }
  std::unordered_set<std::uint32_t> Query(
      const std::vector<std::uint64_t>& signature) const {
    std::unordered_set<std::uint32_t> found;
    for (int band = 0; band < kBands; ++band) {
      const auto at = tables_[band].find(Key(signature, band));
      if (at != tables_[band].end()) {
        found.insert(at->second.begin(), at->second.end());
      }
    }
    return found;
  }

 private:
  static std::uint64_t Key(const std::vector<std::uint64_t>& signature,
                           int band) {
    std::uint64_t key = 0;
    for (int row = 0; row < kRows; ++row) {
      key = key * 0x9E3779B97F4A7C15u +
            signature[static_cast<std::size_t>(band * kRows + row)];
    }
    return key;
  }
  std::vector<std::uint64_t> a_, b_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> tables_[kBands];
};

struct Latency {
  std::vector<double> micros;
  std::string Line() {
    std::ranges::sort(micros);
    return fmt::format("p50 {:.3f} ms, p99 {:.3f} ms",
                       micros[micros.size() / 2] / 1e3,
                       micros[micros.size() * 99 / 100] / 1e3);
  }
};

std::size_t ResidentMiB() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096 >> 20;
}

void BenchVerdicts() {
  constexpr int kPairs = 400;
  std::vector<stemma::Publication> left, right;
  for (int i = 0; i < kPairs; ++i) {
    stemma::Publication a;
    a.text = Document(static_cast<std::uint64_t>(i));
    stemma::Publication b = a;
    const std::size_t at = b.text.find(' ', b.text.size() / 2);
    b.text.insert(at, " not");
    left.push_back(std::move(a));
    right.push_back(std::move(b));
  }
  const double start = Cpu();
  std::size_t edited = 0;
  for (int i = 0; i < kPairs; ++i) {
    const auto k = static_cast<std::size_t>(i);
    edited +=
        stemma::Compare(left[k], right[k]).verdict == stemma::Verdict::kEdited;
  }
  fmt::print("verdicts            {:.0f} a second ({} of {} edited)\n",
             kPairs / (Cpu() - start), edited, kPairs);
}

}  // namespace

int main(int argc, char** argv) {
  const auto documents =
      argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000ul;
  const std::filesystem::path folder =
      argc > 2 ? std::filesystem::path(argv[2])
               : std::filesystem::temp_directory_path() / "trace_bench";
  std::filesystem::remove_all(folder);
  BenchVerdicts();

  auto index = stemma::TextIndex::Open(folder);
  if (!index) {
    fmt::print(stderr, "{}\n", index.error().message());
    return 1;
  }
  double spent = 0;
  constexpr std::size_t kChunk = 1'000;
  std::vector<std::string> texts(kChunk);
  for (std::size_t from = 0; from < documents; from += kChunk) {
    for (std::size_t k = 0; k < kChunk; ++k) texts[k] = Document(from + k);
    const double start = Cpu();
    for (std::size_t k = 0; k < kChunk; ++k) {
      const auto number = from + k;
      const std::string id = "d" + std::to_string(number);
      if (!index->Add(id, "site" + std::to_string(number % 60), texts[k])) {
        return 1;
      }
    }
    spent += Cpu() - start;
  }
  const double start_flush = Cpu();
  if (!index->Flush()) return 1;
  spent += Cpu() - start_flush;
  const auto stats = index->Stats();
  const auto count = static_cast<double>(documents);
  fmt::print(
      "sketch + index      {:.0f} documents a second, {} documents, "
      "{} segments\n",
      count / spent, stats.documents, stats.segments);
  fmt::print(
      "postings            {:.0f} bytes a document ({:.0f} postings of "
      "{:.2f} bytes)\n",
      static_cast<double>(stats.posting_bytes) / count,
      static_cast<double>(stats.postings) / count,
      static_cast<double>(stats.posting_bytes) /
          static_cast<double>(stats.postings));
  fmt::print("rows                {:.0f} bytes a document\n",
             static_cast<double>(stats.row_bytes) / count);

  constexpr std::size_t kQueries = 2'000;
  Latency latency;
  std::size_t hits = 0;
  std::size_t candidates = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const std::size_t number = q * 7919 % documents;
    const std::string query = Excerpt(Document(number));
    const double start = Seconds();
    const auto found = index->Query(query);
    latency.micros.push_back((Seconds() - start) * 1e6);
    candidates += found.size();
    hits += !found.empty() && found[0].id == "d" + std::to_string(number);
  }
  fmt::print(
      "verified query      {}; {:.1f} candidates; {:.1f} % of excerpts "
      "found first\n",
      latency.Line(), static_cast<double>(candidates) / kQueries,
      100.0 * static_cast<double>(hits) / kQueries);
  fmt::print("resident            {} MiB\n", ResidentMiB());

  const std::size_t peers = std::min<std::size_t>(documents, 100'000);
  MinHash peer;
  double peer_spent = 0;
  for (std::size_t i = 0; i < peers; ++i) {
    const std::string text = Document(i);
    const double start = Cpu();
    peer.Add(static_cast<std::uint32_t>(i), peer.Signature(text));
    peer_spent += Cpu() - start;
  }
  Latency peer_latency;
  std::size_t peer_hits = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const std::size_t number = q * 7919 % peers;
    const std::string query = Excerpt(Document(number));
    const double start = Seconds();
    const auto found = peer.Query(peer.Signature(query));
    peer_latency.micros.push_back((Seconds() - start) * 1e6);
    peer_hits += found.contains(static_cast<std::uint32_t>(number));
  }
  fmt::print(
      "MinHash-LSH         {:.0f} documents a second; {} unverified; "
      "{:.1f} % of excerpts found\n",
      static_cast<double>(peers) / peer_spent, peer_latency.Line(),
      100.0 * static_cast<double>(peer_hits) / kQueries);
  fmt::print("ratio               {:.1f} times its speed\n",
             count / spent / (static_cast<double>(peers) / peer_spent));
  std::filesystem::remove_all(folder);
  return 0;
}
