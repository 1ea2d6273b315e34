#include "media/sheet_canvas.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stemma {
namespace {

// The font. A glyph is its width and its strokes: pairs of letters are points,
// x from 'a' (0), y from 'A' (0, the capitals' top) over 'I' (8, the baseline)
// to 'L' (11); a space lifts the pen. A lone point is a dot.
struct Glyph {
  char letter;
  int width;  // in units of 1/8 capital height
  const char* strokes;
};

constexpr Glyph kGlyphs[] = {
    {'0', 5, "cAbAaBaHbIdIeHeBdAcA"},
    {'1', 4, "aBcAcI aIdI"},
    {'2', 5, "aBbAdAeBeCaIeI"},
    {'3', 5, "aBbAdAeBeCdDcD dDeEeHdIbIaH"},
    {'4', 5, "dIdAaFeF"},
    {'5', 5, "eAaAaDdDeEeHdIaI"},
    {'6', 5, "eAcAaCaHbIdIeHeEdDbDaE"},
    {'7', 5, "aAeAbI"},
    {'8', 5, "bAdAeBeCdDbDaEaHbIdIeHeEdDbDaCaBbA"},
    {'9', 5, "eEdFbFaEaBbAdAeBeGcIaI"},
    {'A', 6, "aIcAdAfI bFeF"},
    {'B', 5, "aIaAdAeBeCdDaD dDeEeHdIaI"},
    {'C', 5, "eBdAbAaBaHbIdIeH"},
    {'D', 5, "aIaAcAeCeGcIaI"},
    {'E', 5, "eAaAaIeI aDdD"},
    {'F', 5, "eAaAaI aDdD"},
    {'G', 5, "eBdAbAaBaHbIdIeHeEcE"},
    {'H', 5, "aAaI eAeI aDeD"},
    {'I', 1, "aAaI"},
    {'J', 4, "dAdHcIbIaH"},
    {'K', 5, "aAaI eAaE bDeI"},
    {'L', 4, "aAaIdI"},
    {'M', 6, "aIaAdEgAgI"},
    {'N', 5, "aIaAeIeA"},
    {'O', 6, "bAeAfBfHeIbIaHaBbA"},
    {'P', 5, "aIaAdAeBeDdEaE"},
    {'Q', 6, "bAeAfBfHeIbIaHaBbA dGfJ"},
    {'R', 5, "aIaAdAeBeDdEaE cEeI"},
    {'S', 5, "eBdAbAaBaCbDdEeFeHdIbIaH"},
    {'T', 5, "aAeA cAcI"},
    {'U', 5, "aAaHbIdIeHeA"},
    {'V', 5, "aAcIeA"},
    {'W', 7, "aAbIdCfIhA"},
    {'X', 5, "aAeI eAaI"},
    {'Y', 5, "aAcEeA cEcI"},
    {'Z', 5, "aAeAaIeI"},
    {'a', 4, "aDcDdEdI dFbFaGaHbIcIdH"},
    {'b', 4, "aAaI aEbDcDdEdHcIbIaH"},
    {'c', 4, "dEcDbDaEaHbIcIdH"},
    {'d', 4, "dAdI dEcDbDaEaHbIcIdH"},
    {'e', 4, "aFdFdEcDbDaEaHbIdI"},
    {'f', 3, "dAcAbBbI aDcD"},
    {'g', 4, "dDdKcLaL dEcDbDaEaHbIcIdH"},
    {'h', 4, "aAaI aEbDcDdEdI"},
    {'i', 1, "aDaI aB"},
    {'j', 2, "bDbKaL bB"},
    {'k', 4, "aAaI dDaG bFdI"},
    {'l', 2, "aAaHbI"},
    {'m', 6, "aDaI aEbDcDdEdI dEeDfDgEgI"},
    {'n', 4, "aDaI aEbDcDdEdI"},
    {'o', 4, "bDcDdEdHcIbIaHaEbD"},
    {'p', 4, "aDaL aEbDcDdEdHcIbIaH"},
    {'q', 4, "dDdL dEcDbDaEaHbIcIdH"},
    {'r', 3, "aDaI aEbDdD"},
    {'s', 4, "dEcDbDaEbFcFdGdHcIbIaH"},
    {'t', 3, "bBbHcIdI aDdD"},
    {'u', 4, "aDaHbIcIdH dDdI"},
    {'v', 4, "aDcIeD"},
    {'w', 6, "aDbIdEfIgD"},
    {'x', 4, "aDdI dDaI"},
    {'y', 4, "aDaHbIcIdH dDdKcLaL"},
    {'z', 4, "aDdDaIdI"},
    {'.', 1, "aI"},
    {',', 1, "bIaK"},
    {':', 1, "aD aI"},
    {';', 1, "aD bIaK"},
    {'!', 1, "aAaF aI"},
    {'?', 4, "aBbAcAdBdCbEbF bI"},
    {'-', 3, "aFdF"},
    {'_', 5, "aJfJ"},
    {'+', 4, "cDcH aFeF"},
    {'=', 4, "aEdE aGdG"},
    {'/', 4, "aJdA"},
    {'\\', 4, "aAdJ"},
    {'|', 1, "aAaK"},
    {'(', 2, "bAaCaHbJ"},
    {')', 2, "aAbCbHaJ"},
    {'[', 2, "cAaAaJcJ"},
    {']', 2, "aAcAcJaJ"},
    {'{', 3, "cAbBbDaEbGbIcJ"},
    {'}', 3, "aAbBbDcEbGbIaJ"},
    {'<', 4, "dDaFdH"},
    {'>', 4, "aDdFaH"},
    {'*', 3, "bBbF aCcE cCaE"},
    {'#', 5, "bBaI eBdI aDfD aGeG"},
    {'%', 6, "aIfA aA fI"},
    {'&', 6, "fIbCbBcAdBdCaFaHbIdIfF"},
    {'@', 6, "eEdDbDaEaGbHdHeGeDdBbB"},
    {'$', 5, "eBdAbAaBaCbDdEeFeHdIbIaH cAcJ"},
    {'\'', 1, "aAaC"},
    {'"', 2, "aAaC cAcC"},
    {'`', 2, "aAbC"},
    {'~', 4, "aFbEcFdE"},
    {'^', 4, "aCcAeC"},
};
constexpr Glyph kOther = {0, 1, "aF"};
constexpr double kSpacing = 2.4;  // between letters, in font units
constexpr double kSpace = 3;

const Glyph& GlyphOf(char letter) {
  static const std::array<const Glyph*, 128> kTable = [] {
    std::array<const Glyph*, 128> table{};
    for (const Glyph& g : kGlyphs)
      table[static_cast<unsigned char>(g.letter)] = &g;
    return table;
  }();
  const auto at = static_cast<unsigned char>(letter);
  return at < 128 && kTable[at] != nullptr ? *kTable[at] : kOther;
}

// One step per character: the bytes that continue a UTF-8 sequence are none.
bool Continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

SheetCanvas::SheetCanvas(int width, int height, Ink paper)
    : width_(width), height_(height) {
  rgb_.resize(std::size_t{3} * width * height);
  Fill(0, 0, width, height, paper);
}

void SheetCanvas::Fill(int x, int y, int width, int height, Ink ink) {
  const int left = std::max(x, 0), right = std::min(x + width, width_);
  const int top = std::max(y, 0), bottom = std::min(y + height, height_);
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) {
      const std::size_t at = 3 * (std::size_t(row) * width_ + column);
      rgb_[at] = static_cast<char>(ink.r);
      rgb_[at + 1] = static_cast<char>(ink.g);
      rgb_[at + 2] = static_cast<char>(ink.b);
    }
  }
}

