// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace flopcast::cuda {

/// Values in a format's bytes, rounded to nearest, and back. Throws MeasurementError for formats
/// that are not stored here.
[[nodiscard]] std::vector<std::byte> encoded(NumberFormat format, std::span<const float> values);
void decode(NumberFormat format, std::span<const std::byte> bytes, std::span<float> values);

} // namespace flopcast::cuda
