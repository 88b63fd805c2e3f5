// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/planning/estimate.hpp"
#include "reports/estimate_csv.hpp"
#include "reports/estimate_json.hpp"
#include "reports/estimate_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace flopcast {
namespace {

struct EstimateOptions {
  std::string plan;
  PlanOptions plan_options;
  OutputOptions output;
};

int run(const EstimateOptions &options, CommandContext &context) {
  const PlannedRun run = options.plan_options.read(context, options.plan);
  const Estimate result = estimate(run.plan, run.cluster);
  const auto nearest = result.feasible() ? std::nullopt : nearest_layout(run.plan, run.cluster);
  const Answer answer{run, result};
  options.output.write_as(
      context, [&] { return estimate_report(answer, nearest); },
      [&] { return estimate_csv(answer); }, [&] { return estimate_json(answer, nearest); });
  if (result.feasible())
    return exit_ok;
  report_reasons(context, result.reasons, "");
  if (nearest)
    context.message(fmt::format("the nearest plan that can run: {} GPUs, {}", nearest->gpus,
                                describe_layout(nearest->parallelism, nearest->training)));
  return exit_infeasible;
}

} // namespace

void add_estimate_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("estimate", "What a plan takes: FLOPs, memory, time, money, energy");
  auto options = std::make_shared<EstimateOptions>();
  command->add_option("plan", options->plan, plan_argument)->option_text("PLAN");
  options->plan_options.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
