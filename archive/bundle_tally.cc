#include "archive/bundle_tally.h"

#include "archive/cdxj.h"

namespace stemma {

Status BundleTally::Add(const RecordInfo& info, const Sha256& leaf) {
  range_.Append(leaf);
  if (const auto line = CdxjOf(info, filename_)) {
    return lines_.Add(line->Text());
  }
  return {};
}

}  // namespace stemma
