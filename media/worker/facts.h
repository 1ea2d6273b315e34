// What the container and its streams claim, and what decoding showed.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "media/worker/av.h"
#include "media/worker/channel.h"

namespace stemma::worker {

class Facts {
 public:
  explicit Facts(Channel& channel) : channel_(channel) {}

  void Text(std::string_view name, std::string_view value, int stream = -1);
  void Number(std::string_view name, std::int64_t value, int stream = -1);
  void Real(std::string_view name, double value, int stream = -1);
  void Flag(std::string_view name, bool value, int stream = -1);

  // Format, metadata tags (cut to a limit), streams, chapters.
  void OfContainer(const AVFormatContext& context, const AVStream& video);
  // Aspect, colour and depth of the chosen stream.
  void OfVideo(const AVStream& video, const AVCodecContext& decoder, int turn);

 private:
  void OfStream(const AVStream& stream, int index);
  Channel& channel_;
};

// Degrees clockwise to show the stream upright (0, 90, 180, 270), from its
// display matrix; other angles are rounded.
int TurnOf(const AVStream& stream);

// Looks at the distances between frames.
class Pace {
 public:
  void Add(std::int64_t pts);
  // Whether frames come at varying distances, beyond rounding.
  bool IsVariable() const;
  // The usual distance in time base units, 0 if unknown.
  std::int64_t Usual() const;

 private:
  std::map<std::int64_t, std::int64_t> counts_;
  std::int64_t last_ = 0, total_ = 0;
  bool any_ = false;
};

}  // namespace stemma::worker
