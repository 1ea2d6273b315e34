// stemma redact: takes things out of the archive by decision of two roles, and
// keeps the proof of the rest.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/erase.h"
#include "archive/index.h"
#include "archive/stored_record.h"
#include "cli/commands.h"
#include "cli/erasing.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

struct Options {
  std::vector<std::string> references;
  Erasure why;
};

// What the references name: records to take out, bundles to take away.
struct Named {
  std::vector<std::string> records, captures, bundles;
};

Result<Named> Resolve(const std::filesystem::path& dir,
                      const std::vector<std::string>& references) {
  Named named;
  STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
  for (const std::string& reference : references) {
    if (IsBundleName(reference)) {
      named.bundles.push_back(reference);
      continue;
    }
    const bool url =
        reference.starts_with("http://") || reference.starts_with("https://");
    const Result<CaptureRow> capture = url ? reader->NewestCaptureOf(reference)
                                           : reader->CaptureById(reference);
    if (capture) {
      named.captures.push_back(capture->id);
      continue;
    }
    STEMMA_TRY(const auto record, reader->index().Record(reference));
    if (!record) {
      return Error(
          ErrorCode::kNotFound,
          fmt::format("no capture, record or bundle is called {}", reference));
    }
    named.records.push_back(record->id);
  }
  return named;
}

Result<std::vector<ErasedFromBundle>> Erase(Named named, const Erasure& why,
                                            ArchiveWriter& writer) {
  for (const std::string& capture : named.captures) {
    STEMMA_TRY(const std::vector<std::string> records,
               RecordsToRedact(writer, capture));
    named.records.insert(named.records.end(), records.begin(), records.end());
  }
  std::vector<ErasedFromBundle> erased;
  if (!named.records.empty()) {
    STEMMA_TRY(erased, RedactRecords(writer, named.records, why));
  }
  for (const std::string& bundle : named.bundles) {
    STEMMA_TRY(ErasedFromBundle done, TombstoneBundle(writer, bundle, why));
    erased.push_back(std::move(done));
  }
  return erased;
}

void Say(const std::vector<ErasedFromBundle>& erased, const Session& session) {
  for (const ErasedFromBundle& done : erased) {
    if (session.json) {
      *session.out << ToJson(done).dump() << "\n";
      continue;
    }
    *session.out << fmt::format(
        "{}: {} records, {} bytes taken out{}\n", ForTerminal(done.bundle),
        done.records, done.bytes, done.whole ? ", the whole bundle" : "");
    if (done.has_dictionary) {
      session.Note(
          done.bundle +
          " has a dictionary made of pages: short pieces of what was taken out "
          "may be in it. Take the whole bundle away if that is too much");
    }
  }
}

Status Redact(const Options& options, const Session& session) {
  const std::filesystem::path dir = session.ArchiveDir();
  STEMMA_TRY(const Named named, Resolve(dir, options.references));
  STEMMA_TRY(const std::vector<ErasedFromBundle> erased,
             EraseFrom(dir, session, options.why, [&](ArchiveWriter& writer) {
               return Erase(named, options.why, writer);
             }));
  Say(erased, session);
  session.Note(
      "sign the log, so that the decision is covered: stemma key sign");
  return {};
}

}  // namespace

void AddRedact(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "redact",
      "takes things out by decision, and keeps the proof of the rest");
  command
      ->add_option("REF", options->references,
                   "a capture (id or URL) with all that was made of it, a "
                   "record, or bundles/NAME.warc.zst")
      ->required();
  command
      ->add_option("--basis", options->why.basis,
                   "law, policy or request, for the log")
      ->type_name("TEXT")
      ->required();
  command
      ->add_option("--approve", options->why.approved_by,
                   "a role that approves; two different ones are needed")
      ->type_name("ROLE")
      ->allow_extra_args(false)
      ->required();
  command->footer(
      "Digests, addresses and times stay in the log; nothing brings the bytes "
      "back.\n"
      "exit: 0 done, 3 trouble, 4 refused (one role, or an open bundle)\n"
      "examples:\n"
      "  stemma redact URN --basis 'case 12' --approve archivist --approve "
      "desk\n"
      "  stemma redact bundles/job-1.warc.zst --basis law --approve a "
      "--approve b");
  command->callback([options, &session] {
    const Status done = Redact(*options, session);
    session.exit_code =
        done ? static_cast<int>(kDone) : session.Fail(done.error());
  });
}

}  // namespace stemma::cli
