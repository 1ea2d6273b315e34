#include "core/srcset.h"

#include <gtest/gtest.h>

#include "core/meta_refresh.h"

namespace stemma {
namespace {

std::vector<std::string> Urls(std::string_view value) {
  std::vector<std::string> urls;
  for (const ImageCandidate& c : ParseSrcset(value)) urls.push_back(c.url);
  return urls;
}

using Strings = std::vector<std::string>;

TEST(ParseSrcset, FindsEveryCandidate) {
  EXPECT_EQ(Urls("a.jpg"), Strings{"a.jpg"});
  EXPECT_EQ(Urls("a.jpg 320w, b.jpg 640w,c.jpg 1280w"),
            (Strings{"a.jpg", "b.jpg", "c.jpg"}));
  EXPECT_EQ(Urls("a.jpg, b.jpg 2x"), (Strings{"a.jpg", "b.jpg"}));
  EXPECT_EQ(Urls(" ,, a,b.jpg 1x ,"), Strings{"a,b.jpg"});
  EXPECT_EQ(Urls("data:image/png;base64,AAA= 1x, b 2x"),
            (Strings{"data:image/png;base64,AAA=", "b"}));
  EXPECT_EQ(Urls("a (b, c), d"), Strings{"d"});
  EXPECT_EQ(Urls(""), Strings{});
}

TEST(ParseSrcset, ReadsDescriptors) {
  const auto candidates = ParseSrcset("a 100w 50h, b 1.5x, c .5x, d 1e3x");
  ASSERT_EQ(candidates.size(), 4U);
  EXPECT_EQ(candidates[0].width, 100);
  EXPECT_EQ(candidates[0].height, 50);
  EXPECT_EQ(candidates[1].density, 1.5);
  EXPECT_EQ(candidates[2].density, .5);
  EXPECT_EQ(candidates[3].density, 1000);
}

TEST(ParseSrcset, DropsCandidatesWhoseDescriptorsMakeNoSense) {
  for (const std::string_view value :
       {"a 0w", "a -1w", "a 1w 1w", "a 1x 1w", "a 50h", "a 1.x", "a +1x",
        "a infx", "a nanx", "a -1x", "a w", "a x", "a 1", "a 1W", "a (1x)"}) {
    EXPECT_EQ(Urls(value), Strings{}) << value;
  }
  EXPECT_EQ(Urls("a 99999999999999999999w"), Strings{"a"});
}

TEST(ParseMetaRefresh, ReadsWhatBrowsersRead) {
  const struct {
    std::string_view content;
    std::optional<MetaRefresh> refresh;
  } cases[] = {
      {"5", MetaRefresh{5, ""}},
      {"0;url=/next", MetaRefresh{0, "/next"}},
      {"0; URL = '/next' x", MetaRefresh{0, "/next"}},
      {"0; \"/next", MetaRefresh{0, "/next"}},
      {"3.7 /next", MetaRefresh{3, "/next"}},
      {".5; url=a", MetaRefresh{0, "a"}},
      {"0;urlx", MetaRefresh{0, "urlx"}},
      {"0;url", MetaRefresh{0, "url"}},
      {"99999999999", MetaRefresh{1'000'000'000, ""}},
      {"5x;url=/next", std::nullopt},
      {"-1", std::nullopt},
      {"url=/next", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ParseMetaRefresh(c.content), c.refresh) << c.content;
  }
}

}  // namespace
}  // namespace stemma
