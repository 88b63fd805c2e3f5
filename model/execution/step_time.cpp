// SPDX-License-Identifier: Apache-2.0
#include "model/execution/step_time.hpp"

#include "model/execution/exchanges.hpp"
#include "model/execution/memory.hpp"
#include "model/execution/offload.hpp"
#include "model/execution/schedule/closed_form.hpp"
#include "model/execution/stage_parameters.hpp"
#include "model/execution/tensor_tiles.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

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
  Seconds expert_parallel;
  Seconds pipeline;

  Seconds weight_gradient; ///< of `backward`

  // What the host launches, and how long the device takes for it, each pass apart.
  Seconds launches_forward;
  Seconds launches_backward;
  Seconds device_forward;
  Seconds device_backward;

  [[nodiscard]] Seconds total_exchange() const {
    return tensor_parallel + context_parallel + expert_parallel + pipeline;
  }
  [[nodiscard]] Seconds total() const {
    return forward + backward + recompute + host + tensor_parallel + context_parallel +
           expert_parallel + pipeline;
  }
};

StageTime operator+(const StageTime &a, const StageTime &b) {
  return {a.forward + b.forward,
          a.backward + b.backward,
          a.recompute + b.recompute,
          a.host + b.host,
          a.tensor_parallel + b.tensor_parallel,
          a.context_parallel + b.context_parallel,
          a.expert_parallel + b.expert_parallel,
          a.pipeline + b.pipeline,
          a.weight_gradient + b.weight_gradient,
          a.launches_forward + b.launches_forward,
          a.launches_backward + b.launches_backward,
          a.device_forward + b.device_forward,
          a.device_backward + b.device_backward};
}

/// The device waits where the host takes longer over all that it launches in a pass.
StageTime with_host_wait(StageTime time) {
  time.host = with_host(time.device_forward, time.launches_forward) - time.device_forward +
              with_host(time.device_backward, time.launches_backward) - time.device_backward;
  return time;
}

/// Layers with an end of the model: one pass for the host, or parts that are waited for.
StageTime joined(StageTime sum, const Software &software) {
  const Seconds apart = sum.host;
  const Seconds together = with_host_wait(sum).host;
  sum.host = software.host_lead * together + (1 - software.host_lead) * apart;
  return sum;
}

/// Exchanges of a layer with experts: there and back, forward and backward, and again for the share
/// of layers that are computed again.
double expert_exchanges(double redone_layers) { return 4 + 2 * redone_layers; }

/// Adds what the host launches for layers.
void add_launches(StageTime &time, const ModelWork &work, const LayerShares &shares,
                  const TensorExchangeTime &exchange, double exchanges, double redone_layers,
                  const Training &training) {
  const Software &software = training.software;
  const Seconds to_experts = time.expert_parallel / expert_exchanges(redone_layers);
  time.device_forward = time.forward + exchange.forward + 2.0 * to_experts;
  time.device_backward = time.backward + time.recompute + exchange.backward +
                         (time.expert_parallel - 2.0 * to_experts);
  if (training.cuda_graphs)
    return;
  const double calls = shares.of(work, &RegionWork::forward_calls);
  const Seconds experts = shares.expert * static_cast<double>(work.expert_layer_count) *
                          work.rank_experts * software.host_experts;
  const double again = training.recompute == Recompute::full ? redone_layers * calls
                       : redoes_parts(training.recompute)
                           ? shares.of(work, &RegionWork::redone_calls)
                           : 0.0;
  time.launches_forward =
      calls * software.host_forward + exchanges * software.host_exchange + experts;
  const double backward_exchanges = 1 + redone_layers;
  time.launches_backward = shares.of(work, &RegionWork::backward_calls) * software.host_backward +
                           again * software.host_forward +
                           backward_exchanges * (exchanges * software.host_exchange + experts);
}

