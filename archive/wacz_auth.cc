#include "archive/wacz_auth.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "archive/certificates.h"
#include "archive/jcs.h"
#include "archive/zip_reader.h"
#include "core/ascii.h"
#include "core/base64.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kPackage = "datapackage.json";
constexpr std::string_view kDigest = "datapackage-digest.json";
constexpr std::uint64_t kMaxPackage = 64 << 20;
// Package descriptions of the world nest deeper than our events may.
constexpr JsonLimits kLimits{.max_bytes = 64 << 20, .max_depth = 64};

WaczVerdict Reject(std::string code, std::string why) {
  WaczVerdict verdict;
  verdict.state = "reject";
  verdict.code = std::move(code);
  verdict.why = std::move(why);
  return verdict;
}

// "unsafe-name: words" as a rejection.
WaczVerdict RejectBy(const Error& error) {
  const std::string& text = error.message();
  const std::size_t colon = text.find(": ");
  if (colon == std::string::npos) return Reject("zip-malformed", text);
  return Reject(text.substr(0, colon), text.substr(colon + 2));
}

std::string TextOf(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

// --- Members against datapackage.json --------------------------------------

struct Wrong {
  std::string code, why;
  explicit operator bool() const { return !code.empty(); }
};

Wrong CheckResource(ZipReader& zip, const Json& resource) {
  const std::string path = TextOf(resource, "path");
  const std::string hash = TextOf(resource, "hash");
  const ZipMember* member = zip.Find(path);
  if (member == nullptr) return {"member-missing", path + " is listed only"};
  if (const auto bytes = resource.find("bytes"); bytes != resource.end()) {
    if (!bytes->is_number_unsigned() ||
        bytes->get<std::uint64_t>() != member->size) {
      return {"member-size", path + ": " + std::to_string(member->size) +
                                 " bytes, listed with " + bytes->dump()};
    }
  }
  const std::optional<LabelledDigest> listed = ParseLabelledDigest(hash);
  if (!listed || SizeOf(listed->algorithm) < 32) {
    return {"member-hash", path + ": no usable SHA-256 is listed"};
  }
  DigestHasher hasher(listed->algorithm);
  const Status read = zip.ReadPieces(*member, [&](std::string_view piece) {
    hasher.Update(piece);
    return Status();
  });
  if (!read) return {"zip-malformed", read.error().message()};
  if (hasher.Finish() != *listed) {
    return {"member-hash", path + ": its digest is not the listed one"};
  }
  return {};
}

Wrong CheckMembers(ZipReader& zip, const Json& package) {
  const auto resources = package.find("resources");
  if (resources == package.end() || !resources->is_array()) {
    return {"package-malformed", "datapackage.json lists no resources"};
  }
  std::set<std::string> listed = {std::string(kPackage), std::string(kDigest)};
  for (const Json& resource : *resources) {
    const std::string path =
        resource.is_object() ? TextOf(resource, "path") : std::string();
    if (!IsSafeMemberName(path)) {
      return {"unsafe-name", "a resource has no plain relative path"};
    }
    if (!listed.insert(path).second) {
      return {"package-malformed", path + " is listed twice"};
    }
    if (Wrong wrong = CheckResource(zip, resource)) return wrong;
  }
  for (const ZipMember& member : zip.members()) {
    if (!listed.contains(member.name)) {
      return {"member-unlisted", member.name + " is not listed"};
    }
  }
  return {};
}

// --- signedData -------------------------------------------------------------

constexpr std::array<std::string_view, 6> kAnonymous = {
    "hash", "created", "software", "version", "signature", "publicKey"};
constexpr std::array<std::string_view, 9> kDomain = {
    "hash",   "created",    "software",      "version",      "signature",
    "domain", "domainCert", "timeSignature", "timestampCert"};

// Step 3: the listed properties, all of them strings, and no other.
Wrong CheckShape(const Json& data, bool& anonymous) {
  if (!data.is_object()) return {"signed-data", "signedData is no object"};
  anonymous = data.contains("publicKey");
  const auto allowed = [&](std::string_view key) {
    if (anonymous) {
      return std::find(kAnonymous.begin(), kAnonymous.end(), key) !=
             kAnonymous.end();
    }
    return key == "crossSignedCert" ||
           std::find(kDomain.begin(), kDomain.end(), key) != kDomain.end();
  };
  for (const auto& [key, value] : data.items()) {
    if (!allowed(key)) {
      return {"extra-property", "signedData has a property \"" + key +
                                    "\" that its form does not list"};
    }
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      return {"signed-data", "signedData." + key + " is no text"};
    }
  }
  const auto require = [&](std::string_view key) {
    // "version" came with 0.1.0; early signers leave it out.
    return data.contains(key) || key == "version";
  };
  for (const std::string_view key : kAnonymous) {
    if (anonymous && !require(key)) {
      return {"signed-data", "signedData has no " + std::string(key)};
    }
  }
  for (const std::string_view key : kDomain) {
    if (!anonymous && !require(key)) {
      return {"signed-data", "signedData has no " + std::string(key)};
    }
  }
  if (data.contains("version") && TextOf(data, "version") != "0.1.0") {
    return {"version", "signedData is of version " + TextOf(data, "version") +
                           ", not 0.1.0"};
  }
  return {};
}

