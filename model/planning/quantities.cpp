// SPDX-License-Identifier: Apache-2.0
#include "model/planning/quantities.hpp"

#include <fmt/format.h>

#include <array>

namespace flopcast {
namespace {

using Value = std::optional<AnyQuantity>;

Value plain(double value) { return AnyQuantity{value, Exponents{}}; }

template <class Dim> Value any(Quantity<Dim> quantity) {
  return AnyQuantity{quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents};
}

Value any(double value) { return plain(value); }

// Readers of one member, as function pointers: the table below stays a table.
template <auto Member> Value of_parameters(const Answer &answer) {
  return plain(answer.estimate.parameters.*Member);
}
template <auto Member> Value of_work(const Answer &answer) {
  return any(answer.estimate.work.*Member);
}
template <auto Member> Value of_memory(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->memory().*Member) : std::nullopt;
}
template <auto Member> Value of_step(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->time.*Member) : std::nullopt;
}
template <auto Member> Value of_use(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->utilisation.*Member) : std::nullopt;
}
template <auto Member> Value of_run(const Answer &answer) {
  return answer.estimate.run ? any(answer.estimate.run->time.*Member) : std::nullopt;
}
template <auto Member> Value of_energy(const Answer &answer) {
  return answer.estimate.run ? any(answer.estimate.run->energy.*Member) : std::nullopt;
}

Value hardware_total(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.work.hardware_total) : std::nullopt;
}
Value memory_total(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->memory().total()) : std::nullopt;
}
Value memory_capacity(const Answer &answer) {
  return any(answer.run.cluster.device.memory_capacity);
}
Value memory_on_host(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->memory().host) : std::nullopt;
}
Value step_total(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->time.total()) : std::nullopt;
}
Value micro_batches(const Answer &answer) {
  return answer.estimate.step ? any(answer.estimate.step->micro_batches) : std::nullopt;
}
Value tokens(const Answer &answer) { return any(answer.run.plan.data.tokens); }
Value cost_total(const Answer &answer) {
  return answer.estimate.run ? any(answer.estimate.run->total_cost) : std::nullopt;
}
Value gpu_price(const Answer &answer) { return any(gpu_time_price(answer.run.plan.price)); }
Value checkpoint(const Answer &answer) {
  return answer.estimate.run ? any(answer.estimate.run->checkpoint) : std::nullopt;
}
Value loss_of_law(const Answer &answer) {
  return answer.estimate.loss ? any(*answer.estimate.loss) : std::nullopt;
}

constexpr double hour = 3600;
constexpr double teraflop = 1e12;
constexpr double kilogram = 1e3;

using enum QuantitySection;

