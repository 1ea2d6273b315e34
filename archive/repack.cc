#include "archive/repack.h"

#include <fmt/format.h>

#include <system_error>
#include <vector>

#include "archive/append_file.h"
#include "archive/check.h"
#include "archive/http_block.h"
#include "archive/merkle.h"
#include "archive/page_samples.h"
#include "archive/record_judge.h"
#include "archive/stored_record.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

// A level above which writing takes longer than the plan's guess is worth.
constexpr int kLevelOfCaptures = 3;

struct OldRecord {
  std::uint64_t offset = 0;
  bool packed = false;  // nothing to gain from a high level
};

Result<std::vector<OldRecord>> RecordsOf(const Blob& file) {
  class Sink : public RecordInfoSink {
   public:
    std::vector<OldRecord> records;
    std::string problem;
    void OnProblem(std::uint64_t offset, std::string_view code,
                   std::string text) override {
      if (problem.empty()) {
        problem = fmt::format("{} at {}: {}", code, offset, text);
      }
    }

   protected:
    void OnInfo(const WarcHeader&, const RecordInfo& info, std::string_view,
                bool) override {
      records.push_back({info.offset, IsPackedType(info.mime)});
    }
  };
  Sink sink;
  STEMMA_CHECK_OK(ScanWarc(file, sink));
  if (!sink.problem.empty()) return Error(ErrorCode::kCorrupt, sink.problem);
  return std::move(sink.records);
}

// Frame by frame from one file to the other. Content goes over as it is, so a
// record's bytes cannot change; seek tables are made anew, void frames stay
// behind.
class Packer {
 public:
  Packer(const RepackOptions& options, const BundleView& from,
         std::shared_ptr<const ZstdDictionary> dictionary, AppendFile& to)
      : options_(options),
        from_(from),
        to_(to),
        decoder_(from.dictionary()),
        text_(options.level, dictionary),
        fast_(1, dictionary),
        dictionary_(std::move(dictionary)) {}

  Status Run(const std::vector<OldRecord>& records) {
    if (dictionary_) STEMMA_CHECK_OK(Put(dictionary_->Frame()));
    FrameWalker walker(from_.file());
    std::size_t next = 0;
    while (true) {
      STEMMA_TRY(const std::optional<FrameInfo> frame, walker.Next());
      if (!frame) break;
      if (frame->kind != FrameInfo::Kind::kData) continue;
      if (next < records.size() && frame->offset >= records[next].offset) {
        STEMMA_CHECK_OK(EndRecord());
        packed_ = records[next++].packed;
      }
      STEMMA_CHECK_OK(walker.ReadInto(*frame, stored_));
      STEMMA_CHECK_OK(decoder_.DecodeInto(stored_, content_));
      STEMMA_TRY(const std::string anew,
                 (packed_ ? fast_ : text_).Encode(content_));
      frames_.push_back({static_cast<std::uint32_t>(anew.size()),
                         static_cast<std::uint32_t>(content_.size())});
      STEMMA_CHECK_OK(Put(anew));
      if (options_.progress &&
          !options_.progress(walker.offset(), walker.size())) {
        return Error(ErrorCode::kInterrupted, "told to stop");
      }
    }
    return EndRecord();
  }

 private:
  Status Put(std::string_view bytes) {
    STEMMA_TRY(const std::uint64_t at, to_.Append(bytes));
    static_cast<void>(at);
    return {};
  }
  Status EndRecord() {
    const std::vector<FrameSizes> frames = std::exchange(frames_, {});
    return frames.size() > 1 ? Put(SeekTable(frames)) : Status();
  }

  const RepackOptions& options_;
  const BundleView& from_;
  AppendFile& to_;
  FrameDecoder decoder_;
  FrameEncoder text_, fast_;
  std::shared_ptr<const ZstdDictionary> dictionary_;
  std::vector<FrameSizes> frames_;
  std::string stored_, content_;
  bool packed_ = false;
};

Result<BundleFacts> WriteAndProve(const fs::path& from, const fs::path& to,
                                  const SealedBundle& sealed,
                                  const RepackPlan& plan,
                                  const RepackOptions& options,
                                  SortedLines& cdxj) {
  STEMMA_TRY(const auto bundle, BundleView::Open(from));
  STEMMA_TRY(const std::vector<OldRecord> records, RecordsOf(bundle->file()));
  STEMMA_TRY(AppendFile file, AppendFile::Create(to));
  Packer packer(options, *bundle,
                plan.dictionary ? plan.dictionary : bundle->dictionary(), file);
  STEMMA_CHECK_OK(packer.Run(records));
  {
    STEMMA_TRY(const Blob written, BlobOfFile(to.string()));
    STEMMA_TRY(const std::string footer, BundleFooter(written));
    STEMMA_TRY(const std::uint64_t at, file.Append(footer));
    static_cast<void>(at);
  }
  STEMMA_CHECK_OK(file.Sync());
  STEMMA_TRY(const Blob written, BlobOfFile(to.string()));
  STEMMA_TRY(BundleFacts facts,
             ReadBundleFacts(written, from.filename().string(), cdxj));
  if (!facts.problems.empty()) {
    return Error(ErrorCode::kIo, "the new file: " + facts.problems[0]);
  }
  if (facts.records_root.Hex() != sealed.records_root ||
      (sealed.records && *sealed.records != facts.records)) {
    return Error(ErrorCode::kIo, "the new file does not hold the same records");
  }
  return facts;
}

}  // namespace

