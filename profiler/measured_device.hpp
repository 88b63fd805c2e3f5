// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/efficiency/sample.hpp"
#include "hardware/measured_operator.hpp"
#include "hardware/provenance.hpp"
#include "profiler/kernels/kernels.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// An id of a preset made of a name: "AMD EPYC 7B13" → "amd-epyc-7b13".
[[nodiscard]] std::string preset_id(std::string_view name);

/// A device that no datasheet describes, as it was measured: its peaks and its memory's bandwidth
/// are the best that any operator reached. At least one product and one memory-bound operator must
/// have been measured; else MeasurementError.
[[nodiscard]] Device measured_device(const DeviceDescription &description,
                                     std::span<const MeasuredOperator> measured,
                                     const Provenance &provenance);

/// Its preset. read_device() gives it back, numbers to six digits.
[[nodiscard]] std::string device_toml(const Device &device);

/// What of it is fitted: operands came from memory as in a step, attention ran as one kernel.
[[nodiscard]] std::vector<KernelSample> fitted_samples(std::span<const MeasuredOperator> measured);

/// Fits what was measured over `base` (the defaults). The host's launch is the least time that it
/// needed to start an operator. Classes with too few samples keep what `base` says.
[[nodiscard]] Calibration measured_calibration(const Calibration &base, const Device &device,
                                               std::span<const MeasuredOperator> measured);

/// Its preset, launch included: read_calibration() over the same base gives it back.
[[nodiscard]] std::string measured_calibration_toml(const Calibration &calibration);

} // namespace flopcast
