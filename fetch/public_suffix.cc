#include "fetch/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <memory>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// The newer of the list built into libpsl and the one the system installed.
const psl_ctx_t* List() {
  static const std::unique_ptr<psl_ctx_t, decltype(&psl_free)> list(
      psl_latest(nullptr), &psl_free);
  return list ? list.get() : psl_builtin();
}

// libpsl wants lower case; beyond ASCII it must be asked to.
std::string Normalized(std::string_view host) {
  if (IsAscii(host)) return Lowered(host);
  std::string lower(host);
  char* utf8 = nullptr;
  if (psl_str_to_utf8lower(std::string(host).c_str(), "utf-8", nullptr,
                           &utf8) != PSL_SUCCESS) {
    return lower;
  }
  lower = utf8;
  psl_free_string(utf8);
  return lower;
}

// Names no list can know, and that libpsl was not made for.
bool IsNoName(std::string_view host) {
  return host.empty() || host.starts_with('.') || host.ends_with('.') ||
         host.find("..") != std::string_view::npos || ValidUtf8(host) != host ||
         std::ranges::any_of(host, [](char c) {
           constexpr std::string_view kForbidden = "/:?#@[]\\%|<>^";
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte == 0x7f ||
                  kForbidden.find(c) != std::string_view::npos;
         });
}

// The URL Standard reads a host whose last label is a number as IPv4, or
// refuses it: no domain is called so.
bool EndsInNumber(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  const bool hex = last.starts_with("0x") || last.starts_with("0X");
  if (hex) last.remove_prefix(2);
  return std::ranges::all_of(last, [hex](char c) {
    const int digit = HexDigitValue(c);
    return digit >= 0 && (hex || digit < 10);
  });
}

}  // namespace

std::string RegistrableDomain(std::string_view host) {
  if (IsNoName(host) || EndsInNumber(host)) return {};
  const std::string lower = Normalized(host);
  const char* domain = psl_registrable_domain(List(), lower.c_str());
  return domain ? domain : "";
}

bool IsPublicSuffix(std::string_view host) {
  if (IsNoName(host)) return false;
  return psl_is_public_suffix(List(), Normalized(host).c_str()) != 0;
}

}  // namespace stemma
