// SPDX-License-Identifier: Apache-2.0
#include "model/execution/training.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace flopcast {
namespace {

constexpr std::array recomputes{
    Spelled<Recompute>{"none", Recompute::none},
    Spelled<Recompute>{"selective", Recompute::selective},
    Spelled<Recompute>{"modules", Recompute::modules},
    Spelled<Recompute>{"alternate", Recompute::alternate},
    Spelled<Recompute>{"full", Recompute::full},
};
constexpr std::array optimizers{
    Spelled<OptimizerKind>{"adam", OptimizerKind::adam},
    Spelled<OptimizerKind>{"adamw", OptimizerKind::adamw},
    Spelled<OptimizerKind>{"sgd_momentum", OptimizerKind::sgd_momentum},
    Spelled<OptimizerKind>{"adafactor", OptimizerKind::adafactor},
    Spelled<OptimizerKind>{"adam_8bit", OptimizerKind::adam_8bit},
    Spelled<OptimizerKind>{"lion", OptimizerKind::lion},
    Spelled<OptimizerKind>{"muon", OptimizerKind::muon},
};

constexpr std::array context_exchanges{
    Spelled<ContextExchange>{"ring", ContextExchange::ring},
    Spelled<ContextExchange>{"all_gather", ContextExchange::all_gather},
    Spelled<ContextExchange>{"all_to_all", ContextExchange::all_to_all},
};

constexpr std::array context_splits{
    Spelled<ContextSplit>{"balanced", ContextSplit::balanced},
    Spelled<ContextSplit>{"contiguous", ContextSplit::contiguous},
};

constexpr std::array tensor_overlaps{
    Spelled<TensorOverlap>{"framework", TensorOverlap::framework},
    Spelled<TensorOverlap>{"tiles", TensorOverlap::tiles},
};

constexpr std::array expert_dispatches{
    Spelled<ExpertDispatch>{"all_to_all", ExpertDispatch::all_to_all},
    Spelled<ExpertDispatch>{"deduplicated", ExpertDispatch::deduplicated},
};

constexpr std::array expert_overlaps{
    Spelled<ExpertOverlap>{"none", ExpertOverlap::none},
    Spelled<ExpertOverlap>{"micro_batches", ExpertOverlap::micro_batches},
};

constexpr std::array activation_offloads{
    Spelled<ActivationOffload>{"none", ActivationOffload::none},
    Spelled<ActivationOffload>{"boundaries", ActivationOffload::boundaries},
    Spelled<ActivationOffload>{"all", ActivationOffload::all},
};

constexpr std::array operator_fusions{
    Spelled<OperatorFusion>{"fused", OperatorFusion::fused},
    Spelled<OperatorFusion>{"eager", OperatorFusion::eager},
};

OperatorRoles roles(std::initializer_list<OperatorRole> list) {
  OperatorRoles set;
  for (const OperatorRole role : list)
    set.set(static_cast<std::size_t>(role));
  return set;
}

bool trains_in_fp32(NumberFormat precision) {
  return precision == NumberFormat::fp32 || precision == NumberFormat::tf32;
}

} // namespace

std::span<const Spelled<Recompute>> recompute_names() { return recomputes; }
std::span<const Spelled<ContextExchange>> context_exchange_names() { return context_exchanges; }
std::span<const Spelled<ContextSplit>> context_split_names() { return context_splits; }
std::span<const Spelled<TensorOverlap>> tensor_overlap_names() { return tensor_overlaps; }
std::span<const Spelled<ExpertDispatch>> expert_dispatch_names() { return expert_dispatches; }
std::span<const Spelled<ExpertOverlap>> expert_overlap_names() { return expert_overlaps; }
std::span<const Spelled<ActivationOffload>> activation_offload_names() {
  return activation_offloads;
}
std::span<const Spelled<OperatorFusion>> operator_fusion_names() { return operator_fusions; }
std::span<const Spelled<OptimizerKind>> optimizer_names() { return optimizers; }

std::string_view to_text(Recompute recompute) {
  return recomputes[static_cast<std::size_t>(recompute)].first;
}

std::string_view to_text(OptimizerKind kind) {
  return optimizers[static_cast<std::size_t>(kind)].first;
}

std::span<const Spelled<OperatorRoles>> recompute_module_names() {
  using enum OperatorRole;
  static const std::array modules{
      Spelled<OperatorRoles>{"core_attention",
                             roles({attention_scores, attention_softmax, attention_dropout,
                                    attention_values, fused_attention})},
      Spelled<OperatorRoles>{
          "normalization", roles({attention_norm, mlp_norm, qk_norm, query_norm, key_value_norm})},
      Spelled<OperatorRoles>{"activation",
                             roles({mlp_activation, expert_activation, shared_activation})},
      Spelled<OperatorRoles>{"mlp", roles({mlp_up, mlp_activation, mlp_down})},
      Spelled<OperatorRoles>{"shared_experts",
                             roles({shared_gate, shared_up, shared_activation, shared_down})},
      Spelled<OperatorRoles>{"experts", roles({router, routing, expert_dispatch, expert_up,
                                               expert_activation, expert_down, expert_combine})},
      Spelled<OperatorRoles>{"latent_up", roles({query_up, key_value_up, rotary})},
  };
  return modules;
}

