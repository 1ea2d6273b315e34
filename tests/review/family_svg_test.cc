#include "review/family_svg.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

std::size_t CountOf(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

StemmaEdge Edge(std::string parent, std::string child) {
  StemmaEdge edge;
  edge.parent = std::move(parent);
  edge.child = std::move(child);
  edge.confidence = 0.9;
  edge.verdict = Verdict::kEdited;
  return edge;
}

TEST(FamilySvg, DrawsEveryMemberOnceAndEveryEdge) {
  StemmaTree tree;
  tree.members = {"a", "b", "c", "d"};
  tree.root = "a";
  tree.edges = {Edge("a", "b"), Edge("b", "c"), Edge("a", "d")};
  const std::string svg = RenderFamilySvg(tree, {});
  EXPECT_EQ(CountOf(svg, "<rect"), 4u);
  EXPECT_EQ(CountOf(svg, "marker-end"), 3u);
  EXPECT_TRUE(svg.find("edited · 90 %") != std::string::npos);
}

TEST(FamilySvg, AnUndecidedDirectionHasNoArrow) {
  StemmaTree tree;
  tree.members = {"a", "b"};
  tree.root = "a";
  tree.edges = {Edge("a", "b")};
  tree.edges[0].directed = false;
  const std::string svg = RenderFamilySvg(tree, {});
  EXPECT_EQ(CountOf(svg, "marker-end"), 0u);
  EXPECT_EQ(CountOf(svg, "stroke-dasharray=\"6 4\""), 1u);
}

TEST(FamilySvg, ALostCopyStandsBetweenItsParentAndItsChildren) {
  StemmaTree tree;
  tree.members = {"a", "b", "c"};
  tree.root = "a";
  tree.edges = {Edge("a", "b"), Edge("a", "c")};
  HiddenNode lost;
  lost.id = "*h1";
  lost.parent = "a";
  lost.children = {"b", "c"};
  tree.hidden = {lost};
  const std::string svg = RenderFamilySvg(tree, {});
  EXPECT_EQ(CountOf(svg, "<rect"), 4u);
  EXPECT_EQ(CountOf(svg, "marker-end"), 3u);
  EXPECT_EQ(CountOf(svg, ">supposed<"), 1u);
  EXPECT_EQ(CountOf(svg, "stroke-dasharray=\"4 3\""), 1u);
}

TEST(FamilySvg, LostMembersAndOddTreesAreStillDrawn) {
  StemmaTree tree;
  tree.members = {"a", "b", "lonely"};
  tree.root = "*h1";
  tree.hidden.emplace_back();
  tree.hidden[0].id = "*h1";
  tree.edges = {Edge("*h1", "a"), Edge("a", "b"), Edge("b", "a")};
  const std::string svg = RenderFamilySvg(tree, {});
  EXPECT_EQ(CountOf(svg, "<rect"), 4u);
  EXPECT_TRUE(svg.find("a lost copy") != std::string::npos);
}

TEST(FamilySvg, NamesAreEscapedAndShortened) {
  StemmaTree tree;
  tree.members = {"a"};
  tree.root = "a";
  Publication p;
  p.id = "a";
  p.site = "<script>" + std::string(100, 'x');
  const std::string svg = RenderFamilySvg(tree, {&p, 1});
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_TRUE(svg.find("…") != std::string::npos);
}

}  // namespace
}  // namespace stemma
