#include <utility>

#include "archive/record_scan.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {
namespace {

// Holds the scan to the order it promises.
class Witness : public RecordSink {
 public:
  explicit Witness(std::uint64_t file_size) : file_size_(file_size) {}

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view, const std::vector<std::string>&) override {
    Require(!open_, "a record ends before the next begins");
    Require(offset <= file_size_, "a record begins inside the file");
    open_ = true;
    block_ = 0;
    claimed_ = header.content_length().value_or(0);
  }
  void OnBlock(std::string_view bytes) override {
    Require(open_, "a block belongs to a record");
    block_ += bytes.size();
    Require(block_ <= claimed_, "a block is no longer than it says");
  }
  void OnEnd(std::uint64_t length, bool whole) override {
    Require(open_, "only a record that began can end");
    Require(length <= file_size_, "a record is no longer than the file");
    // The length of an ARC record may count a line end that is not there.
    const std::uint64_t excused = std::exchange(line_end_, false) ? 2 : 0;
    if (whole) {
      Require(claimed_ - block_ <= excused, "a whole block is whole");
    }
    open_ = false;
  }
  void OnProblem(std::uint64_t, std::string_view code, std::string) override {
    Require(!code.empty(), "a problem has a code");
    line_end_ = code == "arc-length";
  }
  bool open() const { return open_; }

 private:
  std::uint64_t file_size_, block_ = 0, claimed_ = 0;
  bool open_ = false, line_end_ = false;
};

}  // namespace

FUZZ_TARGET(warc) {
  Witness witness(bytes.size());
  if (ScanWarc(Blob(std::string(bytes)), witness)) {
    Require(!witness.open(), "the scan leaves no record open");
  }
}

}  // namespace stemma::fuzz
