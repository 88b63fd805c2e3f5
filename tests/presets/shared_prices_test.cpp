// SPDX-License-Identifier: Apache-2.0
// Prices and energy against the collected facts beside the checkout.
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

namespace flopcast::tests {
namespace {

constexpr auto prices_file = "presets/prices.csv";
constexpr auto energy_csv = "presets/energy.csv";

/// A table of ours and the start of the source that its rows came from.
struct PriceSource {
  const char *table;
  const char *source;
  bool dated = true; ///< the source dates its rows; else ours are nominal
};

constexpr PriceSource price_sources[] = {
    {"aws", "github:aws/karpenter-provider-aws"},
    {"azure", "github:Azure/karpenter-provider-azure"},
    {"gcp", "github:cloudpilot-ai/karpenter-provider-gcp"},
    {"gcp-tpu", "github:dstackai/gpuhunt"},
    {"marketplace", "github:tugot17/gpu-price-tracker"},
    {"cloud-gpus", "github:the-full-stack/website", false},
    {"epoch-history", "Epoch AI Hardware prices"},
};

std::filesystem::path price_table(const std::string &name) {
  return source_directory() / "presets/prices" / (name + ".csv");
}

/// Rows that the comment at the head says are left out: "6 spot prices … are left out".
std::size_t said_to_be_left_out(const std::string &name) {
  const std::string text = read_file(price_table(name).string());
  static const std::regex pattern(R"(# (\d+) [^.\n]*left out)");
  std::smatch part;
  return std::regex_search(text, part, pattern) ? std::stoul(part[1]) : 0;
}

std::vector<CsvRow> source_rows(const PriceSource &source) {
  std::vector<CsvRow> rows = read_any_csv(shared_data() / prices_file);
  std::erase_if(rows,
                [&](const CsvRow &row) { return !row.at("source").starts_with(source.source); });
  return rows;
}

TEST(SharedPrices, EveryRowIsOfASourceThatHasATable) {
  FLOPCAST_REQUIRE_SHARED(prices_file);
  for (const CsvRow &row : read_any_csv(shared_data() / prices_file))
    EXPECT_TRUE(std::ranges::any_of(
        price_sources,
        [&](const PriceSource &source) { return row.at("source").starts_with(source.source); }))
        << prices_file << ":" << row.line << " " << row.at("source");
}

TEST(SharedPrices, EveryRowIsThereButThoseSaidToBeLeftOut) {
  FLOPCAST_REQUIRE_SHARED(prices_file);
  for (const PriceSource &source : price_sources)
    EXPECT_EQ(source_rows(source).size(),
              read_any_csv(price_table(source.table)).size() + said_to_be_left_out(source.table))
        << "prices/" << source.table << ".csv";
}

TEST(SharedPrices, AmountsAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(prices_file);
  // The collected table rounds a GPU's share of an instance to four decimals.
  constexpr double rounding = 5.1e-5;
  using Amounts = std::map<std::string, std::vector<double>>;
  const auto sorted = [](Amounts amounts) {
    for (auto &[group, values] : amounts)
      std::ranges::sort(values);
    return amounts;
  };
  for (const PriceSource &source : price_sources) {
    const auto group = [&](const CsvRow &row) {
      return fmt::format("{} {} {}", row.at("kind"), row.at("region"),
                         source.dated ? row.at("date") : "");
    };
    Amounts theirs;
    Amounts ours;
    for (const CsvRow &row : source_rows(source))
      if (row.at("status") != "suspect")
        theirs[group(row)].push_back(number_of(row.at("usd_per_gpu_hour")).value_or(0));
    for (const CsvRow &row : read_any_csv(price_table(source.table))) {
      const double base = parse_any_quantity(row.at("price")).value;
      ours[group(row)].push_back(row.at("kind") == "purchase" ? base : base * 3600);
    }
    theirs = sorted(std::move(theirs));
    ours = sorted(std::move(ours));
    ASSERT_EQ(theirs.size(), ours.size()) << "prices/" << source.table << ".csv";
    for (const auto &[name, amounts] : theirs) {
      ASSERT_TRUE(ours.contains(name)) << "prices/" << source.table << ".csv: " << name;
      EXPECT_THAT(ours[name], testing::Pointwise(testing::DoubleNear(rounding), amounts))
          << "prices/" << source.table << ".csv: " << name;
    }
  }
}

TEST(SharedPrices, KindsAreAllThere) {
  FLOPCAST_REQUIRE_SHARED(prices_file);
  std::set<std::string> theirs;
  std::set<std::string> ours;
  for (const CsvRow &row : read_any_csv(shared_data() / prices_file))
    theirs.insert(row.at("kind"));
  for (const PriceSource &source : price_sources)
    for (const CsvRow &row : read_any_csv(price_table(source.table)))
      ours.insert(row.at("kind"));
  EXPECT_EQ(theirs, ours);
}

/// Values of a record type, sorted.
std::vector<double> energy_values(const std::string &type) {
  std::vector<double> values;
  for (const CsvRow &row : read_any_csv(shared_data() / energy_csv))
    if (row.at("record_type") == type)
      values.push_back(number_of(row.at("value")).value_or(-1));
  std::ranges::sort(values);
  return values;
}

/// The numbers of one column of ours, without their unit, sorted.
std::vector<double> our_values(const std::string &file, const std::string &column,
                               const std::string &scope) {
  std::vector<double> values;
  for (const CsvRow &row : read_any_csv(source_directory() / "presets/energy" / file))
    if (row.at("scope") == scope)
      values.push_back(std::stod(row.at(column)));
  std::ranges::sort(values);
  return values;
}

TEST(SharedEnergy, GridsAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(energy_csv);
  for (const auto &[type, scope] :
       std::map<std::string, std::string>{{"grid_co2", "cloud_region"},
                                          {"grid_co2_legacy", "cloud_region_legacy"},
                                          {"grid_co2_country", "country"}})
    EXPECT_THAT(our_values("grid.csv", "carbon_intensity", scope),
                testing::Pointwise(testing::DoubleEq(), energy_values(type)))
        << scope;
}

TEST(SharedEnergy, ElectricityPricesAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(energy_csv);
  EXPECT_THAT(our_values("electricity.csv", "price", ""),
              testing::Pointwise(testing::DoubleEq(), energy_values("electricity_price")));
}

TEST(SharedEnergy, DataCentresAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(energy_csv);
  std::vector<double> expected = energy_values("pue");
  for (const double fallback : {1.1, 1.25}) // of hyperscalers, of the others
    expected.insert(std::ranges::lower_bound(expected, fallback), fallback);
  EXPECT_THAT(our_values("pue.csv", "pue", ""), testing::Pointwise(testing::DoubleEq(), expected));
}

TEST(SharedEnergy, DefaultsOfCostAndPowerAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(energy_csv);
  // The table's name of a default → our file, key and base units of one.
  struct Place {
    const char *file;
    const char *key;
    double unit = 1;
  };
  constexpr double year = 365 * 86400.0;
  constexpr auto ownership = "prices/ownership.toml";
  constexpr auto server = "energy/server.toml";
  constexpr auto by_chip = "energy/server_by_chip.toml";
  const std::map<std::string, Place> places{
      {"server_power_fraction_gpu", {server, "server_power.average_to_maximum_gpu"}},
      {"server_power_fraction_tpu", {server, "server_power.average_to_maximum_tpu"}},
      {"chip_to_server_power_default_gpu", {server, "server_power.chip_to_server_gpu"}},
      {"chip_to_server_power_TPUv4plus", {server, "server_power.chip_to_server_tpu"}},
      {"chip_to_server_power_H100", {by_chip, "chip_to_server.h100"}},
      {"chip_to_server_power_A100", {by_chip, "chip_to_server.a100"}},
      {"chip_to_server_power_V100", {by_chip, "chip_to_server.v100"}},
      {"chip_to_server_power_TPUv2", {by_chip, "chip_to_server.tpu_v2"}},
      {"chip_to_server_power_TPUv3", {by_chip, "chip_to_server.tpu_v3"}},
      {"server_cost_overhead_A100", {ownership, "server_cost.a100"}},
      {"server_cost_overhead_V100", {ownership, "server_cost.v100"}},
      {"server_cost_overhead_P100", {ownership, "server_cost.p100"}},
      {"server_cost_overhead_default", {ownership, "server_cost.other"}},
      {"cluster_interconnect_cost_fraction", {ownership, "cluster.interconnect_fraction"}},
      {"server_lifetime_years_<=2020", {ownership, "lifetime.until_2020", year}},
      {"server_lifetime_years_2021_2022", {ownership, "lifetime.from_2021_to_2022", year}},
      {"server_lifetime_years_>=2023", {ownership, "lifetime.from_2023", year}},
      {"price_performance_ooms_per_year",
       {ownership, "depreciation.price_performance_decades_per_year"}},
      {"median_mfu", {ownership, "utilization.median_mfu"}},
      {"reserved_1y_discount_AWS", {ownership, "reserved_discount.aws_1y"}},
      {"reserved_3y_discount_AWS", {ownership, "reserved_discount.aws_3y"}},
      {"reserved_1y_discount_GCP", {ownership, "reserved_discount.gcp_1y"}},
      {"reserved_3y_discount_GCP", {ownership, "reserved_discount.gcp_3y"}},
      {"reserved_1y_discount_Azure", {ownership, "reserved_discount.azure_1y"}},
      {"reserved_3y_discount_Azure", {ownership, "reserved_discount.azure_3y"}},
      {"reserved_1y_discount_Lambda", {ownership, "reserved_discount.lambda_1y"}},
      {"reserved_3y_discount_Lambda", {ownership, "reserved_discount.lambda_3y"}},
      {"tpu_v3_equiv_purchase_price", {ownership, "tpu_purchase.tpu_v3"}},
      {"tpu_v4_equiv_purchase_price", {ownership, "tpu_purchase.tpu_v4"}},
  };
  for (const CsvRow &row : read_any_csv(shared_data() / energy_csv)) {
    const std::string &name = row.at("region");
    // The two defaults of PUE are rows of energy/pue.csv.
    if (row.at("record_type") != "capex_default" || name.starts_with("pue_default"))
      continue;
    ASSERT_TRUE(places.contains(name)) << name << " is in no preset";
    const Place &place = places.at(name);
    const auto value =
        number_at(load_toml((source_directory() / "presets" / place.file).string()), place.key);
    ASSERT_TRUE(value) << place.file << ": " << place.key;
    EXPECT_TRUE(same_number(*value, *number_of(row.at("value")) * place.unit))
        << place.file << ": " << place.key << " against " << name << " = " << row.at("value");
  }
}

} // namespace
} // namespace flopcast::tests
