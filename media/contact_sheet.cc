#include "media/contact_sheet.h"

#include <fmt/format.h>
#include <webp/decode.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/base64.h"
#include "hash/image.h"
#include "hash/pdq.h"
#include "media/picture_file.h"
#include "media/sheet_canvas.h"

namespace stemma {
namespace {

constexpr Ink kPaper{250, 249, 247}, kText{32, 35, 42}, kGrey{92, 98, 108},
    kFaint{136, 142, 152}, kLine{218, 217, 213}, kAccent{196, 84, 26},
    kShotA{206, 212, 220}, kShotB{172, 181, 193}, kBack{226, 226, 224};

// ---- words ----

// "0:03.750", "12:03.750", "1:12:03.750".
std::string Clock(double seconds) {
  const auto ms =
      static_cast<long long>(std::llround(std::abs(seconds) * 1000));
  const char* sign = seconds < 0 && ms > 0 ? "-" : "";
  const long long s = ms / 1000, h = s / 3600, m = s / 60 % 60;
  if (h > 0) {
    return fmt::format("{}{}:{:02}:{:02}.{:03}", sign, h, m, s % 60, ms % 1000);
  }
  return fmt::format("{}{}:{:02}.{:03}", sign, m, s % 60, ms % 1000);
}

std::string Thousands(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, " ");
  }
  return digits;
}

std::string FactText(const VideoReport& r, const char* name) {
  const auto found = r.facts.find(name);
  return found != r.facts.end() && found->is_string()
             ? found->get<std::string>()
             : std::string();
}

bool FactFlag(const VideoReport& r, const char* name) {
  const auto found = r.facts.find(name);
  return found != r.facts.end() && found->is_boolean() && found->get<bool>();
}

// The facts a viewer wants first.
std::vector<std::string> Summary(const VideoReport& r) {
  std::vector<std::string> words;
  if (r.width > 0) words.push_back(fmt::format("{} x {}", r.width, r.height));
  if (r.rotation != 0) words.push_back(fmt::format("turned {}", r.rotation));
  words.push_back(Clock(r.duration));
  words.push_back(Thousands(r.frames_decoded) + " frames");
  if (!r.shots.empty()) {
    words.push_back(fmt::format("{} {}", r.shots.size(),
                                r.shots.size() == 1 ? "shot" : "shots"));
  }
  if (const std::string codec = FactText(r, "codec"); !codec.empty()) {
    words.push_back(codec);
  }
  if (FactFlag(r, "vfr")) words.push_back("variable rate");
  if (FactFlag(r, "interlaced")) words.push_back("interlaced");
  if (FactFlag(r, "hdr")) words.push_back("HDR, tone-mapped here");
  if (FactFlag(r, "c2pa")) {
    words.push_back("C2PA: " + FactText(r, "c2pa_state"));
  }
  return words;
}

std::string Joined(const std::vector<std::string>& words,
                   std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string Shortened(std::string_view text, double size, double width) {
  std::string out(text);
  if (SheetCanvas::TextWidth(size, out) <= width) return out;
  // Keep both ends: the name and its suffix.
  std::size_t keep = out.size();
  while (keep > 8) {
    --keep;
    const std::string tried = std::string(text.substr(0, keep - keep / 3)) +
                              "..." +
                              std::string(text.substr(text.size() - keep / 3));
    if (SheetCanvas::TextWidth(size, tried) <= width) return tried;
  }
  return out.substr(0, 8);
}

// ---- pictures ----

Result<RgbImage> Decoded(const KeyframeImage& image) {
  if (image.mime != "image/webp") return DecodeImage(image.bytes);
  RgbImage out;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.bytes.data());
  std::uint8_t* rgb =
      WebPDecodeRGB(bytes, image.bytes.size(), &out.width, &out.height);
  if (rgb == nullptr) {
    return Error(ErrorCode::kCorrupt, "contact sheet: a picture is broken");
  }
  out.rgb.assign(rgb, rgb + std::size_t{3} * out.width * out.height);
  WebPFree(rgb);
  return out;
}

// At most `most` of the images, evenly.
std::vector<const KeyframeImage*> Chosen(const VideoReport& report,
                                         std::size_t most) {
  std::vector<const KeyframeImage*> chosen;
  const std::size_t n = report.images.size();
  const std::size_t count = std::min(n, std::max<std::size_t>(most, 1));
  for (std::size_t i = 0; i < count; ++i) {
    const KeyframeImage& image = report.images[i * n / count];
    if (image.keyframe < report.keyframes.size()) chosen.push_back(&image);
  }
  return chosen;
}

