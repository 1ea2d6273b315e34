#include "archive/ots.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <utility>

namespace stemma {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic =
    "\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"sv;
constexpr std::string_view kPendingTag = "\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e"sv;
constexpr std::string_view kBitcoinTag = "\x05\x88\x96\x0d\x73\xd7\x19\x01"sv;
constexpr std::size_t kMaxCalendar = 1000;

constexpr char kAttestation = '\x00';
constexpr char kMore = '\xff';
constexpr char kSha1 = '\x02';
constexpr char kRipemd160 = '\x03';
constexpr char kSha256 = '\x08';
constexpr char kKeccak256 = '\x67';
constexpr char kAppend = '\xf0';
constexpr char kPrepend = '\xf1';
constexpr char kReverse = '\xf2';
constexpr char kHexlify = '\xf3';

Error Malformed(std::string what) {
  return Error(ErrorCode::kMalformed, "OpenTimestamps proof: " + what);
}

// --- Numbers and strings -----------------------------------------------------

void PutNumber(std::uint64_t value, std::string& to) {
  while (value >= 0x80) {
    to += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  to += static_cast<char>(value);
}

void PutBytes(std::string_view bytes, std::string& to) {
  PutNumber(bytes.size(), to);
  to += bytes;
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::optional<char> Byte() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  // Little-endian groups of seven bits, no longer than they need to be.
  std::optional<std::uint64_t> Number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const auto byte = Byte();
      if (!byte) return std::nullopt;
      value |= static_cast<std::uint64_t>(*byte & 0x7f) << shift;
      if ((*byte & 0x80) == 0) {
        if (*byte == 0 && shift > 0) return std::nullopt;
        return value;
      }
    }
    return std::nullopt;
  }
  std::optional<std::string_view> Bytes(std::size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::optional<std::string_view> Counted(std::size_t most) {
    const auto size = Number();
    if (!size || *size > most) return std::nullopt;
    return Bytes(static_cast<std::size_t>(*size));
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// --- Operations --------------------------------------------------------------

// Empty when this build cannot compute it.
std::string Digest(const char* name, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, name, nullptr, message.data(), message.size(),
                   digest.data(), &size) != 1) {
    return {};
  }
  return {reinterpret_cast<const char*>(digest.data()), size};
}

bool IsKnown(char operation) {
  constexpr std::string_view kAll = "\x02\x03\x08\x67\xf0\xf1\xf2\xf3"sv;
  return kAll.find(operation) != std::string_view::npos;
}

bool HasOperand(char operation) {
  return operation == kAppend || operation == kPrepend;
}

std::string Apply(char operation, const std::string& message,
                  const std::string& operand) {
  if (message.empty()) return {};  // below something unknown
  switch (operation) {
    case kAppend:
      return message + operand;
    case kPrepend:
      return operand + message;
    case kReverse:
      return {message.rbegin(), message.rend()};
    case kHexlify:
      return HexOf(message);
    case kSha1:
      return Digest("SHA1", message);
    case kRipemd160:
      return Digest("RIPEMD160", message);
    case kSha256:
      return Digest("SHA256", message);
    case kKeccak256:
    default:
      return {};
  }
}

// --- Reading ---------------------------------------------------------------

class StampReader {
 public:
  StampReader(std::string_view bytes, const OtsLimits& limits)
      : in_(bytes), limits_(limits) {}

  Result<OtsStamp> Read(std::string message, std::size_t depth) {
    if (depth > limits_.max_depth) {
      return Error(ErrorCode::kLimit, "OpenTimestamps proof: too deep");
    }
    OtsStamp stamp{std::move(message), {}};
    for (;;) {
      std::optional<char> tag = in_.Byte();
      const bool more = tag == kMore;
      if (more) tag = in_.Byte();
      if (!tag) return Malformed("ends too early");
      if (++nodes_ > limits_.max_nodes) {
        return Error(ErrorCode::kLimit, "OpenTimestamps proof: too large");
      }
      STEMMA_TRY(OtsItem item, *tag == kAttestation
                                   ? ReadAttestation()
                                   : ReadOperation(*tag, stamp.message, depth));
      stamp.items.push_back(std::move(item));
      if (!more) return stamp;
    }
  }

  bool done() const { return in_.empty(); }

 private:
  Result<OtsItem> ReadAttestation() {
    const auto tag = in_.Bytes(kPendingTag.size());
    const auto payload = tag ? in_.Counted(limits_.max_payload) : std::nullopt;
    if (!payload) return Malformed("an attestation is cut off or too long");
    OtsItem item;
    item.attestation = {std::string(*tag), std::string(*payload)};
    return item;
  }

  Result<OtsItem> ReadOperation(char tag, const std::string& message,
                                std::size_t depth) {
    if (!IsKnown(tag)) return Malformed("an unknown operation");
    OtsItem item;
    item.operation = tag;
    if (HasOperand(tag)) {
      const auto operand = in_.Counted(limits_.max_message);
      if (!operand || operand->empty()) {
        return Malformed("an operand is cut off, empty or too long");
      }
      item.operand = *operand;
    }
    std::string next = Apply(tag, message, item.operand);
    if (next.size() > limits_.max_message) {
      return Error(ErrorCode::kLimit, "OpenTimestamps proof: message too long");
    }
    STEMMA_TRY(OtsStamp stamp, Read(std::move(next), depth + 1));
    item.next = std::make_unique<OtsStamp>(std::move(stamp));
    return item;
  }

