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
  options.output.write_as(
      context, [&] { return operator_report(answer); }, [&] { return operator_csv(answer); },
      [&] { return operator_json(answer); });
  return result.feasible() ? exit_ok : exit_infeasible;
}

} // namespace

void add_operators_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand(
      "operators", "What a GPU computes: each operator's shape, time and share of a step");
  auto options = std::make_shared<OperatorsOptions>();
  command->add_option("plan", options->plan, plan_argument)->option_text("PLAN");
  options->plan_options.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
