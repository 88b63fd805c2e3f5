// SPDX-License-Identifier: Apache-2.0
#include "model/planning/pipeline_work.hpp"

#include "model/execution/exchanges.hpp"
#include "model/execution/offload.hpp"
#include "model/execution/tensor_tiles.hpp"
#include "model/execution/work.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan_graph.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

/// Builds the chunks of one plan.
class Chunks {
public:
  Chunks(const Plan &plan, const Cluster &cluster)
      : cluster_(cluster), parallel_(plan.parallelism), training_(plan.training),
        work_(work_of(plan, cluster)), chunks_(static_cast<double>(parallel_.virtual_pipeline)) {
    const Estimate answer = estimate(plan, cluster);
    assert(answer.step);
    micro_batches_ = answer.step->micro_batches;
    const StepTime &step = answer.step->predicted;
    // Of the slowest stage, whose exchanges of layers are much like the others'.
    around_ =
        (step.context_parallel + step.expert_parallel + step.host) / (micro_batches_ * chunks_);
    // Copies of activations delay the passes, what the host updates ends the step.
    const Seconds copies = copies_of_activations(plan, cluster, step);
    around_ += copies / (micro_batches_ * chunks_);
    optimizer_ = (step.optimizer + step.offload - copies) / chunks_;

    const double tokens = static_cast<double>(plan.data.sequence_length) *
                          static_cast<double>(training_.micro_batch) /
                          static_cast<double>(parallel_.context_parallel);
    const Bytes residual = tokens * static_cast<double>(plan.model.decoder.hidden) *
                           activation_bytes(training_.precision) * byte;
    boundary_ =
        residual /
        (parallel_.sequence_parallel ? static_cast<double>(parallel_.tensor_parallel) : 1.0);
    exchange_ = tensor_exchange(parallel_, training_, residual, cluster);
    layers_exchange_ = parallel_.tensor_overlap == TensorOverlap::tiles
                           ? tiled_exchange(work_, parallel_, training_, residual, cluster)
                           : tensor_exchanges(static_cast<double>(work_.layers.all_reduces),
                                              work_.layers.shared_input_weight_gradient, parallel_,
                                              training_, residual, cluster);
  }

  [[nodiscard]] std::int64_t micro_batches() const { return std::llround(micro_batches_); }

  [[nodiscard]] MessageTime message() const {
    const Seconds time = stage_message(parallel_, training_, boundary_, cluster_);
    return {.forward = time, .backward = time};
  }

  /// Layers of a chunk on this stage.
  [[nodiscard]] double layers_of(std::int64_t stage) const {
    return layers_of_stage(parallel_, work_.layer_count, stage) / chunks_;
  }

  [[nodiscard]] ChunkWork chunk(std::int64_t stage, bool first, bool last) const {
    const double layers = layers_of(stage);
    const double share = layers / static_cast<double>(std::max<std::int64_t>(work_.layer_count, 1));
    const Seconds exchanges = share * layers_exchange_.forward;
    ChunkWork chunk;
    // Backward has twice the communication of forward.
    chunk.forward = share * work_.layers.forward + exchanges + around_ / 3.0;
    chunk.weight_gradient = share * work_.layers.weight_gradient;
    chunk.input_gradient = share * work_.layers.backward - chunk.weight_gradient +
                           share * layers_exchange_.backward + 2.0 * around_ / 3.0;
    chunk.saved = training_.software.saved * share * work_.layers.saved;
    const double one_layer = 1 / std::max(layers, 1.0);
    switch (training_.recompute) {
    case Recompute::none:
      break;
    case Recompute::selective:
    case Recompute::modules:
    case Recompute::alternate:
      chunk.input_gradient += share * work_.layers.redone;
      chunk.transient = share * one_layer * (work_.layers.saved - work_.layers.saved_in_part);
      chunk.saved = training_.software.saved * share * work_.layers.saved_in_part;
      break;
    case Recompute::full: {
      const double again = recomputed_layers(training_, parallel_, work_.layer_count, stage);
      chunk.input_gradient += again * (share * work_.layers.forward + exchanges);
      chunk.transient = share * one_layer * work_.layers.saved;
      chunk.saved = again * layers * boundary_ + (1 - again) * chunk.saved;
      break;
    }
    }
    const Bytes moved = offloaded_activations(training_.offload, layers * chunks_,
                                              chunk.saved * chunks_, boundary_) /
                        chunks_;
    chunk.saved -= moved;
    if (first)
      add(work_.embedding, static_cast<double>(work_.embedding.all_reduces) * exchange_, {}, chunk);
    if (last) {
      const Seconds prediction = static_cast<double>(work_.prediction.all_reduces) * exchange_;
      add(work_.head, {}, exchange_, chunk);
      add(work_.prediction, prediction, prediction, chunk);
    }
    // Layers count their outputs. What the last of the first chunk hands on is not kept there, what
    // the last chunk is handed is: as in first_stage_memory() and last_stage_memory().
    if (first && !last)
      chunk.saved -= boundary_;
    if (last && !first)
      chunk.saved += boundary_;
    chunk.saved_for_weights = chunk.saved;
    return chunk;
  }