void SheetCanvas::Frame(int x, int y, int width, int height, Ink ink) {
  Fill(x, y, width, 1, ink);
  Fill(x, y + height - 1, width, 1, ink);
  Fill(x, y, 1, height, ink);
  Fill(x + width - 1, y, 1, height, ink);
}

void SheetCanvas::Picture(int x, int y, int width, int height,
                          std::string_view rgb, int from_width,
                          int from_height) {
  if (width <= 0 || height <= 0) return;
  const auto edges = [](int i, int to, int from) {
    const int first = static_cast<int>(std::int64_t{i} * from / to);
    const int last = static_cast<int>(std::int64_t{i + 1} * from / to);
    return std::pair{first, std::max(first + 1, last)};
  };
  for (int row = 0; row < height; ++row) {
    if (y + row < 0 || y + row >= height_) continue;
    const auto [top, bottom] = edges(row, height, from_height);
    for (int column = 0; column < width; ++column) {
      if (x + column < 0 || x + column >= width_) continue;
      const auto [left, right] = edges(column, width, from_width);
      std::array<std::uint32_t, 3> sums{};
      for (int sy = top; sy < bottom; ++sy) {
        for (int sx = left; sx < right; ++sx) {
          const std::size_t at = 3 * (std::size_t(sy) * from_width + sx);
          for (std::size_t c = 0; c < 3; ++c) {
            sums[c] += static_cast<unsigned char>(rgb[at + c]);
          }
        }
      }
      const auto n =
          static_cast<std::uint32_t>((bottom - top) * (right - left));
      const std::size_t to = 3 * (std::size_t(y + row) * width_ + (x + column));
      for (std::size_t c = 0; c < 3; ++c) {
        rgb_[to + c] = static_cast<char>((sums[c] + n / 2) / n);
      }
    }
  }
}

