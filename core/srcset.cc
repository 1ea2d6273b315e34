#include "core/srcset.h"

#include <algorithm>
#include <charconv>

#include "core/ascii.h"

namespace stemma {
namespace {

constexpr std::string_view kSpaces = " \t\n\f\r";

void SkipAny(std::string_view* text, std::string_view set) {
  text->remove_prefix(std::min(text->find_first_not_of(set), text->size()));
}

std::size_t CountDigits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, IsDigit) -
                                  text.begin());
}

// The descriptors up to the comma that ends the candidate; parentheses hide
// commas and spaces.
std::vector<std::string> TakeDescriptors(std::string_view* rest) {
  std::vector<std::string> descriptors;
  std::string current;
  bool in_parentheses = false;
  const auto finish = [&] {
    if (!current.empty()) descriptors.push_back(std::move(current));
    current.clear();
  };
  SkipAny(rest, kSpaces);
  while (!rest->empty()) {
    const char c = rest->front();
    rest->remove_prefix(1);
    if (in_parentheses) {
      current += c;
      in_parentheses = c != ')';
    } else if (IsHtmlSpace(c)) {
      finish();
    } else if (c == ',') {
      break;
    } else {
      current += c;
      in_parentheses = c == '(';
    }
  }
  finish();
  return descriptors;
}

// A valid non-negative integer above zero; nullopt for anything else. Beyond
// what an int holds it stays at the top.
std::optional<int> PositiveInteger(std::string_view text) {
  if (text.empty() || CountDigits(text) != text.size()) return std::nullopt;
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) value = 1 << 30;
  return value > 0 ? std::optional(value) : std::nullopt;
}

// "Valid floating-point number" (HTML Standard 2.3.4.3), stricter than
// from_chars: no "1.", no "+1", no "inf".
bool IsValidFloat(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = CountDigits(text);
    if (fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || CountDigits(text) != text.size()) return false;
    return true;
  }
  return text.empty();
}

std::optional<double> NonNegativeFloat(std::string_view text) {
  if (!IsValidFloat(text)) return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  return value;
}

bool ApplyDescriptor(std::string_view descriptor, ImageCandidate* candidate) {
  const char unit = descriptor.back();
  descriptor.remove_suffix(1);
  if (unit == 'w') {
    if (candidate->width || candidate->density) return false;
    candidate->width = PositiveInteger(descriptor);
    return candidate->width.has_value();
  }
  if (unit == 'h') {
    if (candidate->height || candidate->density) return false;
    candidate->height = PositiveInteger(descriptor);
    return candidate->height.has_value();
  }
  if (unit != 'x' || candidate->width || candidate->height ||
      candidate->density) {
    return false;
  }
  candidate->density = NonNegativeFloat(descriptor);
  return candidate->density.has_value();
}

bool ApplyDescriptors(const std::vector<std::string>& descriptors,
                      ImageCandidate* candidate) {
  for (const std::string& descriptor : descriptors) {
    if (!ApplyDescriptor(descriptor, candidate)) return false;
  }
  return !candidate->height || candidate->width;
}

}  // namespace

std::vector<ImageCandidate> ParseSrcset(std::string_view value) {
  std::vector<ImageCandidate> candidates;
  std::string_view rest = value;
  while (true) {
    SkipAny(&rest, " \t\n\f\r,");
    if (rest.empty()) return candidates;
    std::string_view url = rest.substr(0, rest.find_first_of(kSpaces));
    rest.remove_prefix(url.size());
    std::vector<std::string> descriptors;
    if (url.ends_with(',')) {
      url = url.substr(0, url.find_last_not_of(',') + 1);
    } else {
      descriptors = TakeDescriptors(&rest);
    }
    ImageCandidate candidate;
    candidate.url = url;
    if (ApplyDescriptors(descriptors, &candidate)) {
      candidates.push_back(std::move(candidate));
    }
  }
}

}  // namespace stemma
