// SPDX-License-Identifier: Apache-2.0
#include "hardware/host_side.hpp"
#include "hardware/preset_fields.hpp"
#include "hardware/units/text.hpp"
#include "model/execution/software_preset.hpp"
#include "model/planning/plan_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace flopcast {
namespace {

using namespace units;

// Four degrees of at most this much multiply to less than 2^63.
constexpr std::int64_t most_degree = 10'000;
constexpr std::int64_t most_data_parallel = 1'000'000;
constexpr std::string_view usual_framework = "megatron-core";

NumberFormat usual_precision(const Device &device) {
  for (const NumberFormat format : {NumberFormat::bf16, NumberFormat::fp16})
    if (device.peak_of(format))
      return format;
  return NumberFormat::fp32;
}

/// Layers of each stage.
std::vector<std::int64_t> read_stages(TableReader &table, std::string_view key) {
  std::vector<std::int64_t> stages;
  for (const double number : table.numbers(key, 0.0, static_cast<double>(most_degree))) {
    if (number != std::floor(number)) {
      table.report(key, fmt::format("{:g} is no whole number of layers", number));
      return {};
    }
    stages.push_back(static_cast<std::int64_t>(number));
  }
  if (const InputValue *value = table.value(key); value != nullptr && stages.empty())
    if (const auto *array = std::get_if<InputArray>(&value->data); array && array->empty())
      table.report(key, "is empty; expected a number of layers for each stage");
  return stages;
}

/// What lies in host memory.
void read_offload(PlanReading &reading, TableReader &table) {
  Offload &offload = reading.run.plan.training.offload;
  offload.optimizer = table.number("offload_optimizer", 0.0, 1.0).value_or(0);
  offload.activations = table.choice("offload_activations", activation_offload_names())
                            .value_or(ActivationOffload::none);
  offload.layers = table.integer("offload_layers", 0, most_degree);
  if (offload.layers && offload.activations == ActivationOffload::none)
    table.report("offload_layers",
                 R"(needs offload_activations = "boundaries" or "all": what of them goes)");
  if (!offload.any())
    return;
  const Node &node = reading.run.cluster.node;
  reading.log.assumed("hardware.host_link_bandwidth",
                      fmt::format("{:g} of it", host_copy_efficiency),
                      "the share of the link that copies to and from the host reach");
  if (!node.host_memory_bandwidth && offload.optimizer > 0)
    reading.log.assumed("hardware.host_memory_bandwidth", human_text(usual_host_memory_bandwidth),
                        "the node's preset does not say: two sockets of eight DDR4-3200 channels");
  if (!node.host_memory)
    reading.log.assumed("hardware.host_memory", "enough",
                        "the node's preset does not say how much its host has");
}

void read_recompute_modules(TableReader &table, Training &training) {
  const auto names = recompute_module_names();
  for (const std::string &name : table.texts("recompute_modules")) {
    const auto found = std::ranges::find(names, name, &Spelled<OperatorRoles>::first);
    if (found != names.end()) {
      training.recomputed |= found->second;
      continue;
    }
    std::string known;
    for (const auto &[text, roles] : names)
      known += (known.empty() ? "" : ", ") + std::string(text);
    table.report("recompute_modules", fmt::format("\"{}\" is none of {}", name, known));
  }
  if (training.recompute == Recompute::modules && training.recomputed.none())
    table.report_missing("recompute_modules", "what recompute = \"modules\" redoes");
  if (training.recompute != Recompute::modules && training.recomputed.any())
    table.report("recompute_modules", "needs recompute = \"modules\"");
}

} // namespace

