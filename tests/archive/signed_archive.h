// A small signed archive for tests of evidence: captures in sealed bundles,
// two rounds of signing with timestamps from an authority of our own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/evidence.h"
#include "archive/keys.h"
#include "archive/signing.h"
#include "core/time.h"
#include "tests/archive/test_authority.h"

namespace stemma {

class SignedArchive {
 public:
  // Makes the folder; the archive is dir(). Removed with the object.
  SignedArchive();
  ~SignedArchive();
  SignedArchive(const SignedArchive&) = delete;
  SignedArchive& operator=(const SignedArchive&) = delete;

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path manifest() const { return dir_ / "manifest"; }
  const SigningKey& key() const { return *key_; }
  const TestAuthority& authority() const { return authority_; }

  // One capture of `url` with this body; gives its id.
  std::string Capture(const std::string& url, const std::string& body,
                      const std::string& type = "text/html");
  // Seals and signs; with a token when `stamp`.
  SigningReport Sign(bool stamp = true);
  // Opens the archive for more; Close seals it. Captures open it themselves.
  ArchiveWriter& writer();
  void Close();
  void Advance(std::chrono::milliseconds by) { now_ += by; }
  TimePoint now() const { return now_; }

  // What somebody who pinned the key and kept the newest checkpoint believes.
  EvidenceTrust Trust() const;
  EvidenceReport Check() const { return Check(Trust()); }
  EvidenceReport Check(const EvidenceTrust& trust) const;

  SigningOptions options() const;

 private:
  std::filesystem::path home_, dir_;
  TimePoint now_ = *ParseTime("2026-03-01T12:00:00Z");
  TestAuthority authority_;
  std::unique_ptr<SigningKey> key_;
  std::unique_ptr<ArchiveWriter> writer_;
};

// The whole of a file, and back.
std::string Slurp(const std::filesystem::path& path);
void Spill(const std::filesystem::path& path, const std::string& bytes);

}  // namespace stemma
