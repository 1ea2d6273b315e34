// Telling the service manager and the monitoring how a run does.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma::cli {

// sd_notify(3) without its library: sends `message` ("READY=1", "STATUS=...",
// "WATCHDOG=1", "STOPPING=1") to $NOTIFY_SOCKET; nothing without one.
void NotifyService(std::string_view message);

// Replaces `file` as a whole, so that a reader never sees half of it.
Status ReplaceFile(const std::filesystem::path& file, std::string_view text);

// Runs `command` with /bin/sh, `input` on its standard input, and waits at most
// a minute. kIo says how it ended when it did not end well.
Status RunCommand(const std::string& command, std::string_view input);

}  // namespace stemma::cli