void read_parallelism(PlanReading &reading, TableReader table) {
  Parallelism &parallel = reading.run.plan.parallelism;
  const std::int64_t gpus = reading.run.cluster.gpus;
  constexpr std::array<std::string_view, 10> layout_keys{
      "tensor_parallel",  "pipeline_parallel", "virtual_pipeline",
      "context_parallel", "expert_parallel",   "expert_tensor_parallel",
      "data_parallel",    "zero_stage",        "sequence_parallel",
      "stage_layers"};
  for (const std::string_view key : layout_keys)
    reading.run.parallelism_was_given |= table.has(key);

  const auto degree = [&](std::string_view key, std::int64_t &value) {
    if (const auto given = table.integer(key, 1, most_degree))
      value = *given;
    else if (reading.run.parallelism_was_given && !table.has(key))
      reading.log.defaulted(fmt::format("parallelism.{}", key), "1", "not split this way");
  };
  degree("tensor_parallel", parallel.tensor_parallel);
  degree("pipeline_parallel", parallel.pipeline_parallel);
  degree("virtual_pipeline", parallel.virtual_pipeline);
  degree("context_parallel", parallel.context_parallel);
  degree("expert_parallel", parallel.expert_parallel);
  parallel.expert_tensor_parallel = table.integer("expert_tensor_parallel", 1, most_degree);
  const bool experts = reading.run.plan.model.decoder.experts.has_value();
  if (experts && reading.run.parallelism_was_given && !table.has("expert_tensor_parallel"))
    reading.log.defaulted("parallelism.expert_tensor_parallel",
                          fmt::format("{}", parallel.tensor_parallel),
                          "experts' width is shared by as many ranks as tensor_parallel");
  constexpr double most_imbalance = 1e5;
  parallel.expert_imbalance = table.number("expert_imbalance", 1.0, most_imbalance).value_or(1);
  if (experts && !table.has("expert_imbalance"))
    reading.log.defaulted("parallelism.expert_imbalance", "1",
                          "tokens are spread evenly over the experts");

  const std::int64_t model_parallel =
      parallel.tensor_parallel * parallel.pipeline_parallel * parallel.context_parallel;
  const auto data = table.integer("data_parallel", 1, most_data_parallel);
  // Where the GPUs do not divide, the rest is left to the check of the layout, which says so.
  parallel.data_parallel = data.value_or(std::clamp<std::int64_t>(
      gpus / std::max<std::int64_t>(model_parallel, 1), 1, most_data_parallel));

  parallel.first_stage_layers = table.integer("first_stage_layers", 0, most_degree);
  parallel.last_stage_layers = table.integer("last_stage_layers", 0, most_degree);
  parallel.layers_by_stage = read_stages(table, "stage_layers");
  parallel.tensor_overlap =
      table.choice("tensor_overlap", tensor_overlap_names()).value_or(TensorOverlap::framework);
  parallel.expert_capacity = table.number("expert_capacity", 0.01, most_imbalance);
  parallel.expert_padding = table.flag("expert_padding").value_or(false);
  parallel.expert_dispatch =
      table.choice("expert_dispatch", expert_dispatch_names()).value_or(ExpertDispatch::all_to_all);
  parallel.expert_overlap =
      table.choice("expert_overlap", expert_overlap_names()).value_or(ExpertOverlap::none);
  parallel.shard_group = table.integer("shard_group", 1, most_data_parallel);
  parallel.context_exchange =
      table.choice("context_exchange", context_exchange_names()).value_or(ContextExchange::ring);
  parallel.context_split =
      table.choice("context_split", context_split_names()).value_or(ContextSplit::balanced);
  parallel.schedule = table.choice("schedule", pipeline_schedule_names())
                          .value_or(parallel.virtual_pipeline > 1 ? PipelineSchedule::interleaved
                                                                  : PipelineSchedule::one_f_one_b);

  const auto zero = table.integer("zero_stage", 0, 3);
  parallel.zero_stage = static_cast<int>(zero.value_or(1));
  const auto sequence = table.flag("sequence_parallel");
  parallel.sequence_parallel = sequence.value_or(parallel.tensor_parallel > 1);
  if (reading.run.parallelism_was_given) {
    if (!table.has("data_parallel"))
      reading.log.defaulted("parallelism.data_parallel", fmt::format("{}", parallel.data_parallel),
                            "the GPUs that the other degrees leave");
    if (!table.has("zero_stage"))
      reading.log.defaulted("parallelism.zero_stage", "1",
                            "the optimizer's states are shared by the data-parallel ranks");
    if (!table.has("sequence_parallel"))
      reading.log.defaulted("parallelism.sequence_parallel",
                            parallel.sequence_parallel ? "true" : "false",
                            "on wherever tensor_parallel is above 1");
  }
  table.finish();
}

