// SPDX-License-Identifier: Apache-2.0
#include "cli/measuring.hpp"
#include "cli/session.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/estimate.hpp"
#include "profiler/collector/tables.hpp"
#include "profiler/training/gpt_step.hpp"
#include "reports/report.hpp"
#include "reports/step_report.hpp"
#include "store/measured_runs.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace flopcast {
namespace {

using namespace units;

struct StepOptions {
  std::string plan;
  PlanOptions plan_options;
  MeasuringOptions measuring;
  std::string runs_file;
  OutputOptions output;
};

/// Why a plan's step is not one that the back ends can run; empty if it is.
std::string why_not_measurable(const PlannedRun &run) {
  const Decoder &decoder = run.plan.model.decoder;
  const Parallelism &parallel = run.plan.parallelism;
  if (run.cluster.gpus != 1 || parallel.tensor_parallel * parallel.pipeline_parallel *
                                       parallel.context_parallel * parallel.data_parallel !=
                                   1)
    return "one device runs the step: the degrees of [parallelism] must be 1";
  if (decoder.position != Position::learned || decoder.activation != Activation::gelu ||
      decoder.normalization != Normalization::layernorm ||
      decoder.norm_placement != NormPlacement::pre || decoder.bias != BiasTerms::all ||
      decoder.parallel_attention || decoder.qk_norm || decoder.embedding_norm ||
      decoder.sliding_window || decoder.kv_heads != decoder.heads ||
      decoder.head_dim * decoder.heads != decoder.hidden ||
      decoder.ffn_hidden != 4 * decoder.hidden)
    return "the step that is run is that of a decoder like GPT-2: learned positions, layer norm "
           "first, GELU, biases, all heads with keys of their own, an MLP of four times the width";
  if (decoder.context_length != run.plan.data.sequence_length)
    return fmt::format("the table of positions has a row for each token of a sequence: "
                       "model.context_length must be data.sequence_length = {}",
                       run.plan.data.sequence_length);
  if (run.plan.training.recompute != Recompute::none || run.plan.training.dropout)
    return "nothing is recomputed or dropped: training.recompute must be \"none\", "
           "training.dropout 0";
  if (run.plan.training.global_batch != run.plan.training.micro_batch)
    return "one micro-batch makes the step: training.global_batch must be training.micro_batch";
  if (!run.plan.training.flash_attention)
    return "attention is one fused kernel: training.attention must be \"flash\"";
  return {};
}

GptShape shape_of(const Plan &plan) {
  const Decoder &decoder = plan.model.decoder;
  return {.layers = decoder.layers,
          .hidden = decoder.hidden,
          .heads = decoder.heads,
          .sequence = plan.data.sequence_length,
          .micro_batch = plan.training.micro_batch,
          .vocabulary = decoder.padded_vocabulary(1),
          .tied = decoder.tied_embeddings};
}

MeasuredRun stored_run(const MeasuredStep &step, const DeviceDescription &description,
                       const std::string &device, const std::string &back_end) {
  const GptShape &s = step.shape;
  MeasuredRun run;
  const std::string name = fmt::format("gpt-l{}-h{}-a{}-s{}-b{}-v{}", s.layers, s.hidden, s.heads,
                                       s.sequence, s.micro_batch, s.vocabulary);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  run.id = fmt::format("{}/{}/{}", device, name, now.time_since_epoch().count());
  run.source = "flopcast measure step";
  run.date = today();
  run.split_group = fmt::format("flopcast|{}|{}", device, name);
  run.framework = fmt::format("flopcast {}", back_end);
  run.model = name;
  run.gpu = device;
  run.gpus = 1;
  run.step_time = step.step;
  run.token_rate = step.tokens_per_second / (1.0 * gpu);
  run.peak_memory = static_cast<double>(step.allocated_bytes) * byte;
  run.settings = {{"layers", std::to_string(s.layers)},
                  {"hidden", std::to_string(s.hidden)},
                  {"heads", std::to_string(s.heads)},
                  {"seq_len", std::to_string(s.sequence)},
                  {"micro_batch", std::to_string(s.micro_batch)},
                  {"vocab", std::to_string(s.vocabulary)},
                  {"precision", std::string(to_text(step.format))},
                  {"software", description.software},
                  {"relative_error", fmt::format("{:.4f}", step.relative_error)}};
  return run;
}

int step(const StepOptions &options, CommandContext &context) {
  const auto kernels = options.measuring.make_kernels();
  const DeviceDescription description = kernels->describe();
  const std::string id = measured_device_id(context, description, options.measuring.back_end);
  if (context.catalog().path("calibrations", id).empty())
    throw InputError({"measure step", 0, 0},
                     fmt::format("{} has no calibration yet, and there is nothing to predict from; "
                                 "run flopcast calibrate run first",
                                 id));
  PlanOptions planned = options.plan_options;
  planned.gpu = id;
  planned.count = 1;
  PlannedRun run = planned.read(context, options.plan);
  // The step below is Flopcast's own: no framework stands between it and the kernels.
  run.plan.training.software = Software{};
  if (const std::string why = why_not_measurable(run); !why.empty())
    throw InputError({options.plan, 0, 0}, why);
  const Estimate predicted = estimate(run.plan, run.cluster);
  if (!predicted.step)
    throw InputError({options.plan, 0, 0}, predicted.reasons.front().text);
  const StopRule rule{
      .relative_error = 0.01, .fewest_runs = 6, .most_runs = 100, .most_time = 20.0 * second};
  const MeasuredStep measured =
      measure_step(*kernels, shape_of(run.plan), run.plan.training.precision, rule);
  const Database store(options.measuring.store_path());
  add_measured_run(store, stored_run(measured, description, id, options.measuring.back_end));
  const StepComparison comparison{.run = run, .predicted = predicted, .measured = measured};
  if (!options.runs_file.empty()) {
    OutputOptions file;
    file.file = options.runs_file;
    file.write(context, step_head() + step_row(measured, description));
  }
  options.output.write_as(
      context, [&] { return step_report(comparison); },
      [&] { return step_head() + step_row(measured, description); },
      [&] { return step_json(comparison); });
  return exit_ok;
}

} // namespace

void add_measure_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("measure", "Run a training step here, and hold the prediction against it");
  command->require_subcommand(1);
  auto *step_command = command->add_subcommand(
      "step", "A real forward, backward and optimizer step of a plan's decoder on this device");
  auto options = std::make_shared<StepOptions>();
  step_command->add_option("plan", options->plan, "a plan of a decoder like GPT-2 on one device")
      ->required()
      ->option_text("PLAN");
  step_command
      ->add_option("--set", options->plan_options.overrides,
                   "override a key of the plan, such as training.micro_batch=2; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  options->measuring.add_to(*step_command);
  step_command
      ->add_option("--runs", options->runs_file, "write the step as a table of measured runs, CSV")
      ->option_text("FILE.csv");
  options->output.add_to(*step_command);
  step_command->callback([options, &context] {
    context.command = [options, &context] { return step(*options, context); };
  });
}

} // namespace flopcast
