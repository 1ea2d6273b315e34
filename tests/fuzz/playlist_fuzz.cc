#include "core/utf8.h"
#include "fetch/playlist.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(playlist) {
  constexpr PlaylistLimits kLimits{.max_bytes = 1 << 20, .max_files = 20};
  const Url base = *Url::Parse("https://site.example/v/list");
  for (const auto& read : {ReadHls, ReadDash}) {
    const Result<Playlist> list = read(bytes, base, kLimits);
    if (!list) continue;
    Require(list->files.size() <= kLimits.max_files, "the limit holds");
    for (const Url& url : list->files) {
      Require(Url::Parse(url.Href()).has_value(), "a file has an address");
    }
    for (const Url& url : list->next) {
      Require(Url::Parse(url.Href()).has_value(), "a playlist has an address");
    }
    Require(ValidUtf8(list->choice) == list->choice, "the choice is text");
  }
}

}  // namespace stemma::fuzz
