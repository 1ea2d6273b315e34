// stemma extract: a page's article, for people, scripts and pipelines.
#include "article/extract.h"

#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "article/day_shown.h"
#include "article/machine_dates.h"
#include "article/source_map.h"
#include "article/text_layers.h"
#include "cli/batch_input.h"
#include "cli/commands.h"
#include "cli/file_blob.h"
#include "cli/page_source.h"
#include "cli/session.h"
#include "cli/site_rules_files.h"
#include "core/article_json.h"
#include "fetch/coding.h"
#include "hash/sha256.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Options {
  std::string reference, url, sites;
  bool explain = false, no_fetch = false, batch = false;
};

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;

Result<std::string> Inflated(const std::string& path, std::string bytes) {
  if (!path.ends_with(".gz")) return bytes;
  Result<std::string> plain = DecodeContent(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", std::move(bytes));
  if (!plain) return std::move(plain).error().Context(path);
  return plain;
}

Result<std::string> ReadPageFile(const std::string& path) {
  STEMMA_TRY(const Blob blob, FileBlob(path));
  STEMMA_TRY(std::string bytes, blob.ReadAll(kMaxFileBytes));
  return Inflated(path, std::move(bytes));
}

// `map` leads from the text to the bytes of the page.
Json LayersJson(const Article& article, const SourceMap& map) {
  const TextLayers layers = LayersOf(article);
  Json digests = Json::array();
  for (const BlockDigest& block : layers.blocks) {
    digests.push_back({{"block", block.block},
                       {"offset", block.begin},
                       {"length", block.end - block.begin},
                       {"source",
                        {map.Raw(static_cast<std::size_t>(block.block), 0),
                         map.Raw(static_cast<std::size_t>(block.block),
                                 block.end - block.begin)}},
                       {"sha256", block.digest.Hex()}});
  }
  Json findings = Json::array();
  std::vector<TextFinding> all = layers.findings;
  for (const TextFinding& finding : map.invisible()) {
    const auto block = static_cast<std::size_t>(finding.block);
    if (block < article.blocks.size() && article.blocks[block].kept) {
      all.push_back(finding);
    }
  }
  for (const TextFinding& finding : all) {
    findings.push_back(
        {{"kind", finding.kind},
         {"block", finding.block},
         {"offset", finding.offset},
         {"source",
          map.Raw(static_cast<std::size_t>(finding.block), finding.offset)},
         {"count", finding.count},
         {"detail", finding.detail}});
  }
  return {{"label", layers.label},
          {"sha256", layers.digest.Hex()},
          {"text", layers.text},
          {"blocks", digests},
          {"findings", findings}};
}

void PrintJson(const Article& article, const SourceMap& map, Session& session) {
  Json json = ToJson(article);
  json["l1"] = LayersJson(article, map);
  *session.out << json.dump(1, ' ', false, Json::error_handler_t::replace)
               << "\n";
}

void Line(Session& session, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  *session.out << key << ": " << ForTerminal(value) << "\n";
}

std::string When(const DateClaim& date) {
  return date.precision == Precision::kDay ? DayAsWritten(date)
                                           : FormatSeconds(date.time);
}

// The day by itself where readers of the page are shown another than that.
void PrintDates(const Article& article, Session& session) {
  if (article.published) {
    const DateClaim& published = *article.published;
    const std::string day = DayShown(published, article.dates);
    const bool other = day != FormatSeconds(published.time).substr(0, 10);
    Line(session, "published",
         fmt::format("{} ({}){}", When(published), published.source,
                     other ? ", on the page " + day : ""));
  }
  if (article.modified) {
    Line(session, "modified",
         fmt::format("{} ({})", When(*article.modified),
                     article.modified->source));
  }
}

void PrintStandfirst(const Article& article, Session& session) {
  for (const Block& block : article.blocks) {
    if (!block.kept || block.kind != BlockKind::kStandfirst) continue;
    std::string text = block.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    Line(session, "standfirst", text);
  }
}

void PrintClaims(const Article& article, Session& session) {
  std::set<std::string> seen;  // a page says some things many times
  for (const SourceClaim& claim : article.claims) {
    const std::string& words =
        claim.name.empty() && claim.url.empty() ? claim.quote : claim.name;
    const std::string line = fmt::format(
        "{}: {}{}{}{}", claim.kind, words,
        claim.name.empty() || claim.url.empty() ? "" : ", ", claim.url,
        claim.date ? ", " + DayAsWritten(*claim.date) : "");
    if (seen.insert(line).second) Line(session, "claim", line);
  }
}

void PrintHead(const Article& article, Session& session) {
  Line(session, "title", article.title);
  PrintStandfirst(article, session);
  for (const std::string& author : article.authors) {
    Line(session, "author", author);
  }
  PrintDates(article, session);
  Line(session, "publisher", article.publisher);
  PrintClaims(article, session);
  for (const MediaLink& media : article.media) {
    if (media.kind == MediaKind::kImage) continue;
    Line(session, NameOf(media.kind),
         fmt::format("{} ({}{})",
                     media.player_id.empty() ? media.url : media.player_id,
                     media.found_by,
                     media.after_block < 0
                         ? ""
                         : fmt::format(", after block {}", media.after_block)));
  }
}

void PrintExplained(const Article& article, Session& session) {
  for (std::size_t i = 0; i < article.blocks.size(); ++i) {
    const Block& block = article.blocks[i];
    std::string text = block.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    *session.out << fmt::format(
        "{:4} {} {:<12} {:<24} {}\n", i, block.kept ? "keep" : "drop",
        NameOf(block.kind), block.rule, ForTerminal(text));
  }
  for (const DateClaim& date : article.dates) {
    Line(session, "date",
         fmt::format("{} ({}) {}", When(date), date.source, date.raw));
  }
  for (const std::string& note : article.notes) {
    Line(session, "note", note);
  }
}

void PrintText(const Article& article, const Options& options,
               Session& session) {
  PrintHead(article, session);
  *session.out << "\n";
  if (options.explain) {
    PrintExplained(article, session);
  } else {
    *session.out << ForTerminal(CanonicalText(article)) << "\n";
  }
}

struct ReadPage {
  Article article;
  SourceMap map;  // only with --json
};

Result<ReadPage> ArticleOf(const Options& options, Session& session) {
  SourceOptions source;
  source.fetch = !options.no_fetch;
  STEMMA_TRY(LoadedPage page, LoadPage(session, options.reference, source));
  if (page.capture_id.empty()) {
    STEMMA_TRY(page.body, Inflated(options.reference, std::move(page.body)));
  }
  PageInput input;
  input.bytes = page.body;
  input.content_type = page.content_type;
  input.url = options.url.empty() ? page.url : options.url;
  STEMMA_TRY(const SiteRules rules, SiteRulesOf(session, options.sites));
  Result<Article> article = ExtractArticle(input, {}, &rules);
  if (!article) return std::move(article).error().Context(options.reference);
  ReadPage read;
  read.article = *std::move(article);
  if (session.json) {
    STEMMA_TRY(read.map, SourceMap::Of(input));
  }
  return read;
}

void RunOne(const Options& options, Session& session) {
  const Result<ReadPage> read = ArticleOf(options, session);
  if (!read) {
    session.exit_code = session.Fail(read.error());
    return;
  }
  if (!read->article.is_article) {
    session.Note(options.reference + ": this page holds no article");
  }
  if (session.json) {
    PrintJson(read->article, read->map, session);
  } else {
    PrintText(read->article, options, session);
  }
}

// ---- batches
// ------------------------------------------------------------------

std::string ErrorLine(const Json& id, const std::string& message) {
  return Json{{"id", id}, {"error", message}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

// The page of a query, read and gone again before its answer is written.
Result<Json> AnswerTo(const Json& query, const fs::path& folder,
                      const SiteRules& rules) {
  std::string path;
  for (const char* key : {"path", "page", "file"}) {
    if (path.empty() && query.contains(key) && query[key].is_string()) {
      path = query[key].get<std::string>();
    }
  }
  if (path.empty()) {
    return Error(ErrorCode::kInvalidArgument, "no \"path\"");
  }
  const fs::path file =
      fs::path(path).is_absolute() ? fs::path(path) : folder / path;
  STEMMA_TRY(std::string bytes, ReadPageFile(file.string()));
  PageInput input;
  input.bytes = bytes;
  if (query.contains("url") && query["url"].is_string()) {
    input.url = query["url"].get<std::string>();
  }
  STEMMA_TRY(Article article, ExtractArticle(input, {}, &rules));
  std::string().swap(bytes);
  std::string text = CanonicalText(article);
  article.blocks.clear();
  Json out = {
      {"text_sha256", Sha256Of(text).Hex()}, {"title", article.title},
      {"author", article.authors},           {"date", Json()},
      {"language", article.language},        {"site_name", article.site_name},
      {"canonical", article.canonical_url},  {"is_article", article.is_article},
      {"confidence", article.confidence}};
  out["text"] = std::move(text);
  if (article.published) {
    out["date"] = DayShown(*article.published, article.dates);
  }
  return out;
}

// One answer; `failed` when it is an error.
std::string Answer(const std::string& line, const fs::path& folder,
                   const SiteRules& rules, bool& failed) {
  const Json query = Json::parse(line, nullptr, false);
  failed = true;
  if (!query.is_object()) return ErrorLine(Json(), "not a JSON object");
  const Json id = query.contains("id") ? query["id"] : Json();
  Result<Json> out = AnswerTo(query, folder, rules);
  if (!out) return ErrorLine(id, out.error().message());
  failed = false;
  (*out)["id"] = id;
  return out->dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Lines go to the workers as they come and leave in the order they came; no
// more than kWindow lines are held at a time.
class Pipeline {
 public:
  Pipeline(fs::path folder, SiteRules rules, std::ostream& out)
      : folder_(std::move(folder)), rules_(std::move(rules)), out_(out) {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < cores; ++i) {
      workers_.emplace_back([this] { Work(); });
    }
  }

  Status Run(BatchInput in) {
    std::string line;
    Result<bool> more = in.Next(line);
    for (; more && *more; more = in.Next(line)) {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return jobs_.size() < kWindow; });
      jobs_.push_back({std::move(line), {}, false, false, false});
      ready_.notify_one();
    }
    std::unique_lock lock(mutex_);
    finished_ = true;
    ready_.notify_all();
    done_.wait(lock, [this] { return jobs_.empty(); });
    lock.unlock();
    for (std::thread& worker : workers_) worker.join();
    if (!more) return more.error();
    return {};
  }

  bool failed() const { return failed_; }

 private:
  static constexpr std::size_t kWindow = 64;

  struct Job {
    std::string line, answer;
    bool taken, done, failed;
  };

  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto next = [this] {
        return std::find_if(jobs_.begin(), jobs_.end(),
                            [](const Job& job) { return !job.taken; });
      };
      ready_.wait(lock, [&] { return finished_ || next() != jobs_.end(); });
      const auto it = next();
      if (it == jobs_.end()) return;
      Job& job = *it;  // a deque's elements stay where they are
      job.taken = true;
      const std::string line = std::move(job.line);
      lock.unlock();
      bool failed = false;
      std::string answer = Answer(line, folder_, rules_, failed);
      lock.lock();
      job.answer = std::move(answer);
      job.failed = failed;
      job.done = true;
      WriteFront();
    }
  }

  // REQUIRES: the lock is held.
  void WriteFront() {
    while (!jobs_.empty() && jobs_.front().done) {
      out_ << jobs_.front().answer << '\n';
      failed_ = failed_ || jobs_.front().failed;
      jobs_.pop_front();
      room_.notify_one();
    }
    if (jobs_.empty()) done_.notify_one();
  }

  fs::path folder_;
  SiteRules rules_;
  std::ostream& out_;
  std::mutex mutex_;
  std::condition_variable ready_, room_, done_;
  std::deque<Job> jobs_;
  std::vector<std::thread> workers_;
  bool finished_ = false, failed_ = false;
};

