#include "media/picture_file.h"

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

namespace stemma {
namespace {

constexpr int kJpegQuality = 86;
constexpr float kWebpQuality = 78;

Error Failed(std::string_view format) {
  return Error(ErrorCode::kIo, "encode a picture as " + std::string(format) +
                                   ": the encoder failed");
}

// libpng and libjpeg leave by longjmp: everything with a destructor lives in
// these structs, made before setjmp.
struct PngWriter {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string out;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void PngWrite(png_structp png, png_bytep bytes, std::size_t n) {
  static_cast<PngWriter*>(png_get_io_ptr(png))
      ->out.append(reinterpret_cast<const char*>(bytes), n);
}
void PngFlush(png_structp) {}
void PngFail(png_structp png, png_const_charp) { png_longjmp(png, 1); }
void PngIgnore(png_structp, png_const_charp) {}

bool WritePng(PngWriter& writer, std::string_view rgb, int width, int height) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width),
               static_cast<png_uint_32>(height), 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(writer.png, 6);
  png_write_info(writer.png, writer.info);
  for (int y = 0; y < height; ++y) {
    png_write_row(writer.png, reinterpret_cast<png_const_bytep>(
                                  rgb.data() + std::size_t{3} * y * width));
  }
  png_write_end(writer.png, nullptr);
  return true;
}

Result<std::string> EncodePng(std::string_view rgb, int width, int height) {
  PngWriter writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, PngFail,
                                       PngIgnore);
  if (writer.png != nullptr) writer.info = png_create_info_struct(writer.png);
  if (writer.png == nullptr || writer.info == nullptr) return Failed("PNG");
  png_set_write_fn(writer.png, &writer, PngWrite, PngFlush);
  if (!WritePng(writer, rgb, width, height)) return Failed("PNG");
  return std::move(writer.out);
}

struct JpegWriter {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

void JpegFail(j_common_ptr common) {
  std::longjmp(static_cast<JpegWriter*>(common->client_data)->jump, 1);
}

bool WriteJpeg(JpegWriter& writer, std::string_view rgb, int width,
               int height) {
  if (setjmp(writer.jump)) return false;
  jpeg_create_compress(&writer.info);
  jpeg_mem_dest(&writer.info, &writer.bytes, &writer.size);
  writer.info.image_width = static_cast<JDIMENSION>(width);
  writer.info.image_height = static_cast<JDIMENSION>(height);
  writer.info.input_components = 3;
  writer.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer.info);
  jpeg_set_quality(&writer.info, kJpegQuality, TRUE);
  writer.info.optimize_coding = TRUE;
  jpeg_start_compress(&writer.info, TRUE);
  while (writer.info.next_scanline < writer.info.image_height) {
    // The library takes rows as non-const and does not change them.
    JSAMPROW row = const_cast<JSAMPROW>(reinterpret_cast<const JSAMPLE*>(
        rgb.data() + std::size_t{3} * width * writer.info.next_scanline));
    jpeg_write_scanlines(&writer.info, &row, 1);
  }
  jpeg_finish_compress(&writer.info);
  return true;
}

Result<std::string> EncodeJpeg(std::string_view rgb, int width, int height) {
  JpegWriter writer;
  writer.info.err = jpeg_std_error(&writer.errors);
  writer.info.client_data = &writer;
  writer.errors.error_exit = JpegFail;
  if (!WriteJpeg(writer, rgb, width, height)) return Failed("JPEG");
  return std::string(reinterpret_cast<const char*>(writer.bytes), writer.size);
}

Result<std::string> EncodeWebp(std::string_view rgb, int width, int height) {
  std::uint8_t* bytes = nullptr;
  const std::size_t size =
      WebPEncodeRGB(reinterpret_cast<const std::uint8_t*>(rgb.data()), width,
                    height, 3 * width, kWebpQuality, &bytes);
  if (size == 0) return Failed("WebP");
  std::string out(reinterpret_cast<const char*>(bytes), size);
  WebPFree(bytes);
  return out;
}

}  // namespace

Result<std::string> EncodePictureFile(std::string_view rgb, int width,
                                      int height, std::string_view format) {
  if (width <= 0 || height <= 0 ||
      rgb.size() != std::size_t{3} * width * height) {
    return Error(ErrorCode::kInvalidArgument,
                 "encode a picture: its size and its bytes do not agree");
  }
  if (format == "png") return EncodePng(rgb, width, height);
  if (format == "jpeg") return EncodeJpeg(rgb, width, height);
  if (format == "webp") return EncodeWebp(rgb, width, height);
  return Error(ErrorCode::kInvalidArgument,
               "encode a picture: no format '" + std::string(format) +
                   "'; there are png, jpeg and webp");
}

std::string_view MimeOfFormat(std::string_view format) {
  if (format == "png") return "image/png";
  return format == "webp" ? "image/webp" : "image/jpeg";
}

std::string_view SuffixOfFormat(std::string_view format) {
  if (format == "png") return ".png";
  return format == "webp" ? ".webp" : ".jpg";
}

}  // namespace stemma