StageTime layers_stage(const ModelWork &work, const Parallelism &parallelism,
                       const Training &training, const StepInputs &inputs,
                       const LayerShares &shares, double layers, double again,
                       const Cluster &cluster) {
  const double share = layers / static_cast<double>(std::max<std::int64_t>(work.layer_count, 1));
  const double all_reduces = shares.of(work, &RegionWork::all_reduces);
  StageTime time;
  time.forward = shares.of(work, &RegionWork::forward);
  time.backward = shares.of(work, &RegionWork::backward);
  time.weight_gradient = shares.of(work, &RegionWork::weight_gradient);
  time.recompute = again * time.forward;
  if (redoes_parts(training.recompute))
    time.recompute += shares.of(work, &RegionWork::redone);
  TensorExchangeTime exchange;
  if (parallelism.tensor_overlap == TensorOverlap::tiles) {
    exchange = tiled_exchange(work, parallelism, training, inputs.residual, cluster);
    exchange.forward *= share;
    exchange.backward *= share;
  } else {
    exchange =
        tensor_exchanges(all_reduces, shares.of(work, &RegionWork::shared_input_weight_gradient),
                         parallelism, training, inputs.residual, cluster);
  }
  exchange.backward += again * exchange.forward;
  time.tensor_parallel = exchange.forward + exchange.backward;
  const double exchanges = parallelism.tensor_parallel > 1 ? all_reduces : 0;
  time.context_parallel =
      context_exchange(parallelism, share * inputs.key_values, share * inputs.queries,
                       shares.of(work, &RegionWork::attention_core), cluster);
  time.expert_parallel = expert_exchanges(again) * shares.expert *
                         static_cast<double>(work.expert_layer_count) *
                         expert_exchange(parallelism, training, work.expert_exchange, cluster);
  time.expert_parallel =
      exposed_expert_exchange(time.expert_parallel, time.forward + time.backward + time.recompute,
                              parallelism, inputs.micro_batches, cluster);
  add_launches(time, work, shares, exchange, exchanges, again, training);
  if (parallelism.pipeline_parallel > 1) {
    const Seconds message = stage_message(parallelism, training, inputs.boundary, cluster);
    time.pipeline = 2.0 * static_cast<double>(parallelism.virtual_pipeline) * message;
  }
  return with_host_wait(time);
}

StageTime end_stage(const RegionWork &end, bool is_head, Seconds exchange,
                    const Software &software) {
  StageTime time;
  time.forward = end.forward;
  time.backward = end.backward;
  time.weight_gradient = end.weight_gradient;
  // The embedding reduces its output, the logits the gradient of their input.
  time.tensor_parallel = is_head ? exchange : static_cast<double>(end.all_reduces) * exchange;
  time.launches_forward = static_cast<double>(end.forward_calls) * software.host_forward;
  time.launches_backward = static_cast<double>(end.backward_calls) * software.host_backward;
  time.device_forward = end.forward + (is_head ? Seconds{} : time.tensor_parallel);
  time.device_backward = end.backward + (is_head ? time.tensor_parallel : Seconds{});
  return with_host_wait(time);
}

bool inside_a_domain(const RankGroup &group, const Node &node) {
  return ranks_per_domain(group, node) == group.size;
}

/// Whether gradients leave the scale-up domains that exchanges inside a layer stay in.
bool have_links_of_their_own(const Parallelism &parallelism, const Node &node) {
  return !inside_a_domain(parallelism.gradient_group(), node) &&
         inside_a_domain(parallelism.tensor_group(), node) &&
         inside_a_domain(parallelism.expert_group(), node);
}

/// What gradients can hide behind, a micro-batch: the backward pass, under ZeRO-3 both, with the
/// exchanges inside layers where these leave the gradients' links free.
Seconds hiding_work(const StageTime &stage, const Parallelism &parallelism, const Node &node) {
  if (parallelism.zero_stage < 3)
    return stage.backward;
  return have_links_of_their_own(parallelism, node)
             ? stage.device_forward + stage.device_backward
             : stage.forward + stage.backward + stage.recompute;
}

/// What the layers that predict further tokens add to the last stage.
StageTime prediction_stage(const ModelWork &work, const Parallelism &parallelism,
                           const Training &training, Seconds exchange, const Cluster &cluster) {
  StageTime time;
  time.forward = work.prediction.forward;
  time.backward = work.prediction.backward;
  time.tensor_parallel = 2.0 * static_cast<double>(work.prediction.all_reduces) * exchange;
  time.expert_parallel = expert_exchanges(0) * static_cast<double>(work.expert_prediction_count) *
                         expert_exchange(parallelism, training, work.expert_exchange, cluster);
  return time;
}

/// Layers of the stages, and what the ends have beside them.
struct PipelineTimes {
  StageTime first_layers;
  StageTime middle;
  StageTime last_layers;
  StageTime embedding;
  StageTime head;
  std::vector<StageTime> listed; ///< layers of every stage, where the plan tells them apart
};

