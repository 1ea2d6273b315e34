#include "core/meta_refresh.h"

#include <algorithm>

namespace stemma {
namespace {

constexpr std::string_view kSpaces = " \t\n\f\r";
constexpr int kMaxSeconds = 1'000'000'000;

void SkipAny(std::string_view* text, std::string_view set) {
  text->remove_prefix(std::min(text->find_first_not_of(set), text->size()));
}

bool TakeAny(std::string_view* text, std::string_view set) {
  if (text->empty() || set.find(text->front()) == std::string_view::npos) {
    return false;
  }
  text->remove_prefix(1);
  return true;
}

// Skips "url =", any case; false, having moved or not, when it is not there.
bool TakeUrlKey(std::string_view* text) {
  if (!TakeAny(text, "uU") || !TakeAny(text, "rR") || !TakeAny(text, "lL")) {
    return false;
  }
  SkipAny(text, kSpaces);
  if (!TakeAny(text, "=")) return false;
  SkipAny(text, kSpaces);
  return true;
}

std::string_view Unquoted(std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) return text;
  return text.substr(1, text.find(text[0], 1) - 1);
}

std::string_view UrlOf(std::string_view rest) {
  std::string_view after_key = rest;
  if (TakeUrlKey(&after_key)) return Unquoted(after_key);
  // Text that begins like the key, but is not, is a URL as it stands.
  const bool begins_like_key = rest[0] == 'u' || rest[0] == 'U';
  return begins_like_key ? rest : Unquoted(rest);
}

}  // namespace

std::optional<MetaRefresh> ParseMetaRefresh(std::string_view content) {
  MetaRefresh refresh;
  std::string_view rest = content;
  SkipAny(&rest, kSpaces);
  bool has_digits = false;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
    has_digits = true;
    refresh.seconds =
        static_cast<int>(std::min(10LL * refresh.seconds + (rest[0] - '0'),
                                  static_cast<long long>(kMaxSeconds)));
    rest.remove_prefix(1);
  }
  if (!has_digits && !rest.starts_with('.')) return std::nullopt;
  SkipAny(&rest, "0123456789.");
  if (rest.empty()) return refresh;
  if (rest[0] != ';' && rest[0] != ',' &&
      kSpaces.find(rest[0]) == std::string_view::npos) {
    return std::nullopt;
  }
  SkipAny(&rest, kSpaces);
  TakeAny(&rest, ";,");
  SkipAny(&rest, kSpaces);
  if (!rest.empty()) refresh.url = UrlOf(rest);
  return refresh;
}

}  // namespace stemma
