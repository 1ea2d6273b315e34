#include "tests/archive/signed_archive.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace stemma {
namespace {

namespace fs = std::filesystem;

void Require(bool fine, const std::string& what) {
  if (!fine) {
    std::fprintf(stderr, "signed archive: %s\n", what.c_str());
    std::abort();
  }
}

template <class T>
T Take(Result<T> result) {
  Require(result.has_value(), result ? "" : result.error().message());
  return *std::move(result);
}

}  // namespace

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Spill(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  // Sealed files are read-only; a new file takes the place.
  std::error_code ignored;
  fs::remove(path, ignored);
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

SignedArchive::SignedArchive()
    : authority_(*ParseTime("2026-01-01"), *ParseTime("2028-01-01")) {
  std::string name = (fs::temp_directory_path() / "signedXXXXXX").string();
  home_ = ::mkdtemp(name.data());
  dir_ = home_ / "archive";
  key_ = std::make_unique<SigningKey>(
      Take(CreateKey(home_ / "key", "example.org/archive", "")));
}

SignedArchive::~SignedArchive() {
  writer_.reset();
  std::error_code ignored;
  fs::remove_all(home_, ignored);
}

ArchiveWriter& SignedArchive::writer() {
  if (!writer_) {
    ArchiveOptions options;
    options.clock = [this] { return now_; };
    options.free_space_floor = 0;
    options.index = false;
    writer_ = Take(ArchiveWriter::Open(dir_, options));
  }
  return *writer_;
}

void SignedArchive::Close() { writer_.reset(); }

std::string SignedArchive::Capture(const std::string& url,
                                   const std::string& body,
                                   const std::string& type) {
  now_ += std::chrono::seconds(1);
  CaptureDraft draft = Take(writer().BeginCapture(url, now_));
  Exchange exchange;
  exchange.url = url;
  exchange.request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
  exchange.response_head =
      "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n";
  exchange.status = 200;
  exchange.started = now_;
  static_cast<void>(Take(draft.AddExchange(exchange, body)));
  return Take(draft.Commit({{"status", 200}})).id;
}

SigningOptions SignedArchive::options() const {
  SigningOptions options;
  options.keys = {*key_};
  options.timestamp_urls = {"https://tsa.example"};
  options.trust.ca_pem = authority_.ca_pem();
  options.clock = [this] { return now_; };
  options.post = [this](const std::string&,
                        const std::string& query) -> Result<std::string> {
    return authority_.Answer(query, now_);
  };
  return options;
}

SigningReport SignedArchive::Sign(bool stamp) {
  const Status sealed = writer().Seal();
  Require(sealed.has_value(), sealed ? "" : sealed.error().message());
  now_ += std::chrono::seconds(1);
  SigningOptions how = options();
  if (!stamp) how.timestamp_urls.clear();
  return Take(SignArchive(writer(), how));
}

EvidenceTrust SignedArchive::Trust() const {
  EvidenceTrust trust;
  trust.keys = {key_->verifier};
  trust.tsa_ca_pem = authority_.ca_pem();
  trust.last_checkpoint = Slurp(manifest() / "checkpoint");
  trust.now = now_ + std::chrono::hours(1);
  return trust;
}

EvidenceReport SignedArchive::Check(const EvidenceTrust& trust) const {
  return Take(CheckEvidence(dir_, trust));
}

}  // namespace stemma
