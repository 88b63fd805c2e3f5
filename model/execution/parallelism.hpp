// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collectives.hpp"
#include "model/execution/schedule/pipeline.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace flopcast {

/// How context-parallel ranks see each other's keys and values.
enum class ContextExchange {
  ring,       ///< passed on while the attention works: Liu et al. 2023
  all_gather, ///< gathered before it: Llama 3, section 3.3.2
  all_to_all, ///< all tokens of a share of the heads: Jacobs et al. 2023 (Ulysses)
};

[[nodiscard]] std::span<const Spelled<ContextExchange>> context_exchange_names();

/// Which tokens of a sequence a context-parallel rank has. A causal mask leaves the later ones more
/// keys to see.
enum class ContextSplit {
  balanced,   ///< an early and a late part: all ranks see as many keys
  contiguous, ///< one part: the last rank sees most, and the others wait for it
};

[[nodiscard]] std::span<const Spelled<ContextSplit>> context_split_names();

/// What hides the exchanges of the residual stream among tensor-parallel ranks.
enum class TensorOverlap {
  framework, ///< the share that the framework is known for: Software::hidden_tensor_exchange
  tiles,     ///< each goes round a ring behind the tiles of its product: see tiled_exposure()
};

[[nodiscard]] std::span<const Spelled<TensorOverlap>> tensor_overlap_names();

/// What goes from a rank to those that hold the experts of its tokens.
enum class ExpertDispatch {
  all_to_all,   ///< a row for each expert of a token
  deduplicated, ///< a token's row once to each domain, or inside one to each rank: DeepEP
};

[[nodiscard]] std::span<const Spelled<ExpertDispatch>> expert_dispatch_names();

/// What hides tokens on their way to experts.
enum class ExpertOverlap {
  none,
  /// The layers of one micro-batch's backward pass, and the other way round: 1F1B, interleaved
  /// where stages are several.
  micro_batches,
};

[[nodiscard]] std::span<const Spelled<ExpertOverlap>> expert_overlap_names();

/// How the ranks share the model and the batch. Ranks are numbered tensor fastest, then context,
/// data, pipeline. For routed experts the ranks of a stage are divided anew: expert-tensor fastest,
/// then expert, then those that hold the same experts.
struct Parallelism {
  std::int64_t tensor_parallel = 1;
  bool sequence_parallel = false; ///< norms and residuals split along the sequence too
  std::int64_t pipeline_parallel = 1;
  std::int64_t virtual_pipeline = 1; ///< chunks of layers on a stage (interleaved 1F1B)
  /// Layers of the ends, where embedding and logits make them lighter; absent: as the others'.
  std::optional<std::int64_t> first_stage_layers = std::nullopt;
  std::optional<std::int64_t> last_stage_layers = std::nullopt;
  /// Layers of each stage; empty: shared out evenly, but for the ends above.
  std::vector<std::int64_t> layers_by_stage = {};
  std::int64_t context_parallel = 1;
  std::int64_t expert_parallel = 1;
  /// Ranks that share the width of an expert; absent: as many as tensor_parallel.
  std::optional<std::int64_t> expert_tensor_parallel = std::nullopt;
  double expert_imbalance = 1; ///< rows that come to the busiest rank's experts over the mean
  /// Rows that an expert takes at most, over the mean; absent: all that come.
  std::optional<double> expert_capacity = std::nullopt;
  bool expert_padding = false; ///< every expert works on so many rows, whatever comes
  ExpertDispatch expert_dispatch = ExpertDispatch::all_to_all;
  ExpertOverlap expert_overlap = ExpertOverlap::none;
  std::int64_t data_parallel = 1;
  int zero_stage = 0; ///< 1: optimizer, 2: and gradients, 3: and weights sharded (FSDP)
  /// Hybrid sharding: neighbours that share what zero_stage shares; absent: all of
  /// gradient_group().
  std::optional<std::int64_t> shard_group = std::nullopt;
  ContextExchange context_exchange = ContextExchange::ring;
  ContextSplit context_split = ContextSplit::balanced;
  TensorOverlap tensor_overlap = TensorOverlap::framework;
  /// How stages order their micro-batches; interleaved wherever virtual_pipeline is above 1.
  PipelineSchedule schedule = PipelineSchedule::one_f_one_b;

  [[nodiscard]] std::int64_t gpus() const {
    return tensor_parallel * pipeline_parallel * context_parallel * data_parallel;
  }
  [[nodiscard]] RankGroup tensor_group() const { return {tensor_parallel, 1}; }
  [[nodiscard]] RankGroup context_group() const { return {context_parallel, tensor_parallel}; }
  /// Ranks that hold the same weights: they exchange gradients and share the optimizer's states.
  [[nodiscard]] RankGroup gradient_group() const {
    return {context_parallel * data_parallel, tensor_parallel};
  }
  [[nodiscard]] std::int64_t expert_tensor() const {
    return expert_tensor_parallel.value_or(tensor_parallel);
  }
  /// Rows that the busiest rank's experts work on, over the mean.
  [[nodiscard]] double expert_load() const {
    if (!expert_capacity)
      return expert_imbalance;
    return expert_padding ? *expert_capacity : std::min(expert_imbalance, *expert_capacity);
  }
  /// Ranks that hold different experts of a layer: they exchange tokens.
  [[nodiscard]] RankGroup expert_group() const { return {expert_parallel, expert_tensor()}; }
  /// Ranks that share the width of the same experts.
  [[nodiscard]] RankGroup expert_tensor_group() const { return {expert_tensor(), 1}; }
  /// Ranks that hold the same routed experts: they exchange those gradients.
  [[nodiscard]] RankGroup expert_gradient_group() const {
    const std::int64_t sharers = expert_parallel * expert_tensor();
    return {tensor_parallel * context_parallel * data_parallel / sharers, sharers};
  }
  /// Keys that the busiest rank's queries see behind a causal mask, over the mean.
  [[nodiscard]] double context_load() const {
    const bool uneven = context_split == ContextSplit::contiguous &&
                        context_exchange != ContextExchange::all_to_all;
    return uneven ? 2 - 1 / static_cast<double>(context_parallel) : 1;
  }
  /// Two neighbours in the ring of context-parallel ranks.
  [[nodiscard]] RankGroup context_neighbours() const {
    return {2, tensor_parallel, context_parallel};
  }
  /// Two neighbouring stages.
  [[nodiscard]] RankGroup stage_neighbours() const {
    return {2, tensor_parallel * context_parallel * data_parallel, pipeline_parallel};
  }

  bool operator==(const Parallelism &) const = default;
};

/// Layers of the first, an inner and the last stage.
struct StageLayers {
  double first = 0;
  double middle = 0;
  double last = 0;
};

/// One stage holds all of them. Inner stages share evenly what the ends leave; where the plan lists
/// all stages, the inner ones' mean.
[[nodiscard]] StageLayers stage_layers(const Parallelism &parallelism, std::int64_t layers);

/// Of one stage, from 0.
[[nodiscard]] double layers_of_stage(const Parallelism &parallelism, std::int64_t layers,
                                     std::int64_t stage);

} // namespace flopcast