double recomputed_layers(const Training &training, const Parallelism &parallelism,
                         std::int64_t layers) {
  if (training.recompute != Recompute::full)
    return 0;
  if (lists_stages(parallelism, training)) {
    double redone = 0;
    for (std::int64_t stage = 0; stage < parallelism.pipeline_parallel; ++stage)
      redone += recomputed_layers(training, parallelism, layers, stage) *
                layers_of_stage(parallelism, layers, stage);
    return layers > 0 ? redone / static_cast<double>(layers) : 0;
  }
  if (!training.recompute_layers)
    return 1;
  const double of_a_stage = stage_layers(parallelism, layers).middle;
  return of_a_stage > 0
             ? std::min(1.0, static_cast<double>(*training.recompute_layers) / of_a_stage)
             : 1.0;
}

double recomputed_layers(const Training &training, const Parallelism &parallelism,
                         std::int64_t layers, std::int64_t stage) {
  if (!lists_stages(parallelism, training) || training.recompute != Recompute::full)
    return recomputed_layers(training, parallelism, layers);
  const auto &by_stage = training.recompute_by_stage;
  const auto index = static_cast<std::size_t>(stage);
  if (by_stage.empty() && !training.recompute_layers)
    return 1;
  const std::int64_t redone = by_stage.empty() ? *training.recompute_layers : by_stage[index];
  const double of_the_stage = layers_of_stage(parallelism, layers, stage);
  return of_the_stage > 0 ? std::min(1.0, static_cast<double>(redone) / of_the_stage) : 0;
}

double layers_of_stage(const Parallelism &parallelism, std::int64_t layers, std::int64_t stage) {
  if (!parallelism.layers_by_stage.empty())
    return static_cast<double>(parallelism.layers_by_stage[static_cast<std::size_t>(stage)]);
  const StageLayers ends = stage_layers(parallelism, layers);
  return stage == 0                                   ? ends.first
         : stage == parallelism.pipeline_parallel - 1 ? ends.last
                                                      : ends.middle;
}

StageLayers stage_layers(const Parallelism &parallelism, std::int64_t layers) {
  const auto all = static_cast<double>(layers);
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  if (parallelism.pipeline_parallel == 1)
    return {all, all, all};
  if (const auto &listed = parallelism.layers_by_stage; !listed.empty()) {
    const auto at_first = static_cast<double>(listed.front());
    const auto at_last = static_cast<double>(listed.back());
    return {at_first, stages > 2 ? (all - at_first - at_last) / (stages - 2) : 0, at_last};
  }
  const auto &first = parallelism.first_stage_layers;
  const auto &last = parallelism.last_stage_layers;
  const double others = stages - (first ? 1 : 0) - (last ? 1 : 0);
  const double left = all - static_cast<double>(first.value_or(0) + last.value_or(0));
  const double middle = others > 0 ? left / others : 0;
  return {first ? static_cast<double>(*first) : middle, middle,
          last ? static_cast<double>(*last) : middle};
}

ParameterBytes parameter_bytes(const Training &training) {
  constexpr double moment = 4;
  const bool fp32 = trains_in_fp32(training.precision);
  const double master = fp32 ? 0 : 4;
  double states = 0;
  double other_states = -1;
  switch (training.optimizer) {
  case OptimizerKind::adam:
  case OptimizerKind::adamw:
    states = 2 * moment;
    break;
  case OptimizerKind::sgd_momentum:
  case OptimizerKind::lion:
    states = moment;
    break;
  case OptimizerKind::adafactor:
    states = 0;
    break;
  case OptimizerKind::adam_8bit:
    states = 2;
    break;
  case OptimizerKind::muon:
    states = moment;
    other_states = 2 * moment;
    break;
  }
  const bool half_gradients = training.gradient_format == NumberFormat::fp16 ||
                              training.gradient_format == NumberFormat::bf16;
  return {.weight = fp32 ? 4.0 : 2.0,
          .gradient = half_gradients ? 2.0 : 4.0,
          .matrix_state = master + states,
          .other_state = master + (other_states >= 0 ? other_states : states),
          .master_apart = !fp32};
}

ParameterBytes held_parameter_bytes(const Training &training, int zero_stage) {
  ParameterBytes bytes = parameter_bytes(training);
  if (zero_stage < 3 || training.software.cast_weights <= 0 || trains_in_fp32(training.precision))
    return bytes;
  constexpr double fp32 = 4;
  bytes.weight = fp32;
  bytes.matrix_state -= fp32;
  bytes.other_state -= fp32;
  bytes.master_apart = false;
  return bytes;
}

double exchanged_gradient_bytes(const Training &training) {
  if (!training.gradient_exchange_format)
    return parameter_bytes(training).gradient;
  return *training.gradient_exchange_format == NumberFormat::fp32 ? 4 : 2;
}

double exchanged_weight_bytes(const Training &training) {
  if (!training.weight_exchange_format)
    return parameter_bytes(training).weight;
  switch (*training.weight_exchange_format) {
  case NumberFormat::fp32:
    return 4;
  case NumberFormat::fp8:
    return 1;
  default:
    return 2;
  }
}

double activation_bytes(NumberFormat precision) { return trains_in_fp32(precision) ? 4 : 2; }

} // namespace flopcast
