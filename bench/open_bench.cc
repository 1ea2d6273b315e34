// Opening one record by its id, as `stemma cat` does, without the start of a
// program: the archive, the index's answer, the record's first bytes. Each time
// anew, in a random order.
//
//   open_bench ARCHIVE [TIMES]     [500]
//
// The clock's figures hold for a machine with nothing else to do; CPU counts
// this thread only.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/index_rows.h"

namespace stemma {
namespace {

double CpuMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * double(now.tv_sec) + double(now.tv_nsec) / 1e6;
}

double ClockMs() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Result<std::vector<std::string>> AllIds(const char* dir) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
  std::vector<std::string> ids;
  STEMMA_CHECK_OK(reader->ForEachEvent(
      [&ids](std::string_view, const nlohmann::json& event) -> Status {
        for (const RecordInfo& record : RecordsInEvent(event)) {
          ids.push_back(record.id);
        }
        return {};
      }));
  return ids;
}

Status OpenOne(const char* dir, const std::string& id) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
  STEMMA_TRY(const StoredRecord record, reader->RecordById(id));
  STEMMA_TRY(const std::string first, record.payload.ReadPrefix(4096));
  static_cast<void>(first);
  return {};
}

void Print(std::string_view what, std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  fmt::print("  {:<6} median {:7.3f}   best {:7.3f}   9 of 10 {:7.3f} ms\n",
             what, ms[ms.size() / 2], ms.front(), ms[ms.size() * 9 / 10]);
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: open_bench ARCHIVE [TIMES]\n");
    return 2;
  }
  const int times = argc > 2 ? std::max(1, std::atoi(argv[2])) : 500;
  const auto ids = AllIds(argv[1]);
  if (!ids || ids->empty()) {
    fmt::print(stderr, "no records in {}\n", argv[1]);
    return 3;
  }
  std::mt19937 random(1);
  std::vector<double> clock, cpu;
  for (int i = 0; i < times; ++i) {
    const std::string& id = (*ids)[random() % ids->size()];
    const double from = ClockMs(), cpu_from = CpuMs();
    const Status opened = OpenOne(argv[1], id);
    cpu.push_back(CpuMs() - cpu_from);
    clock.push_back(ClockMs() - from);
    if (!opened) {
      fmt::print(stderr, "{}: {}\n", id, opened.error().message());
      return 3;
    }
  }
  fmt::print("one of {} records opened by id, {} times\n", ids->size(), times);
  Print("clock", clock);
  Print("CPU", cpu);
  return 0;
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) { return stemma::Main(argc, argv); }
