// Where a reference on the command line leads. A reference is a file, a URL
// (its newest capture, or captured now), a capture id or an imported article's
// id; the commands see one kind of thing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/article.h"
#include "core/blob.h"
#include "core/publication.h"
#include "core/result.h"

namespace stemma::cli {

struct Session;

struct SourceOptions {
  bool fetch = true;  // false: --no-fetch, the archive and files only
};

// A page as somebody stored it: content coding removed, nothing else done.
struct LoadedPage {
  std::string body;
  std::string content_type;  // as the server said; empty for a file
  std::string url;           // empty for a file without one
  std::string capture_id;    // empty unless it came from the archive
  std::optional<TimePoint> fetched_at;
  std::string body_sha256;  // hex, of the bytes as stored
};
Result<LoadedPage> LoadPage(Session& session, std::string_view reference,
                            const SourceOptions& options = {});

// The article of a reference, as a Publication. A file may be HTML, plain text
// or `extract --json` output.
struct LoadedPublication {
  Publication publication;
  std::optional<Article> article;  // absent for imported rows and plain text
  std::string body_sha256;
  std::string method;  // how the text was made
};
Result<LoadedPublication> LoadPublication(Session& session,
                                          std::string_view reference,
                                          const SourceOptions& options = {});

// A video: a file, a URL, a capture id (its first video), or "sha256:..." of a
// stored payload.
struct LoadedVideo {
  Blob bytes;
  std::string name;  // what to call it in messages and file names
  std::string capture_id;
  std::string sha256;  // hex, if known without reading
};
Result<LoadedVideo> LoadVideo(Session& session, std::string_view reference,
                              const SourceOptions& options = {});

// Whether `reference` looks like a URL rather than a file or an id.
bool IsUrl(std::string_view reference);

}  // namespace stemma::cli
