// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/gemm_model.hpp"
#include "hardware/operator_call.hpp"

namespace flopcast {

/// Why the products of a layer's experts are slower than peak. One kernel works on the tiles of all
/// experts: their sum fills the waves, not the largest expert. Around the two products of a layer
/// stand passes bound by memory traffic, counted at the datasheet's bandwidth.
struct GroupedModel {
  GroupedModel();

  /// One product over all experts. Its launch, conversion and residual are zero: what was measured
  /// are whole layers, from which a launch cannot be told.
  GemmModel product;
  Seconds layer_launch;       ///< of all kernels of a layer
  double permuted_bytes = 0;  ///< traffic to and from experts, per element of a row
  double activated_bytes = 0; ///< traffic of the activation, per row and width of the expert
  double token_bytes = 0;     ///< traffic of what is done once a token, per element of the token
  /// Rows by which the mean must be raised where experts get unequal shares: their last tiles are
  /// filled at random.
  double uneven_rows = 0;
};

/// Time of a grouped product, of both gradients (backward, two kernels), or of a layer of experts.
/// Never falls when a dimension, the rows or the tokens grow.
[[nodiscard]] Seconds grouped_time(const GroupedModel &model, const DeviceRates &rates,
                                   const OperatorCall &call, const ElementBytes &bytes);

/// Whether every dimension, the number of experts too, lies within what was measured: forward only.
[[nodiscard]] bool in_measured_range(const GroupedModel &model, const OperatorCall &call);

} // namespace flopcast
