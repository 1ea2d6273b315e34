// The frame that every page and report of ours shares: one style, light and
// dark, wide and narrow, screen and paper; no script; a policy that forbids
// loading anything from elsewhere.
#pragma once

#include <string>
#include <string_view>

namespace stemma {

// What a page may load: nothing but images that are part of it, or, on the
// local review site, images of the same site.
enum class PageImages { kEmbedded, kSameSite };

// `title` is untrusted text; `body` is HTML made by us. `footer` is printed on
// each sheet of paper beside its number: letters, digits, ':', '.', '-' and
// spaces, all else is left out.
std::string HtmlPage(std::string_view title, std::string_view body,
                     PageImages images = PageImages::kEmbedded,
                     std::string_view footer = {});

}  // namespace stemma
