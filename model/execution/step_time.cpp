// SPDX-License-Identifier: Apache-2.0
#include "model/execution/step_time.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

/// What one micro-batch costs a stage.
struct StageTime {
  Seconds forward;
  Seconds backward;
  Seconds recompute;
  Seconds host;
  Seconds tensor_parallel;
  Seconds context_parallel;
  Seconds pipeline;

  [[nodiscard]] Seconds total() const {
    return forward + backward + recompute + host + tensor_parallel + context_parallel + pipeline;
  }
};

StageTime operator+(const StageTime &a, const StageTime &b) {
  return {a.forward + b.forward,
          a.backward + b.backward,
          a.recompute + b.recompute,
          a.host + b.host,
          a.tensor_parallel + b.tensor_parallel,
          a.context_parallel + b.context_parallel,
          a.pipeline + b.pipeline};
}

/// Exposed: what the products that it is cut into do not hide.
Seconds tensor_exchange(const Parallelism &parallelism, const Training &training, Bytes residual,
                        const Cluster &cluster) {
  const RankGroup group = parallelism.tensor_group();
  if (group.size <= 1)
    return {};
  const Software &software = training.software;
  const auto time = [&](Collective collective) {
    return software.tensor_exchange * collective_time(collective, residual, group, cluster);
  };
  const Seconds whole = parallelism.sequence_parallel
                            ? time(Collective::all_gather) + time(Collective::reduce_scatter)
                            : time(Collective::all_reduce);
  return (1 - software.hidden_tensor_exchange) * whole;
}

/// What an exchange costs a step that works beside it. `alone` of it has nothing beside it. The
/// rest begins with the work and takes a share of the multiprocessors as long as it lasts, so the
/// work is done late by that share of it.
Seconds exposed_time(Seconds exchange, Seconds alone, Seconds work, double slowdown) {
  const Seconds beside = exchange - alone;
  return alone + std::max(beside - work, (1 - 1 / slowdown) * beside);
}

/// Keys and values travel round the ring while the attention works on those that are there.
Seconds context_exchange(const ModelWork &work, const Parallelism &parallelism,
                         const StepInputs &inputs, double stages, const Cluster &cluster) {
  const RankGroup group = parallelism.context_group();
  if (group.size <= 1)
    return {};
  const Seconds one_way = static_cast<double>(group.size - 1) *
                          collective_time(Collective::point_to_point, inputs.key_values / stages,
                                          parallelism.context_neighbours(), cluster);
  const Seconds hidden = work.layers.attention_core / stages;
  // Backward sends keys, values and their gradients, behind attention that takes over twice as
  // long.
  const double slowdown = overlap_slowdown(parallelism.context_neighbours(), cluster);
  return exposed_time(one_way, {}, hidden, slowdown) +
         exposed_time(2.0 * one_way, {}, 2.0 * hidden, slowdown);
}

/// What the device waits for a host that launches these calls, forward and backward apart.
Seconds host_wait(const RegionWork &work, const StageTime &time, double share, double exchanges,
                  const Training &training) {
  const Software &software = training.software;
  const double again =
      training.recompute == Recompute::full        ? static_cast<double>(work.forward_calls)
      : training.recompute == Recompute::selective ? static_cast<double>(work.core_calls)
                                                   : 0.0;
  const Seconds launches_forward =
      share * static_cast<double>(work.forward_calls) * software.host_forward +
      exchanges * software.host_exchange;
  const double backward_exchanges = training.recompute == Recompute::full ? 2.0 : 1.0;
  const Seconds launches_backward =
      share * static_cast<double>(work.backward_calls) * software.host_backward +
      share * again * software.host_forward +
      backward_exchanges * exchanges * software.host_exchange;
  const Seconds exchange = time.tensor_parallel / (1 + backward_exchanges);
  const Seconds forward = time.forward + exchange;
  const Seconds backward = time.backward + time.recompute + backward_exchanges * exchange;
  return with_host(forward, launches_forward) - forward + with_host(backward, launches_backward) -
         backward;
}

StageTime layers_stage(const ModelWork &work, const Parallelism &parallelism,
                       const Training &training, const StepInputs &inputs, const Cluster &cluster) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  const auto all_reduces = static_cast<double>(work.layers.all_reduces) / stages;
  const Seconds exchange = tensor_exchange(parallelism, training, inputs.residual, cluster);
  StageTime time;
  time.forward = work.layers.forward / stages;
  time.backward = work.layers.backward / stages;
  time.tensor_parallel = 2.0 * all_reduces * exchange;
  if (training.recompute == Recompute::selective) {
    time.recompute = work.layers.attention_core / stages;
  } else if (training.recompute == Recompute::full) {
    time.recompute = time.forward;
    time.tensor_parallel += all_reduces * exchange;
  }
  const double exchanges = parallelism.tensor_parallel > 1 ? all_reduces : 0;
  time.host = host_wait(work.layers, time, 1 / stages, exchanges, training);
  time.context_parallel = context_exchange(work, parallelism, inputs, stages, cluster);
  if (parallelism.pipeline_parallel > 1) {
    const Seconds message = training.software.stage_exchange *
                            collective_time(Collective::point_to_point, inputs.boundary,
                                            parallelism.stage_neighbours(), cluster);
    time.pipeline = 2.0 * static_cast<double>(parallelism.virtual_pipeline) * message;
  }
  return time;
}

