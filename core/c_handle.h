// Owns what a C library hands out, and gives it back by that library's own
// function: `CHandle<X509, X509_free>`. Null owns nothing.
#pragma once

#include <memory>

namespace stemma {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
template <typename T, auto Free>
using CHandle = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace stemma
