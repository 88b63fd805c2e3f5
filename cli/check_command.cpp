// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "model/validation/cross_validation.hpp"
#include "model/validation/run_check.hpp"
#include "profiler/importers/table_text.hpp"
#include "reports/check_report.hpp"
#include "reports/svg_plot.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace flopcast {
namespace {

// Parts in which runs are held back to tell the spread of a fit.
constexpr int usual_folds = 5;

struct CheckOptions {
  std::vector<std::string> files;
  std::vector<std::string> group_by;
  std::vector<std::string> metrics;
  std::string framework;
  std::optional<double> tolerance;
  std::size_t worst = 5;
  int folds = 0;
  std::string fit_directory;
  std::string plot_file;
  bool core = false;
  bool all = false;
  OutputOptions output;
};

/// The runs of all tables that the options keep.
std::vector<RunRecord> read_runs(const CheckOptions &options, CommandContext &context) {
  std::vector<RunRecord> runs;
  for (const std::string &file : options.files) {
    RunTable table = read_run_table(table_text(file), file);
    if (!table.unknown_columns.empty())
      context.message(fmt::format("{}: columns that are not used: {}", file,
                                  fmt::join(table.unknown_columns, ", ")));
    std::ranges::move(table.runs, std::back_inserter(runs));
  }
  for (const std::string &column : options.group_by)
    if (column != "gpu_family" && column != "rules" &&
        std::ranges::none_of(runs,
                             [&](const RunRecord &run) { return run.fields.contains(column); })) {
      std::vector<std::string> names{"gpu_family", "rules"};
      if (!runs.empty())
        for (const auto &[name, field] : runs.front().fields)
          names.push_back(name);
      throw InputError({"--group-by", 0, 0}, fmt::format("no column \"{}\"; expected one of {}",
                                                         column, fmt::join(names, ", ")));
    }
  std::erase_if(runs, [&](const RunRecord &run) {
    return (!options.all && !run.core) ||
           run.framework.find(options.framework) == std::string::npos;
  });
  if (runs.empty())
    throw InputError({options.files.front(), 0, 0},
                     "no run is left to check; --all takes those that are not core = 1 too");
  return runs;
}

/// One file a framework, with the table that its preset takes.
void write_frameworks(const SoftwarePresets &presets, const std::string &directory,
                      CommandContext &context) {
  for (const auto &[framework, preset] : presets) {
    OutputOptions file;
    file.file = fmt::format("{}/{}.toml", directory, framework);
    file.write(context, software_toml(preset));
  }
}

/// Predicted steps over measured ones.
std::string steps_plot(const RunCheck &check) {
  AgreementPlot plot{.title = "Training steps of published runs",
                     .x_title = "measured step in s",
                     .y_title = "predicted step in s",
                     .points = {}};
  for (const ComparedRun &run : check.comparison.runs)
    if (const Compared *step = run.find(RunMetric::step_time))
      plot.points.push_back({step->measured, step->predicted});
  return agreement_svg(plot);
}

int run(const CheckOptions &options, CommandContext &context) {
  const std::vector<RunRecord> runs = read_runs(options, context);
  RunCheckOptions wanted{.metrics = {},
                         .group_by = options.group_by,
                         .folds = options.folds,
                         .tolerance = options.tolerance};
  for (const auto &[name, metric] : run_metric_names())
    if (std::ranges::find(options.metrics, name) != options.metrics.end())
      wanted.metrics.push_back(metric);
  RunPlanner planner(context.catalog());
  const RunCheck check = check_runs(runs, planner, wanted);
  if (!options.plot_file.empty()) {
    OutputOptions file;
    file.file = options.plot_file;
    file.write(context, steps_plot(check));
  }
  if (!options.fit_directory.empty())
    write_frameworks(
        fit_frameworks_with_spread(runs, planner, options.folds > 1 ? options.folds : usual_folds),
        options.fit_directory, context);
  options.output.write_as(
      context, [&] { return check_report(check, options.worst); }, [&] { return check_csv(check); },
      [&] { return check_json(check); });
  for (const RunMetric metric : check.beyond_tolerance)
    context.message(fmt::format("{}: the group-weighted median error is beyond the tolerance of "
                                "{:g} %",
                                to_text(metric), 100 * *options.tolerance));
  return check.beyond_tolerance.empty() ? exit_ok : exit_check_failed;
}

} // namespace

void add_check_command(CLI::App &app, CommandContext &context) {
  auto *command = app.add_subcommand("check", "Hold predictions against measured runs");
  auto options = std::make_shared<CheckOptions>();
  std::vector<std::string> metrics;
  for (const auto &[name, metric] : run_metric_names())
    metrics.emplace_back(name);
  command
      ->add_option("runs", options->files,
                   "tables of measured runs, CSV or CSV.gz (docs/validation.md)")
      ->required()
      ->option_text("RUNS.csv…");
  command
      ->add_option("--group-by", options->group_by,
                   "errors by a column of the table too, or by gpu_family or rules")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("COLUMN,…");
  command
      ->add_option("--metric", options->metrics, "these alone of step_time, memory, mfu, gpu_hours")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(metrics))
      ->option_text("METRIC,…");
  command
      ->add_option("--tolerance", options->tolerance,
                   "exit 1 if the group-weighted median error of a metric is above this fraction, "
                   "such as 0.07 for 7 %")
      ->check(CLI::Range(0.0, 1e6))
      ->option_text("FRACTION");
  command
      ->add_option("--folds", options->folds,
                   "predict each run by constants of its framework fitted without it, in so many "
                   "parts of whole split groups")
      ->check(CLI::Range(2, 100))
      ->option_text("N");
  command
      ->add_option(
          "--fit-frameworks", options->fit_directory,
          "fit the constants of the frameworks to these runs and write them to this folder")
      ->check(CLI::ExistingDirectory)
      ->option_text("FOLDER");
  command->add_option("--plot", options->plot_file, "write predicted over measured steps as SVG")
      ->option_text("FILE.svg");
  auto *core = command->add_flag("--core", options->core, "runs with core = 1 alone (the default)");
  command->add_flag("--all", options->all, "all runs of the tables")->excludes(core);
  command
      ->add_option("--framework", options->framework, "runs whose framework holds this text alone")
      ->option_text("TEXT");
  command->add_option("--worst", options->worst, "worst runs to list for each metric")
      ->check(CLI::Range(std::size_t{0}, std::size_t{100000}))
      ->option_text("N");
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