constexpr std::array quantities{
    NamedQuantity{"parameters.total", "parameters", parameters, 1, true,
                  of_parameters<&ParameterCounts::total>},
    NamedQuantity{"parameters.active", "active for a token", parameters, 1, false,
                  of_parameters<&ParameterCounts::active>},
    NamedQuantity{"parameters.prediction", "in further prediction layers", parameters, 1, false,
                  of_parameters<&ParameterCounts::prediction>},
    NamedQuantity{"parameters.embedding", "in embeddings", parameters, 1, false,
                  of_parameters<&ParameterCounts::embedding>},

    NamedQuantity{"data.tokens", "training tokens", work, 1, true, tokens},
    NamedQuantity{"flops.per_token", "per token, attention full", work, 1, false,
                  of_work<&WorkTotals::per_token>},
    NamedQuantity{"flops.per_token_causal", "per token, attention causal", work, 1, false,
                  of_work<&WorkTotals::per_token_causal>},
    NamedQuantity{"flops.model_total", "model FLOPs, attention full", work, 1, true,
                  of_work<&WorkTotals::model_total>},
    NamedQuantity{"flops.model_total_causal", "model FLOPs, attention causal", work, 1, false,
                  of_work<&WorkTotals::model_total_causal>},
    NamedQuantity{"flops.hardware_total", "hardware FLOPs, recompute included", work, 1, false,
                  hardware_total},
    NamedQuantity{"flops.six_nd", "6ND", work, 1, false, of_work<&WorkTotals::six_nd>},

    NamedQuantity{"memory.per_gpu.weights_bytes", "weights", memory, 1, false,
                  of_memory<&MemoryParts::weights>},
    NamedQuantity{"memory.per_gpu.gradients_bytes", "gradients", memory, 1, false,
                  of_memory<&MemoryParts::gradients>},
    NamedQuantity{"memory.per_gpu.optimizer_bytes", "optimizer and master weights", memory, 1,
                  false, of_memory<&MemoryParts::optimizer>},
    NamedQuantity{"memory.per_gpu.activations_bytes", "activations", memory, 1, false,
                  of_memory<&MemoryParts::activations>},
    NamedQuantity{"memory.per_gpu.buffers_bytes", "buffers", memory, 1, false,
                  of_memory<&MemoryParts::buffers>},
    NamedQuantity{"memory.per_gpu.fragments_bytes", "fragments", memory, 1, false,
                  of_memory<&MemoryParts::fragments>},
    NamedQuantity{"memory.per_gpu.reserve_bytes", "reserve", memory, 1, false,
                  of_memory<&MemoryParts::reserve>},
    NamedQuantity{"memory.per_gpu.total_bytes", "total", memory, 1, true, memory_total},
    NamedQuantity{"memory.per_gpu.capacity_bytes", "capacity", memory, 1, false, memory_capacity},
    NamedQuantity{"memory.host_bytes", "in host memory, for each GPU", memory, 1, false,
                  memory_on_host},

    NamedQuantity{"time.breakdown.compute_s", "compute", time, 1, false,
                  of_step<&StepTime::compute>},
    NamedQuantity{"time.breakdown.recompute_s", "recompute", time, 1, false,
                  of_step<&StepTime::recompute>},
    NamedQuantity{"time.breakdown.host_s", "waiting for the host", time, 1, false,
                  of_step<&StepTime::host>},
    NamedQuantity{"time.breakdown.tensor_parallel_s", "tensor parallel", time, 1, false,
                  of_step<&StepTime::tensor_parallel>},
    NamedQuantity{"time.breakdown.context_parallel_s", "context parallel", time, 1, false,
                  of_step<&StepTime::context_parallel>},
    NamedQuantity{"time.breakdown.expert_parallel_s", "expert parallel", time, 1, false,
                  of_step<&StepTime::expert_parallel>},
    NamedQuantity{"time.breakdown.pipeline_s", "pipeline messages", time, 1, false,
                  of_step<&StepTime::pipeline>},
    NamedQuantity{"time.breakdown.data_parallel_s", "data parallel", time, 1, false,
                  of_step<&StepTime::data_parallel>},
    NamedQuantity{"time.breakdown.bubble_s", "pipeline bubble", time, 1, false,
                  of_step<&StepTime::bubble>},
    NamedQuantity{"time.breakdown.optimizer_s", "optimizer", time, 1, false,
                  of_step<&StepTime::optimizer>},
    NamedQuantity{"time.breakdown.offload_s", "offload to the host", time, 1, false,
                  of_step<&StepTime::offload>},
    NamedQuantity{"time.breakdown.overhead_s", "software, once a step", time, 1, false,
                  of_step<&StepTime::overhead>},
    NamedQuantity{"time.breakdown.stragglers_s", "stragglers", time, 1, false,
                  of_step<&StepTime::stragglers>},
    NamedQuantity{"time.breakdown.stated_s", "stated by the plan", time, 1, false,
                  of_step<&StepTime::stated>},
    NamedQuantity{"time.step_s", "step", time, 1, true, step_total},
    NamedQuantity{"time.micro_batches", "micro-batches a step", time, 1, false, micro_batches},
    NamedQuantity{"time.steps", "steps", time, 1, false, of_run<&RunTime::steps>},
    NamedQuantity{"time.training_s", "training", time, 1, false, of_run<&RunTime::training>},
    NamedQuantity{"time.checkpoints_s", "checkpoint pauses", time, 1, false,
                  of_run<&RunTime::checkpoints>},
    NamedQuantity{"time.total_s", "wall clock", time, 1, true, of_run<&RunTime::wall_clock>},
    NamedQuantity{"time.productive_gpu_hours", "productive GPU time", time, hour, false,
                  of_run<&RunTime::productive>},
    NamedQuantity{"time.gpu_hours", "GPU time held", time, hour, true, of_run<&RunTime::held>},
    NamedQuantity{"time.goodput", "goodput", time, 1, false, of_run<&RunTime::goodput>},

    NamedQuantity{"throughput.mfu", "MFU, attention full", throughput, 1, true,
                  of_use<&Utilisation::mfu>},
    NamedQuantity{"throughput.mfu_causal", "MFU, attention causal", throughput, 1, false,
                  of_use<&Utilisation::mfu_causal>},
    NamedQuantity{"throughput.mfu_six_nd", "MFU by 6ND", throughput, 1, false,
                  of_use<&Utilisation::mfu_six_n>},
    NamedQuantity{"throughput.hfu", "HFU", throughput, 1, false, of_use<&Utilisation::hfu>},
    NamedQuantity{"throughput.tflops_per_gpu", "model FLOP/s per GPU", throughput, teraflop, false,
                  of_use<&Utilisation::flops_per_gpu>},
    NamedQuantity{"throughput.tokens_per_s_per_gpu", "tokens per second and GPU", throughput, 1,
                  true, of_use<&Utilisation::tokens_per_gpu>},

    NamedQuantity{"cost.gpu_hour_usd", "price of GPU time", cost, 1 / hour, false, gpu_price},
    NamedQuantity{"cost.total_usd", "total cost", cost, 1, true, cost_total},
    NamedQuantity{"cost.checkpoint_bytes", "size of a checkpoint", cost, 1, false, checkpoint},

    NamedQuantity{"energy.total_joule", "energy", energy, 1, true, of_energy<&EnergyUse::energy>},
    NamedQuantity{"carbon.total_kg", "CO2 equivalent", energy, kilogram, true,
                  of_energy<&EnergyUse::carbon>},

    NamedQuantity{"loss", "expected loss", quality, 1, true, loss_of_law},
};

