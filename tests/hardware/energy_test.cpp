// SPDX-License-Identifier: Apache-2.0
#include "hardware/energy.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"
#include "tests/hardware/reading.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flopcast {
namespace {

using namespace units;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using tests::TemporaryPresets;

const std::string header = "scope,provider,region,country,carbon_intensity,date,source,note\n";

std::vector<GridCarbon> load(const std::string &rows) {
  const TemporaryPresets presets;
  presets.write("energy/grid.csv", header + rows);
  return load_grids(presets.catalog());
}

std::vector<GridCarbon> three_grids() {
  return load("cloud_region,gcp,us-central1,USA,430 g/kWh,2024,google,\n"
              "country,,,FRA,56 g/kWh,2023,owid,France\n"
              "country,,,USA,369 g/kWh,2023,owid,United States\n");
}

double grams_per_kilowatt_hour(const std::vector<GridCarbon> &grids, std::string_view region) {
  const auto found = find_grid(grids, region);
  return found ? found->intensity.in(gram / kilowatt_hour) : -1;
}

TEST(GridTable, ReadsEveryColumn) {
  const auto grids = three_grids();
  ASSERT_EQ(grids.size(), 3U);
  EXPECT_EQ(grids[0].region, "us-central1");
  EXPECT_EQ(grids[0].date, "2024");
  EXPECT_EQ(grids[0].source, "google");
  EXPECT_EQ(grids[1].region, "FRA"); // a country goes by its code
  EXPECT_EQ(grids[1].note, "France");
}

TEST(FindGrid, KnowsRegionsCodesAndNamesInAnyCase) {
  // g/kWh into g/J and back: two roundings, within 4 ulp.
  const auto grids = three_grids();
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "us-central1"), 430);
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "US-Central1"), 430);
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "fra"), 56);
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "france"), 56);
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "USA"), 369); // the country, not its region
  EXPECT_DOUBLE_EQ(grams_per_kilowatt_hour(grids, "United States"), 369);
}

TEST(FindGrid, FindsNothingForAnUnknownOrEmptyName) {
  const auto grids = three_grids();
  EXPECT_FALSE(find_grid(grids, "atlantis"));
  EXPECT_FALSE(find_grid(grids, "us-central")); // no guess from a part
  EXPECT_FALSE(find_grid(grids, ""));           // and an empty note is no name
  EXPECT_FALSE(find_grid({}, "FRA"));
}

TEST(GridTable, WrongIntensityIsReportedWithItsLine) {
  EXPECT_THAT(
      [] {
        (void)load("country,,,FRA,56 g,2023,owid,France\n"
                   "country,,,USA,-369 g/kWh,2023,owid,\n"
                   "country,,,ISL,0 g/kWh,2023,owid,Iceland\n");
      },
      ThrowsMessage<InputError>(
          AllOf(HasSubstr("grid.csv:2:1: carbon_intensity: expected a carbon intensity"),
                HasSubstr("grid.csv:3:1: carbon_intensity: "),
                testing::Not(HasSubstr("grid.csv:4"))))); // a grid of hydropower may be 0
}

TEST(GridTable, CatalogWithoutOneHasNoGrids) {
  const TemporaryPresets presets;
  EXPECT_TRUE(load_grids(presets.catalog()).empty());
}

TEST(ShippedGrids, KnowACloudRegionAndACountry) {
  const auto grids = load_grids(tests::shipped_presets());
  EXPECT_TRUE(find_grid(grids, "us-central1"));
  EXPECT_TRUE(find_grid(grids, "FRA"));
  EXPECT_TRUE(find_grid(grids, "France"));
}

const std::string server_text = "[server_power]\n"
                                "chip_to_server_gpu = 1.8\n"
                                "chip_to_server_tpu = 1.5\n"
                                "average_to_maximum_gpu = 0.75\n"
                                "average_to_maximum_tpu = 0.4\n"
                                "source = \"s\"\n"
                                "date = 2026-11-23\n";

ServerPower load_server(const std::string &text) {
  const TemporaryPresets presets;
  presets.write("energy/server.toml", text);
  return load_server_power(presets.catalog());
}

TEST(ServerPowerPreset, IsReadWithItsProvenance) {
  const ServerPower power = load_server(server_text);
  EXPECT_EQ(power.chip_to_server_gpu, 1.8);
  EXPECT_EQ(power.chip_to_server_tpu, 1.5);
  EXPECT_EQ(power.average_to_maximum_gpu, 0.75);
  EXPECT_EQ(power.average_to_maximum_tpu, 0.4);
  EXPECT_EQ(power.provenance.source, "s");
}

