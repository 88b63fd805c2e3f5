// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "reports/preset_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

namespace flopcast {
namespace {

struct PresetsOptions {
  std::string kind;
  std::vector<std::string> words;
  OutputOptions output;
};

void write(const std::vector<PresetSummary> &presets, const std::string &title,
           const PresetsOptions &options, CommandContext &context) {
  options.output.write_as(
      context, [&] { return summaries_report(presets, title); },
      [&] { return summaries_csv(presets); }, [&] { return summaries_json(presets); });
}

std::vector<PresetSummary> of_kinds(const std::vector<std::string> &kinds,
                                    CommandContext &context) {
  std::vector<PresetSummary> all;
  for (const std::string &kind : kinds)
    std::ranges::move(summaries(context.catalog(), kind), std::back_inserter(all));
  return all;
}

bool is_kind(const std::string &word) {
  return std::ranges::find(preset_kinds(), word) != preset_kinds().end();
}

int list(const PresetsOptions &options, CommandContext &context) {
  const bool everything = options.kind.empty();
  const auto presets =
      of_kinds(everything ? std::vector<std::string>{"devices", "nodes", "fabrics", "models",
                                                     "plans", "calibrations", "laws"}
                          : std::vector<std::string>{options.kind},
               context);
  write(presets, fmt::format("{} presets", presets.size()), options, context);
  if (everything)
    context.message("prices and energy are long tables: \"presets list prices\"");
  return exit_ok;
}

int search_words(const PresetsOptions &options, CommandContext &context) {
  std::vector<std::string> words = options.words;
  std::vector<std::string> kinds = preset_kinds();
  if (words.size() > 1 && is_kind(words.front())) {
    kinds = {words.front()};
    words.erase(words.begin());
  }
  const auto found = search(of_kinds(kinds, context), words);
  write(found, fmt::format("{} found", found.size()), options, context);
  return found.empty() ? exit_check_failed : exit_ok;
}

int show(const PresetsOptions &options, CommandContext &context) {
  const std::string &name = options.words.back();
  if (options.words.size() > 1) {
    const std::string &kind = options.words.front();
    if (kind == "prices" || kind == "energy")
      throw InputError({},
                       fmt::format("{0} are rows of tables; \"flopcast presets search {0} {1}\" "
                                   "finds them",
                                   kind, name));
    if (!is_kind(kind))
      throw InputError({}, fmt::format("no kind of presets is called \"{}\"; expected one of {}",
                                       kind, fmt::join(preset_kinds(), ", ")));
  }
  for (const std::string kind :
       {"models", "devices", "nodes", "fabrics", "plans", "calibrations", "laws"}) {
    if (options.words.size() > 1 && options.words.front() != kind)
      continue;
    const std::string id = context.catalog().resolve(kind, name);
    if (id.empty())
      continue;
    const InputValue preset = context.catalog().load(kind, id);
    const std::string title = fmt::format("{}/{}", kind, id);
    options.output.write_as(
        context, [&] { return preset_report(preset, title); }, [&] { return preset_csv(preset); },
        [&] { return preset_json(preset); });
    context.message(context.catalog().path(kind, id).string());
    return exit_ok;
  }
  if (options.words.size() > 1)
    throw InputError({}, context.catalog().unknown_name(options.words.front(), name));
  const auto near =
      search(of_kinds({"models", "devices", "nodes", "plans", "laws"}, context), {name});
  throw InputError({}, fmt::format("no preset is called \"{}\"; {}", name,
                                   near.empty()
                                       ? "\"flopcast presets list\" lists them"
                                       : fmt::format("did you mean \"{}\"?", near.front().id)));
}

} // namespace

void add_presets_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand(
      "presets", "Models, GPUs, nodes, plans, scaling laws, prices and energy that are known");
  command->require_subcommand(1);
  auto options = std::make_shared<PresetsOptions>();
  const auto add = [&](std::string name, std::string description,
                       int (*action)(const PresetsOptions &, CommandContext &)) {
    auto *subcommand = command->add_subcommand(std::move(name), std::move(description));
    options->output.add_to(*subcommand);
    subcommand->callback([options, &context, action] {
      context.command = [options, &context, action] { return action(*options, context); };
    });
    return subcommand;
  };
  add("list", "All presets, or those of one kind", list)
      ->add_option("kind", options->kind,
                   "devices, nodes, fabrics, models, plans, calibrations, laws, prices or energy")
      ->check(CLI::IsMember(preset_kinds()))
      ->option_text("KIND");
  add("show", "Every fact of a preset with its source", show)
      ->add_option("name", options->words, "its id or an alias; a kind may stand before it")
      ->required()
      ->expected(1, 2)
      ->option_text("[KIND] NAME");
  add("search", "Presets, prices and grids in which all words occur", search_words)
      ->add_option("words", options->words, "what to look for; a kind may stand first")
      ->required()
      ->option_text("[KIND] WORD…");
}

} // namespace flopcast
