#include "review/trace_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "review/family_svg.h"
#include "review/html.h"
#include "review/page.h"
#include "review/verify_parts.h"

namespace stemma {
namespace {

// Changes shown of one edge; the comparison of the two has them all.
constexpr std::size_t kMostChanges = 3;

std::string Percent(double share) {
  return fmt::format("{:.0f} %", share * 100);
}

// The family, arranged for being told: members by id, edges in the order in
// which the copies appeared.
class FamilyPage {
 public:
  explicit FamilyPage(const TraceView& view) : view_(view) {
    for (const FamilyMember& member : view.members) {
      members_[member.side.publication.id] = &member;
      in_order_.push_back(&member);
    }
    std::ranges::stable_sort(in_order_, {}, [this](const FamilyMember* m) {
      return When(m->side.publication.id);
    });
    for (const FamilyEdge& edge : view.edges) edges_.push_back(&edge);
    std::ranges::sort(edges_, {}, [this](const FamilyEdge* e) {
      return std::tuple(When(e->edge.child), e->edge.child);
    });
    for (const FamilyEdge* edge : edges_) above_[edge->edge.child] = edge;
  }

  std::string Render() {
    AddAnswer();
    AddTree();
    AddEdges();
    AddMembers();
    AddQuoting();
    AddSources();
    std::vector<const ReportSide*> sides;
    for (const FamilyMember* member : in_order_) sides.push_back(&member->side);
    AddChecking(sides, html_);
    AddMade(view_.tool, view_.normal_form, view_.made, html_);
    return HtmlPage("Who copied whom: " + TitleOf(view_.asked), html_);
  }

 private:
  const FamilyMember* Member(const std::string& id) const {
    const auto at = members_.find(id);
    return at == members_.end() ? nullptr : at->second;
  }
  std::string Name(const std::string& id) const {
    if (id.starts_with("*")) return "a lost copy";
    const FamilyMember* member = Member(id);
    return member ? SiteOf(member->side) : id;
  }
  std::string TitleOf(const std::string& id) const {
    const FamilyMember* member = Member(id);
    return member && !member->side.publication.title.empty()
               ? member->side.publication.title
               : Name(id);
  }
  TimePoint When(const std::string& id) const {
    const FamilyMember* member = Member(id);
    if (!member) return TimePoint::max();
    const Publication& p = member->side.publication;
    return p.published_at ? *p.published_at
                          : p.fetched_at.value_or(TimePoint::max());
  }
  const FamilyEdge* Above(const std::string& id) const {
    const auto at = above_.find(id);
    return at == above_.end() ? nullptr : at->second;
  }

  void AddAnswer();
  void AddTrail();
  void AddTree();
  void AddEdges();
  void AddEdge(const FamilyEdge& edge);
  void AddMostSerious(const FamilyEdge& edge);
  void AddMembers();
  void AddQuoting();
  void AddSources();