void SheetCanvas::Blend(int x, int y, Ink ink, double share) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_ || share <= 0) return;
  const std::size_t at = 3 * (std::size_t(y) * width_ + x);
  const std::array<std::uint8_t, 3> to = {ink.r, ink.g, ink.b};
  for (std::size_t c = 0; c < 3; ++c) {
    const double old = static_cast<unsigned char>(rgb_[at + c]);
    rgb_[at + c] = static_cast<char>(
        std::lround(old + (to[c] - old) * std::min(share, 1.0)));
  }
}

// A round-ended line: each pixel by its distance from the line's middle.
void SheetCanvas::Stroke(double x0, double y0, double x1, double y1,
                         double radius, Ink ink) {
  const double dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
  const auto low = [&](double a, double b) {
    return static_cast<int>(std::floor(std::min(a, b) - radius - 1));
  };
  const auto high = [&](double a, double b) {
    return static_cast<int>(std::ceil(std::max(a, b) + radius + 1));
  };
  for (int y = low(y0, y1); y <= high(y0, y1); ++y) {
    for (int x = low(x0, x1); x <= high(x0, x1); ++x) {
      const double px = x + 0.5 - x0, py = y + 0.5 - y0;
      const double t =
          length == 0 ? 0 : std::clamp((px * dx + py * dy) / length, 0.0, 1.0);
      const double distance = std::hypot(px - t * dx, py - t * dy);
      Blend(x, y, ink, std::clamp(radius + 0.5 - distance, 0.0, 1.0));
    }
  }
}

double SheetCanvas::Text(double x, double y, double size, std::string_view text,
                         Ink ink, double weight) {
  const double unit = size / 8, radius = std::max(0.45, 0.075 * size) * weight;
  double pen = x;
  for (const char letter : text) {
    if (Continues(letter)) continue;
    if (letter == ' ') {
      pen += (kSpace + 0.5) * unit;
      continue;
    }
    const Glyph& glyph = GlyphOf(letter);
    double last_x = 0, last_y = 0;
    bool down = false;
    for (const char* s = glyph.strokes; *s != '\0';) {
      if (*s == ' ') {
        down = false;
        ++s;
        continue;
      }
      const double px = pen + (s[0] - 'a') * unit;
      const double py = y - (8 - (s[1] - 'A')) * unit;
      const bool dot = !down && (s[2] == ' ' || s[2] == '\0');
      if (down) Stroke(last_x, last_y, px, py, radius, ink);
      if (dot) Stroke(px, py, px, py, radius * 1.35, ink);
      last_x = px;
      last_y = py;
      down = true;
      s += 2;
    }
    pen += (glyph.width - 1 + kSpacing) * unit;
  }
  return pen - x;
}

double SheetCanvas::TextWidth(double size, std::string_view text) {
  double width = 0;
  for (const char letter : text) {
    if (Continues(letter)) continue;
    width +=
        letter == ' ' ? kSpace + 0.5 : GlyphOf(letter).width - 1 + kSpacing;
  }
  return width * size / 8;
}

}  // namespace stemma
