#include "fetch/public_suffix.h"

#include <libpsl.h>

#include <algorithm>
#include <memory>

#include "core/url_host.h"
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
  std::string lower(host);
  if (IsAscii(host)) {
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return lower;
  }
  char* utf8 = nullptr;
  if (psl_str_to_utf8lower(ValidUtf8(host).c_str(), "utf-8", nullptr, &utf8) !=
      PSL_SUCCESS) {
    return lower;
  }
  lower = utf8;
  psl_free_string(utf8);
  return lower;
}

bool HasEmptyLabel(std::string_view host) {
  return host.empty() || host.starts_with('.') || host.ends_with('.') ||
         host.find("..") != std::string_view::npos;
}

bool IsAddress(std::string_view host) {
  if (host.starts_with('[') || host.find(':') != std::string_view::npos) {
    return true;
  }
  const Result<std::string> parsed = ParseSpecialHost(host);
  return parsed &&
         parsed->find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

std::string RegistrableDomain(std::string_view host) {
  if (HasEmptyLabel(host) || IsAddress(host) ||
      host.find('\0') != std::string_view::npos) {
    return {};
  }
  const std::string lower = Normalized(host);
  const char* domain = psl_registrable_domain(List(), lower.c_str());
  return domain ? domain : "";
}

bool IsPublicSuffix(std::string_view host) {
  if (HasEmptyLabel(host) || host.find('\0') != std::string_view::npos) {
    return false;
  }
  return psl_is_public_suffix(List(), Normalized(host).c_str()) != 0;
}

}  // namespace stemma
