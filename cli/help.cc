#include "cli/help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stemma::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kCommandColumn = 13;
constexpr std::size_t kOptionColumn = 26;

// Appends `text` to `out` word by word, from column `column` on, with later
// lines indented to `indent`.
void Wrap(std::string_view text, std::size_t column, std::size_t indent,
          std::string& out) {
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (!first && column + 1 + end > kColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
      first = true;
    }
    if (!first) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    first = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += '\n';
}

// "  left     right", right wrapped in its own column.
void Row(std::string_view left, std::string_view right, std::size_t column,
         std::string& out) {
  std::string start = "  " + std::string(left);
  if (right.empty()) {
    out += start + "\n";
    return;
  }
  if (start.size() + 2 > column) {
    out += start + "\n" + std::string(column, ' ');
  } else {
    start.resize(column, ' ');
    out += start;
  }
  Wrap(right, column, column, out);
}

// "WHEN" of "WHEN:{auto,always,never}": what is checked stands in the words.
std::string TypeOf(const CLI::Option& option) {
  if (option.get_type_size() == 0) return {};
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string Sentence(std::string text) {
  if (text.empty()) return text;
  text[0] =
      static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  if (text.back() != '.' && text.back() != '?') text += '.';
  return text;
}

// A sentence as an entry of a list: "Frames of a video." -> "frames of a
// video".
std::string Entry(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  const bool word =
      text.size() > 1 && std::islower(static_cast<unsigned char>(text[1]));
  if (word || text.starts_with("A ")) {
    text[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) {
    return !command->get_disabled() && !command->get_name().empty();
  });
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && !option->get_positional();
  });
}

std::vector<const CLI::Option*> PositionalsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && option->get_positional();
  });
}

std::string UsageOf(const CLI::App& app, const std::string& name) {
  std::string usage = "usage: " + name + " [options]";
  for (const CLI::Option* option : PositionalsOf(app)) {
    std::string word = option->get_name(true, false);
    if (option->get_expected_max() >= CLI::detail::expected_max_vector_size) {
      word += "...";
    }
    usage += option->get_required() ? " " + word : " [" + word + "]";
  }
  if (!CommandsOf(app).empty()) usage += " COMMAND";
  return usage + "\n";
}

void AddOptions(const CLI::App& app, std::string& out) {
  const bool is_root = app.get_parent() == nullptr;
  // Options that few need are only named, under what they are for; the man
  // page has the rest.
  std::vector<std::pair<std::string, std::string>> groups;
  for (const CLI::Option* option : OptionsOf(app)) {
    const std::string names = option->get_name(false, true);
    const std::string& group = option->get_group();
    if (group != app.get_option("--help")->get_group()) {
      if (groups.empty() || groups.back().first != group) {
        groups.emplace_back(group, "");
      }
      groups.back().second += " " + names;
      continue;
    }
    // Everybody who reads this knows --help.
    if (!is_root && names == "-h,--help") continue;
    const std::string type = TypeOf(*option);
    Row(type.empty() ? names : names + " " + type, option->get_description(),
        kOptionColumn, out);
  }
  for (const auto& [group, names] : groups) {
    out += fmt::format("  {}:\n    ", group);
    Wrap(std::string_view(names).substr(1), 4, 4, out);
  }
}

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode) const {
  std::string out = UsageOf(*app, name);
  Wrap(Sentence(app->get_description()), 0, 0, out);
  out += '\n';
  for (const CLI::Option* option : PositionalsOf(*app)) {
    Row(option->get_name(true, false), option->get_description(), kOptionColumn,
        out);
  }
  AddOptions(*app, out);
  const std::vector<const CLI::App*> commands = CommandsOf(*app);
  if (!commands.empty()) out += "\ncommands:\n";
  for (const CLI::App* command : commands) {
    Row(command->get_name(), Entry(command->get_description()), kCommandColumn,
        out);
  }
  if (const std::string footer = app->get_footer(); !footer.empty()) {
    out += "\n" + footer + "\n";
  }
  return out;
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace stemma::cli
