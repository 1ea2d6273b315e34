// The Content-Disposition field (RFC 6266, RFC 8187), read as forgivingly as
// it is written: a name for a download is better than none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stemma {

struct ContentDisposition {
  std::string type;  // lower case, as written: "attachment"
  struct Parameter {
    std::string name;   // lower case; the first of each name counts
    std::string value;  // unquoted, UTF-8
    bool quoted = false;
  };
  std::vector<Parameter> parameters;

  // The value of a parameter: that of "name*", when it can be decoded (not
  // quoted, UTF-8 or ISO-8859-1), before that of "name". Empty when there is
  // neither.
  std::string Value(std::string_view name) const;
  // What a download may be called: the last part of filename, without control
  // characters and never "." or ".."; empty when there is none. For people to
  // read: the archive's own files are not named by servers.
  std::string FileName() const;
};

// `value` is UTF-8 (FieldToUtf8 makes it so).
ContentDisposition ParseContentDisposition(std::string_view value);

}  // namespace stemma
