// A job file on disk.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"
#include "fetch/job.h"

namespace stemma::cli {

// The text of a job file; kNotFound or kIo with the path in the message, both
// of them a usage error to the operator.
Result<std::string> ReadJobText(const std::filesystem::path& file);

// Reads and checks a job file. Relative paths in it (archive, key, CA file) are
// relative to its folder.
Result<Job> LoadJob(const std::filesystem::path& file);

}  // namespace stemma::cli
