// What is read off a decoded frame: its luma, its digest, its picture.
#pragma once

#include <string>
#include <vector>

#include "core/digest.h"
#include "media/frame_views.h"
#include "media/worker/av.h"

namespace stemma::worker {

// Whether a frame can be used: a known format, sizes above zero.
bool IsUsable(const AVFrame& frame);

// The luma of a frame: the decoder's own plane where it has one, else made
// from RGB into a buffer of this object, valid until the next call.
class LumaReader {
 public:
  // Null data when the format cannot be read.
  LumaPlane Of(const AVFrame& frame);

 private:
  Av<SwsContext> to_rgb_;
  int width_ = 0, height_ = 0, format_ = -1;
  std::vector<std::uint8_t> rgb_;
  std::vector<float> luma_;
};

// SHA-256 over "pixfmt WxH\n" and then every plane's visible rows without
// padding: equal for remuxes, different for re-encodes.
Sha256 PixelDigest(const AVFrame& frame);

// 8-bit RGB for people: scaled so that no side is longer than `side` (0: as it
// is), square pixels, turned upright, one field of interlaced frames, HDR
// mapped to sRGB.
struct ShownPicture {
  int width = 0, height = 0;
  std::string rgb;
};
ShownPicture RenderPicture(const AVFrame& frame, AVRational sample_aspect,
                           int turn, int side);

// Whether the transfer function is one of the two of HDR television.
bool IsHdr(AVColorTransferCharacteristic trc);

}  // namespace stemma::worker
