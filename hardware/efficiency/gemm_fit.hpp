// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/gemm_model.hpp"

#include <vector>

namespace flopcast {

/// One measured matrix product.
struct GemmSample {
  MatrixShape shape;
  Seconds time;
};

/// Fits the model by robust least squares on log time: first the eleven parameters with a meaning,
/// by damped Gauss-Newton on a part of the samples, then the residual over all of them, smooth
/// (penalised second differences) and such that time never falls as a dimension grows.
/// `samples` must not be empty; the result does not depend on their order.
[[nodiscard]] GemmModel fit_gemm(const std::vector<GemmSample> &samples, const DeviceRates &rates,
                                 const ElementBytes &bytes, bool converts_left_operand);

} // namespace flopcast
