// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "model/architecture/decoder.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
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
  double parameters = 0;               ///< held by the rank
  double matrix_parameters = 0;        ///< of them, weights of matrix products
  double expert_parameters = 0;        ///< of `parameters`, those of routed experts
  double expert_matrix_parameters = 0; ///< of `matrix_parameters`, those of routed experts

  Seconds forward;
  Seconds backward;
  Seconds weight_gradient; ///< of `backward`, the products that give gradients of weights
  /// Of those, the products whose input all tensor-parallel ranks have: its gradient is summed over
  /// them.
  Seconds shared_input_weight_gradient;
  Seconds redone;         ///< forward, of the operators that a partial recomputation redoes
  Seconds attention_core; ///< forward, of the operators that selective recomputation redoes
  OperatorWork forward_work;
  OperatorWork backward_work;
  OperatorWork redone_work;     ///< that `redone` times
  std::int64_t all_reduces = 0; ///< forward, over the tensor-parallel ranks
  // Calls that the host launches, for one micro-batch.
  std::int64_t forward_calls = 0;
  std::int64_t backward_calls = 0;
  std::int64_t redone_calls = 0; ///< of forward_calls, those that `redone` times

  Bytes saved;         ///< by forward for backward, nothing recomputed
  Bytes saved_in_part; ///< with those operators redone

  double redone_flops = 0; ///< forward FLOPs a sequence of those operators, unsharded
};

/// What the experts of one layer make a rank exchange for one micro-batch, on the way to them.
/// Forward the rows travel back as well, and backward both ways again: four exchanges a layer, or
/// six where the layer is recomputed. Zero where no rank needs another's rows.
struct ExpertExchange {
  Bytes dispatched; ///< handed to an all-to-all over expert_group(): tokens × per_token × hidden
  /// With sequence parallelism: rows after an all-gather over expert_tensor_group(), that many
  /// times `dispatched`; on the way back a reduce-scatter of the same.
  Bytes gathered;
};

/// One tile of the product that an exchange is cut along, and what cutting it costs: smaller
/// products take longer together.
struct TiledProduct {
  Seconds tile;
  Seconds cut;
};

/// The products of a layer that belong to one reduction of its residual stream: those whose input
/// is gathered, and the one whose output is scattered; backward the other way round.
struct TiledProducts {
  double count = 0; ///< of such layers
  TiledProduct gathered;
  TiledProduct scattered;
  TiledProduct gathered_backward; ///< their input gradients, which are scattered
  TiledProduct scattered_backward;
};

struct ModelWork {
  std::int64_t layer_count = 0;
  double rank_experts = 0;                  ///< routed experts of a layer on one rank
  std::int64_t expert_layer_count = 0;      ///< of them, those with routed experts
  std::int64_t dense_first_count = 0;       ///< of them, those before the first with experts
  std::int64_t prediction_count = 0;        ///< layers in `prediction`, each with a loss
  std::int64_t expert_prediction_count = 0; ///< of them, those with routed experts
  RegionWork embedding;
  RegionWork layers;        ///< of all layers together
  RegionWork expert_layers; ///< of `layers`, what the layers with experts make up
  RegionWork head;
  RegionWork prediction; ///< multi-token prediction, logits and losses included: on the last stage
  ExpertExchange expert_exchange; ///< of one layer
  /// Of the rank: the token table that `prediction` looks up again. A last stage that is not the
  /// first one holds a copy.
  double prediction_table_parameters = 0;
  /// Most that the gradients of one product inside layers need while they are made.
  Bytes gradients_in_flight;
  double tied_output_parameters = 0; ///< of the rank: those that logits share with the embedding
  double layer_forward_flops = 0;    ///< per sequence, unsharded, all scores counted
  std::vector<TiledProducts> tiled;  ///< of `layers`, where Parallelism::tensor_overlap is tiles
  OperatorRoles extrapolated;        ///< whose shapes the calibration did not measure
};

/// Shares of all dense layers and of all those with experts.
struct LayerShares {
  double dense = 0;
  double expert = 0;

  /// What they make of a quantity of the layers.
  template <class T> [[nodiscard]] auto of(const ModelWork &work, T RegionWork::*quantity) const {
    const auto amount = [&](const RegionWork &region) {
      if constexpr (std::is_integral_v<T>)
        return static_cast<double>(region.*quantity);
      else
        return region.*quantity;
    };
    // Without experts, and where both kinds are mixed evenly, the layers as they stand.
    if (dense == expert)
      return dense * amount(work.layers);
    return dense * (amount(work.layers) - amount(work.expert_layers)) +
           expert * amount(work.expert_layers);
  }
};

/// Those that `layers` on a stage are, of which so many stand before the first with experts.
[[nodiscard]] LayerShares layer_shares(const ModelWork &work, double layers, double dense_first);

/// The same for an end or an inner stage: the first stage holds the dense layers before all
/// experts, as far as it has room for them.
[[nodiscard]] LayerShares first_layer_shares(const ModelWork &work, double layers);
[[nodiscard]] LayerShares other_layer_shares(const ModelWork &work, double layers,
                                             double first_stage_layers);

/// The same for any stage, from 0.
[[nodiscard]] LayerShares stage_shares(const ModelWork &work, const Parallelism &parallelism,
                                       std::int64_t stage);

/// Folds the graph for one rank. The parallelism must be legal for the model.
[[nodiscard]] ModelWork model_work(const OperatorGraph &graph, const Decoder &decoder,
                                   const Parallelism &parallelism, const Training &training,
                                   const Cluster &cluster);

/// What a call makes of its operator.
enum class CallPart : std::uint8_t { forward, backward, input_gradient, weight_gradient };

[[nodiscard]] std::string_view to_text(CallPart part);

/// A call of a rank for one micro-batch.
struct CountedCall {
  OperatorCall call;
  CallPart part = CallPart::forward; ///< of products with weights, gradients apart
  OperatorRole role = OperatorRole::token_embedding;
  Region region = Region::layer;
  double count = 1;  ///< in all layers of the model together
  double redone = 0; ///< share that a recomputation of parts of a layer does again, forward
  /// Its passes over memory are counted kernel by kernel: in_training() adds nothing.
  bool every_kernel = false;
};

/// The same as rank_calls() with how often each is made.
[[nodiscard]] std::vector<CountedCall> counted_calls(const OperatorGraph &graph,
                                                     const Decoder &decoder,
                                                     const Parallelism &parallelism,
                                                     const Training &training);

/// The calls whose times model_work() adds up, forward and backward, in the graph's order;
/// identical ones appear once for each operator that makes them.
[[nodiscard]] std::vector<OperatorCall> rank_calls(const OperatorGraph &graph,
                                                   const Decoder &decoder,
                                                   const Parallelism &parallelism,
                                                   const Training &training);

} // namespace flopcast
