#include "article/phrases.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/url.h"
#include "core/utf8.h"

namespace stemma {

std::string LowerForPhrases(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    if (c == '\n') {
      out += ' ';
    } else if (c < 0x80) {
      out += Lower(static_cast<char>(c));
    } else if (c == 0x2018 || c == 0x2019 || c == 0x02BC) {
      out += '\'';
    } else {
      AppendUtf8(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))),
                 &out);
    }
  }
  return out;
}

namespace {

std::size_t KeyAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) * 256U +
         static_cast<unsigned char>(text[at + 1]);
}

}  // namespace

void PhraseIndex::Add(std::string_view words, std::uint16_t number) {
  if (words.size() < 2) {
    always_.push_back(number);
    return;
  }
  std::uint16_t& bucket = of_key_[KeyAt(words, 0)];
  if (bucket == 0) {
    bucket = static_cast<std::uint16_t>(buckets_.size());
    buckets_.emplace_back();
  }
  buckets_[bucket].emplace_back(words, number);
}

std::vector<std::uint16_t> PhraseIndex::In(std::string_view lower) const {
  std::vector<std::uint16_t> found = always_;
  for (std::size_t at = 0; at + 2 <= lower.size(); ++at) {
    for (const auto& [words, number] : buckets_[of_key_[KeyAt(lower, at)]]) {
      if (lower.substr(at).starts_with(words)) found.push_back(number);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string SiteOf(std::string_view url) {
  const Result<Url> parsed = Url::Parse(url);
  if (!parsed || !parsed->IsHttp()) return {};
  std::string host = parsed->host();
  if (host.empty() || host.front() == '[' ||
      host.find_first_not_of("0123456789.") == std::string::npos) {
    return host;
  }
  const std::size_t last = host.rfind('.');
  if (last == std::string::npos || last == 0) return host;
  const std::size_t second = host.rfind('.', last - 1);
  if (second == std::string::npos) return host;
  const std::string_view registry =
      std::string_view(host).substr(second + 1, last - second - 1);
  bool registrys = false;
  for (const std::string_view name : {"co", "com", "org", "net", "gov", "ac",
                                      "edu", "or", "ne", "go", "gob"}) {
    registrys = registrys || (registry == name && host.size() - last == 3);
  }
  if (!registrys) return host.substr(second + 1);
  const std::size_t third =
      second == 0 ? std::string::npos : host.rfind('.', second - 1);
  return third == std::string::npos ? host : host.substr(third + 1);
}

}  // namespace stemma