/// A schedule other than 1F1B in its own closed form, or simulated where it has none: the time from
/// one step to the next.
Seconds scheduled_step(const PipelineTimes &times, const Parallelism &parallelism,
                       double micro_batches) {
  // Of what a layer keeps for its backward pass, the inputs of its products stay until the
  // gradients of the weights are made: 2 + 2 + 2 + 8 of 34 bytes an element in Korthikanti 2022,
  // table 2.
  constexpr double kept_for_weights = 0.4;
  PipelineWork work;
  work.schedule = parallelism.schedule;
  if (work.schedule == PipelineSchedule::one_f_one_b && parallelism.virtual_pipeline > 1)
    work.schedule = PipelineSchedule::interleaved;
  work.stages = parallelism.pipeline_parallel;
  work.chunks = parallelism.virtual_pipeline;
  work.micro_batches = std::llround(micro_batches);
  // Qi et al. 2023, section 4: these gain most where stages begin the next step on their own.
  work.stages_end_together = parallelism.schedule != PipelineSchedule::zb_h2 &&
                             parallelism.schedule != PipelineSchedule::zb_v;
  const std::int64_t chunks = work.virtual_stages();
  for (std::int64_t k = 0; k < chunks; ++k) {
    const auto stage = static_cast<std::size_t>(stage_of(work.schedule, work.stages, k));
    const StageTime &layers = !times.listed.empty() ? times.listed[stage]
                              : k == 0              ? times.first_layers
                              : k == chunks - 1     ? times.last_layers
                                                    : times.middle;
    const double share = 1 / static_cast<double>(work.chunks);
    Seconds forward = share * (layers.forward + layers.total_exchange() / 3.0);
    Seconds weight = share * layers.weight_gradient;
    Seconds all = share * layers.total();
    for (const auto &[here, end] :
         {std::pair{k == 0, &times.embedding}, std::pair{k == chunks - 1, &times.head}})
      if (here) {
        forward += end->forward + end->total_exchange() / 3.0;
        weight += end->weight_gradient;
        all += end->total();
      }
    work.work.push_back({.forward = forward,
                         .input_gradient = all - forward - weight,
                         .weight_gradient = weight,
                         .saved = 1.0 * units::byte, // the schedule compares chunks alone
                         .saved_for_weights = kept_for_weights * units::byte,
                         .transient = {}});
  }
  work.messages = {MessageTime{}}; // part of the stages' times
  return schedule_time(work).step;
}

/// What a pipeline takes longer than the work of its slowest stage. 1F1B, plain and interleaved, as
/// one micro-batch on each of the other stages.
Seconds bubble_time(const PipelineTimes &times, Seconds slowest, const Parallelism &parallelism,
                    double micro_batches) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  if (alternates(parallelism.schedule) && times.listed.empty()) {
    const Seconds all = with_host_wait(times.first_layers + times.embedding).total() +
                        with_host_wait(times.last_layers + times.head).total() +
                        (stages - 2) * times.middle.total();
    return (all - slowest) / static_cast<double>(parallelism.virtual_pipeline);
  }
  return std::max(scheduled_step(times, parallelism, micro_batches) - micro_batches * slowest,
                  Seconds{});
}

} // namespace

