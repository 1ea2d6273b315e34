// A file on disk as a Blob.
#pragma once

#include <string>

#include "core/blob.h"
#include "core/result.h"

namespace stemma::cli {

// Opens a regular file for reading at any place. kNotFound, kIo;
// kInvalidArgument for a directory, FIFO or device, which have no size.
Result<Blob> FileBlob(const std::string& path);

}  // namespace stemma::cli