  const TraceView& view_;
  std::map<std::string, const FamilyMember*, std::less<>> members_;
  std::vector<const FamilyMember*> in_order_;  // of time
  std::vector<const FamilyEdge*> edges_;       // of time of the copy
  std::map<std::string, const FamilyEdge*, std::less<>> above_;
  std::string html_;
};

void FamilyPage::AddAnswer() {
  html_ += fmt::format(
      "<p class=\"meta\">The family of a publication</p>"
      "<h1>{}</h1>",
      EscapeHtml(TitleOf(view_.asked)));
  const std::string name = EscapeHtml(Name(view_.asked));
  const FamilyEdge* above = Above(view_.asked);
  if (view_.members.size() < 2) {
    html_ += fmt::format(
        "<div class=\"verdict note\"><b>alone</b><p>The archive holds no other "
        "publication of the text or the video of <strong>{}</strong>. That is "
        "what this archive holds, not that there is none.</p></div>",
        name);
    return;
  }
  if (!above) {
    html_ += fmt::format(
        "<div class=\"verdict note\"><b>first</b><p>Of what the archive holds, "
        "the publication at <strong>{}</strong> is taken for the first: {} "
        "other{} from it, directly or not.</p>",
        name, view_.members.size() - 1,
        view_.members.size() == 2 ? " comes" : "s come");
  } else {
    html_ += fmt::format(
        "<div class=\"verdict {}\"><b>{}</b><p>The publication at "
        "<strong>{}</strong> {} <strong>{}</strong>, {} sure. {}</p>",
        ToneOf(above->comparison, above->video),
        NameOf(above->comparison.verdict), name,
        above->edge.directed ? "was copied from"
                             : "shares its text, nothing decides in which "
                               "direction, with",
        EscapeHtml(Name(above->edge.parent)), Percent(above->edge.confidence),
        Explain(above->comparison.verdict));
    AddVideoLine(above->video, html_);
    AddTrail();
  }
  std::size_t undirected = 0;
  for (const FamilyEdge* edge : edges_) undirected += !edge->edge.directed;
  html_ +=
      fmt::format("<p class=\"meta\">{} publications", view_.members.size());
  if (!view_.tree.hidden.empty()) {
    html_ += fmt::format(" · {} lost cop{} supposed", view_.tree.hidden.size(),
                         view_.tree.hidden.size() == 1 ? "y" : "ies");
  }
  if (undirected > 0) {
    html_ += fmt::format(" · {} edge{} undirected", undirected,
                         undirected == 1 ? "" : "s");
  }
  if (!view_.quoting.empty()) {
    html_ += fmt::format(" · quoted by {}", view_.quoting.size());
  }
  html_ += "</p></div>";
}

// From the first publication to the one asked for, every hop.
void FamilyPage::AddTrail() {
  std::vector<std::string> trail = {view_.asked};
  while (const FamilyEdge* edge = Above(trail.back())) {
    if (trail.size() > view_.members.size()) break;  // a cycle is no trail
    trail.push_back(edge->edge.parent);
  }
  if (trail.size() < 3) return;
  html_ += "<p>The whole trail: ";
  for (std::size_t i = trail.size(); i-- > 0;) {
    html_ += "<strong>" + EscapeHtml(Name(trail[i])) + "</strong>";
    if (i > 0) {
      html_ += Above(trail[i - 1])->edge.directed ? " → " : " — ";
    }
  }
  html_ += "</p>";
}

void FamilyPage::AddTree() {
  std::vector<Publication> publications;
  for (const FamilyMember& member : view_.members) {
    publications.push_back(member.side.publication);
  }
  html_ +=
      "<h2 id=\"family\">The tree</h2><div class=\"scroll\">" +
      RenderFamilySvg(view_.tree, publications, view_.asked) +
      "</div><p class=\"meta\">From left to right: each publication stands "
      "right of the one it was copied from. Dates are claims of the pages; "
      "“seen” is our own clock. Dashed line, “?”: nothing decides the "
      "direction. Dotted arrow: a second source. Dashed box: a copy that "
      "must have been there and is not in the archive. Bold box: the "
      "publication asked for.</p>";
}

void FamilyPage::AddEdges() {
  if (edges_.empty()) return;
  html_ += "<h2 id=\"edges\">Who copied whom, and why we say so</h2>";
  for (const FamilyEdge* edge : edges_) AddEdge(*edge);
  for (const HiddenNode& hidden : view_.tree.hidden) {
    html_ += fmt::format(
        "<h3>A lost copy of {}</h3><p>It is not in the archive, but ",
        EscapeHtml(Name(hidden.parent)));
    for (std::size_t i = 0; i < hidden.children.size(); ++i) {
      html_ += (i == 0                            ? ""
                : i + 1 == hidden.children.size() ? " and "
                                                  : ", ") +
               EscapeHtml(Name(hidden.children[i]));
    }
    html_ += fmt::format(
        " seem to come from it: {}.</p>",
        EscapeHtml(fmt::format("{}", fmt::join(hidden.evidence, "; "))));
  }
}

void AddEvidence(const std::vector<std::string>& evidence, std::string& html) {
  html += "<ul>";
  for (const std::string& words : evidence) {
    html += "<li>" + EscapeHtml(words) + "</li>";
  }
  html += "</ul>";
}

void FamilyPage::AddEdge(const FamilyEdge& edge) {
  const StemmaEdge& e = edge.edge;
  const Comparison& c = edge.comparison;
  html_ += fmt::format(
      "<h3>{} {} {}</h3><p><span class=\"badge {}\">{}</span>{} sure{} · "
      "coverage {:.2f} / {:.2f} · {}</p>",
      EscapeHtml(Name(e.child)), e.directed ? "copies" : "is tied to",
      EscapeHtml(Name(e.parent)),
      ToneOf(c, edge.video) == "bad" ? "critical" : "", NameOf(c.verdict),
      Percent(e.confidence),
      e.directed ? ""
                 : " · <strong>undirected</strong>: nothing decides who "
                   "was first",
      c.coverage_reference, c.coverage_suspect, CountsLine(c));
  AddEvidence(e.evidence, html_);
  if (!e.second_parent.empty()) {
    html_ += fmt::format("<p>Also from <strong>{}</strong>:</p>",
                         EscapeHtml(Name(e.second_parent)));
    AddEvidence(e.second_evidence, html_);
  }
  AddVideoLine(edge.video, html_);
  AddMostSerious(edge);
}

void FamilyPage::AddMostSerious(const FamilyEdge& edge) {
  const std::vector<Change>& changes = edge.comparison.changes;
  for (std::size_t i = 0; i < std::min(changes.size(), kMostChanges); ++i) {
    AddChangeCard(changes[i], i + 1, {}, html_);
  }
  AddHeadlines(edge.comparison, TitleOf(edge.edge.parent),
               TitleOf(edge.edge.child), html_);
  if (changes.size() <= kMostChanges) return;
  html_ += fmt::format(
      "<p class=\"meta\">and {} more: <code>stemma verify {} {} --report "
      "FILE.html</code></p>",
      changes.size() - kMostChanges, EscapeHtml(edge.edge.parent),
      EscapeHtml(edge.edge.child));
}

// For a narrow column: it breaks between day and time.
std::string DayAndTime(const std::optional<TimePoint>& time,
                       Precision precision) {
  std::string text = When(time, precision);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

void FamilyPage::AddMembers() {
  html_ +=
      "<h2 id=\"members\">Members</h2><div class=\"scroll\">"
      "<table class=\"list\"><tr><th>Publication</th><th>Published, as "
      "claimed</th><th>Captured, our clock</th><th>Against its parent</th>"
      "<th>Coverage of parent / of it</th><th>Text SHA-256</th></tr>";
  for (const FamilyMember* member : in_order_) {
    const Publication& p = member->side.publication;
    const FamilyEdge* above = Above(p.id);
    html_ += fmt::format(
        "<tr><td><strong>{}</strong><br>{}</td><td>{}{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td><td>{}</td></tr>",
        EscapeHtml(SiteOf(member->side)), HtmlLink(p.url),
        DayAndTime(p.published_at, p.published_precision),
        member->date_source.empty()
            ? ""
            : "<br><small>" + EscapeHtml(member->date_source) + "</small>",
        DayAndTime(p.fetched_at, Precision::kSecond),
        above ? NameOf(above->comparison.verdict)
              : std::string_view(view_.members.size() > 1 ? "the first" : "—"),
        above ? fmt::format("{:.2f} / {:.2f}",
                            above->comparison.coverage_reference,
                            above->comparison.coverage_suspect)
              : "—",
        HtmlDigest(p.text_sha256.Hex()));
  }
  html_ += "</table></div>";
}

void FamilyPage::AddQuoting() {
  if (view_.quoting.empty()) return;
  html_ +=
      "<h2 id=\"quoting\">Quoted by</h2><p>These share a passage with it; they "
      "are no copies.</p><ul>";
  for (const Publication& p : view_.quoting) {
    html_ += fmt::format("<li>{} {}</li>", EscapeHtml(p.title),
                         p.url.empty() ? EscapeHtml(p.id) : HtmlLink(p.url));
  }
  html_ += "</ul>";
}

void FamilyPage::AddSources() {
  html_ += "<h2 id=\"sources\">Sources and digests</h2>";
  for (const FamilyMember* member : in_order_) {
    const ReportSide& side = member->side;
    html_ += fmt::format("<h4>{}</h4><table>", EscapeHtml(SiteOf(side)));
    const auto row = [this](std::string_view name, const std::string& value) {
      if (value.empty()) return;
      html_ += fmt::format("<tr><th>{}</th><td>{}</td></tr>", name, value);
    };
    row("Address", HtmlLink(side.publication.url));
    row("Title", EscapeHtml(side.publication.title));
    row("Byline", EscapeHtml(side.publication.byline));
    row("Capture", EscapeHtml(side.capture_id));
    row("Bundle", EscapeHtml(side.bundle));
    if (!side.body_sha256.empty()) {
      row("Page body SHA-256", HtmlDigest(side.body_sha256));
    }
    row("Text SHA-256", HtmlDigest(side.publication.text_sha256.Hex()));
    row("Text made by", EscapeHtml(side.text_method));
    row("Video", EscapeHtml(side.video_name));
    if (!side.video_sha256.empty()) {
      row("Video SHA-256", HtmlDigest(side.video_sha256));
    }
    html_ += "</table>";
  }
}

}  // namespace

std::string RenderTraceReport(const TraceView& view) {
  return FamilyPage(view).Render();
}

}  // namespace stemma
