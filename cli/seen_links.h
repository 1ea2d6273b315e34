// Links are met many times over: what a run has passed to its frontier stays
// at hand, so that most of them are never parsed nor looked up again.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace stemma::cli {

// Thread-safe. Holds some ten thousand links; when full, it begins anew, and
// the frontier is asked once more.
class SeenLinks {
 public:
  // Whether `url` (as written, without fragment) was passed on from as near a
  // seed, and as urgently, as this.
  bool Has(std::string_view url, int depth, int priority) const;
  void Note(std::string_view url, int depth, int priority);

 private:
  struct Link {
    std::string url;
    mutable int depth, priority;  // the best so far
  };
  struct ByUrl {
    using is_transparent = void;
    static std::string_view Of(const Link& link) { return link.url; }
    static std::string_view Of(std::string_view url) { return url; }
    std::size_t operator()(const auto& key) const {
      return std::hash<std::string_view>()(Of(key));
    }
    bool operator()(const auto& a, const auto& b) const {
      return Of(a) == Of(b);
    }
  };

  mutable std::mutex mutex_;
  std::unordered_set<Link, ByUrl, ByUrl> links_;
};

}  // namespace stemma::cli
