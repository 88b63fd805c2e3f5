// SPDX-License-Identifier: Apache-2.0
#include "cli/law_fitting.hpp"
#include "cli/stored_runs.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace flopcast {
namespace {

struct LawRecordOptions {
  LawRunsOptions runs;
  std::string source;
};

int run(const LawRecordOptions &options, CommandContext &context) {
  const std::vector<ScalingRun> runs = options.runs.read(context);
  const std::filesystem::path path = options.runs.store_path();
  const Database store(path);
  Transaction together(store);
  std::size_t added = 0;
  for (const ScalingRun &run : runs)
    added += add_measured_run(store, recorded_run(run, options.source)) ? 1 : 0;
  together.commit();
  context.session.out << fmt::format("{} of {} runs added to {}{}\n", added, runs.size(),
                                     path.string(),
                                     added == runs.size() ? "" : "; the others were there already");
  return exit_ok;
}

} // namespace

void add_law_record_command(CLI::App &law, CommandContext &context) {
  auto *command =
      law.add_subcommand("record", "Put finished runs with their losses into the store");
  auto options = std::make_shared<LawRecordOptions>();
  options->runs.add_to(*command);
  command
      ->add_option("--source", options->source,
                   "where the runs come from: part of their ids, and what --where tells them by")
      ->required()
      ->option_text("TEXT");
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
