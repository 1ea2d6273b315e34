// A container opened without a name: FFmpeg reads through the channel to the
// parent and may open nothing else.
#pragma once

#include <cstdint>
#include <string>

#include "media/worker/av.h"
#include "media/worker/budget.h"
#include "media/worker/channel.h"

namespace stemma::worker {

class Demuxer {
 public:
  Demuxer(Channel& channel, Budget& budget, std::uint64_t size);

  // Opens and probes; a reason when that fails.
  std::string Open();
  // The stream to decode: the largest real video, no cover picture.
  AVStream* video() const { return video_; }
  AVFormatContext* context() const { return context_.get(); }

  // The next packet of the video stream; false at the end. Errors in between
  // are counted and passed over.
  bool Next(AVPacket* packet);
  int read_errors() const { return read_errors_; }
  // How often the container asked for another file or address.
  int refused_opens() const { return refused_opens_; }

 private:
  static int Read(void* self, std::uint8_t* out, int size);
  static std::int64_t Seek(void* self, std::int64_t offset, int whence);
  static int RefuseOpen(AVFormatContext* context, AVIOContext** io,
                        const char* url, int flags, AVDictionary** options);
  static int Interrupted(void* self);
  void ChooseStream();

  Channel& channel_;
  Budget& budget_;
  std::uint64_t size_, position_ = 0;
  Av<AVIOContext> io_;
  Av<AVFormatContext> context_;
  AVStream* video_ = nullptr;
  int read_errors_ = 0, refused_opens_ = 0;
};

// Opens a decoder for `stream`; null and a reason when there is none.
Av<AVCodecContext> OpenDecoder(const AVStream& stream,
                               std::uint64_t max_frame_pixels,
                               std::string& reason);

}  // namespace stemma::worker
