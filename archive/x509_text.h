// What certificates and timestamps say in OpenSSL's types, as our own values.
#pragma once

#include <optional>
#include <string>

#include "core/time.h"

struct asn1_string_st;
struct X509_name_st;

namespace stemma {

// A name as RFC 2253 writes it, in UTF-8.
std::string NameText(const X509_name_st* name);

// A UTCTime or GeneralizedTime; nullopt for null and for what is no time.
std::optional<TimePoint> TimeOf(const asn1_string_st* time);

}  // namespace stemma
