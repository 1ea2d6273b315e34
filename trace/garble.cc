#include "trace/garble.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "core/ascii.h"

namespace stemma {
namespace {

// What looks alike in print, after "OCR confusion" tables of the trade (rn/m,
// cl/d, vv/w, long s ...). Either side may be the original.
constexpr auto kAlike =
    std::to_array<std::pair<std::string_view, std::string_view>>({
        {"rn", "m"}, {"nn", "m"}, {"in", "m"}, {"iii", "m"}, {"cl", "d"},
        {"ci", "d"}, {"vv", "w"}, {"ii", "u"}, {"ii", "n"},  {"li", "u"},
        {"ri", "n"}, {"ti", "u"}, {"fi", "h"}, {"il", "u"},  {"lr", "h"},
        {"li", "h"}, {"ll", "u"}, {"rr", "n"}, {"tt", "u"},  {"ln", "m"},
        {"l", "i"},  {"l", "1"},  {"i", "1"},  {"l", "t"},   {"i", "t"},
        {"o", "0"},  {"o", "c"},  {"o", "e"},  {"o", "a"},   {"c", "e"},
        {"n", "u"},  {"h", "b"},  {"h", "n"},  {"t", "f"},   {"s", "5"},
        {"b", "8"},  {"b", "6"},  {"g", "9"},  {"g", "q"},   {"q", "9"},
        {"z", "2"},  {"a", "e"},  {"u", "v"},  {"v", "y"},   {"i", "j"},
        {"l", "j"},  {"f", "l"},  {"r", "n"},  {"r", "t"},   {"e", "6"},
        {"g", "6"},  {"a", "4"},  {"t", "7"},  {"s", "8"},   {"d", "o"},
        {"b", "l"},  {"k", "h"},  {"m", "n"},  {"p", "n"},   {"y", "v"},
        {"c", "r"},  {"t", "c"},  {"d", "cl"}, {"s", "f"},
    });

// Both begin with a pair's halves: how far each side moves on, or 0.
std::pair<std::size_t, std::size_t> AlikeAt(std::string_view a,
                                            std::string_view b) {
  for (const auto& [one, other] : kAlike) {
    if (a.starts_with(one) && b.starts_with(other)) {
      return {one.size(), other.size()};
    }
    if (a.starts_with(other) && b.starts_with(one)) {
      return {other.size(), one.size()};
    }
  }
  return {0, 0};
}

// Whether a becomes b by at most `budget` confusions.
bool Misread(std::string_view a, std::string_view b, int budget) {
  while (true) {
    while (!a.empty() && !b.empty() && a[0] == b[0]) {
      // "rn" against "rm" and the like: equal letters may still be half of a
      // confusion, so try that before walking past.
      if (budget > 0 && a.size() > 1 && b.size() > 1 && a[1] != b[1]) {
        const auto [i, j] = AlikeAt(a, b);
        if (i + j > 2 && Misread(a.substr(i), b.substr(j), budget - 1)) {
          return true;
        }
      }
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (budget == 0) return false;
    const auto [i, j] = AlikeAt(a, b);
    if (i == 0) return false;
    a.remove_prefix(i);
    b.remove_prefix(j);
    --budget;
  }
}

// One insertion, deletion, replacement or swap of neighbours.
bool Mistyped(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1) return false;
  std::size_t head = 0;
  while (head < a.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  const std::size_t left = a.size() - head - tail;
  const std::size_t right = b.size() - head - tail;
  if (left <= 1 && right <= 1) return true;
  return left == 2 && right == 2 && a[head] == b[head + 1] &&
         a[head + 1] == b[head];
}

}  // namespace

Garble GarbleOf(std::string_view a, std::string_view b) {
  const bool digits_a = std::ranges::any_of(a, IsDigit);
  const bool digits_b = std::ranges::any_of(b, IsDigit);
  if (digits_a && digits_b) return Garble::kNone;
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer < 2) return Garble::kNone;
  const int budget = longer < 5 ? 1 : longer < 9 ? 2 : 3;
  if (Misread(a, b, budget)) return Garble::kMisread;
  if (digits_a || digits_b || std::min(a.size(), b.size()) < 4) {
    return Garble::kNone;
  }
  return Mistyped(a, b) ? Garble::kMistyped : Garble::kNone;
}

void ForLookAlikes(std::string_view form,
                   const std::function<void(std::string_view)>& f) {
  std::string other;
  for (std::size_t at = 0; at < form.size(); ++at) {
    const auto replace = [&](std::string_view seen, std::string_view meant) {
      if (!form.substr(at).starts_with(seen)) return;
      other.assign(form.substr(0, at));
      other.append(meant).append(form.substr(at + seen.size()));
      f(other);
    };
    for (const auto& [one, another] : kAlike) {
      replace(one, another);
      replace(another, one);
    }
  }
}

}  // namespace stemma
