// The names of authors as they are found, the weaker ones apart.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "article/metadata.h"
#include "core/article.h"

namespace stemma {

// Adds a name unless it is there, in whatever letters and blanks.
void AddName(const std::string& name, std::vector<std::string>& names);

class AuthorList {
 public:
  // `article` must have its url, site name and publisher.
  AuthorList(const HeadFacts& head, const Article& article);

  // A site may be named for its author, a login may be all there is: such a
  // name is a second choice, taken when nothing better is found.
  void Take(const std::string& name);

  // Second choices are of the first source that has any: see EndSource.
  void TakeSecond(const std::string& name);
  void EndSource() { settled_ = !second_.empty(); }
  void UseSecond() { names_ = second_; }

  // An agency beside a person is an author, too; the site is none.
  void AddAgencies();

  // "The Post", "post.example, Berlin": articles and addresses aside.
  bool IsSite(const std::string& name) const;

  bool empty() const { return names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::string>& second() const { return second_; }
  void Replace(std::vector<std::string> names) { names_ = std::move(names); }

 private:
  bool IsKnownSite(const std::string& folded) const;

  std::vector<std::string> sites_;  // folded
  std::vector<std::string> names_, second_;
  bool settled_ = false;  // the second choice
};

}  // namespace stemma
