#include "archive/tsa.h"

#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "archive/der.h"
#include "archive/x509_text.h"
#include "core/ascii.h"
#include "core/c_handle.h"
#include "core/digest.h"

namespace stemma {
namespace {

using Response = CHandle<TS_RESP, TS_RESP_free>;
using Request = CHandle<TS_REQ, TS_REQ_free>;
using VerifyContext = CHandle<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;
using Certificate = CHandle<X509, X509_free>;
using RevocationList = CHandle<X509_CRL, X509_CRL_free>;
using Memory = CHandle<BIO, BIO_free>;

// Longer than any answer of an authority with a full chain.
constexpr std::size_t kMaxResponse = std::size_t{1} << 20;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string TextOf(const ASN1_STRING* string) {
  if (string == nullptr) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// Magnitude as hex, of any length: nonces may have 160 bits.
std::string HexOfInteger(const ASN1_INTEGER* integer) {
  return integer == nullptr ? std::string() : HexOf(TextOf(integer));
}

std::string Oid(const ASN1_OBJECT* object) {
  std::array<char, 128> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return text.data();
}

// RFC 3161 2.4.2: "YYYYMMDDhhmmss[.s...]Z" and a time that exists.
std::optional<TimePoint> ParseGenTime(std::string_view text) {
  if (text.size() < 15 || text.back() != 'Z') return std::nullopt;
  std::string_view fraction = text.substr(14, text.size() - 15);
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() < 2) return std::nullopt;
    fraction.remove_prefix(1);
  }
  const auto all_digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), IsDigit);
  };
  if (!all_digits(text.substr(0, 14)) || !all_digits(fraction)) {
    return std::nullopt;
  }
  std::optional<TimePoint> time = Parse14(text.substr(0, 14));
  if (!time) return std::nullopt;
  int millis = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    millis = millis * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  return *time + std::chrono::milliseconds(millis);
}

// --- Reading --------------------------------------------------------------

struct Stop {
  std::string code, why;
};

// The response, when it is exactly one DER TimeStampResp; else why not. Each
// kind of wrong file gets its own message, because each has its own remedy.
Response ParseResponse(std::string_view bytes, Stop& stop) {
  if (bytes.empty()) {
    stop = {"empty", "the file is empty"};
    return nullptr;
  }
  if (bytes.size() > kMaxResponse) {
    stop = {"not-a-response", "more than a megabyte"};
    return nullptr;
  }
  if (static_cast<unsigned char>(bytes[0]) != 0x30) {
    stop = {"not-a-response",
            "no DER: the authority answered with something else, perhaps an "
            "HTML page"};
    return nullptr;
  }
  const std::optional<std::size_t> claimed = DerElementSize(bytes);
  if (claimed && *claimed > bytes.size()) {
    stop = {"truncated", std::to_string(bytes.size()) + " bytes of " +
                             std::to_string(*claimed)};
    return nullptr;
  }
  const unsigned char* at = Bytes(bytes);
  Response response(d2i_TS_RESP(nullptr, &at, static_cast<long>(bytes.size())));
  if (!response) {
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const bool no_token = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_TS &&
                          reason == TS_R_TOKEN_NOT_PRESENT;
    if (no_token) {
      stop = {"token-missing", "granted, but there is no token"};
      return nullptr;
    }
    const unsigned char* again = Bytes(bytes);
    const CHandle<PKCS7, PKCS7_free> bare(
        d2i_PKCS7(nullptr, &again, static_cast<long>(bytes.size())));
    if (bare) {
      stop = {"bare-token",
              "a TimeStampToken without the response around it (openssl ts "
              "reads it with -token_in)"};
    } else {
      stop = {"not-a-response", "no TimeStampResp"};
    }
    return nullptr;
  }
  if (at != Bytes(bytes) + bytes.size()) {
    stop = {"trailing-bytes", "bytes follow the response"};
    return nullptr;
  }
  unsigned char* encoded = nullptr;
  const int size = i2d_TS_RESP(response.get(), &encoded);
  const bool same = size == static_cast<int>(bytes.size()) &&
                    std::memcmp(encoded, bytes.data(), bytes.size()) == 0;
  OPENSSL_free(encoded);
  if (!same || !IsDer(bytes)) {
    stop = {"not-der", "the encoding is not DER"};
    return nullptr;
  }
  return response;
}