bool is_share(std::string_view key) {
  return key == "time.goodput" || key.starts_with("throughput.mfu") || key == "throughput.hfu";
}

} // namespace

std::string_view to_text(QuantitySection section) {
  static constexpr std::array<std::string_view, 8> titles{
      "Parameters", "Work", "Memory per GPU",    "Time",
      "Throughput", "Cost", "Energy and carbon", "Quality"};
  return titles[static_cast<std::size_t>(section)];
}

std::span<const NamedQuantity> named_quantities() { return quantities; }

const NamedQuantity *find_quantity(std::string_view key) {
  const NamedQuantity *found = nullptr;
  for (const NamedQuantity &quantity : quantities) {
    if (quantity.key == key)
      return &quantity;
    const bool ends = quantity.key.size() > key.size() && quantity.key.ends_with(key) &&
                      quantity.key[quantity.key.size() - key.size() - 1] == '.';
    const bool begins = quantity.key.size() > key.size() && quantity.key.starts_with(key) &&
                        quantity.key[key.size()] == '.';
    if ((ends || begins) && found != nullptr)
      return nullptr; // more than one
    if (ends || begins)
      found = &quantity;
  }
  return found;
}

std::string quantity_text(const NamedQuantity &quantity, const AnyQuantity &value) {
  if (is_share(quantity.key))
    return fmt::format("{:.2f} %", 100 * value.value);
  if (quantity.key == "loss") // laws and runs are told apart by the fourth digit
    return fmt::format("{:.4f} nats/token", value.value);
  return human_text(value.value, value.exponents);
}

} // namespace flopcast
