// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace flopcast::cuda {

/// What the GPU's counters said of some work, or why they said nothing.
struct CounterReading {
  std::optional<double> dram_bytes;   ///< read and written
  std::optional<double> tensor_flops; ///< of the tensor cores, in the format asked for
  std::string refusal;                ///< in one sentence; "" where they were read
};

/// Counts of one run of `work`, which is run once for each pass that the counters need and waits
/// for the device itself. Never throws for what the driver refuses: counters need privileges.
[[nodiscard]] CounterReading count(int device, NumberFormat format,
                                   const std::function<void()> &work);

/// Names of the counters, CUPTI's, bytes first. Formats without tensor cores have bytes only.
[[nodiscard]] std::vector<std::string> counter_names(NumberFormat format);

/// Whether CUPTI knows all of them for a chip ("GH100"); needs no GPU.
[[nodiscard]] bool chip_has_counters(const std::string &chip,
                                     const std::vector<std::string> &names);

} // namespace flopcast::cuda
