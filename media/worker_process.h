// The parent's side of the media worker: starts it, serves its reads, and ends
// it when it takes too long.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/blob.h"
#include "core/result.h"
#include "media/worker_protocol.h"

namespace stemma {

struct WorkerTimes {
  double wall_seconds = 900;
  double stall_seconds = 60;  // without a word from the worker
};

// How a worker ended.
struct WorkerEnd {
  bool finished = false;  // said kDone and exited by itself
  std::string trouble;    // otherwise why not, for people
};

// Called for each message other than kRead; an error ends the worker.
using WorkerMessageFn =
    std::function<Status(WorkerMessage type, std::string_view payload)>;

// Runs one job in a process of its own, forked from a worker program that is
// kept for the next job. An error means that no worker could be run at all, or
// that `video` could not be read.
Result<WorkerEnd> RunWorker(const WorkerJob& job, const Blob& video,
                            const WorkerTimes& times,
                            const WorkerMessageFn& on_message);

// Where the worker program is: $STEMMA_MEDIA_WORKER, beside the running
// program, ../libexec/stemma from there, the configured libexec directory.
Result<std::string> FindWorkerProgram();

}  // namespace stemma
