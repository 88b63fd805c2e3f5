// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/gemm_model.hpp"
#include "hardware/efficiency/log_grid.hpp"
#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

namespace flopcast {

/// Why fused attention is slower than peak: the launch, blocks of queries that do not fill the
/// multiprocessors, the softmax between the two products, each block's start and end, heads
/// narrower than the products' tiles, memory traffic, and what is left. One model for each pass.
struct AttentionModel {
  Seconds launch;             ///< of one kernel
  double efficiency = 1;      ///< of peak, for full waves of long blocks
  double softmax_depth = 0;   ///< columns of head width that take as long as a score's exponential
  double fill_keys = 0;       ///< keys' worth of time that a block of queries needs besides
  double partial_block = 0.5; ///< share of a block's time that grows with how far it is filled
  double partial_depth = 0.5; ///< the same for 32 columns of a head's width
  double uneven_depth = 0;    ///< extra share of time for a head whose width 32 does not divide
  double partial_wave = 0.5;  ///< the same for a wave of blocks over the multiprocessors
  double lone_block = 0;      ///< extra time of a block that has a multiprocessor to itself
  double memory_efficiency = 1; ///< of the memory bandwidth, while products run
  /// Traffic before and after the products (layout, cache of keys and values), as a multiple of the
  /// call's bytes at full memory bandwidth.
  double extra_traffic = 0;
  /// log(products' time / that by the above) over whole blocks of queries, keys, head width rounded
  /// up to 32; fitted so that time stays monotone.
  LogGrid residual;

  /// Calls that were measured, lowest and highest.
  MatrixShape measured_from;
  MatrixShape measured_to;

  bool operator==(const AttentionModel &) const = default;
};

/// Time of batch × (rows queries × columns keys) at a head's width of depth. A causal call sees
/// columns − rows + 1 keys from its first query and all from its last; rows may not exceed columns.
/// Never falls when batch, queries, keys or bytes grow, nor with the head's width from one multiple
/// of 32 to the next. At widths between it may exceed the time at the next multiple, as kernels do:
/// on GH200 a score costs 0.95 ps at 56, 0.80 at 64.
[[nodiscard]] Seconds attention_time(const AttentionModel &model, const DeviceRates &rates,
                                     const OperatorCall &call);

/// What of a call the time depends on, as real numbers: the fit looks between whole sizes.
struct AttentionWork {
  double batch = 0;
  double rows = 0;
  double columns = 0;
  double depth = 0;
  double bytes = 0;
  bool causal = false;
  bool backward = false;
};

[[nodiscard]] AttentionWork attention_work(const OperatorCall &call);

/// Parts of attention_time, in seconds. The residual multiplies `products` alone.
struct AttentionParts {
  double products = 0; ///< the two products (five backward) and the softmax
  double traffic = 0;  ///< of memory, at the same time
  double extra = 0;    ///< before and after
  double blocks = 0;   ///< how many blocks of queries that see all keys make the same work
};

[[nodiscard]] AttentionParts attention_parts(const AttentionModel &model, const DeviceRates &rates,
                                             const AttentionWork &work);

/// A head's width as the kernels' tiles see it: the next multiple of 32.
[[nodiscard]] double padded_depth(double depth);

/// Whether batch, queries, keys and head width lie within what was measured.
[[nodiscard]] bool in_measured_range(const AttentionModel &model, const OperatorCall &call);

} // namespace flopcast
