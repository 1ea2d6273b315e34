// Seek tables against the frames they speak of: a wrong one leads a reader of a
// byte range astray, and no frame's checksum shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/zstd_frames.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

// Holds seek tables against the frames before them. Tables in the layout of
// zstd's seekable format over a whole file, as other tools write, are right,
// too. Memory: 8 bytes a frame, 16 MiB at most.
class SeekTableCheck {
 public:
  // A data frame with this content; `begins` when a record begins in it.
  void Data(const FrameInfo& frame, std::uint64_t content, bool begins);
  // A frame that holds no content.
  void Other(const FrameInfo& frame);
  // What follows belongs to a record that is damaged: until the next begins
  // there is nothing to hold a table against.
  void Damage() { muted_ = true; }
  // `table` stands in `file`; `open` when it stands inside a record. Returns
  // what is wrong with it, or "".
  Result<std::string> Judge(const Blob& file, const FrameInfo& table,
                            bool open) const;

 private:
  std::vector<FrameSizes> frames_;
  std::size_t record_ = 0;  // where in frames_ the record begins
  bool trimmed_ = false, muted_ = false;
};

}  // namespace stemma