// TSTInfo lies in an OCTET STRING, so its own encoding is checked apart.
bool TstInfoIsDer(PKCS7* token) {
  ASN1_OCTET_STRING* content = PKCS7_get_octet_string(
      token->d.sign != nullptr ? token->d.sign->contents : nullptr);
  if (content == nullptr && token->d.sign != nullptr &&
      token->d.sign->contents->d.other != nullptr &&
      token->d.sign->contents->d.other->type == V_ASN1_OCTET_STRING) {
    content = token->d.sign->contents->d.other->value.octet_string;
  }
  if (content == nullptr) return false;
  return IsDer(TextOf(content));
}

X509* SignerIn(PKCS7* token, STACK_OF(X509) * untrusted) {
  STACK_OF(X509)* signers = PKCS7_get0_signers(token, untrusted, 0);
  if (signers == nullptr) return nullptr;
  X509* signer =
      sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : nullptr;
  sk_X509_free(signers);
  return signer;
}

std::string AccuracyText(const TS_ACCURACY* accuracy) {
  if (accuracy == nullptr) return {};
  const auto part = [](const ASN1_INTEGER* value) {
    return value == nullptr ? 0L : ASN1_INTEGER_get(value);
  };
  const long micros = part(TS_ACCURACY_get_seconds(accuracy)) * 1'000'000 +
                      part(TS_ACCURACY_get_millis(accuracy)) * 1'000 +
                      part(TS_ACCURACY_get_micros(accuracy));
  std::string fraction = std::to_string(micros % 1'000'000);
  fraction.insert(0, 6 - std::min<std::size_t>(6, fraction.size()), '0');
  while (fraction.size() > 3 && fraction.ends_with('0')) fraction.pop_back();
  return std::to_string(micros / 1'000'000) + "." + fraction + " s";
}

TimestampFacts FactsOf(TS_TST_INFO* info) {
  TimestampFacts facts;
  facts.gen_time_text = TextOf(TS_TST_INFO_get_time(info));
  if (const auto time = ParseGenTime(facts.gen_time_text)) {
    facts.gen_time = *time;
  }
  facts.policy = Oid(TS_TST_INFO_get_policy_id(info));
  facts.serial = HexOfInteger(TS_TST_INFO_get_serial(info));
  facts.nonce = HexOfInteger(TS_TST_INFO_get_nonce(info));
  facts.accuracy = AccuracyText(TS_TST_INFO_get_accuracy(info));
  facts.ordering = TS_TST_INFO_get_ordering(info) != 0;
  TS_MSG_IMPRINT* imprint = TS_TST_INFO_get_msg_imprint(info);
  facts.imprint = HexOf(TextOf(TS_MSG_IMPRINT_get_msg(imprint)));
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr,
                  TS_MSG_IMPRINT_get_algo(imprint));
  facts.imprint_algorithm = Oid(algorithm);
  switch (OBJ_obj2nid(algorithm)) {
    case NID_sha1:
      facts.imprint_algorithm = "sha1";
      break;
    case NID_sha256:
      facts.imprint_algorithm = "sha256";
      break;
    case NID_sha384:
      facts.imprint_algorithm = "sha384";
      break;
    case NID_sha512:
      facts.imprint_algorithm = "sha512";
      break;
    default:
      break;
  }
  facts.revocation = "not checked";
  return facts;
}

void AddSigner(X509* signer, TimestampFacts& facts) {
  facts.tsa_name = NameText(X509_get_subject_name(signer));
  facts.unit_not_before = TimeOf(X509_get0_notBefore(signer));
  facts.unit_not_after = TimeOf(X509_get0_notAfter(signer));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(signer, EVP_sha256(), digest.data(), &size) == 1) {
    facts.unit_sha256 =
        HexOf({reinterpret_cast<const char*>(digest.data()), size});
  }
}

// --- Judging --------------------------------------------------------------

