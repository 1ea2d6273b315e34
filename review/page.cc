#include "review/page.h"

#include <fmt/format.h>

#include "core/ascii.h"
#include "review/html.h"

namespace stemma {
namespace {

constexpr std::string_view kStyle = R"css(
:root{--paper:#fbfaf7;--ink:#1d2126;--soft:#5c6670;--line:#d9d5cb;--card:#fff;
--critical:#b3261e;--critical-bg:#fde3df;--minor:#8a6100;--minor-bg:#fdf0c8;
--moved:#5b4b8a;--moved-bg:#ebe6f7;--good:#1e6b3a;--good-bg:#dff2e4;
--quiet:#eeece6;--link:#1a4f8b;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e6e4df;
--soft:#9aa4ad;--line:#343a40;--card:#1c2024;--critical:#ff8a80;
--critical-bg:#4a1f1c;--minor:#f2c14e;--minor-bg:#40330f;--moved:#b9a8ee;
--moved-bg:#2e2748;--good:#7fd49a;--good-bg:#17351f;--quiet:#23282d;--link:#8ab8f0}}
*{box-sizing:border-box}
a{color:var(--link);text-underline-offset:.15em}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 Georgia,"Times New Roman",serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 4rem;
overflow-wrap:anywhere}
h1,h2,h3,table,.badge,.meta,nav,summary,figcaption,.cell header{
font-family:system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .6rem}
h2{font-size:1.2rem;margin:2.4rem 0 .8rem;padding-top:1rem;
border-top:1px solid var(--line)}
.verdict{border-left:.5rem solid var(--tone);background:var(--tone-bg);
padding:1rem 1.25rem;border-radius:.25rem}
.verdict.bad{--tone:var(--critical);--tone-bg:var(--critical-bg)}
.verdict.good{--tone:var(--good);--tone-bg:var(--good-bg)}
.verdict.note{--tone:var(--minor);--tone-bg:var(--minor-bg)}
.verdict+.verdict{margin-top:.8rem}
.verdict ul{margin:.3rem 0 0;padding-left:1.3rem}
.verdict li{margin:.15rem 0;overflow-wrap:anywhere}
.verdict p{overflow-wrap:anywhere}
.verdict>b{color:var(--tone);letter-spacing:.04em;text-transform:uppercase}
.verdict p{margin:.4rem 0 0}
small,.none{color:var(--soft);font-size:.85em}
.meta{color:var(--soft);font-size:.88rem}
.badge{font-weight:400;display:inline-block;font-size:.75rem;padding:.1rem .5rem;
border-radius:1rem;border:1px solid currentColor;margin-right:.3rem;
white-space:nowrap}
.critical{color:var(--critical)}.good{color:var(--good)}.minor{color:var(--minor)}
.moved-tag{color:var(--moved)}
.change{background:var(--card);border:1px solid var(--line);
border-radius:.4rem;padding:.7rem .9rem;margin:.6rem 0;
overflow-wrap:anywhere}
.change .pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem;
margin-top:.4rem}
.change .pair>div{min-width:0}
.label{display:block;font:.75rem system-ui,sans-serif;color:var(--soft);
text-transform:uppercase;letter-spacing:.05em}
mark{color:inherit;border-radius:.15rem;padding:0 .1em}
mark.critical{background:var(--critical-bg);
box-shadow:inset 0 -2px var(--critical)}
mark.minor{background:var(--minor-bg);box-shadow:inset 0 -2px var(--minor)}
sup{line-height:0;font-size:.65em}sup a{text-decoration:none}
mark.gap{font-family:system-ui,sans-serif;font-weight:700}
.texts{display:grid;grid-template-columns:1fr 1fr;gap:0 1rem}
.cell{min-width:0;overflow-wrap:anywhere;white-space:pre-wrap;
padding:.45rem .7rem;border-left:3px solid transparent;margin:.15rem 0}
.cell.missing,.cell.added{background:var(--critical-bg);
border-color:var(--critical)}
.cell.moved{background:var(--moved-bg);border-color:var(--moved)}
.cell.furniture{color:var(--soft);font-size:.88rem;background:var(--quiet)}
.cell.none{background:repeating-linear-gradient(-45deg,transparent 0 6px,
var(--quiet) 6px 8px)}
.cell header{font-size:.72rem;color:var(--soft);white-space:normal}
.texts .head{font:600 .9rem system-ui,sans-serif;padding:.3rem .7rem;
border-bottom:2px solid var(--line);overflow-wrap:anywhere}
details.furniture{grid-column:1/-1}
details.furniture summary{color:var(--soft);font-size:.85rem;cursor:pointer;
padding:.3rem .7rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);width:11rem}
.list th{width:auto}
.sides{table-layout:fixed}.sides th{width:auto}
.sides th:first-child{width:9rem}
h3{font-size:1rem;margin:1.8rem 0 .3rem}
details{margin:.4rem 0}
summary{cursor:pointer;font-size:.88rem;color:var(--soft)}
.contents{margin:1.2rem 0 0;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem}
.contents a{margin:0}
.step{margin:1.2rem 0 .3rem}
.sign td{height:4rem;width:33%;border:1px solid var(--line);
color:var(--soft);font-size:.8rem}
.digest{font-size:.8rem;font-family:ui-monospace,"DejaVu Sans Mono",monospace}
.digest span{margin-right:.4em}
code{overflow-wrap:anywhere}
pre{background:var(--quiet);padding:.8rem 1rem;overflow-x:auto;
font-size:.82rem;border-radius:.3rem;line-height:1.4}
.frames{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;background:var(--card);border:1px solid var(--line);
border-radius:.4rem;overflow:hidden;width:min(100%,22rem)}
figure .duo{display:grid;grid-template-columns:1fr 1fr;gap:2px;
background:var(--quiet)}
figure .duo>*{width:100%;aspect-ratio:16/9;object-fit:contain;display:grid;
place-items:center;color:var(--soft);font:.8rem system-ui,sans-serif}
figcaption{padding:.4rem .6rem;font-size:.82rem}
svg{max-width:100%;height:auto;display:block}
.scroll{overflow-x:auto}.scroll>svg[width]{max-width:none}
.scroll>table{min-width:60rem}
.scroll td:not(:first-child){overflow-wrap:break-word}
@media (max-width:44rem){main{padding:1rem .8rem 3rem}h1{font-size:1.5rem}
.texts,.change .pair{grid-template-columns:1fr}
.texts .head:nth-child(2){border-top:1px dashed var(--line)}
.cell.none{display:none}th{width:7rem}
.cell.shared::before{display:block;font:.72rem system-ui,sans-serif;
color:var(--soft)}
.cell.reference.shared::before{content:"reference"}
.cell.copy.shared{margin-bottom:1rem}
.cell.copy.shared::before{content:"copy"}}
@media print{:root{--paper:#fff;--ink:#000;--card:#fff}
.scroll>svg[width]{max-width:100%}.scroll>table{min-width:0}
main{max-width:none;padding:0}h2{break-after:avoid}
.change,figure,.cell,tr{break-inside:avoid}
h2,h3,.step{break-after:avoid}a{color:inherit;text-decoration:none}
nav{display:none}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:7.5pt}
body{font-size:10.5pt}h1{font-size:18pt}
details.furniture:not([open]) summary::after{content:" (folded)"}}
nav{font-size:.9rem;margin-bottom:1rem}nav a{margin-right:1rem}
ul.list{list-style:none;padding:0}ul.list li{padding:.6rem 0;
border-bottom:1px solid var(--line)}
.block{white-space:pre-wrap;overflow-wrap:anywhere;padding:.3rem .7rem;
border-left:3px solid var(--line);margin:.3rem 0}
.block.dropped{color:var(--soft);font-size:.85rem}
.block small{font-family:system-ui,sans-serif;color:var(--soft)}
h4{font:600 .95rem system-ui,sans-serif;margin:1.4rem 0 .1rem;
overflow-wrap:anywhere}
.strip{margin-top:.8rem;display:flex;flex-wrap:wrap;gap:.6rem}
.strip figure{width:13rem}.strip img{width:100%;display:block}
input,button{font:1rem system-ui,sans-serif;padding:.3rem .6rem}
input{width:min(100%,30rem)}
)css";

// Words in the margin of each sheet, as CSS Paged Media 3 has it.
std::string PageMargins(std::string_view footer) {
  std::string plain;
  for (const char c : footer) {
    const bool ours =
        IsAlnum(c) || c == ':' || c == '.' || c == '-' || c == ' ';
    if (ours) plain += c;
  }
  return fmt::format(
      "@page{{size:A4;margin:16mm 15mm 18mm;"
      "@bottom-left{{content:\"{}\";font:7pt monospace;color:#555}}"
      "@bottom-right{{content:counter(page) \" / \" counter(pages);"
      "font:8pt sans-serif;color:#555}}}}",
      plain);
}

}  // namespace

std::string HtmlPage(std::string_view title, std::string_view body,
                     PageImages images, std::string_view footer) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; img-src data:{}; style-src 'unsafe-inline'\">"
      "<meta name=\"referrer\" content=\"no-referrer\">"
      "<title>{} | Stemma</title><style>{}{}</style></head><body><main>{}"
      "</main></body></html>\n",
      images == PageImages::kSameSite ? " 'self'" : "", EscapeHtml(title),
      kStyle, PageMargins(footer), body);
}

}  // namespace stemma
