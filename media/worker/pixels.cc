#include "media/worker/pixels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hash/sha256.h"

namespace stemma::worker {
namespace {

// A luma plane that can be read as it lies: little-endian, one value every 1
// or 2 bytes.
bool HasLumaPlane(const AVPixFmtDescriptor& d) {
  constexpr std::uint64_t kOther =
      AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BE |
      AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
      AV_PIX_FMT_FLAG_FLOAT;
  if (d.flags & kOther) return false;
  const AVComponentDescriptor& c = d.comp[0];
  return c.plane == 0 && c.offset == 0 &&
         ((c.step == 1 && c.depth == 8) || (c.step == 2 && c.depth > 8));
}

bool IsFullRange(const AVFrame& frame) {
  return frame.color_range == AVCOL_RANGE_JPEG ||
         frame.format == AV_PIX_FMT_YUVJ420P ||
         frame.format == AV_PIX_FMT_YUVJ422P ||
         frame.format == AV_PIX_FMT_YUVJ444P ||
         frame.format == AV_PIX_FMT_GRAY8;
}

// ---- HDR to sRGB, on 16-bit RGB ----

constexpr double kReferenceWhite = 203;  // cd/m2, ITU-R BT.2408
constexpr double kPeak = 1000;

// SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG) to cd/m2.
double LinearOf(double v, bool pq) {
  if (pq) {
    constexpr double m1 = 0.1593017578125, m2 = 78.84375, c1 = 0.8359375,
                     c2 = 18.8515625, c3 = 18.6875;
    const double p = std::pow(v, 1 / m2);
    return 10000 * std::pow(std::max(p - c1, 0.0) / (c2 - c3 * p), 1 / m1);
  }
  constexpr double a = 0.17883277, b = 0.28466892, c = 0.55991073;
  const double scene = v <= 0.5 ? v * v / 3 : (std::exp((v - c) / a) + b) / 12;
  return kPeak * std::pow(scene, 1.2);
}

// Reinhard's curve with a white point: reference white stays, the peak fits.
double Compress(double nits) {
  const double x = nits / kReferenceWhite, w = kPeak / kReferenceWhite;
  return std::min(1.0, x * (1 + x / (w * w)) / (1 + x) * 1.25);
}

double SrgbOf(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear
                             : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

std::string ToneMap(const std::vector<std::uint16_t>& in, bool pq) {
  constexpr int kSteps = 4096;
  std::vector<float> linear(kSteps);
  std::vector<std::uint8_t> srgb(kSteps + 1);
  for (int i = 0; i < kSteps; ++i) {
    linear[i] = static_cast<float>(LinearOf((i + 0.5) / kSteps, pq));
  }
  for (int i = 0; i <= kSteps; ++i) {
    srgb[i] = static_cast<std::uint8_t>(
        std::lround(255 * std::clamp(SrgbOf(double(i) / kSteps), 0.0, 1.0)));
  }
  std::string out(in.size(), '\0');
  for (std::size_t i = 0; i + 2 < in.size(); i += 3) {
    const double r = linear[in[i] >> 4], g = linear[in[i + 1] >> 4],
                 b = linear[in[i + 2] >> 4];
    // BT.2020 to BT.709 primaries (BT.2407), then the curve on the largest
    // channel so that hues stay.
    const std::array<double, 3> narrow = {
        std::max(0.0, 1.6605 * r - 0.5876 * g - 0.0728 * b),
        std::max(0.0, -0.1246 * r + 1.1329 * g - 0.0083 * b),
        std::max(0.0, -0.0182 * r - 0.1006 * g + 1.1187 * b)};
    const double largest = std::max({narrow[0], narrow[1], narrow[2], 1e-6});
    const double scale = Compress(largest) / largest;
    for (std::size_t c = 0; c < 3; ++c) {
      const double v = std::clamp(narrow[c] * scale, 0.0, 1.0);
      out[i + c] = static_cast<char>(srgb[static_cast<int>(v * kSteps)]);
    }
  }
  return out;
}

// ---- scaling and turning ----

struct Size {
  int width = 0, height = 0;
};

Size ShownSize(const AVFrame& frame, AVRational aspect, int side) {
  double width = frame.width, height = frame.height;
  if (aspect.num > 0 && aspect.den > 0) {
    const double ratio = std::clamp(av_q2d(aspect), 0.1, 10.0);
    width *= ratio;
  }
  const double longest = std::max(width, height);
  const double limit = side > 0 ? side : 16384;
  const double scale = longest > limit ? limit / longest : 1;
  return {std::max(1, static_cast<int>(std::lround(width * scale))),
          std::max(1, static_cast<int>(std::lround(height * scale)))};
}

template <class Pixel>
std::vector<Pixel> Turned(const std::vector<Pixel>& in, Size& size, int turn) {
  if (turn == 0) return in;
  const Size from = size;
  if (turn != 180) size = {from.height, from.width};
  std::vector<Pixel> out(in.size());
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      int sx = from.width - 1 - x, sy = from.height - 1 - y;
      if (turn == 90) {
        sx = y;
        sy = from.height - 1 - x;
      } else if (turn == 270) {
        sx = from.width - 1 - y;
        sy = x;
      }
      const std::size_t to = 3 * (std::size_t(y) * size.width + x);
      const std::size_t at = 3 * (std::size_t(sy) * from.width + sx);
      for (std::size_t c = 0; c < 3; ++c) out[to + c] = in[at + c];
    }
  }
  return out;
}

bool Scale(const AVFrame& frame, AVPixelFormat to, int bytes, Size size,
           std::uint8_t* out) {
  std::array<const std::uint8_t*, 4> data{};
  std::array<int, 4> stride{};
  for (std::size_t i = 0; i < 4; ++i) {
    data[i] = frame.data[i];
    stride[i] = frame.linesize[i];
  }
  int height = frame.height;
  if (frame.interlaced_frame && height >= 16) {
    // One field: every other line.
    for (int& s : stride) s *= 2;
    height /= 2;
  }
  Av<SwsContext> sws(sws_getContext(
      frame.width, height, static_cast<AVPixelFormat>(frame.format), size.width,
      size.height, to,
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT,
      nullptr, nullptr, nullptr));
  if (sws == nullptr) return false;
  const bool wide = frame.height >= 720;
  int matrix = wide ? SWS_CS_ITU709 : SWS_CS_ITU601;
  if (frame.colorspace == AVCOL_SPC_BT709) matrix = SWS_CS_ITU709;
  if (frame.colorspace == AVCOL_SPC_BT2020_NCL ||
      frame.colorspace == AVCOL_SPC_BT2020_CL) {
    matrix = SWS_CS_BT2020;
  }
  if (frame.colorspace == AVCOL_SPC_SMPTE170M ||
      frame.colorspace == AVCOL_SPC_BT470BG) {
    matrix = SWS_CS_ITU601;
  }
  sws_setColorspaceDetails(
      sws.get(), sws_getCoefficients(matrix), IsFullRange(frame) ? 1 : 0,
      sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  std::uint8_t* to_data[4] = {out, nullptr, nullptr, nullptr};
  int to_stride[4] = {3 * bytes * size.width, 0, 0, 0};
  return sws_scale(sws.get(), data.data(), stride.data(), 0, height, to_data,
                   to_stride) == size.height;
}

}  // namespace

bool IsUsable(const AVFrame& frame) {
  return frame.format != AV_PIX_FMT_NONE && frame.width > 0 &&
         frame.height > 0 && frame.width <= 65535 && frame.height <= 65535 &&
         frame.data[0] != nullptr &&
         av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format)) !=
             nullptr;
}