  [[nodiscard]] ExchangeWork exchange(double layers, bool first, bool last) const {
    const double share = layers / static_cast<double>(std::max<std::int64_t>(work_.layer_count, 1));
    double all = share * work_.layers.parameters;
    double expert = share * work_.layers.expert_parameters;
    if (first)
      all += work_.embedding.parameters;
    if (last) {
      all += work_.head.parameters + work_.prediction.parameters;
      expert += work_.prediction.expert_parameters;
      if (!first)
        all += work_.tied_output_parameters + work_.prediction_table_parameters;
    }
    ExchangeWork exchange;
    exchange.optimizer = optimizer_;
    exchange.buckets =
        training_.overlap_gradient_exchange ? std::max<std::int64_t>(1, std::llround(layers)) : 0;
    const Bytes gradients = (all - expert) * exchanged_gradient_bytes(training_) * byte;
    if (const auto buckets = gradient_buckets(training_, gradients);
        buckets && training_.overlap_gradient_exchange)
      exchange.buckets = std::llround(*buckets);
    add_exchange(all - expert, parallel_.gradient_group(), exchange);
    add_exchange(expert, parallel_.expert_gradient_group(), exchange);
    return exchange;
  }

private:
  static ModelWork work_of(const Plan &plan, const Cluster &cluster) {
    return model_work(plan_graph(plan), plan.model.decoder, plan.parallelism, plan.training,
                      cluster);
  }

  /// Of the step's offload, what moves activations: what is left where the optimizer stays.
  static Seconds copies_of_activations(const Plan &plan, const Cluster &cluster,
                                       const StepTime &step) {
    if (plan.training.offload.activations == ActivationOffload::none)
      return {};
    if (plan.training.offload.optimizer <= 0)
      return step.offload;
    Plan on_device = plan;
    on_device.training.offload.optimizer = 0;
    return estimate(on_device, cluster).step->predicted.offload;
  }

  static void add(const RegionWork &end, Seconds forward, Seconds backward, ChunkWork &chunk) {
    chunk.forward += end.forward + forward;
    chunk.weight_gradient += end.weight_gradient;
    chunk.input_gradient += end.backward - end.weight_gradient + backward;
    chunk.saved += end.saved;
  }

  void add_exchange(double parameters, const RankGroup &group, ExchangeWork &exchange) const {
    if (parameters <= 0 || group.size <= 1)
      return;
    const Bytes gradients = parameters * exchanged_gradient_bytes(training_) * byte;
    const Bytes weights = parameters * exchanged_weight_bytes(training_) * byte;
    const auto time = [&](Collective collective, Bytes data) {
      return training_.software.gradient_exchange *
             collective_time(collective, data, group, cluster_);
    };
    if (parallel_.zero_stage >= 3) {
      exchange.gather += time(Collective::all_gather, weights);
      exchange.scatter += time(Collective::reduce_scatter, gradients);
    } else if (parallel_.zero_stage >= 1) {
      exchange.gradients +=
          time(Collective::reduce_scatter, gradients) + time(Collective::all_gather, weights);
    } else {
      exchange.gradients += time(Collective::all_reduce, gradients);
    }
  }

  const Cluster &cluster_;
  const Parallelism &parallel_;
  const Training &training_;
  ModelWork work_;
  double chunks_; ///< of a stage
  double micro_batches_ = 1;
  Seconds around_;    ///< context and expert exchanges and waiting for the host, of a chunk
  Seconds optimizer_; ///< of a chunk
  Seconds exchange_;  ///< one among tensor-parallel ranks
  TensorExchangeTime layers_exchange_; ///< of all layers
  Bytes boundary_;
};

} // namespace

PipelineWork pipeline_work(const Plan &plan, const Cluster &cluster) {
  const Chunks chunks(plan, cluster);
  PipelineWork work;
  work.schedule = plan.parallelism.schedule;
  if (work.schedule == PipelineSchedule::one_f_one_b && plan.parallelism.virtual_pipeline > 1)
    work.schedule = PipelineSchedule::interleaved;
  work.stages = plan.parallelism.pipeline_parallel;
  work.chunks = plan.parallelism.virtual_pipeline;
  work.micro_batches = chunks.micro_batches();
  for (std::int64_t k = 0; k < work.virtual_stages(); ++k) {
    const bool first = k == 0;
    const bool last = k + 1 == work.virtual_stages();
    const std::int64_t stage = stage_of(work.schedule, work.stages, k);
    work.work.push_back(chunks.chunk(stage, first, last));
    work.exchange.push_back(chunks.exchange(chunks.layers_of(stage), first, last));
  }
  if (work.stages > 1) {
    work.messages = {chunks.message()};
    work.exposed_message = 1 - hidden_messages(plan.parallelism, plan.training);
  }
  return work;
}

} // namespace flopcast