  ByteReader in_;
  const OtsLimits& limits_;
  std::size_t nodes_ = 0;
};

void Put(const OtsStamp& stamp, std::string& to) {
  for (std::size_t i = 0; i < stamp.items.size(); ++i) {
    const OtsItem& item = stamp.items[i];
    if (i + 1 < stamp.items.size()) to += kMore;
    if (item.next == nullptr) {
      to += kAttestation;
      to += item.attestation.tag;
      PutBytes(item.attestation.payload, to);
      continue;
    }
    to += item.operation;
    if (HasOperand(item.operation)) PutBytes(item.operand, to);
    Put(*item.next, to);
  }
}

// --- Claims ----------------------------------------------------------------

// An address of a calendar, of the characters such may have.
std::optional<std::string> CalendarOf(std::string_view payload) {
  ByteReader in(payload);
  const auto uri = in.Counted(kMaxCalendar);
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:";
  if (!uri || !in.empty() ||
      uri->find_first_not_of(kAllowed) != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(*uri);
}

OtsClaim ClaimOf(const OtsAttestation& attestation,
                 const std::string& message) {
  OtsClaim claim;
  claim.message = message;
  if (attestation.tag == kPendingTag) {
    if (auto calendar = CalendarOf(attestation.payload)) {
      claim.kind = OtsClaim::Kind::kPending;
      claim.calendar = *std::move(calendar);
    }
  } else if (attestation.tag == kBitcoinTag && message.size() == 32) {
    ByteReader in(attestation.payload);
    if (const auto height = in.Number(); height && in.empty()) {
      claim.kind = OtsClaim::Kind::kBitcoin;
      claim.height = *height;
    }
  }
  return claim;
}

void Collect(const OtsStamp& stamp, std::vector<OtsClaim>& claims) {
  for (const OtsItem& item : stamp.items) {
    if (item.next != nullptr) {
      Collect(*item.next, claims);
    } else {
      claims.push_back(ClaimOf(item.attestation, stamp.message));
    }
  }
}

// The stamp that holds this promise; nullptr: none does.
OtsStamp* FindPromise(OtsStamp& stamp, const std::string& calendar,
                      const std::string& message) {
  for (OtsItem& item : stamp.items) {
    if (item.next != nullptr) {
      OtsStamp* found = FindPromise(*item.next, calendar, message);
      if (found != nullptr) return found;
      continue;
    }
    const OtsClaim claim = ClaimOf(item.attestation, stamp.message);
    if (claim.kind == OtsClaim::Kind::kPending && claim.calendar == calendar &&
        claim.message == message) {
      return &stamp;
    }
  }
  return nullptr;
}

}  // namespace

Result<OtsProof> ParseOts(std::string_view bytes, const OtsLimits& limits) {
  if (!bytes.starts_with(kMagic)) return Malformed("another header");
  bytes.remove_prefix(kMagic.size());
  constexpr std::string_view kStart = "\x01\x08"sv;  // version 1, SHA-256
  if (!bytes.starts_with(kStart)) {
    return Malformed("another version, or not over a SHA-256");
  }
  bytes.remove_prefix(kStart.size());
  if (bytes.size() < 32) return Malformed("ends too early");
  OtsProof proof;
  std::copy_n(bytes.begin(), 32, proof.digest.bytes.begin());
  STEMMA_TRY(proof.stamp,
             ParseOtsStamp(bytes.substr(32), std::string(bytes.substr(0, 32)),
                           limits));
  return proof;
}

std::string FormatOts(const OtsProof& proof) {
  std::string bytes(kMagic);
  bytes += '\x01';
  bytes += kSha256;
  bytes.append(proof.digest.bytes.begin(), proof.digest.bytes.end());
  Put(proof.stamp, bytes);
  return bytes;
}

Result<OtsStamp> ParseOtsStamp(std::string_view bytes, std::string message,
                               const OtsLimits& limits) {
  StampReader reader(bytes, limits);
  STEMMA_TRY(OtsStamp stamp, reader.Read(std::move(message), 0));
  if (!reader.done()) return Malformed("bytes after its end");
  return stamp;
}

std::vector<OtsClaim> ClaimsOf(const OtsStamp& stamp) {
  std::vector<OtsClaim> claims;
  Collect(stamp, claims);
  return claims;
}

std::string MerkleRootOf(const OtsClaim& bitcoin) {
  return HexOf(std::string(bitcoin.message.rbegin(), bitcoin.message.rend()));
}

bool Upgrade(OtsProof& proof, const std::string& calendar,
             const std::string& message, OtsStamp more) {
  OtsStamp* at = FindPromise(proof.stamp, calendar, message);
  if (at == nullptr) return false;
  for (OtsItem& item : more.items) at->items.push_back(std::move(item));
  return true;
}

}  // namespace stemma