LumaPlane LumaReader::Of(const AVFrame& frame) {
  const AVPixFmtDescriptor& d =
      *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  LumaPlane plane;
  plane.width = frame.width;
  plane.height = frame.height;
  if (HasLumaPlane(d)) {
    const AVComponentDescriptor& c = d.comp[0];
    const int up = c.depth - 8 + c.shift;
    const auto unit = static_cast<float>(1 << up);
    plane.data = frame.data[0];
    plane.stride = frame.linesize[0];
    plane.bytes = c.step;
    if (IsFullRange(frame)) {
      plane.scale =
          255.0f / static_cast<float>(((1 << c.depth) - 1) << c.shift);
    } else {
      plane.black = 16 * unit;
      plane.scale = 255.0f / (219 * unit);
    }
    return plane;
  }
  if (to_rgb_ == nullptr || width_ != frame.width || height_ != frame.height ||
      format_ != frame.format) {
    width_ = frame.width;
    height_ = frame.height;
    format_ = frame.format;
    to_rgb_.reset(sws_getContext(
        width_, height_, static_cast<AVPixelFormat>(format_), width_, height_,
        AV_PIX_FMT_RGB24, SWS_POINT | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr,
        nullptr, nullptr));
  }
  if (to_rgb_ == nullptr) return plane;
  const std::size_t pixels = std::size_t(width_) * height_;
  rgb_.resize(3 * pixels + 64);
  luma_.resize(pixels);
  std::uint8_t* data[4] = {rgb_.data(), nullptr, nullptr, nullptr};
  int stride[4] = {3 * width_, 0, 0, 0};
  if (sws_scale(to_rgb_.get(), frame.data, frame.linesize, 0, height_, data,
                stride) != height_) {
    return plane;
  }
  for (std::size_t i = 0; i < pixels; ++i) {
    luma_[i] = 0.299f * rgb_[3 * i] + 0.587f * rgb_[3 * i + 1] +
               0.114f * rgb_[3 * i + 2];
  }
  plane.data = luma_.data();
  plane.stride = static_cast<std::ptrdiff_t>(sizeof(float)) * width_;
  plane.bytes = 4;
  return plane;
}

