// SPDX-License-Identifier: Apache-2.0
#include "model/execution/training.hpp"

#include "model/execution/parallelism.hpp"

#include <array>

namespace flopcast {
namespace {

constexpr std::array recomputes{
    Spelled<Recompute>{"none", Recompute::none},
    Spelled<Recompute>{"selective", Recompute::selective},
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

bool trains_in_fp32(NumberFormat precision) {
  return precision == NumberFormat::fp32 || precision == NumberFormat::tf32;
}

} // namespace

std::span<const Spelled<Recompute>> recompute_names() { return recomputes; }
std::span<const Spelled<ContextExchange>> context_exchange_names() { return context_exchanges; }
std::span<const Spelled<OptimizerKind>> optimizer_names() { return optimizers; }

std::string_view to_text(Recompute recompute) {
  return recomputes[static_cast<std::size_t>(recompute)].first;
}

std::string_view to_text(OptimizerKind kind) {
  return optimizers[static_cast<std::size_t>(kind)].first;
}

StageLayers stage_layers(const Parallelism &parallelism, std::int64_t layers) {
  const auto all = static_cast<double>(layers);
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  if (parallelism.pipeline_parallel == 1)
    return {all, all, all};
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
          .other_state = master + (other_states >= 0 ? other_states : states)};
}

double activation_bytes(NumberFormat precision) { return trains_in_fp32(precision) ? 4 : 2; }

} // namespace flopcast
