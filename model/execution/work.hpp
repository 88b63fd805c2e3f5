// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "model/architecture/decoder.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"

#include <array>
#include <vector>

namespace flopcast {

/// What the operators of one rank compute, and what they read and write.
struct OperatorWork {
  FlopCount flops;
  Bytes bytes;

  OperatorWork &operator+=(const OperatorWork &other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

[[nodiscard]] inline OperatorWork operator*(double count, const OperatorWork &work) {
  return {count * work.flops, count * work.bytes};
}

/// What one rank does and holds for one part of the model, one micro-batch at a time: a fold of the
/// operator graph over the shards of that rank.
struct RegionWork {
  double parameters = 0;        ///< held by the rank
  double matrix_parameters = 0; ///< of them, weights of matrix products

  Seconds forward;
  Seconds backward;
  Seconds attention_core; ///< forward, of the operators that selective recomputation redoes
  OperatorWork forward_work;
  OperatorWork backward_work;
  OperatorWork core_work;       ///< that attention_core times
  std::int64_t all_reduces = 0; ///< forward, over the tensor-parallel ranks
  // Calls that the host launches, for one micro-batch.
  std::int64_t forward_calls = 0;
  std::int64_t backward_calls = 0;
  std::int64_t core_calls = 0; ///< of forward_calls, those that attention_core times

  Bytes saved;             ///< by forward for backward, nothing recomputed
  Bytes saved_selectively; ///< with the attention core recomputed

  double core_flops =
      0; ///< forward FLOPs a sequence that selective recomputation redoes, unsharded
};

struct ModelWork {
  std::int64_t layer_count = 0;
  RegionWork embedding;
  RegionWork layers; ///< of all layers together
  RegionWork head;
  double tied_output_parameters = 0; ///< of the rank: those that logits share with the embedding
  double layer_forward_flops = 0;    ///< per sequence, unsharded, all scores counted
  OperatorRoles extrapolated;        ///< whose shapes the calibration did not measure
};

/// Folds the graph for one rank. The parallelism must be legal for the model.
[[nodiscard]] ModelWork model_work(const OperatorGraph &graph, const Decoder &decoder,
                                   const Parallelism &parallelism, const Training &training,
                                   const Cluster &cluster);

/// The calls whose times model_work() adds up, forward and backward, in the graph's order;
/// identical ones appear once for each operator that makes them.
[[nodiscard]] std::vector<OperatorCall> rank_calls(const OperatorGraph &graph,
                                                   const Decoder &decoder,
                                                   const Parallelism &parallelism,
                                                   const Training &training);

} // namespace flopcast
