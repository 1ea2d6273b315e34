#include "archive/key_file.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "archive/durable_file.h"

namespace stemma {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Memory = std::unique_ptr<BIO, FreeBio>;

constexpr std::size_t kMaxKeyFile = 64 << 10;

Result<std::string> PemOf(EVP_PKEY* key, std::string_view passphrase) {
  const Memory out(BIO_new(BIO_s_secmem()));
  const EVP_CIPHER* cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
  if (!out || PEM_write_bio_PKCS8PrivateKey(
                  out.get(), key, cipher, passphrase.data(),
                  static_cast<int>(passphrase.size()), nullptr, nullptr) != 1) {
    ERR_clear_error();
    return Error(ErrorCode::kIo, "writing the key as PKCS#8 failed");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(std::max(size, 0L)));
}

int GivePassphrase(char* buffer, int size, int /*for_writing*/, void* given) {
  const auto* passphrase = static_cast<const std::string*>(given);
  if (passphrase == nullptr) return -1;
  const std::size_t length =
      passphrase->copy(buffer, static_cast<std::size_t>(size));
  return static_cast<int>(length);
}

Result<PrivateKey> KeyOfPem(const std::string& pem,
                            const Passphrase& passphrase,
                            const std::filesystem::path& file) {
  std::string secret;
  std::string* given = nullptr;
  if (pem.find("ENCRYPTED PRIVATE KEY") != std::string::npos) {
    if (!passphrase) {
      return Error(ErrorCode::kInvalidArgument,
                   file.string() +
                       ": the key is encrypted, and no passphrase "
                       "was given");
    }
    STEMMA_TRY(secret, passphrase());
    given = &secret;
  }
  const Memory in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PrivateKey key(
      in ? PEM_read_bio_PrivateKey(in.get(), nullptr, GivePassphrase, given)
         : nullptr,
      EVP_PKEY_free);
  ERR_clear_error();
  if (key) return key;
  return Error(
      ErrorCode::kMalformed,
      file.string() + (given != nullptr ? ": the passphrase does not open it"
                                        : ": no private key in PEM"));
}

Status CheckPlace(const std::filesystem::path& file) {
  if (LiesInArchive(file)) {
    return Error(ErrorCode::kRefused,
                 file.string() +
                     ": lies in an archive; whoever gets the archive would get "
                     "the key. Keep it elsewhere");
  }
  return {};
}

}  // namespace

bool LiesInArchive(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::path folder =
      std::filesystem::weakly_canonical(path, failed).parent_path();
  for (; !folder.empty(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "manifest" / "events.jsonl", failed)) {
      return true;
    }
    if (folder == folder.parent_path()) break;
  }
  return false;
}

Status RefuseToOverwriteKey(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return {};
  return Error(ErrorCode::kInvalidArgument,
               file.string() + ": exists; a key is never overwritten");
}

Status StorePrivateKey(const std::filesystem::path& file, const PrivateKey& key,
                       std::string_view passphrase) {
  STEMMA_CHECK_OK(CheckPlace(file));
  STEMMA_CHECK_OK(RefuseToOverwriteKey(file));
  STEMMA_TRY(const std::string pem, PemOf(key.get(), passphrase));
  return WriteDurably(file, pem, 0600);
}

Result<PrivateKey> ReadPrivateKey(const std::filesystem::path& file,
                                  const Passphrase& passphrase) {
  STEMMA_CHECK_OK(CheckPlace(file));
  struct stat info{};
  if (::stat(file.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return Error(ErrorCode::kRefused,
                 file.string() + ": others may read this key; chmod 600 it");
  }
  STEMMA_TRY(const std::string pem, ReadRegularFile(file, kMaxKeyFile));
  return KeyOfPem(pem, passphrase, file);
}

}  // namespace stemma