StepTime predicted_step_time(const ModelWork &work, const Parallelism &parallelism,
                             const Training &training, const StepInputs &inputs,
                             const Cluster &cluster) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  const Seconds exchange = tensor_exchange(parallelism, training, inputs.residual, cluster);
  const StageLayers layers_of = stage_layers(parallelism, work.layer_count);
  const double again = recomputed_layers(training, parallelism, work.layer_count);
  const auto layers_time = [&](double layers, const LayerShares &shares, double redone) {
    return layers_stage(work, parallelism, training, inputs, shares, layers, redone, cluster);
  };
  const auto inner_time = [&](double layers) {
    return layers_time(layers, other_layer_shares(work, layers, layers_of.first), again);
  };
  const bool only = parallelism.pipeline_parallel == 1;
  // Without a first stage of their own, dense layers before those with experts are on the only one.
  const StageTime middle =
      only ? layers_time(layers_of.middle, first_layer_shares(work, layers_of.middle), again)
           : inner_time(layers_of.middle);
  const StageTime embedding = end_stage(work.embedding, false, exchange, training.software);
  const StageTime head = end_stage(work.head, true, exchange, training.software) +
                         prediction_stage(work, parallelism, training, exchange, cluster);
  // Ends that hold the same layers as the others need no second look.
  const bool even = !parallelism.first_stage_layers && !parallelism.last_stage_layers;
  // A stage waits for what it receives: the first gets nothing forward, the last nothing backward.
  const auto at_an_end = [&](StageTime layers) {
    layers.pipeline -= layers.pipeline / (2.0 * static_cast<double>(parallelism.virtual_pipeline));
    return layers;
  };
  std::vector<StageTime> listed;
  if (lists_stages(parallelism, training)) {
    for (std::int64_t stage = 0; stage < parallelism.pipeline_parallel; ++stage)
      listed.push_back(
          layers_time(layers_of_stage(parallelism, work.layer_count, stage),
                      stage_shares(work, parallelism, stage),
                      recomputed_layers(training, parallelism, work.layer_count, stage)));
    listed.front() = at_an_end(listed.front());
    if (!only)
      listed.back() = at_an_end(listed.back());
  }
  const StageTime first_layers =
      !listed.empty()
          ? listed.front()
          : at_an_end(even && work.dense_first_count == 0
                          ? middle
                          : layers_time(layers_of.first, first_layer_shares(work, layers_of.first),
                                        again));
  const StageTime last_layers =
      !listed.empty() ? listed.back() : at_an_end(even ? middle : inner_time(layers_of.last));
  const StageTime &all_layers = listed.empty() ? middle : listed.front();
  const StageTime first =
      joined(only ? all_layers + embedding + head : first_layers + embedding, training.software);
  const StageTime last = only ? first : joined(last_layers + head, training.software);
  const StageTime *slowest_stage = only || first.total() > last.total() ? &first : &last;
  std::int64_t slowest_index = slowest_stage == &first ? 0 : parallelism.pipeline_parallel - 1;
  if (listed.empty() && parallelism.pipeline_parallel > 2 &&
      middle.total() > slowest_stage->total()) {
    slowest_stage = &middle;
    slowest_index = 1;
  }
  for (std::int64_t stage = 1; stage + 1 < std::ssize(listed); ++stage)
    if (const StageTime &inner = listed[static_cast<std::size_t>(stage)];
        inner.total() > slowest_stage->total()) {
      slowest_stage = &inner;
      slowest_index = stage;
    }
  const StageTime &slowest = *slowest_stage;

  const double m = inputs.micro_batches;
  StepTime step;
  step.compute = m * (slowest.forward + slowest.backward);
  step.recompute = m * slowest.recompute;
  step.host = m * slowest.host;
  step.tensor_parallel = m * slowest.tensor_parallel;
  step.context_parallel = m * slowest.context_parallel;
  step.expert_parallel = m * slowest.expert_parallel;
  step.pipeline = (1 - hidden_messages(parallelism, training)) * m * slowest.pipeline;
  if (!only)
    step.bubble = bubble_time({first_layers, middle, last_layers, embedding, head, listed},
                              slowest.total(), parallelism, m);

  const StageParameters layers = layer_parameters(work, 1 / stages);
  const StageParameters last_end = only ? head_parameters(work) : last_end_parameters(work);
  StageParameters ends = embedding_parameters(work);
  if (only)
    ends = ends + last_end;
  else if (listed.empty() && last_end.all > ends.all)
    ends = last_end;
  StageParameters stage = layers + ends;
  // The part that nothing can hide: the last bucket, about a layer's.
  double alone = stages / std::max(static_cast<double>(work.layer_count), stages);
  if (!listed.empty() && !only) {
    const FullestStage fullest = fullest_stage(work, parallelism, ends, last_end);
    stage = fullest.parameters;
    alone = 1 / std::max(fullest.layers, 1.0);
  }
  const std::array summed{SummedParameters{stage.all - stage.expert, parallelism.gradient_group()},
                          SummedParameters{stage.expert, parallelism.expert_gradient_group()}};
  HidingWork hiding{hiding_work(slowest, parallelism, cluster.node), alone};
  if (parallelism.virtual_pipeline > 1 && alternates(parallelism.schedule)) {
    hiding.chunks = static_cast<double>(parallelism.virtual_pipeline);
    hiding.apart = stages;
  }
  step.data_parallel = gradient_exchange(summed, parallelism, training, hiding, m, cluster);
  step.optimizer = optimizer_time(stage, parallelism, training, cluster);
  if (training.offload.any()) {
    step.optimizer *= 1 - training.offload.optimizer;
    const double redone = recomputed_layers(training, parallelism, work.layer_count, slowest_index);
    const double layers_there = layers_of_stage(parallelism, work.layer_count, slowest_index);
    const Bytes kept = kept_by_layers(work, stage_shares(work, parallelism, slowest_index),
                                      layers_there, redone, training, inputs.boundary);
    step.offload = offload_time(training.offload, optimizer_traffic(stage, parallelism, training),
                                {.forward = slowest.forward,
                                 .backward = slowest.backward + slowest.recompute,
                                 .optimizer = step.optimizer,
                                 .micro_batches = m,
                                 .pieces = layers_there,
                                 .activations = offloaded_activations(
                                     training.offload, layers_there, kept, inputs.boundary)},
                                cluster)
                       .total();
  }
  step.overhead = training.software.step_overhead;
  const double slowest_gpu = slowest_of(training.software, static_cast<double>(parallelism.gpus()));
  step.stragglers = (slowest_gpu - 1) * step.total();
  return step;
}

} // namespace flopcast