struct TrustStore {
  std::vector<Certificate> certificates;  // owners
  std::vector<RevocationList> lists;
  CHandle<X509_STORE, X509_STORE_free> store{X509_STORE_new()};
  STACK_OF(X509) * untrusted = sk_X509_new_null();  // borrows

  TrustStore() = default;
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore() { sk_X509_free(untrusted); }
};

void ReadPem(std::string_view pem, bool trusted, TrustStore& trust) {
  const Memory in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!in) return;
  STACK_OF(X509_INFO)* items =
      PEM_X509_INFO_read_bio(in.get(), nullptr, nullptr, nullptr);
  for (int i = 0; i < sk_X509_INFO_num(items); ++i) {
    X509_INFO* item = sk_X509_INFO_value(items, i);
    if (item->x509 != nullptr) {
      trust.certificates.emplace_back(item->x509);
      X509* certificate = item->x509;
      item->x509 = nullptr;
      if (trusted) {
        X509_STORE_add_cert(trust.store.get(), certificate);
      } else {
        sk_X509_push(trust.untrusted, certificate);
      }
    }
    if (item->crl != nullptr) {
      trust.lists.emplace_back(item->crl);
      item->crl = nullptr;
    }
  }
  sk_X509_INFO_pop_free(items, X509_INFO_free);
  ERR_clear_error();
}

void TrustOwnChain(PKCS7* token, TrustStore& trust) {
  STACK_OF(X509)* inside = token->d.sign->cert;
  for (int i = 0; i < sk_X509_num(inside); ++i) {
    X509_STORE_add_cert(trust.store.get(), sk_X509_value(inside, i));
  }
  X509_STORE_set_flags(trust.store.get(), X509_V_FLAG_PARTIAL_CHAIN);
}

// RFC 3161 4: after a revocation for reasons that leave the key honest, what
// was stamped before still counts; after any other, nothing does.
bool RevokedFor(const X509_REVOKED* entry, TimePoint gen_time) {
  int critical = 0;
  auto* reason = static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &critical, nullptr));
  const long code = reason == nullptr ? -1 : ASN1_ENUMERATED_get(reason);
  ASN1_ENUMERATED_free(reason);
  const bool honest = code == 0 || (code >= 3 && code <= 5);
  const auto when = TimeOf(X509_REVOKED_get0_revocationDate(entry));
  return !honest || !when || gen_time >= *when;
}

// "good", "revoked" or "not checked" for the unit's certificate, by the lists
// at hand that its issuer signed.
std::string Revocation(X509* signer, PKCS7* token, const TrustStore& trust,
                       TimePoint gen_time) {
  std::string answer = "not checked";
  std::vector<X509*> issuers;
  for (const Certificate& c : trust.certificates) issuers.push_back(c.get());
  STACK_OF(X509)* inside = token->d.sign->cert;
  for (int i = 0; i < sk_X509_num(inside); ++i) {
    issuers.push_back(sk_X509_value(inside, i));
  }
  for (const RevocationList& list : trust.lists) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list.get()),
                      X509_get_issuer_name(signer)) != 0) {
      continue;
    }
    const bool signed_by_issuer =
        std::any_of(issuers.begin(), issuers.end(), [&](X509* issuer) {
          return X509_check_issued(issuer, signer) == X509_V_OK &&
                 X509_CRL_verify(list.get(), X509_get0_pubkey(issuer)) == 1;
        });
    if (!signed_by_issuer) continue;
    X509_REVOKED* entry = nullptr;
    if (X509_CRL_get0_by_cert(list.get(), &entry, signer) == 1 &&
        RevokedFor(entry, gen_time)) {
      return "revoked";
    }
    answer = "good";
  }
  return answer;
}

bool HasUnknownCriticalExtension(TS_TST_INFO* info) {
  STACK_OF(X509_EXTENSION)* extensions = TS_TST_INFO_get_exts(info);
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
    if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(extensions, i))) {
      return true;
    }
  }
  return false;
}

