// SPDX-License-Identifier: Apache-2.0
#include "model/execution/memory.hpp"

#include "model/execution/offload.hpp"
#include "model/execution/schedule/closed_form.hpp"
#include "model/execution/stage_parameters.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

MemoryParts states(const StageParameters &stage, double of_layer, const Parallelism &parallelism,
                   const Training &training) {
  using namespace units;
  const ParameterBytes bytes = held_parameter_bytes(training, parallelism.zero_stage);
  // DualPipe keeps the weights of two stages on each, one for either direction.
  const double copies = parallelism.schedule == PipelineSchedule::dual_pipe ? 2 : 1;
  const ParameterSharing weights = sharing_from(3, parallelism);
  const ParameterSharing gradients = sharing_from(2, parallelism);
  const ParameterSharing optimizer = sharing_from(1, parallelism);
  MemoryParts parts;
  parts.weights = copies * weights.of(stage.all, stage.expert) * bytes.weight * byte;
  parts.gradients = copies * gradients.of(stage.all, stage.expert) * bytes.gradient * byte;
  if (bytes.gradient > bytes.weight)
    parts.gradients += copies * stage.all * training.software.kept_gradient_bytes * byte;
  const double matrix = optimizer.of(stage.matrix, stage.expert_matrix);
  const double held = optimizer.of(stage.all, stage.expert);
  parts.optimizer = (matrix * bytes.matrix_state + (held - matrix) * bytes.other_state) * byte;
  offload_states(parts, training.offload,
                 {.states = parts.optimizer,
                  .gradients = held * bytes.gradient * byte,
                  .weights = held * bytes.weight * byte});
  // ZeRO-3 gathers the layer at work and prefetches the next; the layer's gradients are whole until
  // they are scattered.
  if (parallelism.zero_stage >= 3)
    parts.buffers = of_layer * (2 * exchanged_weight_bytes(training) + bytes.gradient) * byte;
  parts.reserve = training.memory_reserve;
  return parts;
}

} // namespace

Bytes kept_by_layers(const ModelWork &work, const LayerShares &shares, double layers, double redone,
                     const Training &training, Bytes boundary) {
  const Bytes whole = training.software.saved * shares.of(work, &RegionWork::saved);
  switch (training.recompute) {
  case Recompute::none:
    return whole;
  case Recompute::selective:
  case Recompute::modules:
  case Recompute::alternate:
    return training.software.saved * shares.of(work, &RegionWork::saved_in_part);
  case Recompute::full: {
    return redone * layers * boundary + (1 - redone) * whole;
  }
  }
  return {};
}

