// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/planning/estimate.hpp"
#include "reports/compare_report.hpp"
#include "reports/estimate_csv.hpp"
#include "reports/estimate_json.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace flopcast {
namespace {

struct CompareOptions {
  std::vector<std::string> plans;
  PlanOptions plan_options;
  OutputOptions output;
};

int run(const CompareOptions &options, CommandContext &context) {
  std::vector<PlannedRun> runs;
  std::vector<Estimate> estimates;
  for (const std::string &plan : options.plans) {
    runs.push_back(options.plan_options.read(context, plan));
    estimates.push_back(estimate(runs.back().plan, runs.back().cluster));
  }
  std::vector<Answer> answers;
  bool feasible = true;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    answers.push_back({runs[i], estimates[i]});
    feasible = feasible && estimates[i].feasible();
  }
  options.output.write_as(
      context, [&] { return compare_report(answers); }, [&] { return compare_csv(answers); },
      [&] { return compare_json(answers); });
  for (const Answer &answer : answers)
    report_reasons(context, answer.estimate.reasons, answer.run.plan.name + ": ");
  return feasible ? exit_ok : exit_infeasible;
}

} // namespace

void add_compare_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand(
      "compare", "Two or more plans side by side, with the change from the first");
  auto options = std::make_shared<CompareOptions>();
  command->add_option("plans", options->plans, "plan files or names of shipped plans")
      ->required()
      ->expected(2, 64)
      ->option_text("PLAN PLAN…");
  options->plan_options.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
