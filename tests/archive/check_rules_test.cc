// Every rule `check` holds a file to, each with a file that breaks just that
// rule; and files made to hurt whoever reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/check_wacz.h"
#include "archive/import.h"
#include "archive/zip_reader.h"
#include "archive/zstd_frames.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"
#include "tests/archive/gzipped.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Fields = std::vector<std::pair<std::string, std::string>>;

// A good record, to be spoilt: `change` replaces, adds or (empty) removes.
struct Spec {
  std::string version = "WARC/1.1";
  std::string type = "response";
  std::string block = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>";
  Fields change = {};
  int number = 1;
};

std::string PayloadOf(const std::string& block) {
  return block.substr(block.find("\r\n\r\n") + 4);
}

std::string Record(const Spec& spec = {}) {
  const bool http = spec.type == "response" || spec.type == "request";
  Fields fields = {
      {"WARC-Type", spec.type},
      {"WARC-Record-ID", "<urn:uuid:00000000-0000-4000-8000-00000000000" +
                             std::to_string(spec.number) + ">"},
      {"WARC-Date", "2026-03-01T12:00:00Z"},
      {"WARC-Target-URI", "https://example.org/a"},
      {"WARC-Block-Digest", Sha256Of(spec.block).Labelled()},
      {"Content-Type", http ? "application/http" : "text/plain"},
      {"Content-Length", std::to_string(spec.block.size())}};
  if (spec.type == "response") {
    fields.insert(
        fields.begin() + 5,
        {"WARC-Payload-Digest", Sha256Of(PayloadOf(spec.block)).Labelled()});
  }
  for (const auto& [name, value] : spec.change) {
    const auto same = [&name = name](const auto& f) { return f.first == name; };
    const auto at = std::find_if(fields.begin(), fields.end(), same);
    if (value.empty()) {
      std::erase_if(fields, same);
    } else if (at != fields.end()) {
      at->second = value;
    } else {
      fields.emplace_back(name, value);
    }
  }
  std::string text = spec.version + "\r\n";
  for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
  return text + "\r\n" + spec.block + "\r\n\r\n";
}

