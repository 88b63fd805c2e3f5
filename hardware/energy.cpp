// SPDX-License-Identifier: Apache-2.0
#include "hardware/energy.hpp"

#include "hardware/input/csv.hpp"
#include "hardware/preset_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace flopcast {
namespace {

const std::vector<std::string> grid_columns{
    "scope", "provider", "region", "country", "carbon_intensity", "date", "source", "note"};

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

} // namespace

std::vector<GridCarbon> load_grids(const PresetCatalog &catalog) {
  Diagnostics diagnostics;
  std::vector<GridCarbon> grids;
  const auto files = catalog.files("energy", ".csv");
  const auto file = files.find("grid");
  if (file == files.end())
    return grids;
  const std::string path = file->second.string();
  for (const CsvRow &row : parse_csv(read_file(path), path, grid_columns)) {
    GridCarbon grid{.region = row.at("scope") == "country" ? row.at("country") : row.at("region"),
                    .intensity = {},
                    .date = row.at("date"),
                    .source = row.at("source"),
                    .note = row.at("note")};
    try {
      grid.intensity = parse_quantity<CarbonIntensity::dimension>(row.at("carbon_intensity"));
      if (grid.intensity < CarbonIntensity{})
        throw UnitError(
            fmt::format("expected nothing or more, got \"{}\"", row.at("carbon_intensity")));
    } catch (const UnitError &error) {
      diagnostics.add({path, row.line, 1}, fmt::format("carbon_intensity: {}", error.what()));
    }
    grids.push_back(std::move(grid));
  }
  diagnostics.throw_if_any();
  return grids;
}

std::optional<GridCarbon> find_grid(const std::vector<GridCarbon> &grids, std::string_view region) {
  if (region.empty()) // or it would match the first entry without a note
    return std::nullopt;
  for (const GridCarbon &grid : grids)
    if (same_text(grid.region, region))
      return grid;
  for (const GridCarbon &grid : grids)
    if (same_text(grid.note, region))
      return grid;
  return std::nullopt;
}

std::vector<ElectricityPrice> load_electricity_prices(const PresetCatalog &catalog) {
  static const std::vector<std::string> columns{"region", "country", "price",
                                                "date",   "source",  "note"};
  Diagnostics diagnostics;
  std::vector<ElectricityPrice> prices;
  const auto files = catalog.files("energy", ".csv");
  const auto file = files.find("electricity");
  if (file == files.end())
    return prices;
  const std::string path = file->second.string();
  for (const CsvRow &row : parse_csv(read_file(path), path, columns)) {
    if (row.at("price").ends_with("EUR/kWh"))
      continue;
    ElectricityPrice entry{.region = row.at("region"),
                           .country = row.at("country"),
                           .price = {},
                           .date = row.at("date"),
                           .source = row.at("source")};
    try {
      entry.price = parse_quantity<EnergyPrice::dimension>(row.at("price"));
    } catch (const UnitError &error) {
      diagnostics.add({path, row.line, 1}, fmt::format("price: {}", error.what()));
    }
    prices.push_back(std::move(entry));
  }
  diagnostics.throw_if_any();
  return prices;
}

std::optional<ElectricityPrice>
newest_electricity_price(const std::vector<ElectricityPrice> &prices, std::string_view region) {
  const ElectricityPrice *best = nullptr;
  for (const ElectricityPrice &entry : prices)
    if (same_text(entry.region, region) && (best == nullptr || entry.date > best->date))
      best = &entry;
  return best == nullptr ? std::nullopt : std::optional(*best);
}

ServerPower load_server_power(const PresetCatalog &catalog) {
  const auto files = catalog.files("energy", ".toml");
  const auto file = files.find("server");
  if (file == files.end())
    throw InputError({}, "the preset energy/server.toml is missing");
  const InputValue root_value = load_toml(file->second.string());
  Diagnostics diagnostics;
  TableReader root(root_value, "", diagnostics);
  TableReader table = root.table("server_power");
  ServerPower power;
  const auto factor = [&](std::string_view key, double &value, double lowest, double highest) {
    const auto given = table.number(key, lowest, highest);
    if (!given && !table.has(key))
      table.report_missing(key, "a ratio");
    value = given.value_or(1.0);
  };
  factor("chip_to_server_gpu", power.chip_to_server_gpu, 1.0, 10.0);
  factor("chip_to_server_tpu", power.chip_to_server_tpu, 1.0, 10.0);
  factor("average_to_maximum_gpu", power.average_to_maximum_gpu, 0.01, 1.0);
  factor("average_to_maximum_tpu", power.average_to_maximum_tpu, 0.01, 1.0);
  power.provenance = read_provenance(table);
  table.finish();
  root.finish();
  diagnostics.throw_if_any();
  return power;
}

namespace {

bool is_tpu(const Cluster &cluster) { return cluster.device.form_factor == "TPU"; }

double average_to_maximum(const Cluster &cluster, const ServerPower &server) {
  return is_tpu(cluster) ? server.average_to_maximum_tpu : server.average_to_maximum_gpu;
}

} // namespace

std::optional<PowerPerGpu> training_power(const Cluster &cluster, const ServerPower &server) {
  const bool tpu = is_tpu(cluster);
  const double average = average_to_maximum(cluster, server);
  if (cluster.node.maximum_power)
    return average * *cluster.node.maximum_power /
           (static_cast<double>(cluster.node.gpus_per_node) * units::gpu);
  if (cluster.device.thermal_design_power)
    return average * (tpu ? server.chip_to_server_tpu : server.chip_to_server_gpu) *
           *cluster.device.thermal_design_power / units::gpu;
  return std::nullopt;
}

std::optional<PowerPerGpu> power_beside_accelerator(const Cluster &cluster,
                                                    const ServerPower &server) {
  const auto whole = training_power(cluster, server);
  if (!whole || !cluster.device.thermal_design_power)
    return std::nullopt;
  const PowerPerGpu accelerator =
      average_to_maximum(cluster, server) * *cluster.device.thermal_design_power / units::gpu;
  return std::max(*whole - accelerator, PowerPerGpu{});
}

std::optional<PowerModel> device_power_model(const Cluster &cluster) {
  const auto &power = cluster.calibration.power;
  if (!power || !cluster.device.thermal_design_power)
    return std::nullopt;
  return scaled_to(power->model, *cluster.device.thermal_design_power);
}

} // namespace flopcast
