#include "article/author_list.h"

#include <algorithm>
#include <string_view>

#include "article/body.h"
#include "article/phrases.h"
#include "core/ascii.h"
#include "core/url.h"

namespace stemma {
namespace {

// "jdoe", "jane_doe", "jane[at]a.example": what a system calls a user.
bool IsLogin(std::string_view name) {
  if (name.ends_with(" Admin") || name.ends_with(" admin")) return true;
  if (name.find(' ') != std::string_view::npos) return false;
  if (name.find_first_of("_@[") != std::string_view::npos) return true;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

}  // namespace

void AddName(const std::string& name, std::vector<std::string>& names) {
  const std::string folded = FoldForMatch(name);
  if (folded.empty()) return;
  for (const std::string& known : names) {
    if (FoldForMatch(known) == folded) return;
  }
  names.push_back(name);
}

AuthorList::AuthorList(const HeadFacts& head, const Article& article) {
  const Result<Url> url = Url::Parse(article.url);
  std::string host = url ? url->host() : "";
  if (host.starts_with("www.")) host.erase(0, 4);
  std::string label = SiteOf(article.url);
  label.resize(std::min(label.size(), label.find('.')));
  for (const std::string& name :
       {article.site_name, article.publisher, head.ld.site_name, host, label}) {
    const std::string folded = FoldForMatch(name);
    if (folded.size() > 2) sites_.push_back(folded);
  }
}

void AuthorList::Take(const std::string& name) {
  const auto digits = std::ranges::count_if(name, IsDigit);
  if (digits > 3) return;
  if (IsSite(name) || IsLogin(name)) {
    TakeSecond(name);
  } else {
    AddName(name, names_);
  }
}

void AuthorList::TakeSecond(const std::string& name) {
  if (!settled_) AddName(name, second_);
}

void AuthorList::AddAgencies() {
  for (const std::string& name : second_) {
    if (!IsSite(name) && !IsLogin(name)) AddName(name, names_);
  }
}

bool AuthorList::IsSite(const std::string& name) const {
  const std::string first = name.substr(0, name.find(", "));
  const std::size_t blank = first.find(' ');
  return IsKnownSite(FoldForMatch(first)) ||
         (blank <= 3 && IsKnownSite(FoldForMatch(first.substr(blank))));
}

bool AuthorList::IsKnownSite(const std::string& folded) const {
  return std::ranges::find(sites_, folded) != sites_.end();
}

}  // namespace stemma
