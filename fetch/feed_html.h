// The HTML that travels inside feeds: made absolute and harmless, otherwise
// left alone. A tokenizer, not a parser: it neither adds nor moves elements.
#pragma once

#include <string>
#include <string_view>

#include "fetch/xml.h"

namespace stemma {

// Resolves an address against a base, both as text. Absolute addresses stay as
// they are written; what cannot be resolved stays, too.
std::string ResolveFeedUrl(std::string_view address, std::string_view base);

// `html` with lower-case tags, attributes sorted and quoted, addresses
// resolved; comments, scripts, styles, frames, forms and on* handlers removed.
std::string CleanFeedHtml(std::string_view html, std::string_view base);

// Whether plain text is in truth HTML: it closes a known tag or uses only
// known entities.
bool LooksLikeHtml(std::string_view text);

// The content of `element` as markup.
std::string MarkupOf(const XmlElement& element);

}  // namespace stemma
