#include "archive/package_key.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "archive/archive_reader.h"
#include "archive/export.h"
#include "archive/tsa.h"
#include "archive/wacz_auth.h"
#include "core/base64.h"
#include "tests/archive/signed_archive.h"
#include "tests/archive/test_authority.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view kPackage = R"({"resources":[]})";

class PackageKeyTest : public ::testing::Test {
 protected:
  PackageKeyTest() {
    std::string name = (fs::temp_directory_path() / "packageXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~PackageKeyTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  WaczVerdict Judge(const std::string& digest, const WaczTrust& trust = {}) {
    return VerifyWaczSignature(kPackage, digest, trust, now_);
  }

  fs::path dir_;
  TimePoint now_ = *ParseTime("2026-03-01T12:00:00Z");
};

TEST_F(PackageKeyTest, BothCurvesSignWhatAStrictVerifierAccepts) {
  for (const PackageCurve curve : {PackageCurve::kP384, PackageCurve::kP256}) {
    const bool p384 = curve == PackageCurve::kP384;
    const fs::path file = dir_ / (p384 ? "a" : "b");
    ASSERT_TRUE(CreatePackageKey(file, "", curve));
    const auto key = LoadPackageKey(file, {});
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(key->curve, curve);
    const auto digest = SignPackage(kPackage, *key, "stemma/test", now_);
    ASSERT_TRUE(digest) << digest.error().message();
    const WaczVerdict verdict = Judge(*digest);
    EXPECT_EQ(verdict.state, "valid-signed-anonymous") << verdict.why;
    EXPECT_EQ(verdict.key_sha256, key->fingerprint);
    // Replay tools read r || s of P-384, and only that.
    const std::string signature =
        *BytesOfBase64(Json::parse(*digest)["signedData"]["signature"]
                           .get_ref<const std::string&>());
    if (p384) {
      EXPECT_EQ(signature.size(), 96U);
    } else {
      EXPECT_EQ(signature.front(), '\x30');
    }
  }
}

TEST_F(PackageKeyTest, TheFileKeepsTheRulesOfKeyFiles) {
  ASSERT_TRUE(CreatePackageKey(dir_ / "k", "secret", PackageCurve::kP384));
  EXPECT_EQ(fs::status(dir_ / "k").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(CreatePackageKey(dir_ / "k", "secret", PackageCurve::kP384));
  EXPECT_FALSE(LoadPackageKey(dir_ / "k", {}));
  EXPECT_FALSE(LoadPackageKey(
      dir_ / "k", [] { return Result<std::string>(std::string("wrong")); }));
  EXPECT_TRUE(LoadPackageKey(
      dir_ / "k", [] { return Result<std::string>(std::string("secret")); }));
  // A log's key cannot sign a package, and the other way about.
  ASSERT_TRUE(CreateKey(dir_ / "log", "example.org/log", ""));
  EXPECT_FALSE(LoadPackageKey(dir_ / "log", {}));
}

// --- The domain form ---------------------------------------------------------

// A certificate of `key` for `host`, issued by itself; anchors take it as root.
std::string SelfSigned(const fs::path& key_file, const std::string& host,
                       TimePoint from) {
  const auto key = ReadPrivateKey(key_file, {});
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
  const std::time_t at = std::chrono::system_clock::to_time_t(from);
  ASN1_TIME_set(X509_getm_notBefore(certificate), at - 86400);
  ASN1_TIME_set(X509_getm_notAfter(certificate), at + 90 * 86400);
  X509_set_pubkey(certificate, key->get());
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] :
       {std::pair<int, std::string>{NID_subject_alt_name, "DNS:" + host},
        {NID_subject_key_identifier, "hash"},
        {NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key->get(), EVP_sha256());
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(certificate);
  return pem;
}

class DomainFormTest : public PackageKeyTest {
 protected:
  DomainFormTest()
      : authority_(now_ - std::chrono::days(10), now_ + std::chrono::days(10)) {
    const auto key = CreatePackageKey(dir_ / "d", "", PackageCurve::kP256);
    key_ = *key;
    identity_.domain = "archive.example.org";
    identity_.chain_pem = SelfSigned(dir_ / "d", identity_.domain, now_);
    identity_.timestamp = [this](std::string_view data) -> Result<std::string> {
      const auto query = MakeTimestampQuery(data, DigestAlgorithm::kSha256,
                                            std::string(8, '\x11'));
      return authority_.Answer(*query, now_ + late_);
    };
  }
  Result<std::string> Sign() {
    return SignPackageForDomain(kPackage, key_, identity_, "stemma/test", now_);
  }
  WaczTrust Trust() {
    return {.domain_ca_pem = identity_.chain_pem,
            .tsa_ca_pem = authority_.ca_pem()};
  }

  TestAuthority authority_;
  PackageKey key_;
  DomainIdentity identity_;
  std::chrono::minutes late_{0};
};

TEST_F(DomainFormTest, AllTenStepsHold) {
  const auto digest = Sign();
  ASSERT_TRUE(digest) << digest.error().message();
  const WaczVerdict verdict = Judge(*digest, Trust());
  EXPECT_EQ(verdict.state, "valid-signed") << verdict.code << verdict.why;
  EXPECT_EQ(verdict.domain, "archive.example.org");
  ASSERT_TRUE(verdict.timestamp);
}

TEST_F(DomainFormTest, WhatAVerifierWouldRefuseIsNotWritten) {
  late_ = std::chrono::minutes(11);
  EXPECT_FALSE(Sign());
  late_ = std::chrono::minutes(0);
  identity_.domain = "other.example.org";
  EXPECT_FALSE(Sign());
  identity_.domain = "archive.example.org";
  ASSERT_TRUE(CreatePackageKey(dir_ / "e", "", PackageCurve::kP256));
  key_ = *LoadPackageKey(dir_ / "e", {});
  EXPECT_FALSE(Sign());
}

TEST_F(DomainFormTest, EveryPropertyCounts) {
  const Json good = Json::parse(*Sign());
  for (const auto& [name, value] : good["signedData"].items()) {
    if (name == "software") continue;  // nothing signs it
    Json bad = good;
    std::string text = value.get<std::string>();
    // Near the end: a token's unused certificates lie in its middle.
    char& changed = text[text.size() - text.size() / 8 - 1];
    changed = changed == 'A' ? 'B' : 'A';
    bad["signedData"][name] = text;
    EXPECT_EQ(Judge(bad.dump(), Trust()).state, "reject") << name;
    bad["signedData"].erase(name);
    if (name == "version") continue;  // early signers leave it out
    EXPECT_EQ(Judge(bad.dump(), Trust()).state, "reject") << name;
  }
}

TEST_F(PackageKeyTest, AnExportedPackageIsSignedAsAWhole) {
  SignedArchive archive;
  archive.Capture("https://herald.example/a", "<p>One</p>");
  archive.Sign(false);
  archive.Close();
  ASSERT_TRUE(CreatePackageKey(dir_ / "k", "", PackageCurve::kP384));
  const auto key = LoadPackageKey(dir_ / "k", {});
  auto reader = ArchiveReader::Open(archive.dir());
  ASSERT_TRUE(reader);
  ExportOptions options;
  options.now = now_;
  options.sign = [&](std::string_view datapackage) {
    return SignPackage(datapackage, *key, "stemma/test", now_);
  };
  const auto exported = ExportWacz(**reader, dir_ / "a.wacz", options);
  ASSERT_TRUE(exported) << exported.error().message();
  const auto verdict = VerifyWacz(dir_ / "a.wacz", {}, now_);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->state, "valid-signed-anonymous") << verdict->why;
  EXPECT_EQ(verdict->key_sha256, key->fingerprint);
}

}  // namespace
}  // namespace stemma
