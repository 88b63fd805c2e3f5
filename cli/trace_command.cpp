// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/pipeline_work.hpp"
#include "reports/trace_json.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <ostream>

namespace flopcast {
namespace {

struct TraceOptions {
  std::string plan;
  std::string file;
  PlanOptions plan_options;
};

ScheduleOutcome write(const TraceOptions &options, const PipelineWork &work,
                      const std::string &name, const CommandContext &context) {
  if (options.file.empty() || options.file == "-") {
    ScheduleOutcome outcome = write_trace_json(work, name, context.session.out);
    if (!context.session.out.flush())
      throw InputError({"stdout", 0, 0}, "cannot be written");
    return outcome;
  }
  std::ofstream stream(options.file, std::ios::binary);
  ScheduleOutcome outcome = write_trace_json(work, name, stream);
  if (!stream.flush())
    throw InputError({options.file, 0, 0},
                     fmt::format("cannot be written: {}", std::strerror(errno)));
  return outcome;
}

int run(const TraceOptions &options, CommandContext &context) {
  const PlannedRun run = options.plan_options.read(context, options.plan);
  const Estimate result = estimate(run.plan, run.cluster);
  if (!result.step) { // the layout is impossible: there is no step to show
    report_reasons(context, result.reasons, "");
    return exit_infeasible;
  }
  const PipelineWork work = pipeline_work(run.plan, run.cluster);
  ScheduleOutcome outcome = write(options, work, run.plan.name, context);
  Seconds idle;
  for (const StageOutcome &stage : outcome.stages)
    idle += stage.idle;
  context.message(
      fmt::format("{}: {} stages, {} micro-batches, a step of {}, of which {:.1f} % is waiting",
                  to_text(work.schedule), work.stages, work.micro_batches, human_text(outcome.step),
                  100 * (idle / (static_cast<double>(work.stages) * outcome.step))));
  report_reasons(context, result.reasons, "");
  return result.feasible() ? exit_ok : exit_infeasible;
}

} // namespace

void add_trace_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("trace", "The timeline of a step, for Perfetto or chrome://tracing");
  auto options = std::make_shared<TraceOptions>();
  command->add_option("plan", options->plan, plan_argument)->required()->option_text("PLAN");
  options->plan_options.add_to(*command);
  command->add_option("-o,--output", options->file, "write to FILE instead of stdout")
      ->option_text("FILE");
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