// What OpenSSL's queue of errors means, by our names.
Stop ReasonOfFailure(X509* signer, TimePoint gen_time) {
  Stop stop{"signature-invalid", "the token's signature does not verify"};
  const char* data = nullptr;
  int flags = 0;
  unsigned long code = 0;
  while ((code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) !=
         0) {
    const int library = ERR_GET_LIB(code);
    const int reason = ERR_GET_REASON(code);
    const std::string detail = (flags & ERR_TXT_STRING) != 0 ? data : "";
    if (library == ERR_LIB_PKCS7 &&
        reason == PKCS7_R_SIGNER_CERTIFICATE_NOT_FOUND) {
      return {"signer-missing",
              "the unit's certificate is neither in the token nor given"};
    }
    if (library == ERR_LIB_ESS) {
      return {"ess-missing",
              "the signing certificate attribute is missing or names another "
              "certificate"};
    }
    if (library != ERR_LIB_TS) continue;
    switch (reason) {
      case TS_R_CERTIFICATE_VERIFY_ERROR:
        if (const auto from = TimeOf(X509_get0_notBefore(signer));
            from && gen_time < *from) {
          return {"not-yet-valid-at-gentime",
                  "genTime lies before the unit's certificate: " + detail};
        }
        if (const auto until = TimeOf(X509_get0_notAfter(signer));
            until && gen_time > *until) {
          return {"expired-at-gentime",
                  "genTime lies after the unit's certificate ended: " + detail};
        }
        if (detail.find("purpose") != std::string::npos) {
          return {
              "eku",
              "the unit's certificate is not for timestamps alone: " + detail};
        }
        return {"untrusted-root",
                "no chain to the given authorities at genTime: " + detail};
      case TS_R_ESS_SIGNING_CERTIFICATE_ERROR:
      case TS_R_ESS_ADD_SIGNING_CERT_ERROR:
        return {"ess-missing", "no signing certificate attribute"};
      case TS_R_NONCE_MISMATCH:
      case TS_R_NONCE_NOT_RETURNED:
        return {"nonce-differs", "the nonce is not the one of the request"};
      case TS_R_MESSAGE_IMPRINT_MISMATCH:
        return {"imprint-differs", "the token is over other data"};
      case TS_R_POLICY_MISMATCH:
        return {"policy-differs", "the policy is not the one asked for"};
      case TS_R_TSA_NAME_MISMATCH:
      case TS_R_TSA_UNTRUSTED:
        return {"signer-missing",
                "the authority named in the token is not who signed it"};
      case TS_R_THERE_MUST_BE_ONE_SIGNER:
        return {"signature-invalid", "the token has not exactly one signer"};
      default:
        stop.why += std::string(": ") + ERR_reason_error_string(code);
    }
  }
  return stop;
}

// The query, when it is one DER TimeStampReq of version 1.
Request ParseQuery(std::string_view bytes) {
  const unsigned char* at = Bytes(bytes);
  Request request(d2i_TS_REQ(nullptr, &at, static_cast<long>(bytes.size())));
  if (!request || at != Bytes(bytes) + bytes.size() || !IsDer(bytes) ||
      TS_REQ_get_version(request.get()) != 1) {
    return nullptr;
  }
  return request;
}

bool SameImprint(TS_MSG_IMPRINT* a, TS_MSG_IMPRINT* b) {
  unsigned char* first = nullptr;
  unsigned char* second = nullptr;
  const int size_a = i2d_TS_MSG_IMPRINT(a, &first);
  const int size_b = i2d_TS_MSG_IMPRINT(b, &second);
  const bool same =
      size_a > 0 && size_a == size_b &&
      std::memcmp(first, second, static_cast<std::size_t>(size_a)) == 0;
  OPENSSL_free(first);
  OPENSSL_free(second);
  return same;
}

std::optional<DigestAlgorithm> AlgorithmOf(const TimestampFacts& facts) {
  if (facts.imprint_algorithm == "sha256") return DigestAlgorithm::kSha256;
  if (facts.imprint_algorithm == "sha384") return DigestAlgorithm::kSha384;
  if (facts.imprint_algorithm == "sha512") return DigestAlgorithm::kSha512;
  return std::nullopt;
}

