// What is a new shot and what is none, on pictures computed here.
#include "media/shots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace stemma {
namespace {

constexpr int kSide = 64;
constexpr double kRate = 25;
using Picture = PdqSamples;

// A picture without an end: soft blobs that differ from seed to seed, seen
// through a window at (x, y).
Picture Scene(unsigned seed, double x = 0, double y = 0) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> any(0, 1);
  struct Wave {
    double kx, ky, phase, height;
  };
  std::vector<Wave> waves(14);
  for (Wave& w : waves) {
    w = {(any(random) - 0.5) * 0.8, (any(random) - 0.5) * 0.8,
         any(random) * 6.3, 8 + 20 * any(random)};
  }
  Picture picture;
  picture.fill(120);
  for (const Wave& w : waves) {
    // sin(a + b) from sines of a and b: few of them, for tests should be fast.
    std::array<float, kSide> sin_x, cos_x;
    for (int i = 0; i < kSide; ++i) {
      sin_x[i] = static_cast<float>(w.height * std::sin(w.kx * (i + x)));
      cos_x[i] = static_cast<float>(w.height * std::cos(w.kx * (i + x)));
    }
    for (int j = 0; j < kSide; ++j) {
      const auto sin_y = static_cast<float>(std::sin(w.ky * (j + y) + w.phase));
      const auto cos_y = static_cast<float>(std::cos(w.ky * (j + y) + w.phase));
      for (int i = 0; i < kSide; ++i) {
        picture[kSide * j + i] += sin_x[i] * cos_y + cos_x[i] * sin_y;
      }
    }
  }
  for (float& v : picture) v = std::clamp(v, 0.0f, 255.0f);
  return picture;
}

Picture Even(float grey) {
  Picture picture;
  picture.fill(grey);
  return picture;
}

Picture Mixed(const Picture& a, const Picture& b, double share) {
  Picture out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(a[i] + share * (b[i] - a[i]));
  }
  return out;
}

// Coarse random squares, new ones at every call.
Picture Chaos(std::mt19937& random) {
  Picture picture;
  std::array<float, 256> squares;
  for (float& v : squares) v = (random() & 1) != 0 ? 210.0f : 40.0f;
  for (int j = 0; j < kSide; ++j) {
    for (int i = 0; i < kSide; ++i) {
      picture[kSide * j + i] = squares[16 * (j / 4) + i / 4];
    }
  }
  return picture;
}

std::vector<ShotBoundary> Detect(
    int frames, const std::function<Picture(int frame)>& picture_at,
    double rate = kRate) {
  ShotDetector detector;
  std::vector<ShotBoundary> found;
  for (int n = 0; n < frames; ++n) {
    const Picture picture = picture_at(n);
    const auto settled_before = detector.settled();
    for (const ShotBoundary& b : detector.Add(picture, n / rate)) {
      EXPECT_GE(b.frame, settled_before);
      EXPECT_LT(b.frame, detector.settled());
      found.push_back(b);
    }
  }
  for (const ShotBoundary& b : detector.Finish()) found.push_back(b);
  return found;
}

// The frames of the boundaries, each of the kind given.
std::vector<std::int64_t> FramesOf(const std::vector<ShotBoundary>& found,
                                   Transition kind) {
  std::vector<std::int64_t> frames;
  for (const ShotBoundary& b : found) {
    EXPECT_EQ(NameOf(b.kind), NameOf(kind));
    frames.push_back(b.frame);
  }
  return frames;
}

using Frames = std::vector<std::int64_t>;

TEST(Shots, ACutIsTheFirstFrameOfTheNewPicture) {
  for (const double rate : {12.0, 25.0, 60.0}) {
    const auto found = Detect(
        120,
        [](int n) {
          return n < 40 ? Scene(1, n) : n < 90 ? Scene(2) : Scene(3);
        },
        rate);
    EXPECT_EQ(FramesOf(found, Transition::kCut), (Frames{40, 90})) << rate;
  }
}

