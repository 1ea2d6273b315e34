#include "template_changes.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace stemma::testing {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Each class and id of the page's tags through `change`: name, equals sign and
// quoted value in, what takes their place out.
std::string OverNames(
    std::string_view page,
    const std::function<std::string(std::string_view, std::string_view)>&
        change) {
  std::string out;
  bool in_tag = false;
  for (std::size_t i = 0; i < page.size();) {
    if (page[i] == '<') in_tag = true;
    if (page[i] == '>') in_tag = false;
    bool changed = false;
    if (in_tag && IsBlank(page[i])) {
      const std::string_view rest = page.substr(i + 1);
      for (const std::string_view name : {"class", "id"}) {
        const std::size_t quote = name.size() + 1;
        if (!rest.starts_with(name) || rest.size() <= quote ||
            rest[name.size()] != '=' ||
            (rest[quote] != '"' && rest[quote] != '\'')) {
          continue;
        }
        const std::size_t end = rest.find(rest[quote], quote + 1);
        if (end == std::string_view::npos) continue;
        out += change(name, rest.substr(quote + 1, end - quote - 1));
        i += end + 2;
        changed = true;
        break;
      }
    }
    if (!changed) out += page[i++];
  }
  return out;
}

std::string WithoutNames(std::string_view page) {
  return OverNames(page, [](std::string_view, std::string_view) { return ""; });
}

std::string Renamed(std::string_view page) {
  return OverNames(page, [](std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"k" +
           std::to_string(std::hash<std::string_view>()(value) % 1'000'003) +
           "\"";
  });
}

// Every white space between tags becomes another, outside of elements where it
// is text.
std::string Reflowed(std::string_view page) {
  static constexpr std::array<std::string_view, 5> kVerbatim = {
      "pre", "textarea", "script", "style", "title"};
  std::string out;
  for (std::size_t i = 0; i < page.size();) {
    if (page[i] == '<') {
      std::size_t end = page.find('>', i);
      for (const std::string_view name : kVerbatim) {
        const std::string_view rest = page.substr(i + 1);
        if (!rest.starts_with(name) || rest.size() <= name.size() ||
            (rest[name.size()] != '>' && !IsBlank(rest[name.size()]))) {
          continue;
        }
        const std::size_t close = page.find("</" + std::string(name), i);
        if (close != std::string_view::npos) end = page.find('>', close);
      }
      if (end == std::string_view::npos) end = page.size() - 1;
      out += page.substr(i, end + 1 - i);
      i = end + 1;
    } else if (IsBlank(page[i])) {
      while (i < page.size() && IsBlank(page[i])) ++i;
      out += "\n\t  ";
    } else {
      out += page[i++];
    }
  }
  return out;
}

std::string WithBannerAndRelated(std::string_view page) {
  std::string out(page);
  std::string related =
      "<div><h3>More from this site</h3><ul>"
      "<li><a href=\"/x1\">The harbour wall is to be raised again</a></li>"
      "<li><a href=\"/x2\">Council votes on the night buses</a></li>"
      "<li><a href=\"/x3\">What the new ferry will cost</a></li></ul></div>";
  const std::size_t end = out.rfind("</body>");
  out.insert(end == std::string::npos ? out.size() : end, related);
  const std::size_t body = out.find("<body");
  const std::size_t begin =
      body == std::string::npos ? std::string::npos : out.find('>', body);
  if (begin != std::string::npos) {
    out.insert(begin + 1,
               "<div role=\"dialog\"><p>We use cookies to give you the best "
               "experience on our site. By going on you agree to this.</p>"
               "<button>Accept all</button></div>");
  }
  return out;
}

std::string WithNewsletterBox(std::string_view page) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0;
       (at = page.find("</p>", at)) != std::string_view::npos;) {
    at += 4;
    ends.push_back(at);
  }
  std::string out(page);
  if (ends.size() < 4) return out;
  out.insert(ends[ends.size() / 2],
             "<div><h3>Newsletter</h3><p>Sign up for our newsletter and get "
             "the best stories.</p><form><input type=\"email\"><button>"
             "Subscribe</button></form></div>");
  return out;
}

std::string InAscii(std::string_view page) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7>
      kMarks = {{{"\u2018", "'"},
                 {"\u2019", "'"},
                 {"\u201C", "\""},
                 {"\u201D", "\""},
                 {"\u2013", "-"},
                 {"\u2014", "-"},
                 {"\u2026", "..."}}};
  std::string out;
  bool in_tag = false;  // a quote there would end a value
  for (std::size_t i = 0; i < page.size();) {
    if (page[i] == '<') in_tag = true;
    if (page[i] == '>') in_tag = false;
    bool hit = false;
    for (const auto& [mark, ascii] : kMarks) {
      if (in_tag || page.compare(i, mark.size(), mark) != 0) continue;
      out += ascii;
      i += mark.size();
      hit = true;
      break;
    }
    if (!hit) out += page[i++];
  }
  return out;
}

}  // namespace

const std::vector<TemplateChange>& TemplateChanges() {
  static const std::vector<TemplateChange> changes = {
      {"classes and ids gone", WithoutNames},
      {"classes and ids renamed", Renamed},
      {"white space reflowed", Reflowed},
      {"cookie banner, related list", WithBannerAndRelated},
      {"newsletter box in the text", WithNewsletterBox},
      {"ASCII punctuation", InAscii}};
  return changes;
}

}  // namespace stemma::testing
