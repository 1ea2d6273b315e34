// Pages a CPU second, and the ratio to bare libxml2 parsing of the same pages
// in the same run. Usage: article_bench PAGES_DIR (files *.html or *.html.gz),
// or nothing: pages of our own, 188 KB each as the public sets have on average.
#include <fmt/format.h>
#include <libxml/HTMLparser.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "article/extract.h"
#include "fetch/coding.h"

namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

std::string OwnPage(int number) {
  std::string html = "<!doctype html><title>Report " + std::to_string(number) +
                     "</title><body><nav>";
  for (int i = 0; i < 400; ++i) {
    html += fmt::format(
        "<li class=\"menu-item menu-item-{0}\"><a href=\"/s/{0}\""
        " data-track=\"menu\">Section {0}</a></li>",
        i);
  }
  html += "</nav><h1>Report " + std::to_string(number) + "</h1><article>";
  for (int i = 0; i < 40; ++i) {
    html +=
        "<p>The crews closed the breaches between the towns, the engineers "
        "said in their evening report, and the flow into the fields was "
        "cut by half within nine hours of work on the wall.</p>";
  }
  html += "</article><script>";
  while (html.size() < 188'000)
    html += "var a=function(b){return b<0?'<p>':b};";
  return html + "</script></body>";
}

std::string Load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (path.extension() != ".gz") return bytes.str();
  const auto plain = stemma::DecodeContent(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", bytes.str());
  return plain ? *plain : "";
}

void BareParse(const std::string& page) {
  htmlDocPtr doc = htmlReadMemory(
      page.data(), static_cast<int>(page.size()), nullptr, "UTF-8",
      HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
          HTML_PARSE_NOWARNING | HTML_PARSE_COMPACT | XML_PARSE_HUGE);
  xmlFreeDoc(doc);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> pages;
  if (argc > 1) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(argv[1])) {
      if (entry.is_regular_file()) pages.push_back(Load(entry.path()));
    }
  } else {
    for (int i = 0; i < 100; ++i) pages.push_back(OwnPage(i));
  }
  std::size_t bytes = 0;
  for (const std::string& page : pages) bytes += page.size();

  const double start = CpuSeconds();
  for (const std::string& page : pages) BareParse(page);
  const double parsed = CpuSeconds();
  std::size_t articles = 0;
  for (const std::string& page : pages) {
    const auto article =
        stemma::ExtractArticle({page, "", "https://a.example/b"});
    articles += article && article->is_article ? 1 : 0;
  }
  const double done = CpuSeconds();
  const double mb = static_cast<double>(bytes) / 1e6;
  const auto n = static_cast<double>(pages.size());
  fmt::print("{} pages, {:.1f} MB, {} articles\n", pages.size(), mb, articles);
  fmt::print("libxml2 parse: {:.0f} pages/s, {:.1f} MB/s\n",
             n / (parsed - start), mb / (parsed - start));
  fmt::print("extract:       {:.0f} pages/s, {:.1f} MB/s\n",
             n / (done - parsed), mb / (done - parsed));
  fmt::print("188 KB pages:  {:.0f} pages/s\n", mb / 0.188 / (done - parsed));
  fmt::print("ratio to bare parsing: {:.2f}\n",
             (done - parsed) / (parsed - start));
  return 0;
}
