// Where the pages for a dictionary come from: what is being written, and
// bundles that are sealed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "archive/page_dictionary.h"
#include "archive/records.h"

namespace stemma {

// What a record is good for in a dictionary.
enum class SampleKind { kNone, kSmall, kPage, kDerived };
// `head` is its HTTP head. A page that the server compressed has nothing left
// for a dictionary.
SampleKind SampleKindOf(const RecordInfo& info, std::string_view head);

// The sealed bundles of the newest run of `job`, newest first, without those
// for media. By their names: JOB-14DIGITS-NNNN.warc.zst, NNNN from 0 in each
// run.
std::vector<std::filesystem::path> BundlesOfLastRun(
    const std::filesystem::path& folder, std::string_view job);

// Adds records of `bundles` to `samples`, newest bundles first, until enough
// was read. Gives the part of their bytes that was read, 0 for none; damage is
// for `check` to tell.
double TakeSamples(const std::vector<std::filesystem::path>& bundles,
                   PageSamples& samples, std::uint64_t most_bytes = 16 << 20);

}  // namespace stemma