Sha256 PixelDigest(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor& d = *av_pix_fmt_desc_get(format);
  Sha256Hasher hasher;
  hasher.Update(fmt::format("{} {}x{}\n", d.name, frame.width, frame.height));
  const int planes = av_pix_fmt_count_planes(format);
  for (int p = 0; p < planes && p < 4; ++p) {
    const bool chroma = p == 1 || p == 2;
    const int rows =
        chroma ? AV_CEIL_RSHIFT(frame.height, d.log2_chroma_h) : frame.height;
    const int bytes = av_image_get_linesize(format, frame.width, p);
    if (bytes <= 0 || frame.data[p] == nullptr) continue;
    for (int y = 0; y < rows; ++y) {
      hasher.Update({reinterpret_cast<const char*>(
                         frame.data[p] +
                         static_cast<std::ptrdiff_t>(y) * frame.linesize[p]),
                     static_cast<std::size_t>(bytes)});
    }
  }
  return hasher.Finish();
}

bool IsHdr(AVColorTransferCharacteristic trc) {
  return trc == AVCOL_TRC_SMPTE2084 || trc == AVCOL_TRC_ARIB_STD_B67;
}

ShownPicture RenderPicture(const AVFrame& frame, AVRational sample_aspect,
                           int turn, int side) {
  Size size = ShownSize(frame, sample_aspect, side);
  const std::size_t values = std::size_t{3} * size.width * size.height;
  ShownPicture picture;
  if (IsHdr(frame.color_trc)) {
    std::vector<std::uint16_t> deep(values + 32);
    if (!Scale(frame, AV_PIX_FMT_RGB48LE, 2, size,
               reinterpret_cast<std::uint8_t*>(deep.data()))) {
      return picture;
    }
    deep.resize(values);
    deep = Turned(deep, size, turn);
    picture.rgb = ToneMap(deep, frame.color_trc == AVCOL_TRC_SMPTE2084);
  } else {
    std::vector<std::uint8_t> rgb(values + 64);
    if (!Scale(frame, AV_PIX_FMT_RGB24, 1, size, rgb.data())) return picture;
    rgb.resize(values);
    rgb = Turned(rgb, size, turn);
    picture.rgb.assign(rgb.begin(), rgb.end());
  }
  picture.width = size.width;
  picture.height = size.height;
  return picture;
}

}  // namespace stemma::worker
