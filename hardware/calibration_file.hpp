// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/input/table_reader.hpp"

#include <string>

namespace flopcast {

/// Reads a calibration preset. What it does not state is taken from `base`; without one, the shares
/// of every class must be there. Problems go to `diagnostics`.
[[nodiscard]] Calibration read_calibration(const InputValue &root, const std::string &id,
                                           const Calibration *base, Diagnostics &diagnostics);

/// The TOML text of what was fitted: read_calibration() over the same base gives it back, residuals
/// to 0.0005.
[[nodiscard]] std::string calibration_toml(const Calibration &calibration);

} // namespace flopcast
