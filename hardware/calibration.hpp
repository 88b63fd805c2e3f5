// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <cstdint>
#include <string>

namespace flopcast {

/// What a kernel does, as far as its speed depends on it.
enum class OperatorClass {
  gemm,            ///< dense matrix product
  batched_gemm,    ///< the two products of unfused attention
  fused_attention, ///< flash attention, one kernel
  memory_bound,    ///< norms, softmax, activations, residual sums, embedding, optimizer
};

enum class Pass { forward, backward };

/// A matrix product as the device sees it: batch × (rows × depth) · (depth × columns). The shard of
/// one rank, not the whole operator. All zero for what is no product.
struct MatrixShape {
  std::int64_t batch = 0; ///< independent products: heads × sequences for attention, else 1
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;

  bool operator==(const MatrixShape &) const = default;
};

/// One operator on one device.
struct OperatorCall {
  OperatorClass kind = OperatorClass::memory_bound;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16;
  FlopCount flops;          ///< matrix work; zero for memory-bound operators
  Bytes bytes;              ///< read and written in device memory
  std::int64_t kernels = 1; ///< launches
  MatrixShape shape = {};   ///< attention: rows are queries, columns keys, depth a head's width
};

/// Share of the datasheet's rates that real kernels reach, and what a launch costs.
struct Calibration {
  std::string id;
  std::string name;
  Origin origin = Origin::defaulted;
  Provenance provenance;

  double gemm_efficiency = 0;
  double batched_gemm_efficiency = 0;
  double attention_forward_efficiency = 0;
  double attention_backward_efficiency = 0;
  double memory_efficiency = 0;
  Seconds launch;                  ///< per kernel
  double scale_up_efficiency = 0;  ///< of the links inside a scale-up domain
  double scale_out_efficiency = 0; ///< of the network
};

/// Reads a calibration preset. Problems go to `diagnostics`.
[[nodiscard]] Calibration read_calibration(const InputValue &root, const std::string &id,
                                           Diagnostics &diagnostics);

/// launch + max(FLOPs / (peak × efficiency), bytes / (bandwidth × efficiency)).
/// The peak is usable_peak(); the shape serves calibrations that know how efficiency depends on it.
[[nodiscard]] Seconds operator_time(const Device &device, const Calibration &calibration,
                                    const OperatorCall &call);

/// The peak at which products in `format` are counted: the device's own, or, where its matrix units
/// do not know the format, that of the nearest format of at least its width. Empty if there is
/// none.
[[nodiscard]] std::optional<FlopRate> usable_peak(const Device &device, NumberFormat format);

} // namespace flopcast
