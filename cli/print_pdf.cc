#include "cli/print_pdf.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration)

#include "fetch/program_path.h"
#include "fetch/temporary_folder.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrinters[] = {"chromium", "chromium-browser",
                                          "google-chrome",
                                          "google-chrome-stable", "weasyprint"};
constexpr std::chrono::seconds kPatience{60};

std::vector<std::string> ArgumentsFor(const fs::path& printer,
                                      const fs::path& html, const fs::path& pdf,
                                      const fs::path& profile) {
  if (printer.filename() == "weasyprint") {
    return {printer, html, pdf};
  }
  std::vector<std::string> arguments = {
      printer, "--headless", "--disable-gpu", "--no-first-run",
      "--disable-sync", "--disable-extensions",
      "--disable-background-networking", "--disable-component-update",
      // The page loads nothing; this holds the browser to it as well.
      "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
      "--user-data-dir=" + profile.string(), "--print-to-pdf=" + pdf.string(),
      "file://" + html.string()};
  // Its own sandbox refuses to run as root; the page has no script.
  if (geteuid() == 0) arguments.insert(arguments.begin() + 2, "--no-sandbox");
  return arguments;
}

// Runs it silently; its exit status, or -1 when it had to be stopped.
Result<int> Run(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& one : arguments) {
    argv.push_back(const_cast<char*>(one.c_str()));  // posix_spawn's type
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null",
                                     stream == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Error(ErrorCode::kIo,
                 fmt::format("starting {}: {}", arguments.front(),
                             std::generic_category().message(failed)));
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

fs::path PdfPrinter() {
  for (const std::string_view name : kPrinters) {
    if (auto found = FindProgram(name)) return *std::move(found);
  }
  return {};
}

Status PrintPdf(const fs::path& html, const fs::path& pdf) {
  const fs::path printer = PdfPrinter();
  if (printer.empty()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("printing {}: neither Chromium nor WeasyPrint is "
                             "on $PATH; install one, or take --format html "
                             "and print it from a browser",
                             pdf.string()));
  }
  STEMMA_TRY(const TemporaryFolder profile, TemporaryFolder::Make("print"));
  std::error_code ignored;
  const Result<int> code =
      Run(ArgumentsFor(printer, fs::absolute(html, ignored),
                       fs::absolute(pdf, ignored), profile.path()));
  if (!code) return code.error();
  if (*code != 0 || !fs::exists(pdf, ignored)) {
    return Error(
        ErrorCode::kIo,
        fmt::format("printing {}: {} {}", pdf.string(), printer.string(),
                    *code < 0 ? std::string("took over a minute")
                              : fmt::format("ended with {}", *code)));
  }
  return {};
}

}  // namespace stemma::cli
