#include "archive/x509_text.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "core/c_handle.h"

namespace stemma {

std::string NameText(const X509_NAME* name) {
  const CHandle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
  if (!out) return {};
  X509_NAME_print_ex(out.get(), name, 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

std::optional<TimePoint> TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return std::nullopt;
  }
  return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace stemma
