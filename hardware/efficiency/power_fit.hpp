// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/power_model.hpp"
#include "hardware/efficiency/sample.hpp"

#include <optional>
#include <vector>

namespace flopcast {

/// A reading is taken for the kernel's own only from this time on. NVML gives the mean of the last
/// second, and harnesses repeat a kernel a bounded number of times: a shorter kernel's second holds
/// pauses and the kernel before.
inline constexpr Seconds metered_from = 100.0 * units::microsecond;

/// What the model says of a kernel that took the sample's time. Empty without energy of its format.
[[nodiscard]] std::optional<Power> kernel_power(const PowerModel &model,
                                                const KernelSample &sample);

/// Fits an energy balance, power × time = idle × time + FLOPs and bytes times their energy, to the
/// samples with power. It holds at any clock, so kernels that the limit slowed down count like
/// others. Idle power is the lowest percentile of shorter kernels: the device waits between them. A
/// second that began with a pause reads low, few read high: readings a fifth and
/// more below the fit are left out and the rest is fitted again.
/// Empty without a hundred shorter kernels, and a hundred of at least metered_from in some format.
[[nodiscard]] std::optional<PowerModel> fit_power(const std::vector<KernelSample> &samples,
                                                  Power limit);

/// Predicted / metered power − 1 of all samples of at least metered_from, low readings included.
[[nodiscard]] ErrorSummary power_errors(const PowerModel &model,
                                        const std::vector<KernelSample> &samples);

} // namespace flopcast
