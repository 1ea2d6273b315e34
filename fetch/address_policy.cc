#include "fetch/address_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace stemma {
namespace {

using V4 = std::uint32_t;
using V6 = std::array<std::uint8_t, 16>;

std::optional<V4> ReadV4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::optional<V6> ReadV6(const std::string& text) {
  V6 address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

struct RangeV4 {
  V4 network;
  int bits;
};

// IANA IPv4 Special-Purpose Address Registry, plus multicast and the future.
constexpr RangeV4 kNotPublicV4[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared, carrier NAT
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local, cloud metadata
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // IETF protocol assignments
    {0xC0000200, 24},  // TEST-NET-1
    {0xC0586300, 24},  // 6to4 relay anycast, deprecated
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarking
    {0xC6336400, 24},  // TEST-NET-2
    {0xCB007100, 24},  // TEST-NET-3
    {0xE0000000, 3},   // multicast, reserved, broadcast
};

bool IsPublicV4(V4 address) {
  return std::ranges::none_of(kNotPublicV4, [&](const RangeV4& range) {
    return (address ^ range.network) >> (32 - range.bits) == 0;
  });
}

struct RangeV6 {
  V6 network;
  int bits;
};

// Inside 2000::/3, what is no one's host or hides another address.
constexpr RangeV6 kNotPublicV6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23},  // IETF assignments, with Teredo
    {{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4
    {{0x3F, 0xFF, 0x00}, 20},        // documentation
};

bool InRange(const V6& address, const RangeV6& range) {
  for (int bit = 0; bit < range.bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((address[byte] & mask) != (range.network[byte] & mask)) return false;
  }
  return true;
}

bool IsPublicV6(const V6& address) {
  // Only 2000::/3 is global unicast (RFC 4291 2.4, IANA); mapped, compatible,
  // NAT64, ULA, link-local, multicast and loopback all lie outside it.
  if ((address[0] & 0xE0) != 0x20) return false;
  return std::ranges::none_of(kNotPublicV6, [&](const RangeV6& range) {
    return InRange(address, range);
  });
}

// One spelling per address, so that entries compare as text.
std::optional<std::string> Canonical(const std::string& ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in_addr v4{};
  if (inet_pton(AF_INET, ip.c_str(), &v4) == 1) {
    inet_ntop(AF_INET, &v4, text.data(), text.size());
    return text.data();
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, ip.c_str(), &v6) == 1) {
    inet_ntop(AF_INET6, &v6, text.data(), text.size());
    return text.data();
  }
  return std::nullopt;
}

}  // namespace

bool IsPublic(std::string_view ip) {
  const std::string text(ip);
  if (const auto v4 = ReadV4(text)) return IsPublicV4(*v4);
  if (const auto v6 = ReadV6(text)) return IsPublicV6(*v6);
  return false;
}

bool IsForbiddenPort(int port) {
  // Fetch Standard, "bad port", and then databases and shells that take orders
  // in plain lines.
  static constexpr int kForbidden[] = {
      0,    1,    7,    9,    11,   13,   15,    17,    19,   20,   21,   22,
      23,   25,   37,   42,   43,   53,   69,    77,    79,   87,   95,   101,
      102,  103,  104,  109,  110,  111,  113,   115,   117,  119,  123,  135,
      137,  139,  143,  161,  179,  389,  427,   465,   512,  513,  514,  515,
      526,  530,  531,  532,  540,  548,  554,   556,   563,  587,  601,  636,
      989,  990,  993,  995,  1719, 1720, 1723,  2049,  2375, 2379, 3306, 3389,
      3659, 4045, 4190, 5060, 5061, 5432, 5900,  6000,  6379, 6566, 6665, 6666,
      6667, 6668, 6669, 6679, 6697, 9200, 10080, 11211, 27017};
  return port <= 0 || port > 65535 ||
         std::ranges::binary_search(kForbidden, port);
}

Result<AddressPolicy> AddressPolicy::Create(
    const std::vector<std::string>& allow) {
  AddressPolicy policy;
  for (const std::string& entry : allow) {
    if (entry == "all") {
      policy.all_ = true;
      continue;
    }
    const auto bad = [&] {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("allow-private '{}' is not ADDR:PORT, "
                               "[V6ADDR]:PORT or 'all'",
                               entry));
    };
    const std::size_t colon = entry.rfind(':');
    if (colon == std::string::npos) return bad();
    std::string ip = entry.substr(0, colon);
    if (ip.starts_with('[') && ip.ends_with(']')) {
      ip = ip.substr(1, ip.size() - 2);
    } else if (ip.find(':') != std::string::npos) {
      return bad();
    }
    int port = 0;
    const char* end = entry.data() + entry.size();
    const auto [rest, errc] =
        std::from_chars(entry.data() + colon + 1, end, port);
    const auto canonical = Canonical(ip);
    if (errc != std::errc() || rest != end || port < 1 || port > 65535 ||
        !canonical) {
      return bad();
    }
    policy.allowed_.push_back({*canonical, port});
  }
  return policy;
}

bool AddressPolicy::Allows(std::string_view ip, int port) const {
  const auto canonical = Canonical(std::string(ip));
  if (!canonical) return false;
  const bool listed = std::ranges::any_of(allowed_, [&](const Endpoint& e) {
    return e.port == port && e.ip == *canonical;
  });
  if (listed || all_) return true;
  return IsPublic(*canonical) && !IsForbiddenPort(port);
}

}  // namespace stemma
