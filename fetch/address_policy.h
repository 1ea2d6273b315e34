// Which addresses and ports a page may make us contact. Judged on the address
// being connected, at every connection, so that no name, redirect or changing
// DNS answer leads inside (server-side request forgery).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {

// Whether `ip` (IPv4 or IPv6 text, no brackets, no zone) is a unicast address
// of the public Internet: nothing in the IANA special-purpose registries
// (RFC 6890), no multicast, and no IPv6 form that carries an IPv4 address
// (mapped, compatible, NAT64, 6to4, Teredo). False for what is no address.
bool IsPublic(std::string_view ip);

// Whether the Fetch Standard ("bad port") or common sense forbids speaking
// HTTP to `port`: mail, shells, databases.
bool IsForbiddenPort(int port);

class AddressPolicy {
 public:
  // `allow`: "ADDR:PORT" or "[V6]:PORT", each exactly, or "all".
  // kInvalidArgument names the entry that is neither.
  static Result<AddressPolicy> Create(const std::vector<std::string>& allow);

  // Whether `ip`:`port` may be contacted.
  bool Allows(std::string_view ip, int port) const;

 private:
  struct Endpoint {
    std::string ip;  // canonical text
    int port;
  };
  std::vector<Endpoint> allowed_;
  bool all_ = false;
};

}  // namespace stemma
