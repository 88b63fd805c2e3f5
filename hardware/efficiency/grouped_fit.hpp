// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/grouped_model.hpp"
#include "hardware/efficiency/sample.hpp"

#include <vector>

namespace flopcast {

/// Fits the model to layers of experts (and to grouped products alone, if there are any) by robust
/// least squares on log time. There is no residual: grouped products are monotone as they are.
/// `samples` must not be empty; the result does not depend on their order.
[[nodiscard]] GroupedModel fit_grouped(const std::vector<KernelSample> &samples,
                                       const DeviceRates &rates, const ElementBytes &bytes);

} // namespace flopcast