// ---- PNG ----

struct Layout {
  int margin = 28, gap = 20;
  int columns = 4, cell = 320, picture_height = 180;
  int header = 148, caption = 54;
  int rows = 1;

  int width() const {
    return 2 * margin + columns * cell + (columns - 1) * gap;
  }
  int cell_height() const { return picture_height + caption; }
  int height() const {
    return header + rows * cell_height() + (rows - 1) * gap + margin;
  }
};

Layout LayOut(const SheetOptions& options,
              const std::vector<const KeyframeImage*>& images) {
  Layout l;
  l.cell = std::clamp(options.cell_width, 120, 1000);
  const int n = static_cast<int>(std::max<std::size_t>(images.size(), 1));
  l.columns = std::clamp(options.columns, 1, 12);
  // The usual shape of the pictures decides the height of all cells.
  std::vector<double> shapes;
  for (const KeyframeImage* image : images) {
    shapes.push_back(double(image->height) / std::max(image->width, 1));
  }
  if (!shapes.empty()) {
    std::nth_element(shapes.begin(), shapes.begin() + shapes.size() / 2,
                     shapes.end());
    const double shape = std::clamp(shapes[shapes.size() / 2], 0.2, 1.8);
    if (shape > 1) l.cell = l.cell * 2 / 3;  // upright pictures: narrower cells
    l.picture_height = static_cast<int>(std::lround(l.cell * shape));
  }
  // Four columns at least for the header's sake, unless asked otherwise.
  l.columns = std::min(l.columns, std::max(n, std::min(l.columns, 3)));
  l.rows = (n + l.columns - 1) / l.columns;
  return l;
}

// The video as a bar: its shots in two greys, the frames shown as marks.
void DrawTimeline(SheetCanvas& canvas, const VideoReport& report, int x, int y,
                  int width, int height) {
  canvas.Fill(x, y, width, height, kShotA);
  const double length = std::max(report.duration, 1e-3);
  const auto at = [&](double seconds) {
    return x + static_cast<int>(
                   std::lround(std::clamp(seconds / length, 0.0, 1.0) * width));
  };
  for (std::size_t i = 0; i < report.shots.size(); ++i) {
    const int from = at(report.shots[i].start), to = at(report.shots[i].end);
    canvas.Fill(from, y, to - from, height, i % 2 == 0 ? kShotA : kShotB);
  }
  for (const Keyframe& key : report.keyframes) {
    canvas.Fill(std::min(at(key.seconds), x + width - 3), y - 4, 3, height + 8,
                kAccent);
  }
}

void DrawHeader(SheetCanvas& canvas, const Layout& l, const VideoReport& report,
                const SheetOptions& options, std::size_t shown) {
  const int inside = l.width() - 2 * l.margin;
  canvas.Fill(0, 0, l.width(), 5, kAccent);
  canvas.Text(
      l.margin, 47, 17,
      Shortened(options.title.empty() ? "Video" : options.title, 17, inside),
      kText, 1.25);
  std::vector<std::string> words = Summary(report);
  if (shown < report.keyframes.size()) {
    words.push_back(
        fmt::format("{} of {} frames shown", shown, report.keyframes.size()));
  }
  canvas.Text(l.margin, 72, 10.5,
              Shortened(Joined(words, "  |  "), 10.5, inside), kGrey);
  std::string second = "SHA-256 " + report.payload.Hex();
  Ink ink = kFaint;
  if (report.status != "ok") {
    second = report.status + ": " + report.reason;
    ink = kAccent;
  }
  canvas.Text(l.margin, 92, 9, Shortened(second, 9, inside), ink);
  DrawTimeline(canvas, report, l.margin, 110, inside, 12);
}