bool IsLowerHexDigest(std::string_view hash) {
  return hash.size() == 71 && hash.starts_with("sha256:") &&
         std::all_of(hash.begin() + 7, hash.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A host name as a certificate may name it; one label is no domain.
bool IsHostName(std::string_view host) {
  return host.find('.') != std::string_view::npos && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return IsAlnum(c) || c == '-' || c == '.'; });
}

Wrong CheckTimestamp(const Json& data, const WaczTrust& trust, TimePoint now,
                     WaczVerdict& verdict) {
  const auto response = BytesOfBase64(TextOf(data, "timeSignature"));
  if (!response) return {"time-signature", "timeSignature is no base64"};
  const auto chain = CertificatesOfPem(TextOf(data, "timestampCert"));
  if (!chain || chain->empty()) {
    return {"timestamp-cert", "timestampCert holds no certificate"};
  }
  const TimestampVerdict timestamp = VerifyTimestamp(
      {.response = *response, .data = TextOf(data, "signature")},
      {.ca_pem = trust.tsa_ca_pem,
       .untrusted_pem = TextOf(data, "timestampCert")},
      now);
  verdict.timestamp = timestamp.facts;
  if (!timestamp.ok()) {
    return {"timestamp-" + timestamp.code, timestamp.why};
  }
  // Step 6 asks for the first certificate of timestampCert, no other.
  if (Sha256Of(chain->front()).Hex() != timestamp.facts->unit_sha256) {
    return {"timestamp-cert",
            "the timestamp was made by another unit than timestampCert names"};
  }
  const std::optional<TimePoint> created = ParseTime(TextOf(data, "created"));
  if (!created) return {"created", "created is no date and time"};
  const auto apart = std::chrono::abs(timestamp.facts->gen_time - *created);
  if (apart > std::chrono::minutes(10)) {
    return {"created",
            "created lies " +
                std::to_string(
                    std::chrono::duration_cast<std::chrono::seconds>(apart)
                        .count()) +
                " s from the timestamp, more than 10 minutes"};
  }
  return {};
}

// Step 10: the other way to trust, when there is one.
Wrong CheckCrossSigned(const Json& data, const WaczTrust& trust,
                       const CertificateFacts& leaf, TimePoint at,
                       std::optional<Status>& path) {
  if (!data.contains("crossSignedCert")) return {};
  const auto chain = CertificatesOfPem(TextOf(data, "crossSignedCert"));
  if (!chain || chain->empty()) {
    return {"cross-signed", "crossSignedCert holds no certificate"};
  }
  const Result<CertificateFacts> cross = ReadCertificate(chain->front());
  if (!cross || cross->spki != leaf.spki) {
    return {"cross-signed", "crossSignedCert is for another key"};
  }
  path = VerifyChain(*chain, trust.domain_ca_pem, CertificateUse::kTlsServer,
                     TextOf(data, "domain"), at);
  return {};
}

// Steps 4 to 10 of the domain form.
Wrong CheckDomain(const Json& data, const WaczTrust& trust, TimePoint now,
                  WaczVerdict& verdict) {
  const auto signature = BytesOfBase64(TextOf(data, "signature"));
  if (!signature) return {"signature", "signature is no base64"};
  const auto chain = CertificatesOfPem(TextOf(data, "domainCert"));
  if (!chain || chain->empty()) {
    return {"domain-cert", "domainCert holds no certificate"};
  }
  const Result<CertificateFacts> leaf = ReadCertificate(chain->front());
  if (!leaf) return {"domain-cert", leaf.error().message()};
  verdict.domain = TextOf(data, "domain");
  verdict.key_sha256 = Sha256Of(leaf->spki).Hex();
  if (!IsHostName(verdict.domain)) {
    return {"domain", "domain is no host name"};
  }
  if (const Status good =
          VerifyEcdsa(leaf->spki, TextOf(data, "hash"), *signature);
      !good) {
    return {"signature", good.error().message()};
  }
  if (Wrong wrong = CheckTimestamp(data, trust, now, verdict)) return wrong;
  const TimePoint at = verdict.timestamp->gen_time;
  std::optional<Status> other_path;
  if (Wrong wrong = CheckCrossSigned(data, trust, *leaf, at, other_path)) {
    return wrong;
  }
  const Status path =
      VerifyChain(*chain, trust.domain_ca_pem, CertificateUse::kTlsServer,
                  verdict.domain, at);
  if (path) return {};
  if (other_path && *other_path) {
    verdict.notes.push_back("trusted through crossSignedCert alone");
    return {};
  }
  return {"domain-cert", path.error().message()};
}

