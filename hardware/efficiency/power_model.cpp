// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/power_model.hpp"

#include <cmath>

namespace flopcast {

std::optional<EnergyPerFlop> energy_per_flop(const PowerModel &model, NumberFormat format) {
  const auto of = [&](NumberFormat f) { return model.per_flop[static_cast<std::size_t>(f)]; };
  EnergyPerFlop energy = of(format);
  if (energy == EnergyPerFlop{} && format == NumberFormat::fp16)
    energy = of(NumberFormat::bf16);
  if (energy == EnergyPerFlop{} && format == NumberFormat::bf16)
    energy = of(NumberFormat::fp16);
  return energy > EnergyPerFlop{} ? std::optional(energy) : std::nullopt;
}

PowerModel scaled_to(const PowerModel &model, Power limit) {
  const double scale = limit / model.limit;
  PowerModel scaled = model;
  scaled.idle *= scale;
  for (EnergyPerFlop &energy : scaled.per_flop)
    energy *= scale;
  scaled.per_byte *= scale;
  scaled.limit = limit;
  return scaled;
}

Power mean_power(const PowerModel &model, Joules work, Seconds time) {
  // As sharp as the meter shows it: readings pile up within 2 % of the limit. Must stay smooth, so
  // that more work always draws a little more.
  constexpr double sharpness = 32;
  const double wanted = (model.idle + work / time) / model.limit;
  // Far above the limit the power itself would overflow.
  if (wanted > 1)
    return model.limit / std::pow(1 + std::pow(wanted, -sharpness), 1 / sharpness);
  return model.limit * (wanted / std::pow(1 + std::pow(wanted, sharpness), 1 / sharpness));
}

} // namespace flopcast
