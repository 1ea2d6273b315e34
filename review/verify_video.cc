#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>

#include "review/html.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

std::string ClockText(double seconds) {
  if (seconds < 0) return "—";
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  return fmt::format("{}:{:05.2f}", minutes,
                     seconds - static_cast<double>(minutes) * 60);
}

// Two bars, reference above and copy below, with the shared seconds joined.
std::string VideoBars(const VideoShown& shown) {
  double length = std::max(shown.reference_seconds, shown.copy_seconds);
  for (const auto& s : shown.video.segments) {
    length = std::max({length, s.a1, s.b1});
  }
  if (length <= 0) return {};
  const double scale = 900.0 / length;
  const auto bar = [&](double seconds, int y) {
    return fmt::format(
        "<rect x=\"50\" y=\"{}\" width=\"{:.1f}\" height=\"18\" rx=\"3\" "
        "fill=\"none\" stroke=\"currentColor\" opacity=\".5\"/>",
        y, std::max(1.0, seconds * scale));
  };
  std::string svg =
      "<div class=\"scroll\"><svg viewBox=\"0 0 960 130\" role=\"img\" "
      "aria-label=\"Which seconds are shared\" font-family=\"system-ui\" "
      "font-size=\"12\" fill=\"currentColor\">";
  for (const auto& s : shown.video.segments) {
    svg += fmt::format(
        "<polygon points=\"{:.1f},38 {:.1f},38 {:.1f},92 {:.1f},92\" "
        "fill=\"var(--good)\" opacity=\".3\"/>",
        50 + s.a0 * scale, 50 + s.a1 * scale, 50 + s.b1 * scale,
        50 + s.b0 * scale);
  }
  for (const auto& change : shown.video.altered) {
    const bool in_reference = change.kind == "removed";
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"18\" "
        "fill=\"var(--critical)\" opacity=\".75\"><title>{} {}–{}</title>"
        "</rect>",
        50 + change.start * scale, in_reference ? 20 : 92,
        std::max(2.0, (change.end - change.start) * scale),
        EscapeHtml(change.kind), ClockText(change.start),
        ClockText(change.end));
  }
  svg += bar(shown.reference_seconds, 20);
  svg += bar(shown.copy_seconds, 92);
  svg += fmt::format(
      "<text x=\"50\" y=\"14\">{}, {}</text>"
      "<text x=\"50\" y=\"125\">{}, {}</text></svg></div>",
      shown.reference, ClockText(shown.reference_seconds), shown.copy,
      ClockText(shown.copy_seconds));
  return svg;
}

// Whose seconds an alteration's are.
std::string_view SideOf(const VideoComparison::Alteration& change,
                        const VideoShown& shown) {
  return change.kind == "removed" ? shown.reference : shown.copy;
}

std::string FrameImage(const std::string& bytes, std::string_view mime,
                       std::string_view side) {
  if (bytes.empty()) return fmt::format("<span>not in the {}</span>", side);
  return fmt::format("<img alt=\"frame of the {}\" src=\"{}\">", side,
                     DataUri(mime, bytes));
}

}  // namespace

// "Video: altered: removed 0:10.80 to 0:15.20 of the reference — ...": first
// what was done, then what the verdict rests on.
void AddVideoLine(const VideoComparison& video, std::string& html) {
  if (video.verdict == VideoVerdict::kNotCompared) return;
  constexpr std::size_t kNamed = 4;  // the rest is in the list below
  std::string done;
  for (const auto& change : video.altered | std::views::take(kNamed)) {
    done +=
        fmt::format("{}{} {} to {} of the {}", done.empty() ? ": " : ", ",
                    change.kind, ClockText(change.start), ClockText(change.end),
                    SideOf(change, {.video = video}));
  }
  if (video.altered.size() > kNamed) {
    done += fmt::format(" and {} more", video.altered.size() - kNamed);
  }
  if (!video.reason.empty()) done += " — " + video.reason;
  html += fmt::format("<p>Video: <b>{}</b>{}</p>", NameOf(video.verdict),
                      EscapeHtml(done));
}

void AddVideoShown(const VideoShown& shown, std::string& html) {
  html += VideoBars(shown);
  if (!shown.video.altered.empty()) {
    html += "<table><tr><th>What</th><th>From</th><th>To</th><th>In</th></tr>";
    for (const auto& change : shown.video.altered) {
      html += fmt::format(
          "<tr><td class=\"critical\">{}</td><td>{}</td><td>{}</td>"
          "<td>the {}</td></tr>",
          EscapeHtml(change.kind), ClockText(change.start),
          ClockText(change.end), SideOf(change, shown));
    }
    html += "</table>";
  }
  if (shown.frames.empty()) return;
  html += "<h3>Frames side by side</h3><div class=\"frames\">";
  for (const FramePair& pair : shown.frames) {
    html += fmt::format(
        "<figure><div class=\"duo\">{}{}</div><figcaption>{} | {} "
        "<span class=\"badge {}\">{}</span></figcaption></figure>",
        FrameImage(pair.reference_image, pair.reference_mime, shown.reference),
        FrameImage(pair.suspect_image, pair.suspect_mime, shown.copy),
        ClockText(pair.reference_seconds), ClockText(pair.suspect_seconds),
        pair.note == "same" ? "" : "critical", EscapeHtml(pair.note));
  }
  html += "</div>";
}

void AddVideoPart(const VerifyView& view, std::string& html) {
  const VideoComparison& video = view.video;
  if (video.verdict == VideoVerdict::kNotCompared && view.frames.empty()) {
    if (!video.reason.empty()) {
      html += fmt::format("<h2 id=\"video\">Video</h2><p>Not compared: {}</p>",
                          EscapeHtml(video.reason));
    }
    return;
  }
  html += fmt::format("<h2 id=\"video\">Video: {}</h2><p>{}</p>",
                      NameOf(video.verdict), EscapeHtml(video.reason));
  AddVideoShown({.video = video,
                 .reference_seconds = view.reference.video_seconds,
                 .copy_seconds = view.suspect.video_seconds,
                 .frames = view.frames},
                html);
}

}  // namespace stemma
