// The little of DER (X.690) that our own checks need: whether bytes are DER at
// all, and how to write an element.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

// Header plus content of the element that `bytes` begins with, as it claims;
// nullopt when its header is not DER (indefinite or padded length).
std::optional<std::size_t> DerElementSize(std::string_view bytes);

// True when `bytes` are exactly one DER element, checked through all
// constructed elements: definite lengths in their shortest form, booleans 00
// or FF, integers without padding. Depth up to 64.
bool IsDer(std::string_view bytes);

// tag, length, content; tags below 31 only.
std::string DerElement(unsigned char tag, std::string_view content);
// An INTEGER that is not negative, from big-endian bytes.
std::string DerUnsigned(std::string_view big_endian);

}  // namespace stemma
