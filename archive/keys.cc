#include "archive/keys.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include "archive/der.h"
#include "archive/durable_file.h"
#include "core/base64.h"

extern "C" char** environ;

namespace stemma {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

constexpr std::size_t kMaxKeyFile = 64 << 10;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Result<std::string> SignWith(const PrivateKey& key, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) !=
          1 ||
      EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1 ||
      size != 64) {
    ERR_clear_error();
    return Error(ErrorCode::kIo, "signing with Ed25519 failed");
  }
  return signature;
}

SigningKey KeyFrom(PrivateKey key, std::string_view name, KeyKind kind) {
  SigningKey signing;
  signing.verifier.name = name;
  signing.verifier.kind = kind;
  std::size_t size = 32;
  EVP_PKEY_get_raw_public_key(key.get(), signing.verifier.public_key.data(),
                              &size);
  signing.sign = [key = std::move(key)](std::string_view message) {
    return SignWith(key, message);
  };
  return signing;
}

// --- A command that signs ----------------------------------------------------

// Both ends of a pipe, closed at the end of its scope.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
  }
  ~Pipe() {
    Close(0);
    Close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void Close(int end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

// Feeds `input` and collects the answer at the same time, so that neither side
// waits for the other for ever. Longer answers than a note line are cut off.
std::string Converse(Pipe& in, Pipe& out, std::string_view input) {
  constexpr std::size_t kMaxAnswer = 64 << 10;
  ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
  std::string answer;
  while (answer.size() < kMaxAnswer) {
    pollfd waits[2] = {{out.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}};
    const nfds_t count = in.ends[1] >= 0 ? 2 : 1;
    if (::poll(waits, count, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (count == 2 && waits[1].revents != 0) {
      const ssize_t sent = ::write(in.ends[1], input.data(), input.size());
      if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
      const bool stuck = sent < 0 && errno != EAGAIN && errno != EINTR;
      if (stuck || input.empty()) in.Close(1);
    }
    if (waits[0].revents != 0) {
      std::array<char, 4096> buffer{};
      const ssize_t got = ::read(out.ends[0], buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  return answer;
}

// While a command runs, writing to it must not end us.
class IgnorePipeSignal {
 public:
  IgnorePipeSignal() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnorePipeSignal() { ::sigaction(SIGPIPE, &before_, nullptr); }
  IgnorePipeSignal(const IgnorePipeSignal&) = delete;
  IgnorePipeSignal& operator=(const IgnorePipeSignal&) = delete;

 private:
  struct sigaction before_{};
};

Result<std::string> RunCommand(const std::string& command,
                               std::string_view input) {
  Pipe in;
  Pipe out;
  if (in.ends[0] < 0 || out.ends[0] < 0) {
    return Error(ErrorCode::kIo, "making a pipe for the signing command");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.ends[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], 1);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  char* arguments[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Error(ErrorCode::kIo, "starting the signing command: " +
                                     std::generic_category().message(failed));
  }
  in.Close(0);
  out.Close(1);
  const IgnorePipeSignal quiet;
  std::string answer = Converse(in, out, input);
  in.Close(1);
  out.Close(0);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error(ErrorCode::kIo, "the signing command failed: " + command);
  }
  return answer;
}

}  // namespace

Result<SigningKey> CreateKey(const std::filesystem::path& file,
                             std::string_view name, std::string_view passphrase,
                             KeyKind kind) {
  if (!IsKeyName(name)) {
    return Error(ErrorCode::kInvalidArgument,
                 "a key name has no spaces and no '+'; a host and path such as "
                 "example.org/archive is usual");
  }
  const std::filesystem::path public_file = file.string() + ".vkey";
  STEMMA_CHECK_OK(RefuseToOverwriteKey(public_file));
  const PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                       EVP_PKEY_free);
  if (!key) return Error(ErrorCode::kIo, "making an Ed25519 key failed");
  STEMMA_CHECK_OK(StorePrivateKey(file, key, passphrase));
  SigningKey signing = KeyFrom(key, name, kind);
  STEMMA_CHECK_OK(
      WriteDurably(public_file, signing.verifier.Text() + "\n", 0644));
  return signing;
}

Result<SigningKey> LoadKey(const std::filesystem::path& file,
                           const Passphrase& passphrase) {
  STEMMA_TRY(PrivateKey key, ReadPrivateKey(file, passphrase));
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    return Error(ErrorCode::kMalformed, file.string() + ": not an Ed25519 key");
  }
  const std::filesystem::path public_file = file.string() + ".vkey";
  STEMMA_TRY(const std::string vkey, ReadRegularFile(public_file, kMaxKeyFile));
  const Result<VerifierKey> named = ParseVerifierKey(vkey);
  if (!named) return Error(named.error()).Context(public_file.string());
  SigningKey signing = KeyFrom(std::move(key), named->name, named->kind);
  if (signing.verifier != *named) {
    return Error(
        ErrorCode::kMalformed,
        public_file.string() + ": is of another key than " + file.string());
  }
  return signing;
}

SigningKey KeyByCommand(const VerifierKey& verifier, std::string command) {
  SigningKey signing;
  signing.verifier = verifier;
  signing.sign = [verifier, command = std::move(command)](
                     std::string_view message) -> Result<std::string> {
    STEMMA_TRY(const std::string answer, RunCommand(command, message));
    // A whole note is read as well as its one line.
    const std::string text =
        answer.starts_with("\xE2\x80\x94") ? "x\n\n" + answer : answer;
    const Result<Note> note = ParseNote(text);
    if (!note) {
      return Error(note.error()).Context("the answer of the signing command");
    }
    for (const NoteSignature& signature : note->signatures) {
      if (signature.key_id == verifier.Id()) {
        return signature.blob.substr(
            signature.blob.size() >= 64 ? signature.blob.size() - 64 : 0);
      }
    }
    return Error(ErrorCode::kMalformed,
                 "the signing command did not sign with " + verifier.Text());
  };
  return signing;
}

std::string PublicKeyPem(const VerifierKey& key) {
  // RFC 8410: SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING }.
  const std::string raw(key.public_key.begin(), key.public_key.end());
  const std::string spki =
      DerElement(0x30, DerElement(0x30, DerElement(0x06, "\x2B\x65\x70")) +
                           DerElement(0x03, std::string(1, '\0') + raw));
  return "-----BEGIN PUBLIC KEY-----\n" + Base64Of(spki) +
         "\n-----END PUBLIC KEY-----\n";
}

}  // namespace stemma
