#include "fetch/redirect.h"

#include <fmt/format.h>

#include "fetch/fetcher.h"

namespace stemma {
namespace {

std::string MethodAfter(int status, std::string_view method) {
  const bool becomes_get =
      (status == 303 && method != "HEAD") ||
      ((status == 301 || status == 302) && method == "POST");
  return becomes_get ? "GET" : std::string(method);
}

// The address a host literally is, without brackets, or must be (RFC 6761 6.3:
// localhost); empty for any other name.
std::string_view AddressOf(std::string_view host) {
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name == "localhost" || name.ends_with(".localhost")) return "127.0.0.1";
  if (host.starts_with('[')) return host.substr(1, host.size() - 2);
  const bool dotted =
      host.find_first_not_of("0123456789.") == std::string_view::npos;
  return dotted ? host : std::string_view();
}

std::string Refusal(const Url& target, const AddressPolicy& policy) {
  if (!target.IsHttp()) return "scheme is " + target.scheme();
  const int port = target.EffectivePort();
  const std::string_view address = AddressOf(target.host());
  if (address.empty()) {
    return IsForbiddenPort(port) ? fmt::format("port {} is not for HTTP", port)
                                 : "";
  }
  return policy.Allows(address, port)
             ? ""
             : fmt::format("{} port {} is not public", address, port);
}

}  // namespace

Redirect JudgeRedirect(std::string_view method, const Exchange& exchange,
                       const Url& base, const AddressPolicy& policy) {
  Redirect redirect;
  const std::optional<Url> target = RedirectTarget(exchange, base);
  if (!target) return redirect;
  redirect.refused = Refusal(*target, policy);
  if (!redirect.refused.empty()) return redirect;
  redirect.url = target->WithoutCredentials();
  redirect.method = MethodAfter(exchange.status, method);
  return redirect;
}

}  // namespace stemma
