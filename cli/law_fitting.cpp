// SPDX-License-Identifier: Apache-2.0
#include "cli/law_fitting.hpp"

#include "cli/stored_runs.hpp"
#include "model/scaling/fit/run_reader.hpp"
#include "profiler/importers/table_text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace flopcast {
namespace {

constexpr int most_starts = 100'000;

} // namespace

std::vector<std::pair<std::string, double>> parse_assignments(const std::string &option,
                                                              const std::string &text) {
  std::vector<std::pair<std::string, double>> assignments;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view number = part.substr(std::min(equals + 1, part.size()));
    double value = 0;
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (equals == 0 || equals == part.size() || error != std::errc{} ||
        stop != number.data() + number.size())
      throw InputError({option, 0, 0},
                       fmt::format("\"{}\" is no NAME=NUMBER, such as N=70e9", part));
    assignments.emplace_back(std::string(part.substr(0, equals)), value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return assignments;
}

CLI::Option *LawRunsOptions::add_common(CLI::App &command) {
  CLI::Option *tables =
      command.add_option("runs", files, "tables of runs: CSV, JSON lines or JSON, plain or gzip")
          ->option_text("RUNS.csv…");
  command
      .add_option("--columns", columns,
                  "which columns mean what, such as \"N=Model Size,C=Training FLOP,loss=loss\"")
      ->option_text("NAME=COLUMN,…");
  command
      .add_option("--where", where,
                  "rows that satisfy this alone, such as 'C < 1e21 and dataset == \"c4\"'")
      ->option_text("CONDITION");
  command.add_option("--weights", weights, "the column of the runs' weights")
      ->option_text("COLUMN");
  command.add_option("--store", store, "FILE in place of the user's store (docs/store.md)")
      ->option_text("FILE");
  return tables;
}

void LawRunsOptions::add_to(CLI::App &command) { add_common(command)->required(); }

void LawRunsOptions::add_to_with_stored(CLI::App &command) {
  add_common(command);
  command.add_flag("--stored", stored, "take the store's runs that have a loss, too");
}

void LawFittingOptions::add_to(CLI::App &command) {
  runs.add_to_with_stored(command);
  command.add_option("--form", form, "the law's form (docs/law-fitting.md)")
      ->check(CLI::IsMember(loss_form_ids()))
      ->option_text("FORM");
  command.add_option("--objective", objective, "huber, least-squares, lad or asymmetric")
      ->check(CLI::IsMember({"huber", "least-squares", "lad", "asymmetric"}))
      ->option_text("OBJECTIVE");
  command.add_option("--residual", residual, "what is compared: log-loss or loss")
      ->check(CLI::IsMember({"log-loss", "loss"}))
      ->option_text("WHAT");
  command
      .add_option("--huber-delta", huber_delta, "delta of the Huber objective; 1e-3 if not given")
      ->check(CLI::Range(1e-9, 1e6))
      ->option_text("DELTA");
  command
      .add_option("--over-weight", over_weight,
                  "cost of a loss predicted too high, in the asymmetric objective; 10 if not given")
      ->check(CLI::Range(1e-3, 1e3))
      ->option_text("WEIGHT");
  command.add_option("--fix", fixed, "hold parameters, such as E=1.69,alpha=0.34; may be repeated")
      ->allow_extra_args(false)
      ->option_text("NAME=VALUE,…");
  command.add_option("--free", freed, "fit parameters that the form fixes; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("NAME,…");
  command
      .add_option("--starts", starts,
                  "starts of the search, or \"hoffmann\" for the 4,500 of Hoffmann et al.; 36 if "
                  "not given")
      ->option_text("N");
}

std::vector<ScalingRun> LawRunsOptions::read(const CommandContext &context) const {
  if (files.empty() && !stored)
    throw InputError({}, "which runs? give a table of them, or --stored for those of the store");
  RunColumns mapped = parse_run_columns(columns);
  if (!weights.empty())
    mapped.names.insert_or_assign("weight", weights);
  std::optional<RunFilter> filter;
  if (!where.empty())
    filter.emplace(where);
  std::vector<ScalingRun> runs;
  const auto take = [&](const std::string &name, ScalingRuns read) {
    if (read.runs.size() < read.rows)
      context.message(
          fmt::format("{}: {} of {} rows kept by --where", name, read.runs.size(), read.rows));
    std::ranges::move(read.runs, std::back_inserter(runs));
  };
  for (const std::string &file : files)
    take(file, read_scaling_runs(table_text(file), file, mapped, filter));
  if (stored) {
    const std::string name = store_path().string();
    take(name, read_scaling_runs(stored_scaling_runs(store_path()), name, mapped, filter));
  }
  return runs;
}

std::filesystem::path LawRunsOptions::store_path() const {
  return store.empty() ? default_store_path() : std::filesystem::path(store);
}

LawFitOptions LawFittingOptions::fit_options() const {
  LawFitOptions options{.form = form};
  options.objective.kind = objective == "huber"           ? ObjectiveKind::huber
                           : objective == "lad"           ? ObjectiveKind::absolute
                           : objective == "least-squares" ? ObjectiveKind::least_squares
                                                          : ObjectiveKind::asymmetric;
  options.objective.residual = residual == "loss" ? ResidualKind::loss : ResidualKind::log_loss;
  options.objective.delta = huber_delta;
  options.objective.over_weight = over_weight;
  for (const std::string &text : fixed)
    for (const auto &[name, value] : parse_assignments("--fix", text))
      options.fixed.insert_or_assign(name, value);
  const LossForm known = loss_form(form);
  for (const std::string &name : freed)
    if (!known.index(name))
      throw InputError({"--free", 0, 0},
                       fmt::format("form {} has no parameter \"{}\"", form, name));
  options.freed = freed;
  options.hoffmann_starts = starts == "hoffmann";
  if (!options.hoffmann_starts) {
    const auto [end, error] =
        std::from_chars(starts.data(), starts.data() + starts.size(), options.starts);
    if (error != std::errc{} || end != starts.data() + starts.size() || options.starts < 1 ||
        options.starts > most_starts)
      throw InputError(
          {"--starts", 0, 0},
          fmt::format("\"{}\" is neither a number from 1 to {} nor hoffmann", starts, most_starts));
  }
  return options;
}

} // namespace flopcast