void read_training(PlanReading &reading, TableReader table) {
  // Formats that a model is trained in: fp64 and int8 products are not.
  constexpr std::array training_formats{
      Spelled<NumberFormat>{"fp32", NumberFormat::fp32},
      Spelled<NumberFormat>{"tf32", NumberFormat::tf32},
      Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
      Spelled<NumberFormat>{"bf16", NumberFormat::bf16},
      Spelled<NumberFormat>{"fp8", NumberFormat::fp8},
      Spelled<NumberFormat>{"fp4", NumberFormat::fp4},
  };
  constexpr std::array gradient_formats{
      Spelled<NumberFormat>{"fp32", NumberFormat::fp32},
      Spelled<NumberFormat>{"bf16", NumberFormat::bf16},
      Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
  };
  constexpr std::array weight_formats{
      Spelled<NumberFormat>{"fp32", NumberFormat::fp32},
      Spelled<NumberFormat>{"bf16", NumberFormat::bf16},
      Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
      Spelled<NumberFormat>{"fp8", NumberFormat::fp8},
  };
  constexpr std::array attention_kernels{Spelled<bool>{"flash", true},
                                         Spelled<bool>{"unfused", false}};
  Training &training = reading.run.plan.training;
  const auto note = [&](std::string_view key, std::string value, std::string why) {
    if (!table.has(key))
      reading.log.defaulted(fmt::format("training.{}", key), std::move(value), std::move(why));
  };

  training.precision = table.choice<NumberFormat>("precision", training_formats)
                           .value_or(usual_precision(reading.run.cluster.device));
  note("precision", std::string(to_text(training.precision)),
       "the 16-bit format of the device's matrix units, bf16 if it has both");
  training.gradient_format =
      table.choice<NumberFormat>("gradient_format", gradient_formats).value_or(NumberFormat::fp32);
  note("gradient_format", "fp32", "gradients are summed in fp32");
  training.optimizer = table.choice("optimizer", optimizer_names()).value_or(OptimizerKind::adamw);
  note("optimizer", "adamw", "the usual optimizer");
  training.recompute = table.choice("recompute", recompute_names()).value_or(Recompute::none);
  note("recompute", "none", "nothing is computed twice");
  read_recompute_modules(table, training);
  training.recompute_layers = table.integer("recompute_layers", 0, most_degree);
  if (training.recompute_layers && training.recompute != Recompute::full)
    table.report("recompute_layers",
                 "needs recompute = \"full\": the layers that are redone whole");
  training.recompute_by_stage = read_stages(table, "stage_recompute_layers");
  if (!training.recompute_by_stage.empty() && training.recompute != Recompute::full)
    table.report("stage_recompute_layers",
                 "needs recompute = \"full\": the layers that are redone whole");
  if (!training.recompute_by_stage.empty() && training.recompute_layers)
    table.report("stage_recompute_layers",
                 "counts each stage's layers and recompute_layers any stage's; give one");
  training.flash_attention = table.choice<bool>("attention", attention_kernels).value_or(true);
  note("attention", "flash", "one fused kernel that does not write the scores");
  training.operators =
      table.choice("operators", operator_fusion_names()).value_or(OperatorFusion::fused);
  training.cuda_graphs = table.flag("cuda_graphs").value_or(false);
  if (training.recompute == Recompute::selective && training.flash_attention)
    reading.log.assumed(
        "training.recompute", "selective",
        "flash attention keeps no scores anyway: this repeats it for little memory");
  const auto dropout = table.number("dropout", 0.0, 1.0);
  training.dropout = dropout.value_or(0) > 0;
  note("dropout", "0", "large models are trained without it");
  training.micro_batch = table.integer("micro_batch", 1, 1'000'000).value_or(1);
  note("micro_batch", "1 sequence", "the least memory");
  training.overlap_gradient_exchange = table.flag("overlap_gradient_exchange").value_or(true);
  note("overlap_gradient_exchange", "true", "gradients are exchanged during the backward pass");
  training.gradient_exchange_format =
      table.choice<NumberFormat>("gradient_exchange_format", gradient_formats);
  training.weight_exchange_format =
      table.choice<NumberFormat>("weight_exchange_format", weight_formats);
  training.gradient_bucket = table.quantity("gradient_bucket", sane::least_bytes, sane::most_bytes);
  read_offload(reading, table);
  const std::string framework = table.text("framework").value_or(std::string(usual_framework));
  note("framework", framework, "its launch costs, kernels and overlap; \"none\" adds nothing");
  if (framework != "none")
    if (const auto software = load_named(table, "framework",
                                         [&] { return load_software(reading.catalog, framework); }))
      training.software = software->on(reading.run.cluster.device.architecture);
  // Of a stack of which no runs are known those of all stacks tell how far an estimate may be off.
  if (training.software.spread.step_time.samples == 0 &&
      !reading.catalog.resolve("frameworks", "default").empty())
    training.software.spread = load_software(reading.catalog, "default").base.spread;
  training.memory_reserve = table.quantity("memory_reserve", Bytes{}, sane::most_bytes)
                                .value_or(training.software.context);
  note("memory_reserve", human_text(training.software.context),
       "driver context, libraries and communication buffers");

  reading.recompute_was_given = table.has("recompute");
  reading.micro_batch_was_given = table.has("micro_batch");
  const auto sequences = table.integer("global_batch", 1, 1'000'000'000);
  const auto tokens =
      table.quantity("global_batch_tokens", 1.0 * token, 1e15 * token, std::optional(token));
  if (sequences && tokens)
    table.report("global_batch", "counts sequences and global_batch_tokens tokens; give one");
  if (sequences) {
    training.global_batch = *sequences;
    reading.global_batch_was_given = true;
  } else if (tokens) {
    reading.wanted_batch = *tokens;
  }
  table.finish();
}

void read_stated(PlanReading &reading, TableReader table) {
  constexpr std::array bases{
      Spelled<UtilisationBasis>{"model_flops", UtilisationBasis::model_flops},
      Spelled<UtilisationBasis>{"six_nd", UtilisationBasis::six_nd},
  };
  StatedThroughput &stated = reading.run.plan.stated;
  stated.mfu = table.number("mfu", 1e-6, 1.0);
  stated.flops_per_gpu = table.quantity("flops_per_gpu", sane::least_rate, sane::most_rate);
  stated.tokens_per_second =
      table.quantity("tokens_per_second", 1e-6 * token / second, 1e15 * token / second);
  stated.step_time = table.quantity("step_time", 1e-9 * second, sane::most_time);
  stated.basis =
      table.choice<UtilisationBasis>("basis", bases).value_or(UtilisationBasis::model_flops);
  stated.training_flops = table.quantity("training_flops", 1.0 * flop, 1e40 * flop);

  int speeds = 0;
  for (const std::string_view key : {"mfu", "flops_per_gpu", "tokens_per_second", "step_time"})
    speeds += table.has(key) ? 1 : 0;
  if (speeds > 1)
    table.report("mfu", "the speed is stated more than once; give one of mfu, flops_per_gpu, "
                        "tokens_per_second and step_time");
  const bool by_flops = stated.mfu || stated.flops_per_gpu;
  if (stated.training_flops && !by_flops)
    table.report("training_flops", "needs mfu or flops_per_gpu: the speed at which they are done");
  if (table.has("basis") && !by_flops)
    table.report("basis", "says what mfu or flops_per_gpu counts; give one of them");
  if (by_flops && !table.has("basis"))
    reading.log.defaulted("stated.basis", "model_flops",
                          "the stated utilisation counts attention in full");
  if (stated.states_speed())
    reading.log.assumed("stated", "the step's time", "stated by the plan, not predicted");
  table.finish();
}

} // namespace flopcast
