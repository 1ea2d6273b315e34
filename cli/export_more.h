// What `stemma export` gives besides records: a folder of evidence, and the
// signature of a package.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

struct Session;

// How a WACZ is signed; without a key it is not.
struct PackageSigning {
  std::string key;                       // file
  std::string domain, chain, timestamp;  // the domain form, if there is one
};
// What ExportOptions::sign is to be; empty without a key.
using DatapackageSigner =
    std::function<Result<std::string>(std::string_view datapackage)>;
Result<DatapackageSigner> PackageSigner(const Session& session,
                                        const PackageSigning& how);

// `captures` are ids; empty: everything.
Status ExportProof(Session& session, ArchiveReader& reader,
                   const std::vector<std::string>& captures,
                   const std::string& folder);

}  // namespace stemma::cli
