// Names of bundles: "NAME.warc.zst" when sealed, with ".open" before.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace stemma {

inline constexpr std::string_view kBundleSuffix = ".warc.zst";

// The file's name without folder and without ".open".
inline std::string BundleBase(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".open")) name.resize(name.size() - 5);
  return name;
}

// Where the index of a sealed bundle is.
inline std::filesystem::path CdxjBeside(const std::filesystem::path& bundle) {
  std::string path = bundle.string();
  path.resize(path.size() - kBundleSuffix.size());
  return path + ".cdxj";
}

}  // namespace stemma
