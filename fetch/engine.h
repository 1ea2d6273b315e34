// A FetchEngine runs many exchanges at once on one thread (libcurl's multi
// interface). Callbacks run inside RunOnce; they may start further exchanges.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/result.h"
#include "fetch/fetcher.h"

namespace stemma {

class FetchEngine {
 public:
  using Id = std::uint64_t;
  using Done = std::function<void(FetchOutcome)>;

  static Result<std::unique_ptr<FetchEngine>> Create(FetchPolicy policy);
  ~FetchEngine();  // abandons what runs; no callback comes any more
  FetchEngine(const FetchEngine&) = delete;
  FetchEngine& operator=(const FetchEngine&) = delete;

  // Starts an exchange; `done` is called exactly once, from RunOnce.
  Id Start(FetchRequest request, ExchangeSink sink, Done done);

  // Moves everything forward; waits up to `wait` when nothing is ready.
  Status RunOnce(std::chrono::milliseconds wait);

  // Ends a RunOnce that waits. The only call allowed from another thread.
  void Wakeup();

  // Back-pressure: no body bytes are delivered between Pause and Resume, and
  // the peer feels it. Time spent paused counts towards `total` only.
  void Pause(Id id);
  void Resume(Id id);

  // Ends an exchange early: what came is kept, marked with `reason`.
  void Cut(Id id, Truncation reason);

  std::size_t active() const;

 private:
  struct Impl;
  explicit FetchEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stemma