StageTime end_stage(const RegionWork &end, bool is_head, Seconds exchange) {
  StageTime time;
  time.forward = end.forward;
  time.backward = end.backward;
  // The embedding reduces its output, the logits the gradient of their input.
  time.tensor_parallel = is_head ? exchange : static_cast<double>(end.all_reduces) * exchange;
  return time;
}

Seconds gradient_exchange(double parameters, const Parallelism &parallelism,
                          const Training &training, const StageTime &stage,
                          double layers_time_share, double micro_batches, const Cluster &cluster) {
  using namespace units;
  const RankGroup group = parallelism.gradient_group();
  if (group.size <= 1)
    return {};
  const ParameterBytes bytes = parameter_bytes(training);
  const Bytes gradients = parameters * bytes.gradient * byte;
  const Bytes weights = parameters * bytes.weight * byte;
  const auto time = [&](Collective collective, Bytes data) {
    return training.software.gradient_exchange * collective_time(collective, data, group, cluster);
  };
  if (parallelism.zero_stage >= 3) {
    // Every micro-batch gathers the weights twice and scatters the gradients; a layer's exchange
    // hides behind the work on its neighbours, the first layer's does not.
    const Seconds each =
        2.0 * time(Collective::all_gather, weights) + time(Collective::reduce_scatter, gradients);
    if (!training.overlap_gradient_exchange)
      return micro_batches * each;
    const Seconds hidden = stage.forward + stage.backward + stage.recompute;
    return micro_batches *
           exposed_time(each, layers_time_share * each, hidden, overlap_slowdown(group, cluster));
  }
  const Seconds whole = parallelism.zero_stage == 0 ? time(Collective::all_reduce, gradients)
                                                    : time(Collective::reduce_scatter, gradients) +
                                                          time(Collective::all_gather, weights);
  if (!training.overlap_gradient_exchange)
    return whole;
  return exposed_time(whole, layers_time_share * whole, stage.backward,
                      overlap_slowdown(group, cluster));
}

/// Every state is read and written once, gradients and weights once each.
Seconds optimizer_time(double matrix_parameters, double other_parameters,
                       const Parallelism &parallelism, const Training &training,
                       const Cluster &cluster) {
  using namespace units;
  const ParameterBytes bytes = parameter_bytes(training);
  const double sharers =
      parallelism.zero_stage >= 1 ? static_cast<double>(parallelism.gradient_group().size) : 1.0;
  const double traffic =
      matrix_parameters * (2 * bytes.matrix_state + bytes.gradient + bytes.weight) +
      other_parameters * (2 * bytes.other_state + bytes.gradient + bytes.weight);
  const auto held = std::llround((matrix_parameters + other_parameters) / sharers);
  return operator_time(cluster.device, cluster.calibration,
                       OperatorCall{.kind = OperatorClass::optimizer,
                                    .pass = Pass::forward,
                                    .format = NumberFormat::fp32,
                                    .flops = {},
                                    .bytes = traffic / sharers * byte,
                                    .shape = {.batch = 1, .rows = held, .columns = 1}});
}

} // namespace

StepTime predicted_step_time(const ModelWork &work, const Parallelism &parallelism,
                             const Training &training, const StepInputs &inputs,
                             const Cluster &cluster) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  const Seconds exchange = tensor_exchange(parallelism, training, inputs.residual, cluster);
  const StageTime middle = layers_stage(work, parallelism, training, inputs, cluster);
  const StageTime embedding = end_stage(work.embedding, false, exchange);
  const StageTime head = end_stage(work.head, true, exchange);
  const bool only = parallelism.pipeline_parallel == 1;
  const StageTime first = only ? middle + embedding + head : middle + embedding;
  const StageTime last = only ? first : middle + head;
  const bool first_is_slower = only || first.total() > last.total();
  const StageTime &slowest = first_is_slower ? first : last;

  const double m = inputs.micro_batches;
  StepTime step;
  step.compute = m * (slowest.forward + slowest.backward);
  step.recompute = m * slowest.recompute;
  step.host = m * slowest.host;
  step.tensor_parallel = m * slowest.tensor_parallel;
  step.context_parallel = m * slowest.context_parallel;
  step.pipeline = m * slowest.pipeline;
  if (!only) {
    const Seconds all_stages = first.total() + last.total() + (stages - 2) * middle.total();
    step.bubble =
        (all_stages - slowest.total()) / static_cast<double>(parallelism.virtual_pipeline);
  }

  const double layer_parameters = work.layers.parameters / stages;
  const double end_parameters = only ? work.embedding.parameters + work.head.parameters
                                     : std::max(work.embedding.parameters,
                                                work.head.parameters + work.tied_output_parameters);
  const double parameters = layer_parameters + end_parameters;
  // The part that nothing can hide: the last bucket, about a layer's.
  const double exposed_share = stages / std::max(static_cast<double>(work.layer_count), stages);
  step.data_parallel =
      gradient_exchange(parameters, parallelism, training, slowest, exposed_share, m, cluster);
  const double matrix = work.layers.matrix_parameters / stages;
  step.optimizer = optimizer_time(matrix, parameters - matrix, parallelism, training, cluster);
  step.overhead = training.software.step_overhead;
  const double slowest_gpu = slowest_of(training.software, static_cast<double>(parallelism.gpus()));
  step.stragglers = (slowest_gpu - 1) * step.total();
  return step;
}

} // namespace flopcast
