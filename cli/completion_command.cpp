// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace flopcast {
namespace {

/// The words that may follow a path of subcommands.
struct Completions {
  std::string path; ///< "" or "presets list"
  std::vector<std::string> subcommands;
  std::vector<std::string> options;
  std::vector<std::pair<std::string, std::string>> descriptions; ///< of both
};

void collect(const CLI::App &app, const std::string &path, std::vector<Completions> &all) {
  Completions here;
  here.path = path;
  for (const CLI::Option *option : app.get_options()) {
    for (const std::string &name : option->get_lnames()) {
      here.options.push_back("--" + name);
      here.descriptions.emplace_back("--" + name, option->get_description());
    }
  }
  const auto subcommands = app.get_subcommands([](const CLI::App *) { return true; });
  for (const CLI::App *subcommand : subcommands) {
    here.subcommands.push_back(subcommand->get_name());
    here.descriptions.emplace_back(subcommand->get_name(), subcommand->get_description());
  }
  all.push_back(std::move(here));
  for (const CLI::App *subcommand : subcommands)
    collect(*subcommand,
            path.empty() ? subcommand->get_name() : path + " " + subcommand->get_name(), all);
}

std::string bash_script(const std::vector<Completions> &all) {
  std::string script = "# bash completion for flopcast\n"
                       "_flopcast() {\n"
                       "  local word=${COMP_WORDS[COMP_CWORD]} path='' words='' i\n"
                       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "    case \"${path:+$path }${COMP_WORDS[i]}\" in\n";
  std::vector<std::string> paths;
  for (const Completions &here : all)
    if (!here.path.empty())
      paths.push_back(fmt::format("'{}'", here.path));
  script += fmt::format("      {}) path=\"${{path:+$path }}${{COMP_WORDS[i]}}\" ;;\n",
                        fmt::join(paths, " | "));
  script += "    esac\n"
            "  done\n"
            "  case \"$path\" in\n";
  for (const Completions &here : all)
    script += fmt::format("    '{}') words='{} {}' ;;\n", here.path,
                          fmt::join(here.subcommands, " "), fmt::join(here.options, " "));
  return script + "  esac\n"
                  "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                  "}\n"
                  "complete -o default -F _flopcast flopcast\n";
}

std::string escaped(std::string text, std::string_view characters) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (characters.find(text[i]) != std::string_view::npos)
      text.insert(i++, 1, '\\');
  return text;
}

std::string zsh_script(const std::vector<Completions> &all) {
  std::string script = "#compdef flopcast\n"
                       "# zsh completion for flopcast\n"
                       "_flopcast() {\n"
                       "  local path_of_commands='' i\n"
                       "  local -a entries\n"
                       "  for ((i = 2; i < CURRENT; i++)); do\n"
                       "    case \"${path_of_commands:+$path_of_commands }${words[i]}\" in\n";
  std::vector<std::string> paths;
  for (const Completions &here : all)
    if (!here.path.empty())
      paths.push_back(fmt::format("'{}'", here.path));
  script += fmt::format(
      "      {}) path_of_commands=\"${{path_of_commands:+$path_of_commands }}${{words[i]}}\" ;;\n",
      fmt::join(paths, "|"));
  script += "    esac\n"
            "  done\n"
            "  case \"$path_of_commands\" in\n";
  for (const Completions &here : all) {
    script += fmt::format("    '{}') entries=(\n", here.path);
    for (const auto &[word, description] : here.descriptions) {
      std::string text = escaped(word, ":") + ":" + description;
      for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4)
        text.replace(at, 1, "'\\''");
      script += fmt::format("      '{}'\n", text);
    }
    script += "    ) ;;\n";
  }
  return script + "  esac\n"
                  "  _describe 'flopcast' entries\n"
                  "  _files\n"
                  "}\n"
                  "_flopcast \"$@\"\n";
}

std::string fish_script(const std::vector<Completions> &all) {
  std::string script = "# fish completion for flopcast\n";
  for (const Completions &here : all) {
    std::string condition = "__fish_use_subcommand";
    if (!here.path.empty()) {
      condition.clear();
      std::string_view rest = here.path;
      while (!rest.empty()) {
        const auto space = rest.find(' ');
        condition += fmt::format("{}__fish_seen_subcommand_from {}",
                                 condition.empty() ? "" : "; and ", rest.substr(0, space));
        rest = space == std::string_view::npos ? "" : rest.substr(space + 1);
      }
    }
    for (const auto &[word, description] : here.descriptions) {
      const bool option = word.starts_with("--");
      script += fmt::format("complete -c flopcast -n '{}' {} {} -d '{}'\n", condition,
                            option ? "-l" : "-a", option ? word.substr(2) : word,
                            escaped(description, "'"));
    }
  }
  return script;
}

} // namespace

void add_completion_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand("completion", "A script that completes command lines");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->option_text("SHELL");
  command->callback([shell, &app, &context] {
    context.command = [shell, &app, &context] {
      std::vector<Completions> all;
      collect(app, "", all);
      const std::string script = *shell == "bash"  ? bash_script(all)
                                 : *shell == "zsh" ? zsh_script(all)
                                                   : fish_script(all);
      OutputOptions{}.write(context, script);
      return int{exit_ok};
    };
  });
}

} // namespace flopcast
