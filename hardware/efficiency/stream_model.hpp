// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/log_grid.hpp"
#include "hardware/efficiency/matrix_shape.hpp"
#include "hardware/operator_call.hpp"
#include "hardware/units/quantity.hpp"

namespace flopcast {

/// Why an operator that only reads and writes takes longer than its bytes at full bandwidth. One
/// model for each operator class and pass.
struct StreamModel {
  Seconds launch; ///< from launch to end of an empty kernel
  /// What the host takes from one launch to the next where several kernels make the operator. It
  /// launches ahead, so this counts only where it is longer than the work.
  Seconds launch_interval;
  double memory_efficiency = 1; ///< of the datasheet's bandwidth, for what comes from memory
  double cache_speedup = 1;     ///< bandwidth of what is still in the L2 cache / that of memory
  Bytes cache;                  ///< about as much of the traffic may be found in the L2 cache
  Bytes row_cost;               ///< each row's statistics and tail, as bytes at memory's speed
  /// Time of rows wider than `registers_width` / that of as many bytes in narrower ones: softmax
  /// keeps a narrow row in the registers of a warp, and reads a wide one several times.
  double wide_row_factor = 1;
  /// Of such wide rows whose width is a power of two: time by the rest of this model / their time.
  /// Kernels of softmax give a row as many threads as a power of two, and read what these do not
  /// share out evenly one element at a time. A row is taken to last no longer than one of the next
  /// power of two.
  double power_of_two_speedup = 1;
  /// log(time / time by the above) over rows, columns, bytes an element; fitted so that time stays
  /// monotone. What tells apart operators of one class: a sum moves 6 bytes an element, a copy 4.
  LogGrid residual;

  /// Calls that were measured, lowest and highest.
  MatrixShape measured_from;
  MatrixShape measured_to;
  Bytes measured_from_bytes;
  Bytes measured_to_bytes;

  bool operator==(const StreamModel &) const = default;
};

/// Time of a memory-bound operator: kernels × launch + bytes / (bandwidth × efficiency(shape)), or
/// what the host takes to launch the kernels where that is longer.
/// Never falls when rows grow, or columns, or the bytes of one element. Causal calls (softmax of a
/// triangle, another kernel) have no speed-up at powers of two.
[[nodiscard]] Seconds stream_time(const StreamModel &model, Bandwidth memory_bandwidth,
                                  const OperatorCall &call);

/// Bytes / bandwidth in seconds, without launches, residual and the speed-up of powers of two: what
/// the residual is fitted to.
[[nodiscard]] double stream_base_seconds(const StreamModel &model, Bandwidth memory_bandwidth,
                                         double rows, double columns, double bytes);

/// The widest row that PyTorch's softmax takes into the registers of a warp
/// (aten/src/ATen/native/cuda/SoftMax.cu: dim_size <= 1024).
inline constexpr double registers_width = 1024;

/// Whether `power_of_two_speedup` counts for the call's rows.
[[nodiscard]] bool is_fast_width(const OperatorCall &call);

/// Whether rows, columns and bytes lie within what was measured.
[[nodiscard]] bool in_measured_range(const StreamModel &model, const OperatorCall &call);

} // namespace flopcast
