// InferTree: the stemma of a family, who copied whom.
//
// A minimum-cost arborescence (Chu-Liu, Edmonds) over what text, dates, links,
// claims and left-over furniture say about each possible parent; design
// republication.md 6.5. Every edge carries its evidence in words and a
// confidence; where nothing decides the direction the edge says so. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/publication.h"
#include "trace/families.h"

namespace stemma {

struct StemmaEdge {
  std::string parent, child;          // ids; a hidden node's id begins with '*'
  double confidence = 0;              // 0 to 1, that this is the parent
  bool directed = true;               // false: nothing decides who was first
  double gap = 0;                     // cost to the runner-up, nats
  std::vector<std::string> evidence;  // in words, strongest first
  Verdict verdict = Verdict::kUnrelated;  // child against parent
  std::string second_parent;              // of a merged page; empty without one
  std::vector<std::string> second_evidence;
};

// A copy that is not among the members but must have been there.
struct HiddenNode {
  std::string id;                     // "*h1", ...
  std::string parent;                 // the member it was copied from
  std::vector<std::string> children;  // members that were copied from it; their
                                      // edges name `parent`, the nearest
                                      // member that is there
  std::vector<std::string> evidence;
};

struct StemmaTree {
  std::vector<std::string> members;  // as given
  std::string root;                  // empty if no member
  std::vector<StemmaEdge> edges;     // one per node but the root
  std::vector<HiddenNode> hidden;
};

struct TreeOptions {
  const SiteModels* sites = nullptr;
  std::size_t max_members = 400;  // beyond it identical texts hang on one
};

// `relations` may be empty or partial: what it lacks is compared here.
StemmaTree InferTree(std::span<const Publication> publications,
                     std::span<const Republication> relations,
                     const TreeOptions& options = {});

}  // namespace stemma
