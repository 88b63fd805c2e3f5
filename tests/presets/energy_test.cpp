// SPDX-License-Identifier: Apache-2.0
#include "hardware/energy.hpp"
#include "hardware/input/table_reader.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"
#include "tests/support/print_quantity.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

namespace flopcast::tests {
namespace {

using namespace units;

std::filesystem::path energy_file(const std::string &name) {
  return source_directory() / "presets/energy" / name;
}

/// A year, a half-year, a month or a span of years: what statistics are dated by. None is later
/// than the presets.
bool is_period(const std::string &text) {
  static const std::regex form(R"((\d{4})(H[12]|-(0[1-9]|1[0-2])|-(\d{4}))?)");
  std::smatch part;
  if (!std::regex_match(text, part, form))
    return false;
  const int first = std::stoi(part[1]);
  const int last = part[4].matched ? std::stoi(part[4]) : first;
  return first >= first_day.year && last <= last_day.year && first <= last;
}

TEST(GridPreset, IsReadWithoutADiagnostic) {
  std::vector<GridCarbon> grids;
  ASSERT_NO_THROW(grids = load_grids(shipped_presets()));
  EXPECT_EQ(grids.size(), read_any_csv(energy_file("grid.csv")).size());
}

TEST(GridPreset, EveryRowHasASourceAPlaceAndAPeriodOrNone) {
  const std::set<std::string> scopes{"cloud_region", "cloud_region_legacy", "country"};
  for (const CsvRow &row : read_any_csv(energy_file("grid.csv"))) {
    const std::string place = fmt::format("energy/grid.csv:{}", row.line);
    EXPECT_NE(row.at("source"), "") << place << " source";
    EXPECT_TRUE(scopes.contains(row.at("scope"))) << place << " scope = " << row.at("scope");
    if (row.at("scope") == "country") {
      EXPECT_EQ(row.at("country").size(), 3U) << place << " country = " << row.at("country");
      EXPECT_NE(row.at("date"), "") << place << " date";
    } else {
      EXPECT_NE(row.at("provider"), "") << place << " provider";
      EXPECT_NE(row.at("region"), "") << place << " region";
    }
    // The file's head says that Google's regions are undated; the value of Western Sahara is of
    // 2009.
    if (!row.at("date").empty() && row.at("date") != "2009") {
      EXPECT_TRUE(is_period(row.at("date"))) << place << " date = " << row.at("date");
    }
  }
}

TEST(GridPreset, IntensityIsThatOfAGrid) {
  // Hydropower and nuclear: some grams; old coal: about 1,000; Turkmenistan's gas: 1,306 g/kWh.
  for (const GridCarbon &grid : load_grids(shipped_presets())) {
    EXPECT_GE(grid.intensity, CarbonIntensity{}) << grid.region;
    EXPECT_LE(grid.intensity, 1400.0 * gram / kilowatt_hour) << grid.region;
  }
}

TEST(GridPreset, EachPlaceIsThereOnce) {
  std::set<std::string> seen;
  for (const CsvRow &row : read_any_csv(energy_file("grid.csv")))
    EXPECT_TRUE(seen.insert(fmt::format("{} {} {} {}", row.at("scope"), row.at("provider"),
                                        row.at("region"), row.at("country")))
                    .second)
        << "energy/grid.csv:" << row.line;
}

TEST(ElectricityPreset, EveryRowHasASourceAPeriodAndAPrice) {
  const std::vector<std::string> columns{"region", "country", "price", "date", "source", "note"};
  const std::string path = energy_file("electricity.csv").string();
  std::vector<CsvRow> rows;
  ASSERT_NO_THROW(rows = parse_csv(read_file(path), path, columns));
  // Euro prices stay in euro, as published: the library has no exchange rates and must not read
  // them as dollars. Eurostat's dearest non-household price is 0.276 EUR/kWh.
  const std::regex euro(R"(0\.\d+ EUR/kWh)");
  for (const CsvRow &row : rows) {
    const std::string place = fmt::format("energy/electricity.csv:{}", row.line);
    EXPECT_NE(row.at("region"), "") << place << " region";
    EXPECT_NE(row.at("country"), "") << place << " country";
    EXPECT_NE(row.at("source"), "") << place << " source";
    EXPECT_TRUE(is_period(row.at("date"))) << place << " date = " << row.at("date");
    if (row.at("country") == "EU") {
      EXPECT_TRUE(std::regex_match(row.at("price"), euro)) << place << " price";
      continue;
    }
    EnergyPrice price;
    ASSERT_NO_THROW(price = parse_quantity<EnergyPrice::dimension>(row.at("price"))) << place;
    EXPECT_GE(price, 0.03 * usd / kilowatt_hour) << place << " price";
    EXPECT_LE(price, 0.45 * usd / kilowatt_hour) << place << " price";
  }
}

TEST(PuePreset, EveryRowHasASourceAPeriodAndARatio) {
  const std::vector<std::string> columns{"provider", "region", "pue", "date", "source", "note"};
  const std::string path = energy_file("pue.csv").string();
  std::vector<CsvRow> rows;
  ASSERT_NO_THROW(rows = parse_csv(read_file(path), path, columns));
  for (const CsvRow &row : rows) {
    const std::string place = fmt::format("energy/pue.csv:{}", row.line);
    EXPECT_NE(row.at("provider"), "") << place << " provider";
    EXPECT_NE(row.at("source"), "") << place << " source";
    EXPECT_TRUE(is_period(row.at("date"))) << place << " date = " << row.at("date");
    const auto pue = number_of(row.at("pue"));
    ASSERT_TRUE(pue) << place << " pue = " << row.at("pue");
    EXPECT_GE(*pue, 1.05) << place << " pue";
    EXPECT_LE(*pue, 1.6) << place << " pue";
  }
}

TEST(ServerPowerPreset, IsReadWithoutADiagnostic) {
  ServerPower power;
  ASSERT_NO_THROW(power = load_server_power(shipped_presets()));
  // Average power in training is below the maximum; the rest of a server draws less than its chips.
  EXPECT_LT(power.average_to_maximum_gpu, 1.0);
  EXPECT_LT(power.average_to_maximum_tpu, power.average_to_maximum_gpu);
  EXPECT_LT(power.chip_to_server_gpu, 2.0);
  EXPECT_LT(power.chip_to_server_tpu, power.chip_to_server_gpu);
}

TEST(ServerPowerPreset, ByChipHasTheKeysOfItsFormatAndNoOther) {
  const InputValue root_value = load_toml(energy_file("server_by_chip.toml").string());
  Diagnostics diagnostics;
  TableReader root(root_value, "", diagnostics);
  TableReader table = root.table("chip_to_server");
  for (const char *key : {"v100", "a100", "h100", "tpu_v2", "tpu_v3"})
    EXPECT_TRUE(table.number(key, 1.2, 2.5)) << "energy/server_by_chip.toml: " << key;
  EXPECT_TRUE(table.text("source"));
  EXPECT_TRUE(table.date("date"));
  table.finish();
  root.finish();
  EXPECT_NO_THROW(diagnostics.throw_if_any());
}

TEST(ServerPowerPreset, ByChipFollowsFromTheServersThatItNames) {
  const InputValue root = load_toml(energy_file("server_by_chip.toml").string());
  constexpr double four_digits = 5e-5;
  // 6.5 kW over 8 chips of 0.4 kW is 2.03125; 10.2 kW over 8 of 0.7 kW is 1.82143.
  EXPECT_NEAR(number_at(root, "chip_to_server.a100").value_or(0), 6.5 / 8 / 0.4, 1.1 * four_digits);
  EXPECT_NEAR(number_at(root, "chip_to_server.h100").value_or(0), 10.2 / 8 / 0.7, four_digits);
}

} // namespace
} // namespace flopcast::tests