std::string_view NameOf(Repacked::Outcome outcome) {
  switch (outcome) {
    case Repacked::Outcome::kDone:
      return "repacked";
    case Repacked::Outcome::kWouldPay:
      return "would-pay";
    case Repacked::Outcome::kDoesNotPay:
      return "does-not-pay";
    case Repacked::Outcome::kRefused:
      return "refused";
  }
  return "";
}

Result<RepackPlan> PlanRepack(const fs::path& path,
                              const RepackOptions& options) {
  STEMMA_TRY(const auto bundle, BundleView::Open(path));
  constexpr std::size_t kOfAPlace = 16;
  constexpr std::uint64_t kMostRead = 128 << 20;
  PageSamples samples(kOfAPlace);
  const double part = TakeSamples({path}, samples, kMostRead);
  const std::uint64_t size = bundle->file().size();
  RepackPlan plan;
  plan.expected = size;
  if (part > 0) {
    DictionaryOptions how;
    how.max_bytes = options.dictionary_bytes;
    how.level = options.level;
    how.instead_level = kLevelOfCaptures;
    how.expect = 1 / part;
    how.whole = true;
    how.instead = bundle->dictionary().get();
    // Not random, so that the same bundle is packed to the same bytes twice.
    how.id = static_cast<std::uint32_t>(size * 2654435761U);
    auto built = BuildPageDictionary(samples, how);
    if (built) {
      const double old_cost =
          bundle->dictionary()
              ? static_cast<double>(bundle->dictionary()->Frame().size())
              : 0;
      const double expected = static_cast<double>(size) - old_cost +
                              static_cast<double>(built->cost) -
                              built->saved * how.expect;
      plan.dictionary = std::move(built->dictionary);
      plan.expected = static_cast<std::uint64_t>(std::max(0.0, expected));
    }
  }
  // A higher level may pay by itself; writing will tell.
  plan.pays = options.level > kLevelOfCaptures ||
              static_cast<double>(plan.expected) <=
                  static_cast<double>(size) * (1 - options.least_gain) -
                      static_cast<double>(options.least_bytes);
  return plan;
}

Result<JudgedRepack> JudgeRepack(const fs::path& archive,
                                 const SealedBundle& bundle,
                                 const RepackOptions& options) {
  const fs::path path = archive / bundle.name;
  JudgedRepack judged;
  judged.would.name = bundle.name;
  judged.would.before = judged.would.after = bundle.bytes;
  STEMMA_TRY(judged.plan, PlanRepack(path, options));
  if (!judged.plan.pays) return judged;
  // Nothing is dropped that was not read and found whole.
  STEMMA_TRY(std::optional<std::string> wrong, WrongWith(path, bundle));
  if (wrong) {
    judged.would.outcome = Repacked::Outcome::kRefused;
    judged.would.reason = *std::move(wrong);
    return judged;
  }
  judged.would.outcome = Repacked::Outcome::kWouldPay;
  judged.would.after = judged.plan.expected;
  return judged;
}

Result<std::optional<std::string>> WrongWith(const fs::path& path,
                                             const SealedBundle& sealed) {
  using Wrong = std::optional<std::string>;
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  if (sealed.bytes != 0 && file.size() != sealed.bytes) {
    return Wrong(
        fmt::format("{} bytes, the log says {}", file.size(), sealed.bytes));
  }
  Wrong wrong;
  std::uint64_t records = 0;
  CompactRange range;
  const auto note = [&wrong](std::string_view code, std::uint64_t offset,
                             const std::string& text) {
    if (wrong || WeightOf(code) <= Weight::kWarning) return;
    wrong = fmt::format("{} at {}: {}", code, offset, text);
  };
  JudgeVisitor visitor;
  visitor.problem = [&](std::uint64_t offset, std::string_view code,
                        std::string text) { note(code, offset, text); };
  visitor.record = [&](JudgedRecord record) {
    for (const RecordFinding& finding : record.findings) {
      note(finding.code, record.info.offset, finding.text);
    }
    if (!record.whole) return;
    ++records;
    range.Append(record.leaf);
  };
  JudgeOptions how;
  how.leaves = true;
  STEMMA_CHECK_OK(JudgeWarc(file, how, visitor));
  if (wrong) return wrong;
  if (sealed.redacted) return Wrong("records were taken out of it by decision");
  if (range.Root().Hex() != sealed.records_root) {
    return Wrong("the root over its records is not the logged one");
  }
  STEMMA_TRY(const BundleFacts facts, ReadBundleFacts(file));
  if (facts.sha256 != sealed.sha256 ||
      (!sealed.sha512.empty() && facts.sha512 != sealed.sha512)) {
    return Wrong("the file's digests are not the logged ones");
  }
  return wrong;
}

Result<BundleFacts> WriteRepacked(const fs::path& from, const fs::path& to,
                                  const SealedBundle& sealed,
                                  const RepackPlan& plan,
                                  const RepackOptions& options,
                                  SortedLines& cdxj) {
  std::error_code ignored;
  fs::remove(to, ignored);
  auto facts = WriteAndProve(from, to, sealed, plan, options, cdxj);
  if (!facts) {
    fs::remove(to, ignored);
    return std::move(facts).error().Context("packing " +
                                            from.filename().string());
  }
  return facts;
}

}  // namespace stemma
