// stemma hash FILE...: exact and perceptual hashes, one JSON line a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/file_blob.h"
#include "cli/session.h"
#include "hash/image.h"
#include "hash/pdq.h"
#include "hash/sha256.h"
#include "media/keyframes.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxImageBytes = std::uint64_t{256} << 20;

struct Options {
  std::vector<std::string> files;
  bool dihedral = false;
  double every = 0;
};

Status HashImage(const Blob& blob, const Options& options, Json& line) {
  STEMMA_TRY(const std::string bytes, blob.ReadAll(kMaxImageBytes));
  STEMMA_TRY(const RgbImage image, DecodeImage(bytes));
  const PdqImage pdq =
      PdqOfRgb(image.rgb, image.width, image.height, kPdqRule512);
  line["pdq"] = PdqHex(pdq.hash.bits);
  line["pdq_quality"] = pdq.hash.quality;
  line["pdq_rule"] = kPdqRule512;
  if (image.damaged) line["damaged"] = true;
  if (options.dihedral) {
    Json& forms = line["pdq_dihedral"] = Json::array();
    for (const FrameHash& form : pdq.dihedral) forms.push_back(PdqHex(form));
  }
  return {};
}

Status HashVideo(const Blob& blob, const Options& options, Json& line) {
  KeyframeOptions how;
  how.mode = "none";
  how.samples = false;
  how.hash_every = options.every;
  STEMMA_TRY(const VideoReport report, ReadVideo(blob, how));
  line["status"] = report.status;
  if (!report.reason.empty()) line["reason"] = report.reason;
  line["pdq_rule"] = kPdqRuleFull;
  line["frames_decoded"] = report.frames_decoded;
  Json& frames = line["frames"] = Json::array();
  for (const FrameRecord& frame : report.frames) {
    frames.push_back({{"pts", frame.pts},
                      {"seconds", std::round(frame.seconds * 1e6) / 1e6},
                      {"frame", frame.frame},
                      {"pdq", PdqHex(frame.pdq)},
                      {"pdq_quality", frame.quality}});
  }
  return {};
}

Result<Json> HashFile(const std::string& path, const Options& options) {
  STEMMA_TRY(const Blob blob, FileBlob(path));
  Json line = {{"path", path}};
  STEMMA_TRY(const Sha256 digest, Sha256OfBlob(blob));
  line["sha256"] = digest.Hex();
  STEMMA_TRY(const std::string prefix, blob.ReadPrefix(4096));
  Status done;
  if (LooksLikeImage(prefix)) {
    done = HashImage(blob, options, line);
  } else if (LooksLikeVideo(prefix)) {
    done = HashVideo(blob, options, line);
  }
  // A picture that cannot be decoded still has its digest.
  if (!done && done.error().code() == ErrorCode::kMalformed) {
    line["error"] = done.error().message();
  } else if (!done) {
    return std::move(done).error();
  }
  return line;
}

void Run(const Options& options, Session& session) {
  for (const std::string& path : options.files) {
    Result<Json> line = HashFile(path, options);
    if (!line) {
      const int code = session.Fail(line.error());
      session.exit_code =
          std::max(session.exit_code, code == kUsage ? int{kTrouble} : code);
      continue;
    }
    *session.out << line->dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
  }
}

}  // namespace

void AddHash(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "hash", "SHA-256 of files, PDQ of images and of every video frame.");
  command->add_option("files", options->files, "one JSON line each")
      ->type_name("FILE")
      ->required();
  command->add_flag("--dihedral", options->dihedral,
                    "also the hashes of the image turned and mirrored");
  command
      ->add_option("--every", options->every,
                   "of a video, one hash in so many seconds [every frame]")
      ->type_name("SECONDS")
      ->check(CLI::NonNegativeNumber);
  command->footer(
      "Examples:\n"
      "  stemma hash photo.jpg screenshot.png\n"
      "  stemma hash --every 1 report.mp4");
  command->callback([options, &session] { Run(*options, session); });
}

}  // namespace stemma::cli
