// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/planning/estimate.hpp"
#include "reports/explanation_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace flopcast {
namespace {

struct ExplainOptions {
  std::string plan;
  std::string quantity;
  int depth = 3;
  PlanOptions plan_options;
  OutputOptions output;
};

const NamedQuantity &quantity_called(const std::string &name) {
  if (const NamedQuantity *quantity = find_quantity(name))
    return *quantity;
  std::vector<std::string> keys;
  for (const NamedQuantity &quantity : named_quantities())
    keys.emplace_back(quantity.key);
  std::vector<std::string> names = keys; // and the endings that name one: "mfuu" means "mfu"
  for (const std::string &key : keys)
    if (std::string ending = key.substr(key.rfind('.') + 1); find_quantity(ending) != nullptr)
      names.push_back(std::move(ending));
  const std::string nearest = nearest_name(name, names);
  throw InputError({}, fmt::format("no quantity is called \"{}\"; {}", name,
                                   nearest.empty()
                                       ? fmt::format("expected one of {}", fmt::join(keys, ", "))
                                       : fmt::format("did you mean \"{}\"?", nearest)));
}

int run(const ExplainOptions &options, CommandContext &context) {
  const NamedQuantity &quantity = quantity_called(options.quantity);
  const PlannedRun run = options.plan_options.read(context, options.plan);
  const Estimate result = estimate(run.plan, run.cluster);
  const Explanation explanation = explain_with_range({run, result}, quantity);
  switch (options.output.format) {
  case OutputFormat::table:
    options.output.write(
        context, explanation_text(explanation, options.depth, options.output.text_style(context)));
    break;
  case OutputFormat::markdown:
    options.output.write(context, explanation_markdown(explanation, options.depth));
    break;
  case OutputFormat::csv:
    options.output.write(context, explanation_csv(explanation, options.depth));
    break;
  case OutputFormat::json:
    options.output.write(context, explanation_json(explanation, options.depth));
    break;
  }
  report_reasons(context, result.reasons, "");
  return result.feasible() ? exit_ok : exit_infeasible;
}

} // namespace

void add_explain_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("explain", "How a number of a plan came about: formula, values, sources");
  auto options = std::make_shared<ExplainOptions>();
  command->add_option("plan", options->plan, plan_argument)->required()->option_text("PLAN");
  command
      ->add_option("quantity", options->quantity, "its key, such as time.step_s or cost.total_usd")
      ->required()
      ->option_text("QUANTITY");
  command->add_option("--depth", options->depth, "levels of inputs to show (default 3)")
      ->check(CLI::Range(0, 20))
      ->option_text("N");
  options->plan_options.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
