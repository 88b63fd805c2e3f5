// SPDX-License-Identifier: Apache-2.0
#include "cli/law_fitting.hpp"
#include "cli/measuring.hpp"

#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/fit/fitted_law.hpp"
#include "reports/law_fit_report.hpp"
#include "reports/law_plots.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace flopcast {
namespace {

struct LawFitCommandOptions {
  LawFittingOptions fitting;
  BootstrapOptions bootstrap;
  std::string resample = "cases";
  std::vector<double> budgets;
  std::vector<std::string> forecasts;
  std::string name;
  std::string plots;
  OutputOptions output;
};

ScalingRun forecast_point(const LossForm &form, const std::string &text) {
  ScalingRun run;
  run.place = {"--predict", 0, 0};
  for (const auto &[name, value] : parse_assignments("--predict", text)) {
    bool known = false;
    for (std::size_t i = 0; i < run_feature_count; ++i)
      if (feature_name(static_cast<RunFeature>(i)) == name) {
        run.features[i] = value;
        known = true;
      }
    const bool in_range = name == "S" ? value >= 0 && value < 1 : value > 0;
    if (!known || !in_range)
      throw InputError(run.place, fmt::format("{} = {:g} is no feature of a run", name, value));
  }
  const auto has = [&](RunFeature feature) { return run.feature(feature).has_value(); };
  using enum RunFeature;
  if (!has(tokens) && has(parameters) && has(compute))
    run.set(tokens, run.at(compute) / (6 * run.at(parameters)));
  for (const RunFeature feature : form.needs)
    if (!has(feature))
      throw InputError(run.place, fmt::format("{} is missing in \"{}\"; the form is {}",
                                              feature_name(feature), text, form.formula));
  return run;
}

void write_law(const LawAnalysis &analysis, const LawFitCommandOptions &options,
               const CommandContext &context) {
  OutputOptions law = options.output;
  const std::string name = options.name.empty()
                               ? std::filesystem::path(options.output.file).stem().string()
                               : options.name;
  law.write(context, law_toml(analysis, name, today()));
}

void write_plots(const LawAnalysis &analysis, const std::string &directory,
                 const CommandContext &context) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw InputError({directory, 0, 0}, fmt::format("cannot be made: {}", error.message()));
  for (const LawChart &chart : law_charts(analysis)) {
    OutputOptions file;
    file.file = (std::filesystem::path(directory) / (chart.id + ".svg")).string();
    file.write(context, chart_svg(chart));
  }
}

int run(const LawFitCommandOptions &options, CommandContext &context) {
  LawAnalysisOptions wanted{.fit = options.fitting.fit_options()};
  wanted.bootstrap = options.bootstrap;
  wanted.bootstrap.kind =
      options.resample == "cases" ? BootstrapKind::cases : BootstrapKind::residuals;
  wanted.budgets = options.budgets;
  for (const std::string &text : options.forecasts)
    wanted.forecasts.push_back(forecast_point(loss_form(options.fitting.form), text));
  const LawAnalysis analysis = analyse_law(options.fitting.runs.read(context), wanted);
  OutputOptions report = options.output;
  report.file.clear();
  report.write_as(
      context, [&] { return law_fit_report(analysis); }, [&] { return law_fit_csv(analysis); },
      [&] { return law_fit_json(analysis); });
  for (const std::string &warning : analysis.warnings)
    context.message("warning: " + warning);
  if (!options.plots.empty())
    write_plots(analysis, options.plots, context);
  if (!options.output.file.empty())
    write_law(analysis, options, context);
  return exit_ok;
}

} // namespace

void add_law_fit_command(CLI::App &law, CommandContext &context) {
  auto *command = law.add_subcommand("fit", "Fit a scaling law to runs, and tell how sure it is");
  auto options = std::make_shared<LawFitCommandOptions>();
  options->fitting.add_to(*command);
  command
      ->add_option("--bootstrap", options->bootstrap.resamples,
                   "resamples for errors and intervals; 1000 if not given, 0 for none")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
      ->option_text("N");
  command
      ->add_option("--resample", options->resample,
                   "what a resample draws: cases or residuals; cases if not given")
      ->check(CLI::IsMember({"cases", "residuals"}))
      ->option_text("WHAT");
  command->add_option("--seed", options->bootstrap.seed, "seed of the resamples; 1 if not given")
      ->option_text("SEED");
  command->add_option("--threads", options->bootstrap.threads, "threads; one a core if not given")
      ->check(CLI::Range(1, 1024))
      ->option_text("N");
  command
      ->add_option("--budget", options->budgets,
                   "FLOP to give the optimal N and D for; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::PositiveNumber)
      ->option_text("FLOP,…");
  command
      ->add_option("--predict", options->forecasts,
                   "a run whose loss is asked for, such as N=70e9,D=1.4e12; may be repeated")
      ->allow_extra_args(false)
      ->option_text("NAME=VALUE,…");
  command
      ->add_option("--plots", options->plots,
                   "write SVG files there: isoflop, fit, residuals, frontier")
      ->option_text("DIR");
  command->add_option("--name", options->name, "name of the law that -o writes")
      ->option_text("NAME");
  options->output.add_to(*command);
  command->get_option("--output")
      ->description("write the law to FILE, for law predict and law plan");
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
