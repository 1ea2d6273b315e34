// What to do about a redirect: where it leads, by which method, or why it is
// not followed. Every hop is an exchange of its own and is kept as such.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/capture.h"
#include "core/url.h"
#include "fetch/address_policy.h"

namespace stemma {

struct Redirect {
  // The next URL, without credentials; absent when it is not followed.
  std::optional<Url> url;
  std::string method;
  // When there is a target that is not followed: "scheme is ftp", "address is
  // not public", "port 22 is not for HTTP".
  std::string refused;
};

// Judges the response `exchange` to a `method` request for `base`.
// RFC 9110 15.4: 303 turns all but HEAD into GET, 301 and 302 turn POST into
// GET, 307 and 308 keep the method; 300, 304, 305 and 306 are not followed.
// A host that is an address must be one `policy` allows; names are judged when
// their addresses are known, by the fetcher.
Redirect JudgeRedirect(std::string_view method, const Exchange& exchange,
                       const Url& base, const AddressPolicy& policy);

}  // namespace stemma