namespace {

/// What one layer rebuilds before its backward pass, on a stage that redoes this share of its
/// layers.
Bytes rebuilt_at_once(const ModelWork &work, const Training &training, double redone) {
  const Recompute recompute = training.recompute;
  if (!training.recompute_by_stage.empty() && redone == 0)
    return {};
  const auto layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const Bytes whole = work.layers.saved / layers;
  switch (recompute) {
  case Recompute::none:
    return {};
  case Recompute::selective:
  case Recompute::modules:
  case Recompute::alternate:
    return whole - work.layers.saved_in_part / layers;
  case Recompute::full:
    return whole;
  }
  return {};
}

Bytes kept_by_head(const ModelWork &work, const Training &training) {
  return (1 + training.software.logit_copies) * work.head.saved + work.prediction.saved;
}

/// The last micro-batch is where a stage holds most: with the loss and its gradients, or later,
/// when these are gone, with what a layer needs for its backward pass.
void add_peak(MemoryParts &parts, Bytes head, const ModelWork &work, const Training &training,
              double redone) {
  const Bytes rebuilt = rebuilt_at_once(work, training, redone);
  if (head > rebuilt + work.gradients_in_flight) {
    parts.activations += head;
  } else {
    parts.activations += rebuilt;
    parts.buffers += work.gradients_in_flight;
  }
}

/// With the chunk whose forward pass runs beside the backward one of another, where it does.
double with_overlap(double kept, const Parallelism &parallelism, double micro_batches) {
  const bool beside = parallelism.expert_overlap == ExpertOverlap::micro_batches &&
                      parallelism.schedule != PipelineSchedule::dual_pipe; // counts it
  return beside
             ? std::min(micro_batches, kept + 1 / static_cast<double>(parallelism.virtual_pipeline))
             : kept;
}

/// Micro-batches that an inner stage keeps at its peak, a chunk counted as its share.
double in_flight(const Parallelism &parallelism, double micro_batches, std::int64_t stage) {
  PipelineSchedule schedule = parallelism.schedule;
  if (schedule == PipelineSchedule::one_f_one_b && parallelism.virtual_pipeline > 1)
    schedule = PipelineSchedule::interleaved;
  const InFlight kept =
      micro_batches_in_flight(schedule, parallelism.pipeline_parallel, parallelism.virtual_pipeline,
                              std::llround(micro_batches), stage);
  return with_overlap(kept.saved + kept.awaiting_weights, parallelism, micro_batches);
}

/// The same of the first stage or the last.
double in_flight(const Parallelism &parallelism, double micro_batches, bool last_stage) {
  const PipelineSchedule schedule = parallelism.schedule;
  if (schedule == PipelineSchedule::one_f_one_b || schedule == PipelineSchedule::interleaved)
    return with_overlap(micro_batches_in_flight(parallelism, micro_batches, last_stage),
                        parallelism, micro_batches);
  const InFlight kept = micro_batches_in_flight(
      schedule, parallelism.pipeline_parallel, parallelism.virtual_pipeline,
      std::llround(micro_batches), last_stage ? parallelism.pipeline_parallel - 1 : 0);
  return kept.saved + kept.awaiting_weights;
}

/// What the allocator holds beyond the tensors.
void add_fragments(MemoryParts &parts, const Training &training) {
  parts.fragments = training.software.fragmentation * parts.allocated();
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
  const bool only = parallelism.pipeline_parallel == 1;
  const auto all_layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const double layers = stage_layers(parallelism, work.layer_count).first;
  const double of_layer = work.layers.parameters / all_layers;
  const LayerShares shares = first_layer_shares(work, layers);
  StageParameters stage = layer_parameters(work, shares) + embedding_parameters(work);
  if (only)
    stage = stage + head_parameters(work);
  MemoryParts parts = states(stage, of_layer, parallelism, training);

  // The layers count their inputs as the outputs of the layers before; what the last layer of a
  // stage hands on is not kept there, unless the head follows.
  const Bytes handed_on = only ? Bytes{} : inputs.boundary;
  const double redone = recomputed_layers(training, parallelism, work.layer_count, 0);
  const Bytes kept = kept_by_layers(work, shares, layers, redone, training, inputs.boundary);
  const double alive = in_flight(parallelism, inputs.micro_batches, false);
  parts.activations = alive * (kept + work.embedding.saved - handed_on);
  offload_activations(parts, training.offload, layers, alive,
                      offloaded_activations(training.offload, layers, kept, inputs.boundary));
  add_peak(parts, only ? kept_by_head(work, training) : Bytes{}, work, training, redone);
  if (!only)
    parts.buffers += 2.0 * inputs.boundary; // a message in and one out
  add_fragments(parts, training);
  return parts;
}

MemoryParts last_stage_memory(const ModelWork &work, const Parallelism &parallelism,
                              const Training &training, const MemoryInputs &inputs) {
  if (parallelism.pipeline_parallel == 1)
    return first_stage_memory(work, parallelism, training, inputs);
  const auto all_layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const StageLayers layers_of = stage_layers(parallelism, work.layer_count);
  const double layers = layers_of.last;
  const double of_layer = work.layers.parameters / all_layers;
  const LayerShares shares = other_layer_shares(work, layers, layers_of.first);
  const StageParameters stage = layer_parameters(work, shares) + last_end_parameters(work);
  MemoryParts parts = states(stage, of_layer, parallelism, training);
  const double redone =
      recomputed_layers(training, parallelism, work.layer_count, parallelism.pipeline_parallel - 1);
  const Bytes kept = kept_by_layers(work, shares, layers, redone, training, inputs.boundary);
  const double alive = in_flight(parallelism, inputs.micro_batches, true);
  parts.activations = alive * (kept + inputs.boundary);
  offload_activations(parts, training.offload, layers, alive,
                      offloaded_activations(training.offload, layers, kept, inputs.boundary));
  add_peak(parts, kept_by_head(work, training), work, training, redone);
  parts.buffers += 2.0 * inputs.boundary;
  add_fragments(parts, training);
  return parts;
}

MemoryParts stage_memory(const ModelWork &work, const Parallelism &parallelism,
                         const Training &training, const MemoryInputs &inputs, std::int64_t stage) {
  if (stage == 0)
    return first_stage_memory(work, parallelism, training, inputs);
  if (stage == parallelism.pipeline_parallel - 1)
    return last_stage_memory(work, parallelism, training, inputs);
  const auto all_layers = static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const double layers = layers_of_stage(parallelism, work.layer_count, stage);
  const LayerShares shares = stage_shares(work, parallelism, stage);
  MemoryParts parts = states(layer_parameters(work, shares), work.layers.parameters / all_layers,
                             parallelism, training);
  // It keeps its input and hands its output on, so that its layers' outputs count them right.
  const double redone = recomputed_layers(training, parallelism, work.layer_count, stage);
  const Bytes kept = kept_by_layers(work, shares, layers, redone, training, inputs.boundary);
  const double alive = in_flight(parallelism, inputs.micro_batches, stage);
  parts.activations = alive * kept;
  offload_activations(parts, training.offload, layers, alive,
                      offloaded_activations(training.offload, layers, kept, inputs.boundary));
  add_peak(parts, {}, work, training, redone);
  parts.buffers += 2.0 * inputs.boundary;
  add_fragments(parts, training);
  return parts;
}

} // namespace flopcast
