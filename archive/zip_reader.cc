#include "archive/zip_reader.h"

#include <zip.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace stemma {
namespace {

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
struct CloseMember {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

Error Malformed(std::string what) {
  return Error(ErrorCode::kMalformed, std::move(what));
}

std::string Message(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

Error NotAZip(int code) {
  // Two members of one name: libzip finds them before we do.
  if (code == ZIP_ER_EXISTS) {
    return Malformed("duplicate-member: two members have one name");
  }
  return Malformed("zip-malformed: " + Message(code));
}

}  // namespace

struct ZipReader::State {
  std::string bytes;  // of a file in memory; closed after `zip`
  std::unique_ptr<zip_t, CloseZip> zip;
};

ZipReader::ZipReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipReader::ZipReader(ZipReader&&) noexcept = default;
ZipReader& ZipReader::operator=(ZipReader&&) noexcept = default;
ZipReader::~ZipReader() = default;

bool IsSafeMemberName(std::string_view name) {
  if (name.empty() || name.size() > 4096 || name.front() == '/') return false;
  for (const char c : name) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F || c == '\\' || c == ':') return false;
  }
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool last = end == name.size();
    // A trailing slash makes the last part empty: a folder.
    if (part == "." || part == ".." || (part.empty() && !last)) return false;
    begin = end + 1;
  }
  return true;
}

Result<ZipReader> ZipReader::Open(const std::filesystem::path& path,
                                  const ZipLimits& limits) {
  int code = 0;
  auto state = std::make_unique<State>();
  state->zip.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!state->zip) {
    if (code == ZIP_ER_NOENT || code == ZIP_ER_OPEN || code == ZIP_ER_READ) {
      return Error(code == ZIP_ER_NOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                   path.string() + ": " + Message(code));
    }
    return NotAZip(code);
  }
  ZipReader reader(std::move(state));
  STEMMA_CHECK_OK(reader.ReadDirectory(limits));
  return reader;
}

Result<ZipReader> ZipReader::Over(std::string bytes, const ZipLimits& limits) {
  auto state = std::make_unique<State>();
  state->bytes = std::move(bytes);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(
      state->bytes.data(), state->bytes.size(), 0, &error);
  if (source != nullptr) {
    state->zip.reset(
        zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
    if (!state->zip) zip_source_free(source);
  }
  const int code = zip_error_code_zip(&error);
  zip_error_fini(&error);
  if (!state->zip) return NotAZip(code);
  ZipReader reader(std::move(state));
  STEMMA_CHECK_OK(reader.ReadDirectory(limits));
  return reader;
}

Status ZipReader::ReadDirectory(const ZipLimits& limits) {
  zip_t* zip = state_->zip.get();
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  if (count < 0 || static_cast<std::uint64_t>(count) > limits.max_members) {
    return Malformed("zip-malformed: " + std::to_string(count) + " members");
  }
  std::set<std::string> names;
  std::uint64_t total = 0;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    const char* raw = zip_get_name(zip, i, ZIP_FL_ENC_RAW);
    if (raw == nullptr || zip_stat_index(zip, i, 0, &stat) != 0) {
      return Malformed("zip-malformed: member " + std::to_string(i) +
                       " does not read");
    }
    ZipMember member;
    member.name = raw;
    member.index = i;
    member.size = stat.size;
    member.stored_size = stat.comp_size;
    member.deflated = stat.comp_method != ZIP_CM_STORE;
    if (!IsSafeMemberName(member.name)) {
      return Malformed("unsafe-name: member " + std::to_string(i) +
                       " has a name that is no plain relative path");
    }
    if (!names.insert(member.name).second) {
      return Malformed("duplicate-member: " + member.name);
    }
    if (stat.encryption_method != ZIP_EM_NONE) {
      return Malformed("zip-malformed: " + member.name + " is encrypted");
    }
    total += member.size;
    if (total > limits.max_total ||
        member.size / limits.max_ratio > member.stored_size + 64) {
      return Malformed("zip-bomb: " + member.name + " inflates to " +
                       std::to_string(member.size) + " bytes");
    }
    if (member.name.ends_with('/')) {
      if (member.size != 0) {
        return Malformed("zip-malformed: the folder " + member.name +
                         " holds bytes");
      }
      continue;
    }
    members_.push_back(std::move(member));
  }
  return {};
}

const ZipMember* ZipReader::Find(std::string_view name) const {
  for (const ZipMember& member : members_) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

Result<std::string> ZipReader::Read(const ZipMember& member,
                                    std::uint64_t max_bytes) {
  if (member.size > max_bytes) {
    return Error(ErrorCode::kLimit,
                 member.name + ": " + std::to_string(member.size) +
                     " bytes, more than " + std::to_string(max_bytes));
  }
  std::string bytes;
  STEMMA_CHECK_OK(ReadPieces(member, [&](std::string_view piece) -> Status {
    bytes += piece;
    return {};
  }));
  return bytes;
}

Blob ZipReader::BlobOf(const ZipMember& member) {
  struct Cursor {
    std::unique_ptr<zip_file_t, CloseMember> file;
    std::uint64_t at = 0;
  };
  const auto cursor = std::make_shared<Cursor>();
  zip_t* zip = state_->zip.get();
  return Blob(
      member.size,
      [cursor, zip, member](std::uint64_t offset,
                            std::span<char> out) -> Result<std::size_t> {
        if (offset >= member.size) return std::size_t{0};
        if (!cursor->file || cursor->at > offset) {
          cursor->file.reset(zip_fopen_index(zip, member.index, 0));
          cursor->at = 0;
        }
        if (!cursor->file) {
          return Malformed("zip-malformed: " + member.name + " won't open");
        }
        std::array<char, 64 << 10> skipped{};
        while (cursor->at <= offset) {
          const bool there = cursor->at == offset;
          char* to = there ? out.data() : skipped.data();
          const std::uint64_t want =
              there ? out.size()
                    : std::min<std::uint64_t>(skipped.size(),
                                              offset - cursor->at);
          const zip_int64_t got = zip_fread(cursor->file.get(), to, want);
          if (got < 0) {
            cursor->file.reset();
            return Malformed("zip-malformed: " + member.name +
                             ": checksum or data is wrong");
          }
          cursor->at += static_cast<std::uint64_t>(got);
          if (there) return static_cast<std::size_t>(got);
          if (got == 0) break;
        }
        return std::size_t{0};
      });
}

Status ZipReader::ReadPieces(
    const ZipMember& member,
    const std::function<Status(std::string_view)>& take) {
  const std::unique_ptr<zip_file_t, CloseMember> file(
      zip_fopen_index(state_->zip.get(), member.index, 0));
  if (!file) return Malformed("zip-malformed: " + member.name + " won't open");
  std::array<char, 64 << 10> buffer{};
  std::uint64_t done = 0;
  while (true) {
    const zip_int64_t got = zip_fread(file.get(), buffer.data(), buffer.size());
    if (got < 0) {
      return Malformed("zip-malformed: " + member.name +
                       ": checksum or data is wrong");
    }
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
    if (done > member.size) {
      return Malformed("zip-bomb: " + member.name + " is longer than it says");
    }
    STEMMA_CHECK_OK(take({buffer.data(), static_cast<std::size_t>(got)}));
  }
  if (done != member.size) {
    return Malformed("zip-malformed: " + member.name +
                     " is shorter than it says");
  }
  return {};
}

}  // namespace stemma