std::string Le(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

std::string Frame(const std::string& content) {
  return *FrameEncoder(3, nullptr).Encode(content);
}
std::string Skippable(std::uint32_t magic, const std::string& content) {
  return Le(magic, 4) + Le(content.size(), 4) + content;
}
// A frame of one raw block, without a checksum; `window` is its descriptor.
std::string RawFrame(const std::string& content, bool with_size,
                     unsigned char window = 0x38) {
  std::string frame = Le(kZstdMagic, 4);
  frame += static_cast<char>(with_size ? 0xC0 : 0x00);
  frame += static_cast<char>(window);
  if (with_size) frame += Le(content.size(), 8);
  return frame + Le(content.size() << 3 | 1, 3) + content;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
// A bundle with a dictionary: its dictionary frame, then two records.
std::string WithDictionary() {
  return ReadFile(fs::path(STEMMA_SOURCE_DIR) /
                  "tests/fuzz/seeds/frames/dictionary.warc.zst");
}
std::string DictionaryFrame() {
  const std::string file = WithDictionary();
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) {
    size = size << 8 | static_cast<unsigned char>(file[4 + i]);
  }
  return file.substr(0, 8 + size);
}

CheckReport Check(std::string bytes, int threads = 0) {
  CheckOptions options;
  options.threads = threads;
  auto report = CheckWarcBlob(Blob(std::move(bytes)), "x", options);
  EXPECT_TRUE(report) << report.error().message();
  return report ? *report : CheckReport();
}

std::string Words(const CheckReport& report) { return ToJson(report).dump(1); }

TEST(CheckRules, FramesOfWarcZstd) {
  const std::string good = Frame(Record()) + Frame(Record({.number = 2}));
  const std::string in_parts = Record({.number = 3});
  const struct {
    std::string name, file, code;
  } cases[] = {
      {"no content size", RawFrame(Record(), false), "no-content-size"},
      {"no checksum", RawFrame(Record(), true), "no-checksum"},
      {"window of 16 MiB", RawFrame(Record(), false, 0x70), "window-too-large"},
      {"dictionary not first", good + DictionaryFrame(), "second-dictionary"},
      {"two dictionaries", WithDictionary() + WithDictionary(),
       "second-dictionary"},
      {"no dictionary id where the file has one", DictionaryFrame() + good,
       "dictionary-id"},
      {"a dictionary that is not there",
       WithDictionary().substr(DictionaryFrame().size()), "dictionary-missing"},
      {"a dictionary of junk", Skippable(kDictionaryFrameMagic, "junk junk"),
       "dictionary-damaged"},
      {"two records in a frame", Frame(Record() + Record({.number = 2})),
       "two-records-in-one"},
      {"begins with an extension frame", Skippable(kVoidMagic, "x") + good,
       "bad-start"},
      {"junk between frames", good + "junk" + Frame(Record({.number = 3})),
       "frame-damaged"},
      {"cut", good.substr(0, good.size() - 1), "frame-cut"},
      {"a record that goes on into the next one",
       Frame(in_parts.substr(0, in_parts.size() - 30)) + good, "record-end"},
  };
  for (const auto& c : cases) {
    for (const int threads : {0, 3}) {
      const CheckReport report = Check(c.file, threads);
      EXPECT_THAT(report.Codes(), Contains(c.code)) << c.name << Words(report);
      EXPECT_NE(WarcFileVerdict(report), "accept") << c.name;
    }
  }
  const std::string fine[] = {
      good, WithDictionary(), good + Skippable(0x184D2A57, "unknown"),
      Frame(in_parts.substr(0, 300)) + Frame(in_parts.substr(300)) + good};
  for (const std::string& file : fine) {
    for (const int threads : {0, 3}) {
      const CheckReport report = Check(file, threads);
      EXPECT_EQ(WarcFileVerdict(report), "accept") << Words(report);
    }
  }
}

TEST(CheckRules, GrammarOfRecords) {
  const std::string uri = "WARC-Target-URI";
  const struct {
    std::string name;
    Spec spec;
    std::string code;
  } cases[] = {
      {"version", {.version = "WARC/0.18"}, "version"},
      {"unknown type", {.type = "thing"}, "unknown-type"},
      {"no type", {.change = {{"WARC-Type", ""}}}, "no-type"},
      {"no id", {.change = {{"WARC-Record-ID", ""}}}, "no-id"},
      {"id without brackets",
       {.change = {{"WARC-Record-ID", "urn:uuid:1"}}},
       "record-id"},
      {"no length", {.change = {{"Content-Length", ""}}}, "content-length"},
      {"length in hex",
       {.change = {{"Content-Length", "0x2F"}}},
       "content-length"},
      {"length of 2^63",
       {.change = {{"Content-Length", "9223372036854775808"}}},
       "content-length"},
      {"length too small", {.change = {{"Content-Length", "3"}}}, "record-end"},
      {"no date", {.change = {{"WARC-Date", ""}}}, "missing-field"},
      {"month 13",
       {.change = {{"WARC-Date", "2026-13-01T12:00:00Z"}}},
       "date-form"},
      {"30 February",
       {.change = {{"WARC-Date", "2026-02-30T12:00:00Z"}}},
       "date-form"},
      {"no Z", {.change = {{"WARC-Date", "2026-03-01T12:00:00"}}}, "date-form"},
      {"offset from UTC",
       {.change = {{"WARC-Date", "2026-03-01T12:00:00+01:00"}}},
       "date-form"},
      {"14 digits", {.change = {{"WARC-Date", "20260301120000"}}}, "date-form"},
      {"ten digits of fraction",
       {.change = {{"WARC-Date", "2026-03-01T12:00:00.0123456789Z"}}},
       "date-form"},
      {"a fraction in 1.0",
       {.version = "WARC/1.0",
        .change = {{"WARC-Date", "2026-03-01T12:00:00.5Z"}}},
       "date-form"},
      {"brackets round the URI",
       {.change = {{uri, "<https://example.org/a>"}}},
       "uri-brackets"},
      {"blank in the URI",
       {.change = {{uri, "https://example.org/a b"}}},
       "uri-form"},
      {"response without URI", {.change = {{uri, ""}}}, "missing-field"},
      {"resource without URI",
       {.type = "resource", .change = {{uri, ""}}},
       "missing-field"},
      {"revisit without profile", {.type = "revisit"}, "missing-field"},
      {"continuation without its origin",
       {.type = "continuation"},
       "missing-field"},
      {"IP address of a warcinfo",
       {.type = "warcinfo",
        .change = {{uri, ""}, {"WARC-IP-Address", "192.0.2.1"}}},
       "forbidden-field"},
      {"payload digest of metadata",
       {.type = "metadata",
        .change = {{"WARC-Payload-Digest", Sha256Of("x").Labelled()}}},
       "forbidden-field"},
      {"Refers-To of a response",
       {.change = {{"WARC-Refers-To", "<urn:uuid:2>"}}},
       "forbidden-field"},
      {"file name of a response",
       {.change = {{"WARC-Filename", "x.warc"}}},
       "forbidden-field"},
      {"digest without label",
       {.change = {{"WARC-Block-Digest", "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"}}},
       "digest-form"},
      {"block digest",
       {.change = {{"WARC-Block-Digest", Sha256Of("x").Labelled()}}},
       "block-digest-mismatch"},
      {"payload digest",
       {.change = {{"WARC-Payload-Digest", Sha256Of("x").Labelled()}}},
       "payload-digest-mismatch"},
      {"a response that is no HTTP",
       {.block = "<p>\r\n\r\n"},
       "response-not-http"},
  };
  for (const auto& c : cases) {
    const std::string bytes =
        Record(c.spec) + Record({.number = 2});  // the rest is still read
    const CheckReport plain = Check(bytes);
    EXPECT_THAT(plain.Codes(), Contains(c.code)) << c.name << Words(plain);
    EXPECT_GE(plain.records, 1u) << c.name;
    const CheckReport packed =
        Check(Frame(Record(c.spec)) + Frame(Record({.number = 2})), 2);
    EXPECT_THAT(packed.Codes(), Contains(c.code)) << c.name << Words(packed);
    const CheckReport members =
        Check(Gzipped(Record(c.spec)) + Gzipped(Record({.number = 2})));
    EXPECT_THAT(members.Codes(), Contains(c.code)) << c.name << Words(members);
  }
}

TEST(CheckRules, HeaderLinesThatReadersDisagreeAbout) {
  const std::string good = Record();
  const struct {
    std::string name, from, to, code;
  } cases[] = {
      {"a field twice", "Content-Type: ",
       "WARC-Date: 2020-01-01T00:00:00Z\r\n"
       "Content-Type: ",
       "duplicate-field"},
      {"the length twice", "Content-Type: ",
       "Content-Length: 1\r\nContent-Type: ", "duplicate-field"},
      {"folded", "Content-Type: ", "Content-Type:\r\n ", "folded-line"},
      {"NUL", "example.org", std::string("example\0org", 11), "nul-in-header"},
      {"lone LF", "WARC-Date: ", "X: y\nWARC-Date: ", "bare-line-end"},
      {"lone CR", "WARC-Date: ", "X: y\rWARC-Date: ", "bare-line-end"},
      {"no colon", "WARC-Date: ", "nonsense\r\nWARC-Date: ", "bad-field"},
      {"blank in a name", "WARC-Date: ", "X Y: z\r\nWARC-Date: ", "bad-field"},
  };
  for (const auto& c : cases) {
    std::string bad = good;
    bad.replace(bad.find(c.from), c.from.size(), c.to);
    const CheckReport report = Check(bad + Record({.number = 2}));
    EXPECT_THAT(report.Codes(), Contains(c.code)) << c.name << Words(report);
    EXPECT_EQ(report.records, 1u) << c.name << ": the next record is read";
    EXPECT_EQ(WarcFileVerdict(report), "reject") << c.name;
  }
  const CheckReport twice = Check(Record() + Record());
  EXPECT_THAT(twice.Codes(), Contains("duplicate-record-id"));
}

TEST(CheckRules, PayloadDigests) {
  const std::string coded = Gzipped("<p>content coded</p>");
  const auto head = [](const std::string& more) {
    return "HTTP/1.1 200 OK\r\n" + more + "\r\n";
  };
  const std::string chunked = head("Transfer-Encoding: chunked\r\n") +
                              "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";
  const std::string broken =
      head("Transfer-Encoding: chunked\r\n") + "3\r\nabcXX";
  const auto digest = [](std::string_view bytes) {
    return Fields{{"WARC-Payload-Digest", Sha256Of(bytes).Labelled()}};
  };
  const struct {
    std::string name, block;
    Fields change;
    std::string verdict;
  } cases[] = {
      {"without its chunks", chunked, digest("abcde"), "accept"},
      {"with its chunks", chunked, digest(PayloadOf(chunked)),
       "flag-known-variant"},
      {"something else", chunked, digest("abcd"), "flag"},
      {"a chunked body that breaks off", broken, digest("abc"), "flag"},
      {"as coded", head("Content-Encoding: gzip\r\n") + coded, digest(coded),
       "accept"},
      {"decoded", head("Content-Encoding: gzip\r\n") + coded,
       digest("<p>content coded</p>"), "flag"},
      {"empty", head(""), digest(""), "accept"},
      {"SHA-1 in Base32",
       head("") + "abc",
       {{"WARC-Payload-Digest", "sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5"},
        {"WARC-Block-Digest", ""}},
       "accept-weak"},
      {"SHA-512",
       head("") + "abc",
       {{"WARC-Payload-Digest", "sha512:" + Sha512HexOf("abc")}},
       "accept"},
      {"a label in capitals",
       head("") + "abc",
       {{"WARC-Payload-Digest", "SHA-256:" + Sha256Of("abc").Hex()}},
       "accept"},
  };
  for (const auto& c : cases) {
    const std::string record = Record({.block = c.block, .change = c.change});
    EXPECT_EQ(WarcFileVerdict(Check(record)), c.verdict)
        << c.name << Words(Check(record));
    EXPECT_EQ(WarcFileVerdict(Check(Frame(record), 2)), c.verdict) << c.name;
  }
}

TEST(CheckRules, RevisitsAreResolvedByIdOrByUriAndDate) {
  const auto revisit = [](Fields refers) {
    refers.insert(refers.begin(),
                  {{"WARC-Profile",
                    "http://netpreserve.org/warc/1.1/revisit/"
                    "identical-payload-digest"},
                   {"WARC-Payload-Digest", Sha256Of("<p>").Labelled()},
                   {"Content-Type", "application/http"}});
    return Record({.type = "revisit",
                   .block = "HTTP/1.1 200 OK\r\n\r\n",
                   .change = refers,
                   .number = 2});
  };
  const Fields by_id = {
      {"WARC-Refers-To", "<urn:uuid:00000000-0000-4000-8000-000000000001>"}};
  const Fields by_place = {
      {"WARC-Refers-To-Target-URI", "https://example.org/a"},
      {"WARC-Refers-To-Date", "2026-03-01T12:00:00Z"}};
  Fields wrong = by_place;
  wrong[1].second = "2026-03-01T12:00:01Z";
  EXPECT_THAT(Check(Record() + revisit(by_id)).Codes(), IsEmpty());
  EXPECT_THAT(Check(revisit(by_place) + Record()).Codes(), IsEmpty());
  const CheckReport report = Check(Record() + revisit(wrong));
  EXPECT_THAT(report.Codes(), Contains("revisit-unresolved"));
  EXPECT_THAT(report.findings[0].record, HasSubstr("000000000002"));
  EXPECT_EQ(report.findings[0].offset, Record().size());
}

// ------------------------------------------------------------- WACZ files

// A ZIP of stored members, as a hostile hand writes it.
std::string Zip(const Fields& members) {
  std::string file, directory;
  for (const auto& [name, bytes] : members) {
    const std::string facts =
        Le(20, 2) + Le(0, 2) + Le(0, 2) + Le(0, 4) +
        Le(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()),
                 static_cast<uInt>(bytes.size())),
           4) +
        Le(bytes.size(), 4) + Le(bytes.size(), 4) + Le(name.size(), 2) +
        Le(0, 2);
    directory += Le(0x02014B50, 4) + Le(20, 2) + facts + Le(0, 2) + Le(0, 2) +
                 Le(0, 2) + Le(0, 4) + Le(file.size(), 4) + name;
    file += Le(0x04034B50, 4) + facts + name + bytes;
  }
  return file + directory + Le(0x06054B50, 4) + Le(0, 4) +
         Le(members.size(), 2) + Le(members.size(), 2) +
         Le(directory.size(), 4) + Le(file.size(), 4) + Le(0, 2);
}

