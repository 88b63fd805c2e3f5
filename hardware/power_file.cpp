// SPDX-License-Identifier: Apache-2.0
#include "hardware/power_file.hpp"

#include "hardware/error_summary_file.hpp"
#include "hardware/preset_fields.hpp"

#include <fmt/format.h>

namespace flopcast {
namespace {

using namespace units;

// A thousand times what any device since 2016 takes.
constexpr EnergyPerFlop most_per_flop = 1e5 * picojoule / flop;
constexpr EnergyPerByte most_per_byte = 1e6 * picojoule / byte;

} // namespace

MeteredPower read_power(TableReader table) {
  MeteredPower power;
  power.device = required_text(table, "device", "the id of the device that was metered");
  power.software = table.text("software").value_or("");
  power.provenance = read_provenance(table);
  power.model.limit = required_quantity(table, "limit", 0.1 * watt, sane::most_power);
  power.model.idle = required_quantity(table, "idle", Power{}, sane::most_power);
  if (power.model.idle > power.model.limit && table.has("limit"))
    table.report("idle", "is above limit");
  power.model.per_byte = required_quantity(table, "per_byte", EnergyPerByte{}, most_per_byte);
  TableReader per_flop = table.table("per_flop");
  for (const auto &[name, format] : number_format_names())
    if (const auto energy = per_flop.quantity(name, EnergyPerFlop{}, most_per_flop))
      power.model.per_flop[static_cast<std::size_t>(format)] = *energy;
  per_flop.finish();
  power.fitted = read_errors(table.table("fitted"));
  power.held_back = read_errors(table.table("held_back"));
  table.finish();
  return power;
}

std::string power_text(const Calibration &calibration) {
  if (!calibration.power)
    return "";
  const MeteredPower &power = *calibration.power;
  std::string text = fmt::format(
      "\n[power]\ndevice = {}\nsoftware = {}\nsource = {}\ndate = {}\nlimit = \"{:.6g} W\"\n"
      "idle = \"{:.6g} W\"\nper_byte = \"{:.6g} pJ/B\"\n[power.per_flop]\n",
      quoted_toml(power.device), quoted_toml(power.software), quoted_toml(power.provenance.source),
      to_text(power.provenance.date), power.model.limit.in(watt), power.model.idle.in(watt),
      power.model.per_byte.in(picojoule / byte));
  for (const auto &[name, format] : number_format_names()) {
    const EnergyPerFlop energy = power.model.per_flop[static_cast<std::size_t>(format)];
    if (energy > EnergyPerFlop{})
      text += fmt::format("{} = \"{:.6g} pJ/FLOP\"\n", name, energy.in(picojoule / flop));
  }
  return text + errors_text("power.fitted", power.fitted) +
         errors_text("power.held_back", power.held_back);
}

} // namespace flopcast
