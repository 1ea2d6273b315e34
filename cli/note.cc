// stemma note: words of people for the log. Who took charge of what, from whom,
// why: the chain of custody is kept where nobody can change it afterwards.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/commands.h"
#include "cli/log_event.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

// Room for the other keys in a line of 64 KiB, whatever has to be escaped.
constexpr std::size_t kMostText = 4096;

struct Options {
  std::string text, of, by, to;
  bool custody = false;
};

Status Check(const Options& options) {
  for (const std::string* text :
       {&options.text, &options.of, &options.by, &options.to}) {
    if (text->size() > kMostText) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("a note may have {} bytes", kMostText));
    }
  }
  if (options.text.empty()) {
    return Error(ErrorCode::kInvalidArgument, "the note is empty");
  }
  return {};
}

// The capture that a reference means, as the log calls it.
Result<std::string> Resolve(const Session& session, const std::string& of) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  const bool url = of.starts_with("http://") || of.starts_with("https://");
  STEMMA_TRY(const CaptureRow row,
             url ? reader->NewestCaptureOf(of) : reader->CaptureById(of));
  return row.id;
}

Status Note(const Options& options, const Session& session) {
  STEMMA_CHECK_OK(Check(options));
  nlohmann::json fields = {{"text", options.text}};
  if (!options.of.empty()) {
    STEMMA_TRY(fields["of"], Resolve(session, options.of));
  }
  if (!options.by.empty()) fields["by"] = options.by;
  if (!options.to.empty()) fields["to"] = options.to;
  const std::string type = options.custody ? "custody" : "note";
  if (!options.custody) fields["kind"] = "remark";
  STEMMA_TRY(const std::uint64_t seq,
             LogEvent(session, session.ArchiveDir(), type, fields));
  if (session.json) {
    fields["type"] = type;
    fields["seq"] = seq;
    *session.out << fields.dump() << "\n";
  } else {
    *session.out << fmt::format("logged as event {}\n", seq);
  }
  return {};
}

}  // namespace

void AddNote(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "note", "logs a remark or a step of the chain of custody");
  command->add_option("TEXT", options->text, "what there is to say")
      ->required();
  command->add_flag("--custody", options->custody,
                    "somebody takes charge, hands over or gets to see it");
  command->add_option("--of", options->of, "the capture it is about")
      ->type_name("REF");
  command->add_option("--by", options->by, "who acts")->type_name("WHO");
  command->add_option("--to", options->to, "who receives")->type_name("WHO");
  command->footer(
      "A note can never be taken back. Sign it with 'stemma key sign'.\n"
      "examples:\n"
      "  stemma note --custody 'disk 4 handed over' --by desk --to court\n"
      "  stemma note --of https://example.org/report 'seen by two editors'");
  command->callback([options, &session] {
    const Status done = Note(*options, session);
    session.exit_code =
        done ? static_cast<int>(kDone) : session.Fail(done.error());
  });
}

}  // namespace stemma::cli
