// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"
#include "model/execution/training.hpp"
#include "model/execution/work.hpp"

#include <optional>
#include <span>

namespace flopcast {

/// Computation that an exchange can hide behind, and how much of the exchange cannot.
struct HidingWork {
  Seconds work;     ///< of one micro-batch
  double alone = 0; ///< share of the exchange that nothing runs beside
  /// Chunks of the stage, whose gradients are complete one after the other, so many micro-batches
  /// apart.
  double chunks = 1;
  double apart = 1;
};

/// One exchange of the residual stream among tensor-parallel ranks: an all-reduce, or the same
/// bytes as gather and scatter. What the products that it is cut into hide is left out.
[[nodiscard]] Seconds tensor_exchange(const Parallelism &parallelism, const Training &training,
                                      Bytes residual, const Cluster &cluster);

/// Exchanges of layers, one micro-batch's.
struct TensorExchangeTime {
  Seconds forward;
  Seconds backward;
};

/// So many exchanges each way. Backward, what products for gradients of weights hide is left out:
/// they take so long together, and the framework's share of the sums of their inputs' gradients
/// runs behind them, which are the second half of an exchange under sequence parallelism, else all
/// of it. Nothing where the schedule does those products later.
/// Source: Korthikanti et al. 2022, section 6.2.
[[nodiscard]] TensorExchangeTime tensor_exchanges(double count, Seconds weight_gradients,
                                                  const Parallelism &parallelism,
                                                  const Training &training, Bytes residual,
                                                  const Cluster &cluster);

/// Keys and values of a stage on their way among context-parallel ranks, forward and backward, less
/// what the attention hides: round a ring while the attention works on those that are there,
/// gathered before it, or turned from tokens to heads and back (Ulysses).
[[nodiscard]] Seconds context_exchange(const Parallelism &parallelism, Bytes key_values,
                                       Bytes queries, Seconds attention, const Cluster &cluster);

/// A message of a rank to the next stage: the tensor between two layers whole, or the rank's part
/// of it, which the next stage's ranks then gather.
[[nodiscard]] Seconds stage_message(const Parallelism &parallelism, const Training &training,
                                    Bytes boundary, const Cluster &cluster);

/// Share of the messages of a stage that runs behind its work: of interleaved stages, where other
/// chunks have some, what the framework hides.
[[nodiscard]] double hidden_messages(const Parallelism &parallelism, const Training &training);

/// One way of one layer's tokens to their experts, or back.
[[nodiscard]] Seconds expert_exchange(const Parallelism &parallelism, const Training &training,
                                      const ExpertExchange &exchange, const Cluster &cluster);

/// What is left of a micro-batch's ways to experts, where those of one micro-batch run beside the
/// layers of another: of `all`, behind so much work of a stage. The first passes of a step, of
/// `micro_batches`, have no backward pass beside them: those that fill the pipeline, or one.
[[nodiscard]] Seconds exposed_expert_exchange(Seconds all, Seconds work,
                                              const Parallelism &parallelism, double micro_batches,
                                              const Cluster &cluster);

/// So many parameters of a rank, whose gradients are summed over the ranks of `group`.
struct SummedParameters {
  double count = 0;
  RankGroup group;
};

/// Gradients, and weights under ZeRO, one part of the parameters after the other, less what is
/// hidden, plus the work that it delays. Under ZeRO-3 every micro-batch gathers the weights twice
/// and scatters the gradients. Source of the volumes: Rajbhandari et al. 2020.
[[nodiscard]] Seconds gradient_exchange(std::span<const SummedParameters> parameters,
                                        const Parallelism &parallelism, const Training &training,
                                        const HidingWork &hiding, double micro_batches,
                                        const Cluster &cluster);

/// Equal parts in which gradients of so many bytes are exchanged: as few as fit the stated bucket.
/// Absent where the plan states none.
[[nodiscard]] std::optional<double> gradient_buckets(const Training &training, Bytes gradients);

} // namespace flopcast