Status DrawCell(SheetCanvas& canvas, const Layout& l, int x, int y,
                const VideoReport& report, const KeyframeImage& image) {
  STEMMA_TRY(const RgbImage picture, Decoded(image));
  const double scale =
      std::min({double(l.cell) / picture.width,
                double(l.picture_height) / picture.height, 1.0});
  const int width =
      std::max(1, static_cast<int>(std::lround(picture.width * scale)));
  const int height =
      std::max(1, static_cast<int>(std::lround(picture.height * scale)));
  canvas.Fill(x, y, l.cell, l.picture_height, kBack);
  canvas.Picture(
      x + (l.cell - width) / 2, y + (l.picture_height - height) / 2, width,
      height,
      {reinterpret_cast<const char*>(picture.rgb.data()), picture.rgb.size()},
      picture.width, picture.height);
  canvas.Frame(x, y, l.cell, l.picture_height, kLine);

  const Keyframe& key = report.keyframes[image.keyframe];
  const int base = y + l.picture_height;
  canvas.Text(x + 1, base + 22, 12, Clock(key.seconds), kText, 1.2);
  std::string place = fmt::format("frame {}", key.frame);
  if (report.shots.size() > 1) {
    place = fmt::format("shot {}  |  {}", key.shot + 1, place);
  }
  canvas.Text(x + l.cell - SheetCanvas::TextWidth(9.5, place), base + 21, 9.5,
              place, kGrey);
  std::string hash = fmt::format("PDQ {}  q{}", PdqHex(key.pdq).substr(0, 16),
                                 key.pdq_quality);
  if (key.damaged) hash = "damaged  |  " + hash;
  if (!key.also_at.empty()) {
    hash += fmt::format("  |  {} more like it", key.also_at.size());
  }
  canvas.Text(x + 1, base + 40, 8, Shortened(hash, 8, l.cell),
              key.damaged ? kAccent : kFaint);
  return {};
}

// ---- HTML ----

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // Control characters have no place in a page.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n')
          out += c;
        else
          out += "&#xFFFD;";
    }
  }
  return out;
}

constexpr std::string_view kStyle = R"css(
:root{--paper:#faf9f7;--card:#fff;--text:#20232a;--grey:#707680;--line:#dad9d5;
--a:#ced4dc;--b:#acb5c1;--accent:#c4541a}
@media(prefers-color-scheme:dark){:root{--paper:#17191d;--card:#1f2228;
--text:#e8e8e6;--grey:#9aa1ac;--line:#33373f;--a:#3a4049;--b:#545c68;--accent:#f08a4b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);border-top:5px solid var(--accent);
font:15px/1.45 system-ui,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
header,main,footer{max-width:1500px;margin:0 auto;padding:0 28px}
h1{font-size:22px;font-weight:650;margin:26px 0 4px;overflow-wrap:anywhere}
.facts{color:var(--grey);margin:0 0 4px}.facts span+span::before{content:"\00b7";margin:0 .5em}
.sum{color:var(--grey);font:12px ui-monospace,Consolas,monospace;overflow-wrap:anywhere;margin:0 0 14px}
.bad{color:var(--accent);font-weight:600}
.time{position:relative;height:14px;background:var(--a);border-radius:3px;margin:14px 0 26px}
.time i{position:absolute;top:0;bottom:0;background:var(--b)}
.time a{position:absolute;top:-4px;bottom:-4px;width:3px;margin-left:-1px;background:var(--accent);border-radius:2px}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:22px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:6px;overflow:hidden}
figure:target{outline:3px solid var(--accent)}
figure img{display:block;width:100%;height:auto;background:var(--line)}
figcaption{padding:10px 12px 12px}
figcaption b{font-size:17px;font-variant-numeric:tabular-nums}
figcaption .place{float:right;color:var(--grey);padding-top:2px}
code{display:block;color:var(--grey);font:11.5px ui-monospace,Consolas,monospace;overflow-wrap:anywhere;margin-top:5px}
footer{color:var(--grey);padding-top:24px;padding-bottom:36px;font-size:13px}
@media print{figure{break-inside:avoid}body{border:0}}
)css";

std::string HtmlTimeline(const VideoReport& r) {
  const double length = std::max(r.duration, 1e-3);
  const auto percent = [&](double seconds) {
    return std::clamp(100 * seconds / length, 0.0, 100.0);
  };
  std::string out =
      "<div class=\"time\" role=\"img\" aria-label=\"shots and "
      "frames along the video\">";
  for (std::size_t i = 1; i < r.shots.size(); i += 2) {
    out += fmt::format("<i style=\"left:{:.3f}%;width:{:.3f}%\"></i>",
                       percent(r.shots[i].start),
                       percent(r.shots[i].end - r.shots[i].start));
  }
  for (const KeyframeImage& image : r.images) {
    if (image.keyframe >= r.keyframes.size()) continue;
    const Keyframe& key = r.keyframes[image.keyframe];
    out +=
        fmt::format("<a href=\"#f{}\" title=\"{}\" style=\"left:{:.3f}%\"></a>",
                    key.frame, Clock(key.seconds), percent(key.seconds));
  }
  return out + "</div>\n";
}

std::string HtmlFigure(const VideoReport& r, const KeyframeImage& image) {
  const Keyframe& key = r.keyframes[image.keyframe];
  std::string place = fmt::format("frame {}", key.frame);
  if (r.shots.size() > 1)
    place = fmt::format("shot {} · ", key.shot + 1) + place;
  std::string out = fmt::format(
      "<figure id=\"f{}\"><img width=\"{}\" height=\"{}\" loading=\"lazy\" "
      "alt=\"frame at {}\" src=\"data:{};base64,{}\">\n<figcaption><b>{}</b>"
      "<span class=\"place\">{}</span>\n",
      key.frame, image.width, image.height, Clock(key.seconds), image.mime,
      Base64Of(image.bytes), Clock(key.seconds), place);
  out += fmt::format(
      "<code title=\"presentation timestamp, in units of the "
      "time base\">pts {} · time base {}/{} · {}{}</code>\n",
      key.pts, key.time_base.num, key.time_base.den,
      std::string(1, key.picture_type), key.sync ? ", sync" : "");
  out += fmt::format(
      "<code title=\"PDQ of the decoded frame, by the rule "
      "&quot;full&quot;\">pdq {} · q{}</code>\n",
      PdqHex(key.pdq), key.pdq_quality);
  out += fmt::format(
      "<code title=\"SHA-256 of the decoded pixels\">sha256 {}"
      "</code>\n",
      key.pixels.Hex());
  if (key.damaged)
    out += "<code class=\"bad\">the decoder reported damage</code>\n";
  if (!key.also_at.empty()) {
    std::string times;
    for (std::size_t i = 0; i < key.also_at.size() && i < 12; ++i) {
      times += (i == 0 ? "" : ", ") + Clock(key.also_at[i]);
    }
    if (key.also_at.size() > 12) times += ", ...";
    out += "<code>much the same at " + times + "</code>\n";
  }
  return out + "</figcaption></figure>\n";
}

}  // namespace