TEST(Shots, ACutToOrFromARestlessPictureCounts) {
  std::mt19937 random(7);
  const auto found = Detect(120, [&](int n) {
    return n >= 40 && n < 80 ? Chaos(random) : Scene(4, 0.2 * n);
  });
  EXPECT_EQ(FramesOf(found, Transition::kCut), (Frames{40, 80}));
}

TEST(Shots, ACutMixedIntoOneFrameCountsOnce) {
  const auto found = Detect(100, [](int n) {
    return n < 50    ? Scene(1)
           : n == 50 ? Mixed(Scene(1), Scene(2), 0.5)
                     : Scene(2);
  });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(static_cast<double>(found[0].frame), 50, 1);
}

TEST(Shots, MovementIsNoCut) {
  // A slow pan, a fast one that begins at once, a shaking camera.
  EXPECT_TRUE(Detect(100, [](int n) { return Scene(1, 0.5 * n); }).empty());
  EXPECT_TRUE(Detect(100, [](int n) {
                return Scene(1, 8.0 * std::max(0, n - 50));
              }).empty());
  EXPECT_TRUE(Detect(100, [](int n) {
                return Scene(1, 5 * std::sin(0.8 * n), 3 * std::sin(1.1 * n));
              }).empty());
}

TEST(Shots, FlashesAreNoCuts) {
  for (const int length : {1, 2, 4, 6}) {
    for (const float grey : {0.0f, 250.0f}) {
      const auto found = Detect(100, [&](int n) {
        return n >= 50 && n < 50 + length ? Mixed(Scene(1), Even(grey), 0.95)
                                          : Scene(1, 0.1 * n);
      });
      EXPECT_TRUE(found.empty()) << length << " frames of " << grey;
    }
  }
}

TEST(Shots, AFadeBeginsWhereTheNewPictureAppears) {
  for (const int dark : {1, 5, 40}) {
    const auto found = Detect(200, [&](int n) {
      if (n < 50) return Scene(1);
      if (n < 65) return Mixed(Scene(1), Even(16), (n - 50) / 15.0);
      if (n < 65 + dark) return Even(16);
      return Mixed(Even(16), Scene(2), std::min(1.0, (n - 64 - dark) / 15.0));
    });
    ASSERT_EQ(found.size(), 1u) << dark;
    EXPECT_EQ(found[0].kind, Transition::kFade);
    EXPECT_NEAR(static_cast<double>(found[0].frame), 65 + dark, 2);
    EXPECT_GT(found[0].to, found[0].from - 1e-9);
  }
}

TEST(Shots, FadesAtTheEndsAreNoNewShots) {
  const auto found = Detect(150, [](int n) {
    const double share = std::min({1.0, n / 20.0, (149 - n) / 20.0});
    return Mixed(Even(0), Scene(1), share);
  });
  EXPECT_TRUE(found.empty());
}

TEST(Shots, ACutToBlackThatFadesInIsOneCut) {
  const auto found = Detect(120, [](int n) {
    return n < 50 ? Scene(1)
                  : Mixed(Even(0), Scene(2), std::min(1.0, (n - 50) / 9.0));
  });
  EXPECT_EQ(FramesOf(found, Transition::kCut), (Frames{50}));
}

TEST(Shots, ADissolveIsFoundAtItsMiddle) {
  for (const int length : {10, 25, 38}) {
    const auto found = Detect(180, [&](int n) {
      return Mixed(Scene(1), Scene(2),
                   std::clamp((n - 60) / double(length), 0.0, 1.0));
    });
    ASSERT_EQ(found.size(), 1u) << length;
    EXPECT_EQ(found[0].kind, Transition::kDissolve);
    EXPECT_NEAR(static_cast<double>(found[0].frame), 60 + length / 2.0, 4);
    EXPECT_LT(found[0].from, double(found[0].frame) / kRate + 1e-9);
    EXPECT_GT(found[0].to, double(found[0].frame) / kRate - 1e-9);
  }
}

TEST(Shots, AFewFramesHaveNoBoundaries) {
  for (int frames = 0; frames < 4; ++frames) {
    EXPECT_TRUE(
        Detect(frames, [](int n) { return Scene(unsigned(n)); }).empty());
  }
}

}  // namespace
}  // namespace stemma
