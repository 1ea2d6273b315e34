// The HTML elements the extractor tells apart.
#pragma once

#include <cstdint>
#include <string_view>

namespace stemma {

// In byte order of the names; kOther is any other name.
// clang-format off
#define STEMMA_TAGS(X) \
  X(A, "a") \
  X(Abbr, "abbr") \
  X(Address, "address") \
  X(AmpVideo, "amp-video") \
  X(AmpYoutube, "amp-youtube") \
  X(Area, "area") \
  X(Article, "article") \
  X(Aside, "aside") \
  X(Audio, "audio") \
  X(B, "b") \
  X(Base, "base") \
  X(Blockquote, "blockquote") \
  X(Body, "body") \
  X(Br, "br") \
  X(Button, "button") \
  X(Canvas, "canvas") \
  X(Caption, "caption") \
  X(Center, "center") \
  X(Cite, "cite") \
  X(Code, "code") \
  X(Col, "col") \
  X(Colgroup, "colgroup") \
  X(Datalist, "datalist") \
  X(Dd, "dd") \
  X(Del, "del") \
  X(Details, "details") \
  X(Dialog, "dialog") \
  X(Dir, "dir") \
  X(Div, "div") \
  X(Dl, "dl") \
  X(Dt, "dt") \
  X(Em, "em") \
  X(Embed, "embed") \
  X(Fieldset, "fieldset") \
  X(Figcaption, "figcaption") \
  X(Figure, "figure") \
  X(Font, "font") \
  X(Footer, "footer") \
  X(Form, "form") \
  X(Frame, "frame") \
  X(Frameset, "frameset") \
  X(H1, "h1") \
  X(H2, "h2") \
  X(H3, "h3") \
  X(H4, "h4") \
  X(H5, "h5") \
  X(H6, "h6") \
  X(Head, "head") \
  X(Header, "header") \
  X(Hgroup, "hgroup") \
  X(Hr, "hr") \
  X(Html, "html") \
  X(I, "i") \
  X(Iframe, "iframe") \
  X(Img, "img") \
  X(Input, "input") \
  X(Ins, "ins") \
  X(Label, "label") \
  X(Legend, "legend") \
  X(Li, "li") \
  X(Link, "link") \
  X(Main, "main") \
  X(Map, "map") \
  X(Mark, "mark") \
  X(Math, "math") \
  X(Menu, "menu") \
  X(Meta, "meta") \
  X(Nav, "nav") \
  X(Noembed, "noembed") \
  X(Noframes, "noframes") \
  X(Noscript, "noscript") \
  X(Object, "object") \
  X(Ol, "ol") \
  X(Optgroup, "optgroup") \
  X(Option, "option") \
  X(Output, "output") \
  X(P, "p") \
  X(Param, "param") \
  X(Picture, "picture") \
  X(Plaintext, "plaintext") \
  X(Pre, "pre") \
  X(Progress, "progress") \
  X(Q, "q") \
  X(Rp, "rp") \
  X(Rt, "rt") \
  X(Ruby, "ruby") \
  X(S, "s") \
  X(Script, "script") \
  X(Section, "section") \
  X(Select, "select") \
  X(Small, "small") \
  X(Source, "source") \
  X(Span, "span") \
  X(Strike, "strike") \
  X(Strong, "strong") \
  X(Style, "style") \
  X(Sub, "sub") \
  X(Summary, "summary") \
  X(Sup, "sup") \
  X(Svg, "svg") \
  X(Table, "table") \
  X(Tbody, "tbody") \
  X(Td, "td") \
  X(Template, "template") \
  X(Textarea, "textarea") \
  X(Tfoot, "tfoot") \
  X(Th, "th") \
  X(Thead, "thead") \
  X(Time, "time") \
  X(Title, "title") \
  X(Tr, "tr") \
  X(Track, "track") \
  X(Tt, "tt") \
  X(U, "u") \
  X(Ul, "ul") \
  X(Video, "video") \
  X(Wbr, "wbr") \
  X(Xmp, "xmp")
// clang-format on

enum class Tag : std::uint8_t {
  kOther,
#define STEMMA_TAG_NAME(name, text) k##name,
  STEMMA_TAGS(STEMMA_TAG_NAME)
#undef STEMMA_TAG_NAME
      kCount
};

// `name` in lower case.
Tag TagOf(std::string_view name);
std::string_view NameOf(Tag tag);

// Never has content: <br>, <img>, ...
bool IsVoid(Tag tag);
// Begins and ends a line of text.
bool IsBlockTag(Tag tag);
// Its text is no text of the page: <svg>, <select>, <template>, ...
bool IsHiddenTag(Tag tag);
// 1 to 6 for <h1> to <h6>, else 0.
int HeadingLevel(Tag tag);

}  // namespace stemma
