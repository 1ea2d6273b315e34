// stemma repack: packs sealed bundles anew, smaller.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "cli/commands.h"
#include "cli/run_signals.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

struct Options {
  std::vector<std::string> bundles;
  int level = 3;
  double least_gain = 10;  // per cent
  bool dry_run = false;
};

struct Total {
  std::uint64_t before = 0, after = 0;
  std::size_t packed = 0, refused = 0;
};

// "NAME", "NAME.warc.zst" or "bundles/NAME.warc.zst".
bool IsNamed(const SealedBundle& bundle, const std::string& name) {
  return bundle.name == name || bundle.name == "bundles/" + name ||
         bundle.name == "bundles/" + name + ".warc.zst";
}

Result<std::vector<SealedBundle>> Chosen(const Options& options,
                                         std::vector<SealedBundle> all) {
  if (options.bundles.empty()) return all;
  std::vector<SealedBundle> chosen;
  for (const std::string& name : options.bundles) {
    const auto found = std::find_if(
        all.begin(), all.end(),
        [&name](const SealedBundle& b) { return IsNamed(b, name); });
    if (found == all.end()) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("no sealed bundle is called {}", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

void Say(const Repacked& done, Session& session) {
  if (session.json) {
    nlohmann::json json = {{"bundle", done.name},
                           {"outcome", NameOf(done.outcome)},
                           {"before", done.before},
                           {"after", done.after}};
    if (!done.reason.empty()) json["reason"] = done.reason;
    *session.out << json.dump() << "\n" << std::flush;
    return;
  }
  switch (done.outcome) {
    case Repacked::Outcome::kDone:
    case Repacked::Outcome::kWouldPay:
      *session.out << fmt::format(
          "{}: {} to {}{} bytes\n", done.name, done.before,
          done.outcome == Repacked::Outcome::kWouldPay ? "about " : "",
          done.after);
      break;
    case Repacked::Outcome::kDoesNotPay:
      session.Note(fmt::format("{}: left as it is, little to gain", done.name));
      break;
    case Repacked::Outcome::kRefused:
      *session.out << fmt::format("{}: left as it is, it does not verify: {}\n",
                                  done.name, ForTerminal(done.reason));
      break;
  }
}

Status RepackAll(const Options& options, Session& session, Total& total) {
  const std::filesystem::path dir = session.ArchiveDir();
  if (!std::filesystem::exists(dir / "manifest" / "events.jsonl")) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no archive in {}", dir.string()));
  }
  std::unique_ptr<ArchiveWriter> writer;
  if (!options.dry_run) {
    ArchiveOptions how;
    how.job = "repack";
    how.software = "stemma/" STEMMA_VERSION;
    how.clock = session.clock;
    how.dictionary_after = 0;
    STEMMA_TRY(writer, ArchiveWriter::Open(dir, how));
    for (const std::string& note : writer->recovery_notes()) session.Note(note);
  }
  STEMMA_TRY(std::vector<SealedBundle> all, SealedBundles(dir));
  STEMMA_TRY(const std::vector<SealedBundle> bundles,
             Chosen(options, std::move(all)));
  const RunSignals signals;
  RepackOptions how;
  how.level = options.level;
  how.least_gain = options.least_gain / 100;
  std::string name;
  std::uint64_t told = 0;
  how.progress = [&](std::uint64_t done, std::uint64_t size) {
    constexpr std::uint64_t kStep = 256 << 20;
    if (done / kStep != told) {
      told = done / kStep;
      session.Note(
          fmt::format("{}: {} of {} MiB", name, done >> 20, size >> 20));
    }
    return RunSignals::StopRequests() == 0;
  };
  for (const SealedBundle& bundle : bundles) {
    if (RunSignals::StopRequests() > 0) {
      return Error(ErrorCode::kInterrupted,
                   "told to stop; what was packed anew stays so");
    }
    name = bundle.name;
    told = 0;
    Repacked done;
    if (writer) {
      STEMMA_TRY(done, writer->Repack(bundle, how));
    } else {
      STEMMA_TRY(const JudgedRepack judged, JudgeRepack(dir, bundle, how));
      done = judged.would;
    }
    total.before += done.before;
    total.after += done.after;
    total.refused += done.outcome == Repacked::Outcome::kRefused ? 1 : 0;
    total.packed += done.outcome == Repacked::Outcome::kDone ||
                            done.outcome == Repacked::Outcome::kWouldPay
                        ? 1
                        : 0;
    Say(done, session);
  }
  return {};
}

int Run(const Options& options, Session& session) {
  Total total;
  const Status done = RepackAll(options, session, total);
  if (!session.json && (done || total.packed > 0)) {
    *session.out << fmt::format(
        "{} bundles {}, {} to {} bytes\n", total.packed,
        options.dry_run ? "would be packed anew" : "packed anew", total.before,
        total.after);
  }
  if (!done) return session.Fail(done.error());
  return total.refused > 0 ? kBadAnswer : kDone;
}

}  // namespace

void AddRepack(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "repack", "packs sealed bundles anew, smaller, with the same records");
  command
      ->add_option("bundles", options->bundles,
                   "names of bundles; all if none is given")
      ->type_name("BUNDLE");
  command
      ->add_option("--level", options->level,
                   "zstd level, 1 to 19; 9 is slow and a tenth smaller [3]")
      ->check(CLI::Range(1, 19));
  command
      ->add_option("--least-gain", options->least_gain,
                   "per cent that a file must shrink by to be replaced [10]")
      ->check(CLI::Range(0.0, 99.0));
  command->add_flag("--dry-run", options->dry_run,
                    "only say what would be gained");
  command->footer(
      "examples:\n"
      "  stemma repack --dry-run\n"
      "  stemma --archive /srv/stemma/desk repack --level 9");
  command->callback(
      [options, &session] { session.exit_code = Run(*options, session); });
}

}  // namespace stemma::cli
