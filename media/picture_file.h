// 8-bit RGB becomes the bytes of a PNG, JPEG or WebP file. No metadata is
// written; the same pixels give the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

// `format` is "png", "jpeg" or "webp"; `rgb` has 3 * width * height bytes.
Result<std::string> EncodePictureFile(std::string_view rgb, int width,
                                      int height, std::string_view format);

// "image/jpeg" and ".jpg", and so on.
std::string_view MimeOfFormat(std::string_view format);
std::string_view SuffixOfFormat(std::string_view format);

}  // namespace stemma