TEST(ServerPowerPreset, EveryKeyIsRequired) {
  for (const char *key : {"chip_to_server_gpu", "chip_to_server_tpu", "average_to_maximum_gpu",
                          "average_to_maximum_tpu", "source", "date"})
    EXPECT_THAT(
        [&] { (void)load_server(tests::without_key(server_text, "server_power", key)); },
        ThrowsMessage<InputError>(HasSubstr("server_power." + std::string(key) + ": is missing")));
}

TEST(ServerPowerPreset, CatchesSharesOutOfProportion) {
  EXPECT_THROW((void)load_server(tests::replaced(server_text, "0.75", "75")), InputError);
  EXPECT_THROW((void)load_server(tests::replaced(server_text, "1.8", "0.8")), InputError);
}

TEST(ServerPowerPreset, ThatIsMissingIsNamed) {
  const TemporaryPresets presets;
  EXPECT_THAT([&] { (void)load_server_power(presets.catalog()); },
              ThrowsMessage<InputError>(HasSubstr("energy/server.toml")));
}

constexpr double absent = -1;

/// W/GPU, or `absent`.
double watts(const Cluster &cluster) {
  const ServerPower server{.chip_to_server_gpu = 1.8,
                           .chip_to_server_tpu = 1.5,
                           .average_to_maximum_gpu = 0.75,
                           .average_to_maximum_tpu = 0.4,
                           .provenance = {}};
  const auto power = training_power(cluster, server);
  return power ? power->in(watt / gpu) : absent;
}

TEST(TrainingPower, IsTheNodesMaximumShared) {
  Cluster cluster;
  cluster.node.gpus_per_node = 8;
  cluster.node.maximum_power = 10.2 * kilowatt;
  cluster.device.thermal_design_power = 700.0 * watt; // the node knows better
  EXPECT_DOUBLE_EQ(watts(cluster), 956.25);           // 0.75 × 10,200 / 8
}

TEST(TrainingPower, FollowsFromTheChipWhereTheNodeIsUnknown) {
  Cluster cluster;
  cluster.device.thermal_design_power = 700.0 * watt;
  EXPECT_DOUBLE_EQ(watts(cluster), 945.0); // 0.75 × 1.8 × 700
}

TEST(TrainingPower, OfATpuHasItsOwnShares) {
  Cluster cluster;
  cluster.device.form_factor = "TPU";
  cluster.device.thermal_design_power = 200.0 * watt;
  EXPECT_DOUBLE_EQ(watts(cluster), 120.0); // 0.4 × 1.5 × 200
  cluster.node.gpus_per_node = 4;
  cluster.node.maximum_power = 2000.0 * watt;
  EXPECT_DOUBLE_EQ(watts(cluster), 200.0); // 0.4 × 2,000 / 4
}

TEST(PowerBesideTheAccelerator, IsTheMeanShareOfTheServersMaximumLessTheChip) {
  const ServerPower server{.chip_to_server_gpu = 1.8,
                           .chip_to_server_tpu = 1.5,
                           .average_to_maximum_gpu = 0.75,
                           .average_to_maximum_tpu = 0.4,
                           .provenance = {}};
  Cluster cluster;
  EXPECT_FALSE(power_beside_accelerator(cluster, server));
  cluster.device.thermal_design_power = 700.0 * watt;
  // 0.75 × (1.8 − 1) × 700
  EXPECT_DOUBLE_EQ(power_beside_accelerator(cluster, server)->in(watt / gpu), 420);
  cluster.node.gpus_per_node = 8;
  cluster.node.maximum_power = 10.2 * kilowatt;
  // 0.75 × (10,200 / 8 − 700)
  EXPECT_DOUBLE_EQ(power_beside_accelerator(cluster, server)->in(watt / gpu), 431.25);
  cluster.node.maximum_power = 4.0 * kilowatt; // less than its chips: nothing is left
  EXPECT_EQ(power_beside_accelerator(cluster, server), PowerPerGpu{});
}

TEST(DevicePowerModel, IsInProportionToTheThermalDesignPower) {
  Cluster cluster;
  EXPECT_FALSE(device_power_model(cluster));
  cluster.calibration.power.emplace();
  cluster.calibration.power->model.idle = 140.0 * watt;
  cluster.calibration.power->model.limit = 700.0 * watt;
  EXPECT_FALSE(device_power_model(cluster));
  cluster.device.thermal_design_power = 350.0 * watt;
  EXPECT_DOUBLE_EQ(device_power_model(cluster)->idle.in(watt), 70);
}

TEST(TrainingPower, IsAbsentWhereNothingIsKnown) { EXPECT_EQ(watts(Cluster{}), absent); }

} // namespace
} // namespace flopcast
