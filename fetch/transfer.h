// One exchange on its way: what libcurl tells of it while it runs, and what the
// way it ended says about what came. Not for other rooms.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/c_handle.h"
#include "core/chunked.h"
#include "core/http_head.h"
#include "core/result.h"
#include "fetch/address_policy.h"
#include "fetch/engine.h"
#include "fetch/sitemap_meter.h"
#include "fetch/tls_facts.h"

struct curl_slist;  // libcurl's

namespace stemma {

void EndEasy(void* easy);
void EndList(curl_slist* list);
using CurlEasy = CHandle<void, EndEasy>;
using CurlList = CHandle<curl_slist, EndList>;

struct Transfer {
  FetchEngine::Id id = 0;
  FetchRequest request;
  ExchangeSink sink;
  FetchEngine::Done done;

  CurlEasy easy;
  CurlList headers;
  std::array<char, 256> curl_error{};  // CURL_ERROR_SIZE
  const AddressPolicy* addresses = nullptr;
  std::set<int>* sockets = nullptr;  // of the engine
  bool through_proxy = false;

  FetchOutcome out;
  std::string head_bytes;       // of the head being read
  std::size_t head_fields = 0;  // lines after the first
  int interim = 0;
  bool head_done = false;
  bool conditional = false, ranged = false;
  bool http2 = false;
  Framing framing;
  ChunkWalker chunks;
  std::uint64_t body_limit = 0;
  std::optional<SitemapMeter> sitemap;  // when it may be one
  std::uint64_t surplus = 0;            // bytes after the end of a chunked body
  bool body_done = false;

  // Why we stopped it, when we did.
  std::optional<Truncation> cut;
  std::optional<Error> stop;  // becomes the failure
  bool head_cut = false;
  bool desync = false;  // stale bytes on a kept connection
  int fresh_tries = 0;
  bool paused = false;

  std::optional<std::string> refused;
  std::shared_ptr<TlsFacts> opened_tls, tls;
  std::chrono::steady_clock::time_point begun;

  void Note(std::string text) {
    constexpr std::size_t kMost = 32;
    if (out.notes.size() < kMost) out.notes.push_back(std::move(text));
  }
};

// Makes libcurl tell `t` what happens; `t` stays where it is until it ends.
void SetCallbacks(Transfer* t);

// What is known of the connection by now.
void LearnConnection(Transfer* t);

// It ended with a CURLcode: sets the failure, or what the end says about the
// body.
void JudgeEnd(Transfer* t, int ended);

}  // namespace stemma
