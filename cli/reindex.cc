// stemma reindex: builds the caches again from log and bundles.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/index.h"
#include "cli/commands.h"
#include "cli/memory.h"
#include "cli/session.h"

namespace stemma::cli {
void AddReindex(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand(
      "reindex", "builds the caches again from the log and the bundles");
  command->footer(
      "index.sqlite and segments/ are caches: nothing is lost with them.\n"
      "examples:\n"
      "  stemma reindex\n"
      "  stemma --archive /srv/stemma/desk reindex");
  command->callback([&session] {
    const Result<Index::Totals> totals = Reindex(session.ArchiveDir());
    if (!totals) {
      session.exit_code = session.Fail(totals.error());
      return;
    }
    if (const Status built = Memory::Rebuild(session.ArchiveDir()); !built) {
      session.exit_code = session.Fail(built.error());
      return;
    }
    if (session.json) {
      const nlohmann::json json = {{"events", totals->events},
                                   {"captures", totals->captures},
                                   {"failed", totals->failed},
                                   {"records", totals->records},
                                   {"publications", totals->publications},
                                   {"media", totals->media},
                                   {"comparisons", totals->comparisons}};
      *session.out << json.dump() << "\n";
    } else {
      *session.out << fmt::format(
          "{} events: {} captures, {} failed visits, {} records, {} "
          "publications, {} media, {} comparisons\n",
          totals->events, totals->captures, totals->failed, totals->records,
          totals->publications, totals->media, totals->comparisons);
    }
    session.exit_code = kDone;
  });
}

}  // namespace stemma::cli
