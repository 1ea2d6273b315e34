// Zstandard frames (RFC 8878) as WARC-zstd 1.0 uses them: every data frame
// carries its content size, a checksum and, where the file has a dictionary,
// the dictionary's id; the dictionary lies in a skippable frame at the start.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/result.h"

namespace stemma {

struct FrameLimits {
  std::uint64_t max_window = 8 << 20;      // WARC-zstd 1.0: 2^23
  std::uint64_t max_dictionary = 8 << 20;  // stored and decoded
  std::uint64_t max_content = 64 << 20;    // of a frame decoded in one piece
};

// A dictionary, ready for both directions. Shared by all frames of a bundle.
class ZstdDictionary {
 public:
  // `bytes` as ZDICT makes them, beginning with its magic number.
  static Result<std::shared_ptr<const ZstdDictionary>> FromBytes(
      std::string bytes);
  // Reads the dictionary frame (skippable, magic 0x184D2A5D) whose content is
  // `content`: a raw dictionary or one zstd frame of it.
  static Result<std::shared_ptr<const ZstdDictionary>> FromFrameContent(
      std::string_view content, const FrameLimits& limits = {});
  ~ZstdDictionary();

  const std::string& bytes() const { return bytes_; }
  std::uint32_t id() const { return id_; }
  // The whole skippable frame to begin a bundle with; made once.
  const std::string& Frame() const;

 private:
  friend class FrameEncoder;
  friend class FrameDecoder;
  ZstdDictionary() = default;
  std::string bytes_;
  std::uint32_t id_ = 0;
  void* decoding_ = nullptr;  // ZSTD_DDict
  mutable std::once_flag framed_;
  mutable std::string frame_;
};

// Writes frames. Not thread-safe.
class FrameEncoder {
 public:
  FrameEncoder(int level, std::shared_ptr<const ZstdDictionary> dictionary);
  // To learn sizes: as if `content` were in a dictionary.
  static FrameEncoder After(int level, std::string_view content);
  ~FrameEncoder();
  FrameEncoder(FrameEncoder&&) noexcept;
  FrameEncoder& operator=(FrameEncoder&&) noexcept;

  // One whole frame holding `content`.
  Result<std::string> Encode(std::string_view content);

 private:
  struct State;
  explicit FrameEncoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads frames. Not thread-safe.
class FrameDecoder {
 public:
  explicit FrameDecoder(std::shared_ptr<const ZstdDictionary> dictionary);
  ~FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;

  // The content of exactly one frame. kMalformed for damage, kLimit beyond
  // `limits`. Memory grows with what is really there, not with what is claimed.
  Result<std::string> Decode(std::string_view frame,
                             const FrameLimits& limits = {});
  // The same into `content`, whose memory is used again.
  Status DecodeInto(std::string_view frame, std::string& content,
                    const FrameLimits& limits = {});
  // The same in memory of the decoder's own, good until its next call.
  Result<std::string_view> DecodeHere(std::string_view frame,
                                      const FrameLimits& limits = {});
  // The first `max_bytes` of the content, without judging the rest.
  Result<std::string> DecodePrefix(std::string_view frame,
                                   std::size_t max_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a frame says of itself, without inflating it.
struct FrameInfo {
  enum class Kind { kData, kDictionary, kExtension } kind = Kind::kData;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;                     // whole frame, as stored
  std::optional<std::uint64_t> content_size;  // claimed
  std::optional<std::uint32_t> dictionary_id;
  bool has_checksum = false;
  std::uint64_t window = 0;
  std::uint32_t magic = 0;
};

// Walks the frames of a file by their headers and block headers; reads each
// byte at most once through a buffer of its own.
class FrameWalker {
 public:
  explicit FrameWalker(Blob file, std::uint64_t offset = 0,
                       const FrameLimits& limits = {});

  // The next frame; nullopt at the end of the file. kMalformed where no whole
  // frame begins: its message says why. kLimit for a dictionary too large.
  Result<std::optional<FrameInfo>> Next();
  // The bytes of `frame`.
  Result<std::string> Read(const FrameInfo& frame);
  Status ReadInto(const FrameInfo& frame, std::string& bytes);
  std::uint64_t offset() const { return offset_; }
  std::uint64_t size() const { return file_.size(); }
  // Goes on at the next place after `from` that begins like a frame; the end
  // of the file if there is none.
  Status Resync(std::uint64_t from);

 private:
  Result<std::string_view> Peek(std::uint64_t at, std::size_t size);
  Result<FrameInfo> ReadFrameAt(std::uint64_t at);

  Blob file_;
  std::uint64_t offset_;
  FrameLimits limits_;
  std::string window_;
  std::uint64_t window_at_ = 0;
};

// Of one frame of a record.
struct FrameSizes {
  std::uint32_t stored = 0, content = 0;
};
// The extension frame that ends a record of several frames: the layout of
// zstd's seekable format, without per-frame checksums: the frames have theirs.
std::string SeekTable(const std::vector<FrameSizes>& frames);

inline constexpr std::uint32_t kZstdMagic = 0xFD2FB528;
inline constexpr std::uint32_t kDictionaryFrameMagic = 0x184D2A5D;
inline constexpr std::uint32_t kSeekTableMagic = 0x184D2A5E;
inline constexpr std::uint32_t kSeekableMagic = 0x8F92EAB1;  // ends it
inline constexpr std::uint32_t kVoidMagic = 0x184D2A50;      // room, and voided

// A skippable frame of `size` bytes in all, at least 8; zeros inside.
std::string VoidFrame(std::size_t size);

}  // namespace stemma
