// stemma keyframes VIDEO: the frames a reviewer should see.
#include "media/keyframes.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/c2pa.h"
#include "cli/commands.h"
#include "cli/page_source.h"
#include "cli/session.h"
#include "hash/pdq.h"
#include "media/contact_sheet.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string video, out;
  KeyframeOptions how;
  bool no_sheet = false, thorough = false, no_fetch = false;
};

Status WriteText(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    return Error(ErrorCode::kIo,
                 fmt::format("keyframes: writing {} failed (disk full, or no "
                             "permission)",
                             path.string()));
  }
  return {};
}

// The JSON and the contact sheets beside the pictures.
Status WriteBeside(const Options& options, const std::string& title,
                   const VideoReport& report) {
  const fs::path out = options.out;
  STEMMA_CHECK_OK(
      WriteText(out / "keyframes.json", ToJson(report).dump(2) + "\n"));
  if (options.no_sheet || report.images.empty()) return {};
  SheetOptions sheet;
  sheet.title = title;
  STEMMA_TRY(const std::string png, ContactSheetPng(report, sheet));
  STEMMA_CHECK_OK(WriteText(out / "contact-sheet.png", png));
  return WriteText(out / "contact-sheet.html", ContactSheetHtml(report, sheet));
}

void PrintTable(const VideoReport& report, const Options& options,
                Session& session) {
  std::ostream& out = *session.out;
  out << fmt::format("{}: {}x{}, {:.3f} s, {} frames, {} shots\n",
                     report.status, report.width, report.height,
                     report.duration, report.frames_decoded,
                     report.shots.size());
  if (!report.reason.empty()) out << ForTerminal(report.reason) << "\n";
  for (const Keyframe& key : report.keyframes) {
    out << fmt::format("{:>12.6f}  frame {:<7} shot {:<4} q{:<3} {}  {}\n",
                       key.seconds, key.frame, key.shot + 1, key.pdq_quality,
                       PdqHex(key.pdq).substr(0, 16),
                       key.file.empty() ? key.reason : key.file);
  }
  if (!options.out.empty() && !options.no_sheet && !report.images.empty()) {
    out << "contact sheet: "
        << ForTerminal((fs::path(options.out) / "contact-sheet.html").string())
        << "\n";
  }
}

Status Run(const Options& given, Session& session) {
  Options options = given;
  SourceOptions source;
  source.fetch = !options.no_fetch;
  STEMMA_TRY(const LoadedVideo video,
             LoadVideo(session, options.video, source));
  if (!options.out.empty()) {
    std::error_code error;
    fs::create_directories(options.out, error);
    if (error) {
      return Error(ErrorCode::kIo, fmt::format("keyframes: make folder {}: {}",
                                               options.out, error.message()));
    }
    options.how.out_dir = options.out;
    options.how.images_in_memory = !options.no_sheet;
  }
  if (options.thorough) options.how.limits.max_pixels_per_byte = 0;
  if (session.network.max_time > 0) {
    options.how.limits.wall_seconds = session.network.max_time;
    options.how.limits.cpu_seconds = session.network.max_time;
  }
  STEMMA_TRY(VideoReport report, ReadVideo(video.bytes, options.how));
  JudgeC2pa(video.bytes, report);
  for (const std::string& warning : report.warnings) session.Note(warning);
  if (!options.out.empty()) {
    STEMMA_CHECK_OK(WriteBeside(options, video.name, report));
  }
  if (session.json) {
    nlohmann::json json = ToJson(report);
    json["path"] = options.video;
    *session.out << json.dump(2, ' ', false,
                              nlohmann::json::error_handler_t::replace)
                 << "\n";
  } else {
    PrintTable(report, options, session);
  }
  session.exit_code = report.status == "ok" ? kDone : kBadAnswer;
  return {};
}

}  // namespace

void AddKeyframes(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "keyframes", "Frames of a video for review, at exact times.");
  command->add_option("video", options->video, "file, URL or capture id")
      ->type_name("VIDEO")
      ->required();
  command
      ->add_option("--out", options->out,
                   "write pictures, keyframes.json and a contact sheet")
      ->type_name("DIR");
  command
      ->add_option("--mode", options->how.mode,
                   "scene, iframe, interval:5s or all [scene]")
      ->type_name("MODE");
  command
      ->add_option("--depth", options->how.depth,
                   "decode key, adaptive or full [full]")
      ->type_name("DEPTH");
  command
      ->add_option("--format", options->how.image_format,
                   "jpeg, png or webp [jpeg]")
      ->type_name("FORMAT");
  command
      ->add_option("--size", options->how.image_side,
                   "longest side of a picture, 0: as it is [1280]")
      ->type_name("PIXELS");
  command->add_flag("--no-sheet", options->no_sheet, "no contact sheet");
  command->add_flag("--thorough", options->thorough,
                    "decode all of a video that unpacks suspiciously far");
  command->add_flag("--no-fetch", options->no_fetch, "never use the network");
  AddNetworkOptions(*command, session);
  command->footer(
      "Examples:\n"
      "  stemma keyframes report.mp4 --out frames\n"
      "  stemma keyframes --json --mode interval:5s report.mp4");
  command->callback([options, &session] {
    if (Status done = Run(*options, session); !done) {
      session.exit_code = session.Fail(done.error());
    }
  });
}

}  // namespace stemma::cli