// Steps 8 and 10 of the design: what was stamped is what we asked for.
Stop CheckAgainstRequest(TS_TST_INFO* info, const TimestampFacts& facts,
                         const TimestampInput& input) {
  const std::optional<DigestAlgorithm> algorithm = AlgorithmOf(facts);
  if (!algorithm) {
    return {"imprint-alg", "the imprint is " + facts.imprint_algorithm +
                               ", not SHA-256, SHA-384 or SHA-512"};
  }
  if (!input.query && !input.data && !input.digest) {
    return {"imprint-differs", "neither the data nor the request is at hand"};
  }
  if (input.data && DigestOf(*algorithm, *input.data).Hex() != facts.imprint) {
    return {"imprint-differs", "the token is over other data"};
  }
  if (input.digest && HexOf(*input.digest) != facts.imprint) {
    return {"imprint-differs", "the token is over other data"};
  }
  if (!input.query) return {};
  const Request request = ParseQuery(*input.query);
  if (!request) return {"query-malformed", "the request is no TimeStampReq"};
  if (!SameImprint(TS_REQ_get_msg_imprint(request.get()),
                   TS_TST_INFO_get_msg_imprint(info))) {
    return {"imprint-differs", "the token is not over what was asked"};
  }
  const ASN1_INTEGER* asked = TS_REQ_get_nonce(request.get());
  const ASN1_INTEGER* given = TS_TST_INFO_get_nonce(info);
  if (asked != nullptr &&
      (given == nullptr || ASN1_INTEGER_cmp(asked, given) != 0)) {
    return {"nonce-differs", "the nonce is not the one of the request"};
  }
  ASN1_OBJECT* policy = TS_REQ_get_policy_id(request.get());
  if (policy != nullptr &&
      OBJ_cmp(policy, TS_TST_INFO_get_policy_id(info)) != 0) {
    return {"policy-differs", "the policy is not the one asked for"};
  }
  return {};
}

// Signature, signing certificate attribute, chain, purpose: OpenSSL's part.
Stop CheckSignature(TS_RESP* response, X509* signer, TrustStore& trust,
                    TimePoint gen_time) {
  if (!trust.store) return {"untrusted-root", "out of memory"};
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(trust.store.get());
  X509_VERIFY_PARAM_set_time(parameters,
                             std::chrono::floor<std::chrono::seconds>(gen_time)
                                 .time_since_epoch()
                                 .count());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  const VerifyContext context(TS_VERIFY_CTX_new());
  if (!context) return {"untrusted-root", "out of memory"};
  TS_VERIFY_CTX_set_flags(context.get(),
                          TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_SIGNER);
  // The context owns what it is given: both get one more owner.
  X509_STORE_up_ref(trust.store.get());
  TS_VERIFY_CTX_set_store(context.get(), trust.store.get());
  TS_VERIFY_CTX_set_certs(context.get(), X509_chain_up_ref(trust.untrusted));
  ERR_clear_error();
  if (TS_RESP_verify_response(context.get(), response) == 1) return {};
  return ReasonOfFailure(signer, gen_time);
}

Stop Judge(TS_RESP* response, const TimestampInput& input,
           const TimestampTrust& given, TimePoint now,
           std::optional<TimestampFacts>& facts) {
  const ASN1_INTEGER* status =
      TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response));
  const long granted = ASN1_INTEGER_get(status);
  if (granted != 0 && granted != 1) {
    return {"status",
            "the authority refused: status " + std::to_string(granted)};
  }
  PKCS7* token = TS_RESP_get_token(response);
  TS_TST_INFO* info = TS_RESP_get_tst_info(response);
  if (token == nullptr || info == nullptr) {
    return {"token-missing", "granted, but there is no token"};
  }
  facts = FactsOf(info);
  if (!TstInfoIsDer(token)) return {"not-der", "TSTInfo is not DER"};
  if (TS_TST_INFO_get_version(info) != 1) {
    return {"tst-version", "TSTInfo is not of version 1"};
  }
  if (!ParseGenTime(facts->gen_time_text)) {
    return {"gentime-form", "genTime is \"" + facts->gen_time_text + "\""};
  }
  if (facts->gen_time > now + std::chrono::minutes(5)) {
    return {"gentime-future", "genTime lies in the future"};
  }
  if (HasUnknownCriticalExtension(info)) {
    return {"critical-extension",
            "TSTInfo has a critical extension we do not "
            "know"};
  }
  if (Stop stop = CheckAgainstRequest(info, *facts, input);
      !stop.code.empty()) {
    return stop;
  }
  TrustStore trust;
  ReadPem(given.ca_pem, true, trust);
  ReadPem(given.untrusted_pem, false, trust);
  if (given.own_chain) TrustOwnChain(token, trust);
  X509* signer = SignerIn(token, trust.untrusted);
  if (signer == nullptr) {
    ERR_clear_error();
    return {"signer-missing",
            "not exactly one signer with its certificate in the token or "
            "given"};
  }
  AddSigner(signer, *facts);
  if (Stop stop = CheckSignature(response, signer, trust, facts->gen_time);
      !stop.code.empty()) {
    return stop;
  }
  facts->revocation = Revocation(signer, token, trust, facts->gen_time);
  if (facts->revocation == "revoked") {
    return {"revoked", "the unit's certificate was revoked"};
  }
  facts->expired_since = facts->unit_not_after && now > *facts->unit_not_after;
  return {};
}

}  // namespace

