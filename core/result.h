// Result<T>: a value, or an Error that says what was being done, to what, and
// what was found. Everything that can fail because of the world returns one;
// nothing of ours throws for input.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace stemma {

// What kind of trouble. kMalformed is their data, kCorrupt is ours, kIo is the
// machine; the three are never blurred.
enum class ErrorCode {
  kInvalidArgument,  // the caller asked for something that makes no sense
  kNotFound,         // the named thing does not exist
  kRefused,          // policy says no: robots, private address, scope
  kNetwork,          // DNS, connection, TLS or HTTP trouble
  kLimit,            // a stated limit was reached
  kMalformed,        // data from outside breaks its format
  kCorrupt,          // data of ours is damaged
  kIo,               // disk, memory or another process failed
  kNoSpace,          // disk full, or below the free-space floor: resumable
  kBusy,             // another process holds the lock
  kInterrupted,      // told to stop: resumable
  kUnsupported,      // understood, but not something we can read
};

// The stable name of `code`, as in JSON output: "network", "malformed", ...
std::string_view NameOf(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message)
      : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error, told one level higher: "`what`: old message".
  [[nodiscard]] Error Context(std::string_view what) && {
    message_.insert(0, ": ");
    message_.insert(0, what);
    return std::move(*this);
  }
  [[nodiscard]] Error Context(std::string_view what) const& {
    return Error(*this).Context(what);
  }

 private:
  ErrorCode code_;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error error)  // NOLINT(google-explicit-constructor): return errors
      : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

using Status = Result<void>;

}  // namespace stemma

// STEMMA_TRY(const Url url, ParseUrl(text)): the value, or return the error.
// STEMMA_CHECK_OK(Append(x)): go on, or return the error.
#define STEMMA_CONCAT_INNER(a, b) a##b
#define STEMMA_CONCAT(a, b) STEMMA_CONCAT_INNER(a, b)
#define STEMMA_TRY(declaration, expression)                           \
  STEMMA_TRY_NAMED(STEMMA_CONCAT(stemma_try_, __LINE__), declaration, \
                   expression)
#define STEMMA_TRY_NAMED(name, declaration, expression) \
  auto name = (expression);                             \
  if (!name) return std::move(name).error();            \
  declaration = std::move(name).value()
#define STEMMA_CHECK_OK(expression)            \
  do {                                         \
    if (auto status_ = (expression); !status_) \
      return std::move(status_).error();       \
  } while (false)