CheckReport CheckInside(const Fields& members) {
  auto zip = ZipReader::Over(Zip(members));
  EXPECT_TRUE(zip) << zip.error().message();
  if (!zip) return {};
  auto report = CheckWaczContents(*zip, {});
  EXPECT_TRUE(report) << report.error().message();
  return report ? *report : CheckReport();
}

std::string Line(std::string_view url, std::size_t offset, std::size_t length,
                 std::string_view when = "20260301120000",
                 std::string_view file = "a.warc.gz") {
  return "org,example)/" + std::string(url.substr(20)) + " " +
         std::string(when) + " {\"url\":\"" + std::string(url) +
         "\",\"status\":\"200\",\"length\":\"" + std::to_string(length) +
         "\",\"offset\":\"" + std::to_string(offset) + "\",\"filename\":\"" +
         std::string(file) + "\"}\n";
}

TEST(CheckRules, IndexesAndPagesOfAWacz) {
  const std::string a = Gzipped(Record());
  const std::string b = Gzipped(Record(
      {.change = {{"WARC-Target-URI", "https://example.org/b"}}, .number = 2}));
  const std::string ua = "https://example.org/a", ub = "https://example.org/b";
  const std::string index =
      Line(ua, 0, a.size()) + Line(ub, a.size(), b.size());
  const std::string begin = "{\"format\":\"json-pages-1.0\"}\n";
  const auto page = [](const std::string& url, const std::string& ts) {
    return "{\"url\":\"" + url + "\",\"ts\":\"" + ts + "\"}\n";
  };
  const std::string pages = begin + page(ua, "2026-03-01T12:00:00Z");
  const std::string gz =
      Gzipped(Line(ua, 0, a.size())) + Gzipped(Line(ub, a.size(), b.size()));
  const std::size_t half = Gzipped(Line(ua, 0, a.size())).size();
  const auto idx = [&](std::size_t first, std::string_view digest_of) {
    return "!meta 0 {\"filename\":\"index.cdx.gz\"}\norg,example)/a 2026 "
           "{\"offset\":0,\"length\":" +
           std::to_string(first) + ",\"digest\":\"" +
           Sha256Of(digest_of).Labelled() + "\"}\norg,example)/b 2026 " +
           "{\"offset\":" + std::to_string(first) +
           ",\"length\":" + std::to_string(gz.size() - first) + "}\n";
  };
  const auto wacz = [&](Fields more) {
    more.emplace_back("archive/a.warc.gz", a + b);
    return more;
  };
  const auto with_index = [&](const std::string& text) {
    return wacz({{"indexes/index.cdx", text}, {"pages/pages.jsonl", pages}});
  };
  EXPECT_THAT(CheckInside(with_index(index)).Codes(), IsEmpty());
  EXPECT_THAT(
      CheckInside(wacz({{"indexes/index.cdx.gz", gz},
                        {"indexes/index.idx", idx(half, gz.substr(0, half))},
                        {"pages/pages.jsonl", pages}}))
          .Codes(),
      IsEmpty());
  const struct {
    std::string name;
    Fields members;
    std::string code;
  } cases[] = {
      {"unsorted",
       with_index(Line(ub, a.size(), b.size()) + Line(ua, 0, a.size())),
       "cdxj-unsorted"},
      {"offset", with_index(Line(ua, 1, a.size())), "cdxj-offset"},
      {"length", with_index(Line(ua, 0, a.size() + 1)), "cdxj-offset"},
      {"another record's URL", with_index(Line(ub, 0, a.size())),
       "cdxj-offset"},
      {"date", with_index(Line(ua, 0, a.size(), "20260301120001")),
       "cdxj-date"},
      {"a file that is not there",
       with_index(Line(ua, 0, a.size(), "20260301120000", "b.warc.gz")),
       "cdxj-filename"},
      {"no line", with_index("nonsense\n"), "cdxj-form"},
      {"a line of 2 MiB", with_index(std::string(2 << 20, 'x') + "\n" + index),
       "cdxj-form"},
      {"a record left out", with_index(Line(ua, 0, a.size())),
       "wacz-index-incomplete"},
      {"compressed, cut",
       wacz({{"indexes/index.cdx.gz", gz.substr(0, gz.size() - 4)},
             {"pages/pages.jsonl", pages}}),
       "cdxj-form"},
      {"block digest",
       wacz({{"indexes/index.cdx.gz", gz},
             {"indexes/index.idx", idx(half, "x")},
             {"pages/pages.jsonl", pages}}),
       "wacz-idx"},
      {"block table without an index",
       wacz({{"indexes/index.idx", idx(half, "x")},
             {"pages/pages.jsonl", pages}}),
       "wacz-idx"},
      {"no index", wacz({{"pages/pages.jsonl", pages}}), "wacz-no-index"},
      {"no pages", wacz({{"indexes/index.cdx", index}}), "wacz-no-pages"},
      {"a page nobody captured",
       wacz({{"indexes/index.cdx", index},
             {"pages/pages.jsonl", begin + page(ua, "2026-03-01T12:00:01Z")}}),
       "wacz-page-unknown"},
      {"a page without time",
       wacz({{"indexes/index.cdx", index},
             {"pages/pages.jsonl", begin + "{\"url\":\"x\"}\n"}}),
       "wacz-pages"},
      {"no WARC",
       {{"indexes/index.cdx", index}, {"pages/pages.jsonl", pages}},
       "wacz-empty"},
      {"something else in archive/",
       wacz({{"archive/x.txt", "x"},
             {"indexes/index.cdx", index},
             {"pages/pages.jsonl", pages}}),
       "wacz-member"},
  };
  for (const auto& c : cases) {
    const CheckReport report = CheckInside(c.members);
    EXPECT_THAT(report.Codes(), Contains(c.code)) << c.name << Words(report);
  }
}