Result<std::string> MakeTimestampQuery(std::string_view data,
                                       DigestAlgorithm algorithm,
                                       std::string_view nonce) {
  if (algorithm == DigestAlgorithm::kMd5 ||
      algorithm == DigestAlgorithm::kSha1 || nonce.size() < 8) {
    return Error(
        ErrorCode::kInvalidArgument,
        "timestamp request: SHA-256 or longer, and a nonce of 8 bytes");
  }
  static constexpr std::string_view kOids[] = {
      "", "", "\x60\x86\x48\x01\x65\x03\x04\x02\x01",
      "\x60\x86\x48\x01\x65\x03\x04\x02\x02",
      "\x60\x86\x48\x01\x65\x03\x04\x02\x03"};
  const std::string algorithm_id =
      DerElement(0x30, DerElement(0x06, kOids[static_cast<int>(algorithm)]) +
                           DerElement(0x05, ""));
  const std::string imprint = DerElement(
      0x30, algorithm_id + DerElement(0x04, DigestOf(algorithm, data).bytes));
  return DerElement(0x30, DerElement(0x02, std::string(1, '\1')) + imprint +
                              DerUnsigned(nonce) + DerElement(0x01, "\xFF"));
}

TimestampVerdict VerifyTimestamp(const TimestampInput& input,
                                 const TimestampTrust& trust, TimePoint now) {
  ERR_clear_error();
  TimestampVerdict verdict;
  Stop stop;
  const Response response = ParseResponse(input.response, stop);
  if (response) {
    stop = Judge(response.get(), input, trust, now, verdict.facts);
  }
  ERR_clear_error();
  verdict.code = std::move(stop.code);
  verdict.why = std::move(stop.why);
  return verdict;
}

std::optional<TimestampFacts> ReadTimestamp(std::string_view response) {
  Stop stop;
  const Response parsed = ParseResponse(response, stop);
  ERR_clear_error();
  if (!parsed || TS_RESP_get_tst_info(parsed.get()) == nullptr) {
    return std::nullopt;
  }
  TimestampFacts facts = FactsOf(TS_RESP_get_tst_info(parsed.get()));
  if (X509* signer = SignerIn(TS_RESP_get_token(parsed.get()), nullptr)) {
    AddSigner(signer, facts);
  }
  ERR_clear_error();
  return facts;
}

std::vector<std::string> TokenCertificates(std::string_view response) {
  std::vector<std::string> pems;
  Stop stop;
  const Response parsed = ParseResponse(response, stop);
  if (parsed && TS_RESP_get_token(parsed.get()) != nullptr) {
    STACK_OF(X509)* inside = TS_RESP_get_token(parsed.get())->d.sign->cert;
    for (int i = 0; i < sk_X509_num(inside); ++i) {
      const Memory out(BIO_new(BIO_s_mem()));
      PEM_write_bio_X509(out.get(), sk_X509_value(inside, i));
      char* data = nullptr;
      const long size = BIO_get_mem_data(out.get(), &data);
      pems.emplace_back(data, static_cast<std::size_t>(std::max(size, 0L)));
    }
  }
  ERR_clear_error();
  return pems;
}

}  // namespace stemma
