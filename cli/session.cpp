// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/planning/plan_reader.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <ostream>

namespace flopcast {

const PresetCatalog &CommandContext::catalog() {
  if (!catalog_)
    catalog_ =
        std::make_unique<PresetCatalog>(PresetCatalog::standard_directories(session.executable));
  return *catalog_;
}

TextStyle CommandContext::text_style() const {
  const char *no_color_variable = std::getenv("NO_COLOR");
  const bool refused = no_color || (no_color_variable != nullptr && *no_color_variable != '\0');
  return {.colour = session.out_is_terminal && !refused, .width = session.width};
}

void CommandContext::message(const std::string &text) const {
  if (!quiet)
    session.err << "flopcast: " << text << '\n';
}

void report_reasons(const CommandContext &context, std::span<const Reason> reasons,
                    const std::string &prefix) {
  for (const Reason &reason : reasons)
    context.message(fmt::format("{}cannot run: {}; {}", prefix, reason.text, reason.remedy));
}

void OutputOptions::add_to(CLI::App &command) {
  static const std::map<std::string, OutputFormat> formats{{"table", OutputFormat::table},
                                                           {"json", OutputFormat::json},
                                                           {"csv", OutputFormat::csv},
                                                           {"md", OutputFormat::markdown}};
  // Not CLI::Transformer: it takes the number of an enumerator too, and one that there is not.
  auto *format_option =
      command
          .add_option_function<std::string>(
              "--format", [this](const std::string &name) { this->format = formats.at(name); },
              "table, json, csv or md")
          ->check(CLI::IsMember({"table", "json", "csv", "md"}))
          ->option_text("FORMAT");
  command
      .add_flag_callback(
          "--json", [this] { this->format = OutputFormat::json; }, "the same as --format json")
      ->excludes(format_option);
  command.add_option("-o,--output", file, "write to FILE instead of stdout")->option_text("FILE");
}

TextStyle OutputOptions::text_style(const CommandContext &context) const {
  TextStyle style = context.text_style();
  style.colour = style.colour && (file.empty() || file == "-");
  return style;
}

void OutputOptions::write(const CommandContext &context, const std::string &text) const {
  if (file.empty() || file == "-") {
    context.session.out << text << std::flush;
    if (!context.session.out)
      throw InputError({"stdout", 0, 0}, "cannot be written");
    return;
  }
  std::ofstream stream(file, std::ios::binary);
  stream << text << std::flush;
  if (!stream)
    throw InputError({file, 0, 0}, fmt::format("cannot be written: {}", std::strerror(errno)));
}

void PlanOptions::add_to(CLI::App &command) {
  command
      .add_option("--set", overrides,
                  "override a key of the plan, such as training.micro_batch=2; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--model", model, "short for --set model.preset=MODEL")->option_text("MODEL");
  command.add_option("--gpu", gpu, "short for --set hardware.gpu=GPU")->option_text("GPU");
  command.add_option("--count", count, "short for --set hardware.count=N, the number of GPUs")
      ->option_text("N");
}

namespace {

void erase_key(InputValue &root, std::string_view table, std::string_view key) {
  auto *tables = std::get_if<InputTable>(&root.data);
  const auto found = tables == nullptr ? InputTable::iterator{} : tables->find(table);
  if (tables == nullptr || found == tables->end())
    return;
  auto *entries = std::get_if<InputTable>(&found->second.data);
  if (entries == nullptr)
    return;
  if (const auto entry = entries->find(key); entry != entries->end())
    entries->erase(entry);
}

} // namespace

PlannedRun PlanOptions::read(CommandContext &context, const std::string &where) const {
  InputValue root{.data = InputTable{}, .place = {"the command line", 0, 0}};
  if (where == "-") {
    const std::string text{std::istreambuf_iterator<char>(context.session.in), {}};
    if (is_json_object(text))
      throw InputError({"<stdin>", 1, 1}, "is JSON, and no plan; a model's config.json goes by its "
                                          "path: --model FILE");
    root = parse_toml(text, "<stdin>");
  } else if (!where.empty()) {
    const std::string file = context.catalog().locate("plans", where).string();
    const std::string text = read_file(file);
    root.place.file = file;
    if (is_json_object(text)) { // a model's config.json: the options say the rest
      const InputValue preset{.data = file, .place = {file, 0, 0}};
      root.data = InputTable{{"model", {InputTable{{"preset", preset}}, preset.place}}};
    } else {
      root = parse_toml(text, file);
    }
  }
  if (!model.empty())
    apply_override(root, "model.preset=" + quoted_toml(model));
  if (!gpu.empty()) {
    // Another GPU stands in another node: its usual one, as many as the plan has.
    erase_key(root, "hardware", "node");
    apply_override(root, "hardware.gpu=" + quoted_toml(gpu));
  }
  if (count) {
    erase_key(root, "hardware", "nodes");
    apply_override(root, fmt::format("hardware.count={}", *count));
  }
  for (const std::string &override_text : overrides)
    apply_override(root, override_text);
  return read_plan(root, context.catalog());
}

} // namespace flopcast
