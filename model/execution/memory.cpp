// SPDX-License-Identifier: Apache-2.0
#include "model/execution/memory.hpp"

#include <algorithm>

namespace flopcast {
namespace {

struct StageParameters {
  double all = 0;
  double matrix = 0; ///< inside layers: what Muon treats as matrices
};

MemoryParts states(const StageParameters &stage, double layer_parameters,
                   const Parallelism &parallelism, const Training &training) {
  using namespace units;
  const ParameterBytes bytes = parameter_bytes(training);
  const double sharers = static_cast<double>(parallelism.gradient_group().size);
  const auto share_from = [&](int zero_stage) {
    return parallelism.zero_stage >= zero_stage ? 1 / sharers : 1.0;
  };
  MemoryParts parts;
  parts.weights = stage.all * bytes.weight * share_from(3) * byte;
  parts.gradients = stage.all * bytes.gradient * share_from(2) * byte;
  parts.optimizer =
      (stage.matrix * bytes.matrix_state + (stage.all - stage.matrix) * bytes.other_state) *
      share_from(1) * byte;
  // ZeRO-3 gathers the layer at work and prefetches the next; the layer's gradients are whole until
  // they are scattered.
  if (parallelism.zero_stage >= 3)
    parts.buffers = layer_parameters * (2 * bytes.weight + bytes.gradient) * byte;
  parts.reserve = training.memory_reserve;
  return parts;
}

/// Activations that a micro-batch leaves in the layers of a stage.
Bytes kept_by_layers(const ModelWork &work, double stages, Recompute recompute,
                     const MemoryInputs &inputs) {
  switch (recompute) {
  case Recompute::none:
    return work.layers.saved / stages;
  case Recompute::selective:
    return work.layers.saved_selectively / stages;
  case Recompute::full:
    return inputs.layers_per_stage * inputs.boundary;
  }
  return {};
}

/// What one layer rebuilds before its backward pass.
Bytes rebuilt_at_once(const ModelWork &work, double stages, Recompute recompute,
                      const MemoryInputs &inputs) {
  const double stage_layers = std::max(inputs.layers_per_stage, 1.0);
  const Bytes whole = work.layers.saved / (stages * stage_layers);
  switch (recompute) {
  case Recompute::none:
    return {};
  case Recompute::selective:
    return whole - work.layers.saved_selectively / (stages * stage_layers);
  case Recompute::full:
    return whole;
  }
  return {};
}

} // namespace

double micro_batches_in_flight(const Parallelism &parallelism, double micro_batches,
                               bool last_stage) {
  const auto p = static_cast<double>(parallelism.pipeline_parallel);
  const auto v = static_cast<double>(parallelism.virtual_pipeline);
  if (parallelism.virtual_pipeline > 1) {
    // Stage i warms up with 2(p-1-i) + (v-1)p chunks and starts one more, each 1/v of its layers.
    const double steps_behind_last = last_stage ? 0 : p - 1;
    return std::min(micro_batches, (2 * steps_behind_last + (v - 1) * p + 1) / v);
  }
  return std::min(micro_batches, last_stage ? 1.0 : p);
}

MemoryParts first_stage_memory(const ModelWork &work, const Parallelism &parallelism,
                               const Training &training, const MemoryInputs &inputs) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  const bool only = parallelism.pipeline_parallel == 1;
  const double layer_parameters = work.layers.parameters / (stages * inputs.layers_per_stage);
  StageParameters stage{work.embedding.parameters + work.layers.parameters / stages,
                        work.layers.matrix_parameters / stages};
  if (only)
    stage.all += work.head.parameters;
  MemoryParts parts = states(stage, layer_parameters, parallelism, training);

  const double in_flight = micro_batches_in_flight(parallelism, inputs.micro_batches, false);
  // The layers count their inputs as the outputs of the layers before; what the last layer of a
  // stage hands on is not kept there, unless the head follows.
  const Bytes handed_on = only ? Bytes{} : inputs.boundary;
  const Bytes a_micro_batch =
      kept_by_layers(work, stages, training.recompute, inputs) + work.embedding.saved - handed_on;
  parts.activations =
      in_flight * a_micro_batch + rebuilt_at_once(work, stages, training.recompute, inputs);
  if (only) {
    parts.activations += work.head.saved;
  } else {
    parts.buffers += 2.0 * inputs.boundary; // a message in and one out
  }
  return parts;
}

MemoryParts last_stage_memory(const ModelWork &work, const Parallelism &parallelism,
                              const Training &training, const MemoryInputs &inputs) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  if (parallelism.pipeline_parallel == 1)
    return first_stage_memory(work, parallelism, training, inputs);
  const double layer_parameters = work.layers.parameters / (stages * inputs.layers_per_stage);
  // A tied output matrix lives on both ends of the pipeline.
  MemoryParts parts =
      states({work.head.parameters + work.tied_output_parameters + work.layers.parameters / stages,
              work.layers.matrix_parameters / stages},
             layer_parameters, parallelism, training);
  const double in_flight = micro_batches_in_flight(parallelism, inputs.micro_batches, true);
  const Bytes a_micro_batch =
      kept_by_layers(work, stages, training.recompute, inputs) + inputs.boundary;
  parts.activations = in_flight * a_micro_batch + work.head.saved +
                      rebuilt_at_once(work, stages, training.recompute, inputs);
  parts.buffers += 2.0 * inputs.boundary;
  return parts;
}

} // namespace flopcast
