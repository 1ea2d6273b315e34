// Paper: a page of ours as PDF, by whichever program is installed.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"

namespace stemma::cli {

// The program that can print: Chromium (or Chrome) or WeasyPrint, found on
// $PATH; empty when there is none.
std::filesystem::path PdfPrinter();

// Prints the file `html`, which loads nothing, to `pdf`. kNotFound without a
// printer, saying what to install; kIo when it fails or takes over a minute.
Status PrintPdf(const std::filesystem::path& html,
                const std::filesystem::path& pdf);

}  // namespace stemma::cli
