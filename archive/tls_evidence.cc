#include "archive/tls_evidence.h"

#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "archive/x509_text.h"
#include "core/c_handle.h"
#include "core/digest.h"

namespace stemma {
namespace {

constexpr int kMaxScts = 16;
// The clocks of a responder and of ours may differ by this much.
constexpr auto kClockSlack = std::chrono::minutes(5);

void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

using Certificate = CHandle<X509, X509_free>;
using SctList = CHandle<STACK_OF(SCT), SCT_LIST_free>;
using BasicResponse = CHandle<OCSP_BASICRESP, OCSP_BASICRESP_free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Certificate CertificateOf(std::string_view der) {
  const unsigned char* at = Bytes(der);
  return Certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

BasicResponse ResponseOf(std::string_view staple) {
  const unsigned char* at = Bytes(staple);
  const CHandle<OCSP_RESPONSE, OCSP_RESPONSE_free> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(staple.size())));
  if (!response || at != Bytes(staple) + staple.size() ||
      OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return nullptr;
  }
  return BasicResponse(OCSP_response_get1_basic(response.get()));
}

void Take(const STACK_OF(SCT) * list, const char* from,
          std::vector<SctFacts>& to) {
  const int count = std::min(sk_SCT_num(list), kMaxScts);
  for (int i = 0; i < count; ++i) {
    const SCT* sct = sk_SCT_value(list, i);
    unsigned char* id = nullptr;
    const std::size_t size = SCT_get0_log_id(sct, &id);
    const std::uint64_t millis = SCT_get_timestamp(sct);
    // Later than the year 9999: no time at all.
    constexpr std::uint64_t kMaxMillis = 253'402'300'799'999;
    if (SCT_get_version(sct) != SCT_VERSION_V1 || millis > kMaxMillis) continue;
    to.push_back({HexOf({reinterpret_cast<const char*>(id), size}),
                  TimePoint(std::chrono::milliseconds(millis)), from});
  }
}

// The responder's answer about `leaf`; its id may be made with either digest.
OCSP_SINGLERESP* AnswerFor(OCSP_BASICRESP* response, X509* leaf, X509* issuer) {
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
    const CHandle<OCSP_CERTID, OCSP_CERTID_free> id(
        OCSP_cert_to_id(digest, leaf, issuer));
    const int at = id ? OCSP_resp_find(response, id.get(), -1) : -1;
    if (at >= 0) return OCSP_resp_get0(response, at);
  }
  return nullptr;
}

// Signed by the issuer, or by someone the issuer let answer?
bool SignedFor(OCSP_BASICRESP* response, X509* issuer, TimePoint at) {
  const CHandle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const CHandle<STACK_OF(X509), FreeStack> known(sk_X509_new_null());
  if (!store || !known) return false;
  X509_STORE_add_cert(store.get(), issuer);
  sk_X509_push(known.get(), issuer);
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(
      rules,
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  return OCSP_basic_verify(response, known.get(), store.get(), 0) == 1;
}

}  // namespace

std::vector<SctFacts> ReadScts(std::string_view leaf, std::string_view sct_list,
                               std::string_view staple) {
  std::vector<SctFacts> found;
  if (const Certificate certificate = CertificateOf(leaf)) {
    const SctList list(static_cast<STACK_OF(SCT)*>(X509_get_ext_d2i(
        certificate.get(), NID_ct_precert_scts, nullptr, nullptr)));
    if (list) Take(list.get(), "certificate", found);
  }
  const unsigned char* at = Bytes(sct_list);
  const SctList sent(
      sct_list.empty() ? nullptr : o2i_SCT_LIST(nullptr, &at, sct_list.size()));
  if (sent) Take(sent.get(), "handshake", found);
  if (const BasicResponse response = ResponseOf(staple)) {
    // A staple answers for one certificate.
    if (OCSP_resp_count(response.get()) > 0) {
      const SctList list(static_cast<STACK_OF(SCT)*>(
          OCSP_SINGLERESP_get1_ext_d2i(OCSP_resp_get0(response.get(), 0),
                                       NID_ct_cert_scts, nullptr, nullptr)));
      if (list) Take(list.get(), "ocsp", found);
    }
  }
  ERR_clear_error();
  return found;
}

Result<OcspFacts> ReadOcsp(std::string_view staple, std::string_view leaf,
                           std::string_view issuer, TimePoint at) {
  const BasicResponse response = ResponseOf(staple);
  const Certificate certificate = CertificateOf(leaf);
  const Certificate by = CertificateOf(issuer);
  OCSP_SINGLERESP* answer =
      response && certificate && by
          ? AnswerFor(response.get(), certificate.get(), by.get())
          : nullptr;
  ERR_clear_error();
  if (answer == nullptr) {
    return Error(ErrorCode::kMalformed,
                 "no OCSP answer about this certificate");
  }
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  const int status =
      OCSP_single_get0_status(answer, nullptr, nullptr, &from, &until);
  OcspFacts facts;
  facts.status = status == V_OCSP_CERTSTATUS_GOOD      ? "good"
                 : status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
                                                       : "unknown";
  facts.this_update = TimeOf(from);
  facts.next_update = TimeOf(until);
  if (!SignedFor(response.get(), by.get(), at)) {
    facts.fault = "not signed by or for the issuer of the certificate";
  } else if (!facts.this_update || at + kClockSlack < *facts.this_update ||
             (facts.next_update && at > *facts.next_update + kClockSlack)) {
    facts.fault = "not made for that time";
  }
  ERR_clear_error();
  return facts;
}

}  // namespace stemma