// A page's buffers go back to the system when it is read, whatever their size:
// by itself glibc raises this limit to the largest block it ever saw, and every
// worker keeps its largest page.
void ReturnBuffers() {
  constexpr int kLarge = 128 << 10;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kLarge);
}

void RunBatch(const Options& options, Session& session) {
  ReturnBuffers();
  Result<BatchInput> in = BatchInput::Open(options.reference);
  if (!in) {
    session.exit_code = session.Fail(in.error());
    return;
  }
  Result<SiteRules> rules = SiteRulesOf(session, options.sites);
  if (!rules) {
    session.exit_code = session.Fail(rules.error());
    return;
  }
  Pipeline pipeline(in->folder(), *std::move(rules), *session.out);
  const Status read = pipeline.Run(*std::move(in));
  if (pipeline.failed()) session.exit_code = kBadAnswer;
  if (!read) session.exit_code = session.Fail(read.error());
}

}  // namespace

void AddExtract(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "extract", "The article of a page, without the furniture around it.");
  command
      ->add_option("page", options->reference,
                   "HTML file (also .gz), URL, capture id; batch: JSON lines")
      ->type_name("FILE|URL");
  command->add_option("--url", options->url, "the address of a FILE's page")
      ->type_name("URL");
  command->add_option("--sites", options->sites, "more rules for single sites")
      ->type_name("DIR");
  command->add_flag("--explain", options->explain,
                    "each block of the page with the rule that judged it");
  command->add_flag("--batch", options->batch,
                    "read {\"id\",\"path\",\"url\"} lines, answer in order");
  command->add_flag("--no-fetch", options->no_fetch, "archive and files only");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma extract --explain page.html\n"
      "  stemma extract --batch pages.jsonl > articles.jsonl");
  command->callback([options, &session] {
    if (options->batch) {
      RunBatch(*options, session);
    } else if (options->reference.empty()) {
      *session.err << "stemma extract: which page? Give a FILE or a URL.\n";
      session.exit_code = kUsage;
    } else {
      RunOne(*options, session);
    }
  });
}

}  // namespace stemma::cli
