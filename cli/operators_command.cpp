// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/planning/estimate.hpp"
#include "reports/operator_report.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace flopcast {
namespace {

struct OperatorsOptions {
  std::string plan;
  PlanOptions plan_options;
  OutputOptions output;
};

int run(const OperatorsOptions &options, CommandContext &context) {
  const PlannedRun run = options.plan_options.read(context, options.plan);
  const Estimate result = estimate(run.plan, run.cluster);
  report_reasons(context, result.reasons, "");
  if (!result.step) // the layout is impossible: no GPU knows what to compute
    return exit_infeasible;
  const Answer answer{run, result};
  switch (options.output.format) {
  case OutputFormat::table:
    options.output.write(context,
                         to_table(operator_report(answer), options.output.text_style(context)));
    break;
  case OutputFormat::markdown:
    options.output.write(context, to_markdown(operator_report(answer)));
    break;
  case OutputFormat::csv:
    options.output.write(context, operator_csv(answer));
    break;
  case OutputFormat::json:
    options.output.write(context, operator_json(answer));
    break;
  }
  return result.feasible() ? exit_ok : exit_infeasible;
}

} // namespace

void add_operators_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand(
      "operators", "What a GPU computes: each operator's shape, time and share of a step");
  auto options = std::make_shared<OperatorsOptions>();
  command->add_option("plan", options->plan, plan_argument)->required()->option_text("PLAN");
  options->plan_options.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
