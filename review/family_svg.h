// A family of publications drawn as a tree: the original at the left, copies to
// the right of what they copied, each with its site and date. Inline SVG, no
// script; colours follow the page around it.
#pragma once

#include <span>
#include <string>

#include "core/publication.h"
#include "trace/tree.h"

namespace stemma {

// Members of the tree that are not among `publications` are drawn by their id.
// A directed edge ends in an arrow; one whose direction nothing decides is
// dashed; a second parent is dotted. `highlight` may name one member.
std::string RenderFamilySvg(const StemmaTree& tree,
                            std::span<const Publication> publications,
                            std::string_view highlight = {});

}  // namespace stemma
