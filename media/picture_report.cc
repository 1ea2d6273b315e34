#include "media/picture_report.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hash/image.h"
#include "hash/pdq.h"
#include "hash/sha256.h"
#include "media/c2pa.h"
#include "media/frame_views.h"

namespace stemma {
namespace {

WorkImage WorkImageOf(const RgbImage& image) {
  std::vector<float> luma(static_cast<std::size_t>(image.width) * image.height);
  for (std::size_t i = 0; i < luma.size(); ++i) {
    const std::uint8_t* p = &image.rgb[3 * i];
    luma[i] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
  }
  LumaPlane plane;
  plane.data = luma.data();
  plane.stride = static_cast<std::ptrdiff_t>(sizeof(float)) * image.width;
  plane.width = image.width;
  plane.height = image.height;
  plane.bytes = 4;
  return MakeWorkImage(plane, 0);
}

}  // namespace

Result<VideoReport> ReadPicture(std::string_view bytes) {
  STEMMA_TRY(const RgbImage image, DecodeImage(bytes));
  const PdqImage pdq =
      PdqOfRgb(image.rgb, image.width, image.height, kPdqRule512);
  VideoReport report;
  report.status = image.damaged ? "partial" : "ok";
  if (image.damaged)
    report.reason = "the end of the image is missing or broken";
  report.mode = "all";
  report.depth = "full";
  report.frames_decoded = 1;
  report.width = std::min(image.width, 65535);
  report.height = std::min(image.height, 65535);
  report.facts["kind"] = "image";
  report.facts["pdq_rule"] = kPdqRule512;
  if (const auto box = FindC2paInJpeg(bytes)) {
    AddC2paFacts(*box, report.facts);
  }
  report.payload_bytes = bytes.size();
  report.payload = Sha256Of(bytes);

  Keyframe key;
  key.reason = "image";
  key.width = report.width;
  key.height = report.height;
  key.pixels = Sha256Of(
      {reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()});
  key.pdq = pdq.hash.bits;
  key.pdq_quality = pdq.hash.quality;
  key.picture_type = 'I';
  key.sync = true;
  key.damaged = image.damaged;
  report.keyframes.push_back(key);

  const WorkImage work = WorkImageOf(image);
  // Bars need agreement over time; a still repeated has it.
  const std::vector<WorkImage> run(3, work);
  const ShownRegions shown = FindRegions(run);
  FrameSample sample;
  sample.pdq = key.pdq;
  sample.quality = key.pdq_quality;
  sample.views.push_back(
      MakeView(work, FrameView::Kind::kPicture, shown.picture));
  if (shown.picture != Region{}) {
    sample.views.push_back(MakeView(work, FrameView::Kind::kPicture, {}));
  }
  report.samples.push_back(std::move(sample));
  return report;
}

}  // namespace stemma