TEST(BadInputFiles, ZipNamesThatClimbAreRefused) {
  for (const std::string name :
       {"../evil", "archive/../../evil", "/etc/evil", "C:\\evil", "a\\..\\b",
        "archive/./x", "archive//x",
        "a\x01"
        "b"}) {
    const auto zip = ZipReader::Over(Zip({{name, "x"}}));
    ASSERT_FALSE(zip) << name;
    EXPECT_THAT(zip.error().message(), HasSubstr("unsafe-name")) << name;
  }
  const auto twice = ZipReader::Over(Zip({{"a", "x"}, {"a", "y"}}));
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("duplicate-member"));
  EXPECT_FALSE(ZipReader::Over(Zip({{"a", "x"}}).substr(1)));
  EXPECT_FALSE(ZipReader::Over("PK\x03\x04"));
}

// --------------------------------------------------------------- bad input

// Peak memory of this process in MiB.
std::size_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::strtoull(line.c_str() + 6, nullptr, 10) >> 10;
    }
  }
  return 0;
}

class BadInput : public ::testing::Test {
 protected:
  void TearDown() override {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(PeakMemory(), before_ + 128);
#endif
  }
  static Result<CheckReport> Judge(std::string bytes) {
    return CheckWarcBlob(Blob(std::move(bytes)), "x");
  }
  std::size_t before_ = PeakMemory();
};

