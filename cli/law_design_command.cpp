// SPDX-License-Identifier: Apache-2.0
#include "cli/law_fitting.hpp"

#include "model/scaling/fit/design.hpp"
#include "reports/law_fit_report.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace flopcast {
namespace {

struct LawDesignCommandOptions {
  LawFittingOptions fitting;
  DesignOptions design;
  std::string goal = "loss";
  std::string intervals = "bootstrap";
  OutputOptions output;
};

int run(const LawDesignCommandOptions &options, CommandContext &context) {
  DesignOptions wanted = options.design;
  wanted.goal = options.goal == "loss" ? DesignGoal::loss : DesignGoal::parameters;
  wanted.intervals =
      options.intervals == "delta" ? DesignIntervals::delta : DesignIntervals::bootstrap;
  const LawFit fit = fit_law(options.fitting.runs.read(context), options.fitting.fit_options());
  const Design design = design_runs(fit, wanted, {});
  options.output.write_as(
      context, [&] { return law_design_report(design, wanted); },
      [&] { return law_design_csv(design); },
      [&] { return law_design_json(design, wanted, fit.warnings); });
  for (const std::string &warning : fit.warnings)
    context.message("warning: " + warning);
  return exit_ok;
}

} // namespace

void add_law_design_command(CLI::App &law, CommandContext &context) {
  auto *command =
      law.add_subcommand("design", "Which runs to make next, so that a law is known best");
  auto options = std::make_shared<LawDesignCommandOptions>();
  options->fitting.add_to(*command);
  command->add_option("--budget", options->design.budget, "FLOP for all next runs together")
      ->required()
      ->check(CLI::PositiveNumber)
      ->option_text("FLOP");
  command->add_option("--target", options->design.target, "FLOP of the run that is planned")
      ->required()
      ->check(CLI::PositiveNumber)
      ->option_text("FLOP");
  command
      ->add_option("--goal", options->goal,
                   "what to know better: loss or parameters of the best model for the target")
      ->check(CLI::IsMember({"loss", "parameters"}))
      ->option_text("GOAL");
  command
      ->add_option("--intervals", options->intervals,
                   "what tells how sure the fit is: bootstrap, or delta for the quick formula")
      ->check(CLI::IsMember({"bootstrap", "delta"}))
      ->option_text("METHOD");
  command
      ->add_option("--bootstrap", options->design.bootstrap.resamples,
                   "resamples for the intervals; 1000 if not given")
      ->check(CLI::Range(std::int64_t{20}, std::int64_t{1'000'000}))
      ->option_text("N");
  command
      ->add_option("--seed", options->design.bootstrap.seed,
                   "seed of the resamples; 1 if not given")
      ->option_text("SEED");
  command
      ->add_option("--most-runs", options->design.most_runs, "at most so many runs; 8 if not given")
      ->check(CLI::Range(1, 64))
      ->option_text("N");
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