Wrong CheckAnonymous(const Json& data, WaczVerdict& verdict) {
  const auto key = BytesOfBase64(TextOf(data, "publicKey"));
  const auto signature = BytesOfBase64(TextOf(data, "signature"));
  if (!key) return {"public-key", "publicKey is no base64"};
  if (!signature) return {"signature", "signature is no base64"};
  verdict.key_sha256 = Sha256Of(*key).Hex();
  if (!ParseTime(TextOf(data, "created"))) {
    return {"created", "created is no date and time"};
  }
  const Status good = VerifyEcdsa(*key, TextOf(data, "hash"), *signature);
  if (!good) return {"signature", good.error().message()};
  verdict.notes.push_back(
      "nobody vouches for the key; compare its fingerprint");
  return {};
}

}  // namespace

WaczVerdict VerifyWaczSignature(std::string_view datapackage,
                                std::string_view digest, const WaczTrust& trust,
                                TimePoint now) {
  const Result<Json> parsed = ParseStrict(digest, kLimits);
  if (!parsed || !parsed->is_object()) {
    return Reject("digest-malformed",
                  "datapackage-digest.json is no JSON "
                  "object");
  }
  const std::string expected = Sha256Of(datapackage).Labelled();
  if (TextOf(*parsed, "path") != kPackage) {
    return Reject("digest-malformed", "it is not about datapackage.json");
  }
  const std::string stated = TextOf(*parsed, "hash");
  if (!SameDigest(stated, expected)) {
    return Reject("package-hash",
                  "datapackage.json has another digest than stated");
  }
  WaczVerdict verdict;
  const auto data = parsed->find("signedData");
  if (data == parsed->end()) {
    verdict.state = "valid-unsigned";
    return verdict;
  }
  bool anonymous = false;
  Wrong wrong = CheckShape(*data, anonymous);
  if (!wrong) {
    const std::string hash = TextOf(*data, "hash");
    if (!IsLowerHexDigest(hash)) {
      wrong = {"signed-hash", "signedData.hash is no sha256: digest"};
    } else if (hash != expected) {
      wrong = {"signed-hash",
               "signedData.hash is not that of "
               "datapackage.json: an old signature was kept"};
    }
  }
  if (!wrong) {
    verdict.created = TextOf(*data, "created");
    verdict.software = TextOf(*data, "software");
    wrong = anonymous ? CheckAnonymous(*data, verdict)
                      : CheckDomain(*data, trust, now, verdict);
  }
  verdict.state = wrong       ? "reject"
                  : anonymous ? "valid-signed-anonymous"
                              : "valid-signed";
  verdict.code = std::move(wrong.code);
  verdict.why = std::move(wrong.why);
  return verdict;
}

Result<WaczVerdict> VerifyWacz(const std::filesystem::path& path,
                               const WaczTrust& trust, TimePoint now) {
  Result<ZipReader> zip = ZipReader::Open(path);
  if (!zip) {
    if (zip.error().code() != ErrorCode::kMalformed) return zip.error();
    return RejectBy(zip.error());
  }
  const ZipMember* package = zip->Find(kPackage);
  if (package == nullptr) {
    return Reject("member-missing", "there is no datapackage.json");
  }
  const Result<std::string> package_bytes = zip->Read(*package, kMaxPackage);
  if (!package_bytes) return RejectBy(package_bytes.error());
  const Result<Json> parsed = ParseStrict(*package_bytes, kLimits);
  if (!parsed || !parsed->is_object()) {
    return Reject("package-malformed", "datapackage.json is no JSON object");
  }
  if (Wrong wrong = CheckMembers(*zip, *parsed)) {
    return Reject(std::move(wrong.code), std::move(wrong.why));
  }
  const ZipMember* digest = zip->Find(kDigest);
  if (digest == nullptr) {
    WaczVerdict verdict;
    verdict.state = "valid-unsigned";
    verdict.notes.push_back("there is no datapackage-digest.json");
    return verdict;
  }
  const Result<std::string> digest_bytes = zip->Read(*digest, kMaxPackage);
  if (!digest_bytes) return RejectBy(digest_bytes.error());
  return VerifyWaczSignature(*package_bytes, *digest_bytes, trust, now);
}

Result<std::string> SignWaczAnonymously(
    std::string_view datapackage, std::string_view spki,
    std::string_view software, TimePoint created,
    const std::function<Result<std::string>(std::string_view)>& sign) {
  const std::string hash = Sha256Of(datapackage).Labelled();
  STEMMA_TRY(const std::string signature, sign(hash));
  if (const Status good = VerifyEcdsa(spki, hash, signature); !good) {
    return Error(good.error()).Context("signing the package");
  }
  const Json digest = {{"path", kPackage},
                       {"hash", hash},
                       {"signedData",
                        {{"hash", hash},
                         {"created", FormatSeconds(created)},
                         {"software", software},
                         {"version", "0.1.0"},
                         {"signature", Base64Of(signature)},
                         {"publicKey", Base64Of(spki)}}}};
  return digest.dump(2);
}

}  // namespace stemma
