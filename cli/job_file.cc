#include "cli/job_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "fetch/address_policy.h"

namespace stemma::cli {
namespace {

// What other parts would refuse later is refused now, with the file's name.
Status CheckNetwork(const Job& job) {
  const Result<AddressPolicy> policy = AddressPolicy::Create(job.allow_private);
  if (!policy) return policy.error().Context("network.allow_private");
  return {};
}

void MakeAbsolute(const std::filesystem::path& folder, std::string* path) {
  if (!path->empty()) *path = (folder / *path).lexically_normal().string();
}

}  // namespace

Result<std::string> ReadJobText(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in),
                   std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad() || std::filesystem::is_directory(file)) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("job file {} cannot be read: {}", file.string(),
                             errno != 0 ? std::strerror(errno) : "not a file"));
  }
  return text;
}

Result<Job> LoadJob(const std::filesystem::path& file) {
  STEMMA_TRY(const std::string text, ReadJobText(file));
  STEMMA_TRY(Job job, ParseJob(text, file.string()));
  if (Status good = CheckNetwork(job); !good) {
    return std::move(good).error().Context(file.string());
  }
  const std::filesystem::path folder =
      std::filesystem::absolute(file).parent_path();
  MakeAbsolute(folder, &job.archive);
  MakeAbsolute(folder, &job.sign_key);
  MakeAbsolute(folder, &job.cacert);
  MakeAbsolute(folder, &job.metrics);
  return job;
}

}  // namespace stemma::cli
