#include "tests/archive/test_authority.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>

namespace stemma {
namespace {

void Require(bool fine) {
  if (!fine) {
    ERR_print_errors_fp(stderr);
    std::abort();
  }
}

std::time_t Seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time)
      .time_since_epoch()
      .count();
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text);
  Require(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* NewCertificate(long serial, const char* name, EVP_PKEY* key,
                     TimePoint from, TimePoint until) {
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  ASN1_TIME_set(X509_getm_notBefore(certificate), Seconds(from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), Seconds(until));
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

std::string PemOf(X509* certificate) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return pem;
}

ASN1_INTEGER* NextSerial(TS_RESP_CTX*, void*) {
  ASN1_INTEGER* serial = ASN1_INTEGER_new();
  ASN1_INTEGER_set(serial, 4711);
  return serial;
}

int GiveTime(TS_RESP_CTX*, void* at, long* seconds, long* micros) {
  const auto time = *static_cast<const TimePoint*>(at);
  *seconds = Seconds(time);
  *micros = 0;
  return 1;
}

}  // namespace

struct TestAuthority::State {
  EVP_PKEY* root_key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  EVP_PKEY* unit_key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* root = nullptr;
  X509* unit = nullptr;
  std::string ca_pem, unit_pem;

  ~State() {
    X509_free(unit);
    X509_free(root);
    EVP_PKEY_free(unit_key);
    EVP_PKEY_free(root_key);
  }
};

TestAuthority::TestAuthority(TimePoint from, TimePoint until)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.root = NewCertificate(1, "Test Root", s.root_key, *ParseTime("2000-01-01"),
                          *ParseTime("2049-01-01"));
  X509_set_issuer_name(s.root, X509_get_subject_name(s.root));
  AddExtension(s.root, s.root, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(s.root, s.root, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(s.root, s.root, NID_subject_key_identifier, "hash");
  Require(X509_sign(s.root, s.root_key, EVP_sha256()) > 0);

  s.unit = NewCertificate(2, "Test Unit", s.unit_key, from, until);
  X509_set_issuer_name(s.unit, X509_get_subject_name(s.root));
  AddExtension(s.unit, s.root, NID_basic_constraints, "CA:FALSE");
  AddExtension(s.unit, s.root, NID_key_usage, "critical,digitalSignature");
  AddExtension(s.unit, s.root, NID_ext_key_usage, "critical,timeStamping");
  AddExtension(s.unit, s.root, NID_subject_key_identifier, "hash");
  AddExtension(s.unit, s.root, NID_authority_key_identifier, "keyid");
  Require(X509_sign(s.unit, s.root_key, EVP_sha256()) > 0);
  s.ca_pem = PemOf(s.root);
  s.unit_pem = PemOf(s.unit);
}

TestAuthority::~TestAuthority() = default;
TestAuthority::TestAuthority(TestAuthority&&) noexcept = default;

const std::string& TestAuthority::ca_pem() const { return state_->ca_pem; }
const std::string& TestAuthority::unit_pem() const { return state_->unit_pem; }

std::string TestAuthority::Revocation() const {
  X509_CRL* list = X509_CRL_new();
  X509_CRL_set_version(list, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(state_->root));
  ASN1_TIME* time = ASN1_TIME_set(nullptr, Seconds(*ParseTime("2026-01-01")));
  X509_CRL_set1_lastUpdate(list, time);
  X509_CRL_set1_nextUpdate(list, time);
  X509_REVOKED* entry = X509_REVOKED_new();
  X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(state_->unit));
  X509_REVOKED_set_revocationDate(entry, time);
  ASN1_ENUMERATED* reason = ASN1_ENUMERATED_new();
  ASN1_ENUMERATED_set(reason, CRL_REASON_KEY_COMPROMISE);
  X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
  ASN1_ENUMERATED_free(reason);
  X509_CRL_add0_revoked(list, entry);
  ASN1_TIME_free(time);
  Require(X509_CRL_sign(list, state_->root_key, EVP_sha256()) > 0);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509_CRL(out, list);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_CRL_free(list);
  return pem;
}

std::string TestAuthority::Answer(std::string_view query, TimePoint at) const {
  TS_RESP_CTX* context = TS_RESP_CTX_new();
  Require(TS_RESP_CTX_set_signer_cert(context, state_->unit) == 1);
  TS_RESP_CTX_set_signer_key(context, state_->unit_key);
  TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
  TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256());
  ASN1_OBJECT* policy = OBJ_txt2obj("1.2.3.4.1", 1);
  TS_RESP_CTX_set_def_policy(context, policy);
  ASN1_OBJECT_free(policy);
  for (const EVP_MD* digest : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
    TS_RESP_CTX_add_md(context, digest);
  }
  TS_RESP_CTX_set_accuracy(context, 1, 0, 0);
  TS_RESP_CTX_set_serial_cb(context, NextSerial, nullptr);
  TS_RESP_CTX_set_time_cb(context, GiveTime, &at);
  BIO* in = BIO_new_mem_buf(query.data(), static_cast<int>(query.size()));
  TS_RESP* response = TS_RESP_create_response(context, in);
  Require(response != nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_TS_RESP(response, &der);
  std::string bytes(reinterpret_cast<const char*>(der),
                    static_cast<std::size_t>(size));
  OPENSSL_free(der);
  TS_RESP_free(response);
  BIO_free(in);
  TS_RESP_CTX_free(context);
  return bytes;
}

}  // namespace stemma
