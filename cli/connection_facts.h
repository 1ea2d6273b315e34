// What an event says of the connection that carried the bytes: addresses,
// protocol, the digests of what the peer showed of itself.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/capture.h"
#include "core/time.h"

namespace stemma::cli {

// `at`: when it was made; the OCSP staple is judged at this time.
nlohmann::json ConnectionFacts(const Connection& connection, TimePoint at);

}  // namespace stemma::cli
