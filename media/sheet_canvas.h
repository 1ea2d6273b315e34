// An RGB picture one can draw on: boxes, pictures and text in a small stroke
// font of our own, so that a contact sheet depends on no installed fonts and
// comes out the same everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

struct Ink {
  std::uint8_t r = 0, g = 0, b = 0;
};

class SheetCanvas {
 public:
  SheetCanvas(int width, int height, Ink paper);

  int width() const { return width_; }
  int height() const { return height_; }
  std::string_view rgb() const { return rgb_; }

  void Fill(int x, int y, int width, int height, Ink ink);
  // A frame one pixel wide just inside the box.
  void Frame(int x, int y, int width, int height, Ink ink);
  // `rgb` shrunk (never enlarged) by area averages to exactly the box.
  void Picture(int x, int y, int width, int height, std::string_view rgb,
               int from_width, int from_height);
  // Text whose capitals are `size` pixels tall, its baseline at `y`. Returns
  // the width. Printable ASCII; anything else shows as a middle dot.
  double Text(double x, double y, double size, std::string_view text, Ink ink,
              double weight = 1);
  static double TextWidth(double size, std::string_view text);

 private:
  void Blend(int x, int y, Ink ink, double share);
  void Stroke(double x0, double y0, double x1, double y1, double radius,
              Ink ink);
  int width_, height_;
  std::string rgb_;
};

}  // namespace stemma
