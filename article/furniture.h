// Words that mark a block as furniture of a site rather than article, in more
// than twenty languages.
#pragma once

#include <string_view>

namespace stemma {

enum class Furniture {
  kNone,
  kShare,       // "Share this", "Follow us on Twitter"
  kRelated,     // "Read also:", "More on this topic"
  kNewsletter,  // "Sign up for our newsletter"
  kComments,    // "Leave a comment", "3 comments"
  kCookies,     // "We use cookies"
  kAdvert,      // "Advertisement"
  kRights,      // "All rights reserved"
  kCredit,      // "Photo: X"
  kAppeal,      // "Support us", "Subscribe"
  kLoading,     // "Loading...", "Enable JavaScript"
  kNotice,      // "Disclaimer: ...", "... may contain affiliate links"
};
std::string_view NameOf(Furniture furniture);

// What a whole block is by its words; long prose is never furniture, but may be
// a notice of law or trade.
Furniture FurnitureOf(std::string_view text);

// Whether a short text opens the comments of readers: "Comments (3)",
// "34 responses to ...", "Leave a Reply".
bool OpensComments(std::string_view text);

// Whether a text ends or begins as picture credits do: "(Image: GETTY)",
// "Image copyright EPA", "Foto: dpa", "(AP Photo/Jane Doe)".
bool NamesPictureOwner(std::string_view text);

}  // namespace stemma
