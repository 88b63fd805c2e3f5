// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/attention_model.hpp"
#include "hardware/efficiency/sample.hpp"

#include <vector>

namespace flopcast {

/// Fits one pass in one number format: the eleven parameters with a meaning by robust least squares
/// on log time over a part of the samples, then a smooth residual that keeps time monotone.
/// `samples` must not be empty; the result does not depend on their order.
[[nodiscard]] AttentionModel fit_attention(const std::vector<KernelSample> &samples,
                                           const DeviceRates &rates);

} // namespace flopcast