TEST_F(BadInput, RandomBytesAreNoWarc) {
  std::mt19937 random(3);
  for (const std::string begin : {"", "WARC/1.1\r\n", "\x1F\x8B\x08", "PK",
                                  "\x28\xB5\x2F\xFD", "\x5D\x2A\x4D\x18"}) {
    for (int i = 0; i < 20; ++i) {
      std::string bytes = begin;
      for (int n = 0; n < 5000; ++n) bytes += static_cast<char>(random());
      const auto report = Judge(bytes);
      if (report) {
        EXPECT_EQ(WarcFileVerdict(*report), "reject") << Words(*report);
      } else {
        EXPECT_EQ(report.error().code(), ErrorCode::kMalformed);
      }
    }
  }
}

TEST_F(BadInput, AFrameThatClaims2To63Bytes) {
  std::string frame = RawFrame(Record(), true);
  frame.replace(6, 8, Le(std::uint64_t{1} << 63, 8));
  const auto report = Judge(frame + Frame(Record({.number = 2})));
  ASSERT_TRUE(report);
  EXPECT_EQ(WarcFileVerdict(*report), "reject") << Words(*report);
  EXPECT_EQ(report->findings[0].offset, 0u);
}

TEST_F(BadInput, ADictionaryOf100MiB) {
  constexpr std::uint64_t kSize = 100 << 20;
  const std::string head = Le(kDictionaryFrameMagic, 4) + Le(kSize, 4);
  // Zeros behind the head, without having them.
  const Blob file(8 + kSize, [head](std::uint64_t at, std::span<char> out) {
    const std::size_t n = std::min<std::uint64_t>(out.size(), 8 + kSize - at);
    for (std::size_t i = 0; i < n; ++i) out[i] = at + i < 8 ? head[at + i] : 0;
    return Result<std::size_t>(n);
  });
  const auto report = CheckWarcBlob(file, "x");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(WarcFileVerdict(*report), "reject");
  EXPECT_THAT(report->findings[0].text, HasSubstr("dictionary of 104857600"));
}

