// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/units/quantity.hpp"

#include <array>
#include <optional>

namespace flopcast {

/// Where a device's electric power goes: leakage and clocks, switching of the matrix units, and
/// moving bytes from and to memory.
struct PowerModel {
  Power idle; ///< with kernels queued but next to nothing to do
  /// By NumberFormat, operand delivery included; 0 where no product in it was metered.
  std::array<EnergyPerFlop, number_format_count> per_flop{};
  EnergyPerByte per_byte; ///< of operands and results, caches and wires included
  Power limit;            ///< that the device was held to

  bool operator==(const PowerModel &) const = default;
};

/// Energy of a FLOP; fp16 and bf16 stand in for each other. Empty where neither was metered.
[[nodiscard]] std::optional<EnergyPerFlop> energy_per_flop(const PowerModel &model,
                                                           NumberFormat format);

/// The same device built for another power limit: all of its power in proportion.
[[nodiscard]] PowerModel scaled_to(const PowerModel &model, Power limit);

/// (idle + work / time) where that is well below the limit, and never above the limit: the device
/// clocks down instead. Grows with the work. At the limit itself it is 2 % low.
[[nodiscard]] Power mean_power(const PowerModel &model, Joules work, Seconds time);

} // namespace flopcast
