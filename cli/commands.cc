#include "cli/commands.h"

#include <array>

namespace stemma::cli {

// Each is defined in cli/<name>.cc.
void AddCapture(CLI::App& root, Session& session);
void AddCat(CLI::App& root, Session& session);
void AddCheck(CLI::App& root, Session& session);
void AddConfig(CLI::App& root, Session& session);
void AddCrawl(CLI::App& root, Session& session);
void AddDerive(CLI::App& root, Session& session);
void AddExport(CLI::App& root, Session& session);
void AddExtract(CLI::App& root, Session& session);
void AddFind(CLI::App& root, Session& session);
void AddHash(CLI::App& root, Session& session);
void AddImport(CLI::App& root, Session& session);
void AddKey(CLI::App& root, Session& session);
void AddKeyframes(CLI::App& root, Session& session);
void AddList(CLI::App& root, Session& session);
void AddNote(CLI::App& root, Session& session);
void AddRedact(CLI::App& root, Session& session);
void AddReindex(CLI::App& root, Session& session);
void AddRepack(CLI::App& root, Session& session);
void AddServe(CLI::App& root, Session& session);
void AddStatus(CLI::App& root, Session& session);
void AddTrace(CLI::App& root, Session& session);
void AddVerify(CLI::App& root, Session& session);

std::span<const Command> Commands() {
  static constexpr std::array kCommands = {
      Command{"capture", AddCapture},     Command{"cat", AddCat},
      Command{"check", AddCheck},         Command{"config", AddConfig},
      Command{"crawl", AddCrawl},         Command{"derive", AddDerive},
      Command{"export", AddExport},       Command{"extract", AddExtract},
      Command{"find", AddFind},           Command{"hash", AddHash},
      Command{"import", AddImport},       Command{"key", AddKey},
      Command{"keyframes", AddKeyframes}, Command{"list", AddList},
      Command{"note", AddNote},           Command{"redact", AddRedact},
      Command{"reindex", AddReindex},     Command{"repack", AddRepack},
      Command{"serve", AddServe},         Command{"status", AddStatus},
      Command{"trace", AddTrace},         Command{"verify", AddVerify},
  };
  return kCommands;
}

}  // namespace stemma::cli
