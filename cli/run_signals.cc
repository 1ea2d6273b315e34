#include "cli/run_signals.h"

#include <atomic>
#include <csignal>

namespace stemma::cli {
namespace {

std::atomic<int> stop_requests = 0;
std::atomic<bool> status_request = false, reload_request = false;

void OnStop(int) { ++stop_requests; }
void OnStatus(int) { status_request = true; }
void OnReload(int) { reload_request = true; }

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

RunSignals::RunSignals() {
  stop_requests = 0;
  status_request = reload_request = false;
  Handle(SIGTERM, OnStop);
  Handle(SIGINT, OnStop);
  Handle(SIGUSR1, OnStatus);
  Handle(SIGHUP, OnReload);
  Handle(SIGPIPE, SIG_IGN);
}

RunSignals::~RunSignals() {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGPIPE}) {
    Handle(signal, SIG_DFL);
  }
}

int RunSignals::StopRequests() { return stop_requests; }
bool RunSignals::TakeStatusRequest() { return status_request.exchange(false); }
bool RunSignals::TakeReloadRequest() { return reload_request.exchange(false); }

}  // namespace stemma::cli
