// One video, from the first byte to the last answer.
#pragma once

#include "media/worker/channel.h"

namespace stemma::worker {

// Does `job` and sends everything, kDone last. Never throws for input.
void Decode(Channel& channel, const WorkerJob& job);

}  // namespace stemma::worker
