#include "hash/image.h"

#include <fmt/format.h>
// jpeglib.h needs FILE and size_t before it.
#include <jpeglib.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace stemma {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegSignature = "\xFF\xD8\xFF";

Error TooLarge(std::uint64_t width, std::uint64_t height,
               const ImageLimits& limits) {
  return Error(ErrorCode::kLimit,
               fmt::format("decode image: {}x{} pixels, limit is {}", width,
                           height, limits.max_pixels));
}

// Both libraries report errors by longjmp. So everything with a destructor
// lives in a struct made before setjmp, and the guarded functions hold none.

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string_view rest;
  std::string message;
  RgbImage image;
  int rows_done = 0;

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void PngError(png_structp png, png_const_charp message) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  reader->message = message;
  png_longjmp(png, 1);
}

void PngWarning(png_structp, png_const_charp) {}

void PngRead(png_structp png, png_bytep out, std::size_t n) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (n > reader->rest.size()) png_error(png, "the file ends too early");
  std::memcpy(out, reader->rest.data(), n);
  reader->rest.remove_prefix(n);
}

bool ReadPngHeader(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_info(reader.png, reader.info);
  reader.image.width =
      static_cast<int>(png_get_image_width(reader.png, reader.info));
  reader.image.height =
      static_cast<int>(png_get_image_height(reader.png, reader.info));
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_strip_alpha(reader.png);
  return true;
}

bool ReadPngRows(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const std::size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  if (row_bytes != static_cast<std::size_t>(reader.image.width) * 3) {
    png_error(reader.png, "unexpected row size");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < reader.image.height; ++y) {
      png_read_row(reader.png,
                   &reader.image.rgb[static_cast<std::size_t>(y) * row_bytes],
                   nullptr);
      if (pass + 1 == passes) reader.rows_done = y + 1;
    }
  }
  return true;
}

Result<RgbImage> DecodePng(std::string_view bytes, const ImageLimits& limits) {
  PngReader reader;
  reader.rest = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, PngError,
                                      PngWarning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.png == nullptr || reader.info == nullptr) {
    return Error(ErrorCode::kIo, "decode PNG: out of memory");
  }
  png_set_read_fn(reader.png, &reader, PngRead);
  png_set_chunk_malloc_max(reader.png, 8 << 20);
  const auto malformed = [&] {
    return Error(ErrorCode::kMalformed, "decode PNG: " + reader.message);
  };
  if (!ReadPngHeader(reader)) return malformed();
  const auto width = static_cast<std::uint64_t>(reader.image.width);
  const auto height = static_cast<std::uint64_t>(reader.image.height);
  if (width * height > limits.max_pixels) {
    return TooLarge(width, height, limits);
  }
  reader.image.rgb.resize(width * height * 3);
  if (!ReadPngRows(reader)) {
    if (reader.rows_done == 0) return malformed();
    reader.image.damaged = true;
  }
  return std::move(reader.image);
}

struct JpegReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  std::string message;
  RgbImage image;

  ~JpegReader() { jpeg_destroy_decompress(&info); }
};

void JpegError(j_common_ptr common) {
  auto* reader = static_cast<JpegReader*>(common->client_data);
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  reader->message = text;
  std::longjmp(reader->jump, 1);
}

void JpegMessage(j_common_ptr) {}

bool ReadJpegHeader(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info,
               reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
  jpeg_read_header(&reader.info, TRUE);
  reader.info.out_color_space = JCS_RGB;
  // Meta's tool and most others decode with the exact integer DCT.
  reader.info.dct_method = JDCT_ISLOW;
  reader.image.width = static_cast<int>(reader.info.image_width);
  reader.image.height = static_cast<int>(reader.info.image_height);
  return true;
}

bool ReadJpegRows(JpegReader& reader) {
  if (setjmp(reader.jump)) return false;
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = &reader.image.rgb[std::size_t{3} * reader.info.output_width *
                                     reader.info.output_scanline];
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  return true;
}

Result<RgbImage> DecodeJpeg(std::string_view bytes, const ImageLimits& limits) {
  JpegReader reader;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;
  reader.errors.error_exit = JpegError;
  reader.errors.output_message = JpegMessage;
  if (!ReadJpegHeader(reader, bytes)) {
    return Error(ErrorCode::kMalformed, "decode JPEG: " + reader.message);
  }
  const std::uint64_t width = reader.info.image_width;
  const std::uint64_t height = reader.info.image_height;
  if (width * height > limits.max_pixels) {
    return TooLarge(width, height, limits);
  }
  reader.image.rgb.resize(width * height * 3);
  if (!ReadJpegRows(reader)) {
    if (reader.info.output_scanline == 0) {
      return Error(ErrorCode::kMalformed, "decode JPEG: " + reader.message);
    }
    reader.image.damaged = true;
  }
  if (reader.errors.num_warnings > 0) reader.image.damaged = true;
  return std::move(reader.image);
}

}  // namespace

bool LooksLikeImage(std::string_view bytes) {
  return bytes.starts_with(kPngSignature) || bytes.starts_with(kJpegSignature);
}

Result<RgbImage> DecodeImage(std::string_view bytes,
                             const ImageLimits& limits) {
  if (bytes.starts_with(kPngSignature)) return DecodePng(bytes, limits);
  if (bytes.starts_with(kJpegSignature)) return DecodeJpeg(bytes, limits);
  return Error(ErrorCode::kUnsupported,
               "decode image: neither PNG nor JPEG by its first bytes");
}

}  // namespace stemma
