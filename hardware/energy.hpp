// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/presets/catalog.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Grams of CO2 equivalent that a region's grid emits for an amount of electricity.
struct GridCarbon {
  std::string region; ///< cloud region, or three-letter country code
  CarbonIntensity intensity;
  std::string date; ///< year, or "" where the source does not say
  std::string source;
  std::string note;
};

/// Carbon intensities of the catalog: cloud regions first, then countries.
/// Throws InputError if a table is broken.
[[nodiscard]] std::vector<GridCarbon> load_grids(const PresetCatalog &catalog);

/// The entry of a cloud region, a country code or a country's name; letter case does not count.
[[nodiscard]] std::optional<GridCarbon> find_grid(const std::vector<GridCarbon> &grids,
                                                  std::string_view region);

/// What a kilowatt-hour costs in a region.
struct ElectricityPrice {
  std::string region;
  std::string country; ///< three-letter code
  EnergyPrice price;
  std::string date; ///< year or half-year
  std::string source;
};

/// Electricity prices of the catalog. Rows in another currency than USD are left out: no exchange
/// rate is known. Throws InputError if the table is broken.
[[nodiscard]] std::vector<ElectricityPrice> load_electricity_prices(const PresetCatalog &catalog);

/// The region's price of the latest date; letter case does not count.
[[nodiscard]] std::optional<ElectricityPrice>
newest_electricity_price(const std::vector<ElectricityPrice> &prices, std::string_view region);

/// How a server's electric power follows from what its datasheet says.
struct ServerPower {
  double chip_to_server_gpu = 0; ///< server power per chip / chip power, where no node is known
  double chip_to_server_tpu = 0;
  double average_to_maximum_gpu = 0; ///< mean power in training / maximum power
  double average_to_maximum_tpu = 0;
  Provenance provenance;
};

/// Throws InputError if the preset energy/server.toml is missing or broken.
[[nodiscard]] ServerPower load_server_power(const PresetCatalog &catalog);

/// Mean electric power of a server in training, per accelerator: from the node's maximum where it
/// is known, else from the chip's thermal design power. Empty if neither is known.
[[nodiscard]] std::optional<PowerPerGpu> training_power(const Cluster &cluster,
                                                        const ServerPower &server);

/// Mean power in training of what a server holds beside its accelerators, for each:
/// training_power() less the accelerator's part in it. Empty where that or the thermal design power
/// is not known.
[[nodiscard]] std::optional<PowerPerGpu> power_beside_accelerator(const Cluster &cluster,
                                                                  const ServerPower &server);

/// The power model of the cluster's devices: what the calibration holds, in proportion to their
/// thermal design power. Empty where one of the two is not known.
[[nodiscard]] std::optional<PowerModel> device_power_model(const Cluster &cluster);

} // namespace flopcast