Result<std::string> ContactSheetPng(const VideoReport& report,
                                    const SheetOptions& options) {
  const std::vector<const KeyframeImage*> images = Chosen(
      report, static_cast<std::size_t>(std::clamp(options.max_cells, 1, 400)));
  const Layout l = LayOut(options, images);
  SheetCanvas canvas(l.width(), l.height(), kPaper);
  DrawHeader(canvas, l, report, options, images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    const int column = static_cast<int>(i) % l.columns;
    const int row = static_cast<int>(i) / l.columns;
    STEMMA_CHECK_OK(DrawCell(canvas, l, l.margin + column * (l.cell + l.gap),
                             l.header + row * (l.cell_height() + l.gap), report,
                             *images[i]));
  }
  return EncodePictureFile(canvas.rgb(), canvas.width(), canvas.height(),
                           "png");
}

std::string ContactSheetHtml(const VideoReport& report,
                             const SheetOptions& options) {
  const std::string title =
      Escaped(options.title.empty() ? "Video" : options.title);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>" +
      title + " · frames</title>\n<style>" + std::string(kStyle) +
      "</style></head>\n<body><header><h1>" + title +
      "</h1>\n<p class=\"facts\">";
  for (const std::string& word : Summary(report)) {
    out += "<span>" + Escaped(word) + "</span>";
  }
  out += "</p>\n<p class=\"sum\">sha256 " + report.payload.Hex() + "</p>\n";
  if (report.status != "ok") {
    out += "<p class=\"bad\">" + Escaped(report.status + ": " + report.reason) +
           "</p>\n";
  }
  out += HtmlTimeline(report) + "</header>\n<main>\n";
  for (const KeyframeImage& image : report.images) {
    if (image.keyframe < report.keyframes.size())
      out += HtmlFigure(report, image);
  }
  out +=
      "</main>\n<footer>Times are presentation times from the start of the "
      "video; digests are of the decoded pixels, not of these pictures. The "
      "report beside this page (keyframes.json) has every number.";
  for (const std::string& warning : report.warnings) {
    out += "<br>" + Escaped(warning);
  }
  return out + "</footer></body></html>\n";
}

}  // namespace stemma