TEST_F(BadInput, ADictionaryThatInflatesTo100MiB) {
  // Blocks of one repeated byte (RLE): four bytes make 128 KiB.
  std::string bomb =
      Le(kZstdMagic, 4) + std::string("\xA0", 1) + Le(100 << 20, 4);
  for (int i = 0; i < 800; ++i) {
    bomb += Le((128U << 10) << 3 | 1 << 1 | (i == 799 ? 1 : 0), 3) + "x";
  }
  const auto report =
      Judge(Skippable(kDictionaryFrameMagic, bomb) + Frame(Record()));
  ASSERT_TRUE(report);
  EXPECT_THAT(report->Codes(), Contains("dictionary-damaged"))
      << Words(*report);
  // The same as a record: 100 MiB out of 3 KB are read in pieces.
  const auto record = Judge(bomb);
  ASSERT_TRUE(record);
  EXPECT_EQ(WarcFileVerdict(*record), "reject");
}

TEST_F(BadInput, TwoFilesJoinedEachWithItsDictionary) {
  const auto report = Judge(WithDictionary() + WithDictionary());
  ASSERT_TRUE(report);
  EXPECT_EQ(WarcFileVerdict(*report), "reject");
  EXPECT_THAT(report->Codes(), Contains("second-dictionary"));
}

TEST_F(BadInput, AGzipBomb) {
  const std::string zeros(64 << 20, '\0');
  std::string bomb = Gzipped("WARC/1.1\r\nWARC-Type: resource\r\n" + zeros);
  bomb += Gzipped(Record());
  before_ = PeakMemory();  // making it took memory, too
  const auto report = Judge(bomb);
  ASSERT_TRUE(report);
  EXPECT_EQ(WarcFileVerdict(*report), "reject");
  EXPECT_EQ(report->records, 1u) << "what follows is read";
}

TEST(BadInputFiles, TheNameOfAFileDoesNotDecide) {
  std::string name = (fs::temp_directory_path() / "badXXXXXX").string();
  const fs::path dir = ::mkdtemp(name.data());
  const fs::path file = dir / "page.warc.gz";
  for (const std::string& bytes :
       {Record(), Gzipped(Record()), Frame(Record())}) {
    std::ofstream(file, std::ios::binary) << bytes;
    const auto report = CheckWarcFile(file);
    ASSERT_TRUE(report);
    EXPECT_EQ(WarcFileVerdict(*report), "accept");
  }
  std::error_code ignored;
  fs::remove_all(dir, ignored);
}

}  // namespace
}  // namespace stemma
