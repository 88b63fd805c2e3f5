// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "hardware/price.hpp"
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

constexpr auto per_gpu_hour = usd / gpu_hour;

/// A row with the place that a failure names.
struct PriceRow {
  std::string place;
  CsvRow row;
};

std::vector<PriceRow> price_rows() {
  std::vector<PriceRow> all;
  for (const auto &[name, path] : shipped_presets().files("prices", ".csv"))
    for (const CsvRow &row : read_any_csv(path))
      all.push_back({fmt::format("prices/{}.csv:{}", name, row.line), row});
  return all;
}

double price_of(const CsvRow &row) { return parse_any_quantity(row.at("price")).value; }

TEST(PricePreset, EveryTableIsReadWithoutADiagnostic) {
  std::vector<PriceQuote> quotes;
  ASSERT_NO_THROW(quotes = load_prices(shipped_presets()));
  EXPECT_EQ(quotes.size(), price_rows().size());
}

TEST(PricePreset, EveryRowHasASourceAndADayThatHasBeen) {
  for (const auto &[place, row] : price_rows()) {
    EXPECT_NE(row.at("source"), "") << place << " source";
    const auto date = date_of(row.at("date"));
    ASSERT_TRUE(date) << place << " date = " << row.at("date");
    EXPECT_TRUE(is_calendar_day(*date)) << place << " date = " << row.at("date");
    EXPECT_GE(*date, first_day) << place << " date";
    EXPECT_LE(*date, last_day) << place << " date";
  }
}

TEST(PricePreset, EveryRowNamesItsGpuAndAPresetsIdOrNone) {
  const auto ids = shipped_presets().ids("devices");
  for (const auto &[place, row] : price_rows()) {
    EXPECT_NE(row.at("gpu_name"), "") << place << " gpu_name";
    if (!row.at("gpu").empty()) {
      EXPECT_THAT(ids, testing::Contains(row.at("gpu"))) << place << " gpu";
    }
  }
}

TEST(PricePreset, EveryRentNamesItsProvider) {
  for (const auto &[place, row] : price_rows()) {
    if (row.at("kind") != "purchase") {
      EXPECT_NE(row.at("provider"), "") << place << " provider";
    }
  }
}

TEST(PricePreset, CountsOfGpusAreThoseOfAServer) {
  for (const auto &[place, row] : price_rows())
    if (!row.at("gpu_count").empty()) {
      const auto count = number_of(row.at("gpu_count"));
      ASSERT_TRUE(count) << place << " gpu_count = " << row.at("gpu_count");
      EXPECT_GE(*count, 1) << place << " gpu_count";
      EXPECT_LE(*count, 72) << place << " gpu_count";
    }
}

TEST(PricePreset, RentIsWithinWhatHasBeenAsked) {
  // A spot P100 has been had for 0.1 USD an hour, a GB200 in Brazil costs 54. Cents for dollars, or
  // prices of whole servers for those of a GPU, leave this range.
  for (const PriceQuote &quote : load_prices(shipped_presets()))
    if (quote.rent) {
      EXPECT_GE(*quote.rent, 0.05 * per_gpu_hour) << quote.provider << " " << quote.instance;
      EXPECT_LE(*quote.rent, 60.0 * per_gpu_hour) << quote.provider << " " << quote.instance;
    }
}

TEST(PricePreset, PurchaseIsWithinWhatHasBeenAsked) {
  for (const PriceQuote &quote : load_prices(shipped_presets()))
    if (quote.purchase) {
      EXPECT_GE(*quote.purchase, 500.0 * usd / gpu) << quote.gpu_name << " " << to_text(quote.date);
      EXPECT_LE(*quote.purchase, 1e5 * usd / gpu) << quote.gpu_name << " " << to_text(quote.date);
    }
}

TEST(PricePreset, CommitmentAndSpotAreNotDearerThanOnDemand) {
  const auto offer = [](const CsvRow &row) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}", row.at("provider"), row.at("instance"),
                       row.at("gpu_name"), row.at("gpu_count"), row.at("region"), row.at("date"),
                       row.at("source"));
  };
  std::map<std::string, double> on_demand;
  for (const auto &[place, row] : price_rows())
    if (row.at("kind") == "on_demand") {
      double &dearest = on_demand[offer(row)];
      dearest = std::max(dearest, price_of(row));
    }
  std::size_t compared = 0;
  for (const auto &[place, row] : price_rows()) {
    const std::string &kind = row.at("kind");
    const auto full = on_demand.find(offer(row));
    if ((kind != "spot" && !kind.starts_with("reserved")) || full == on_demand.end())
      continue;
    ++compared;
    EXPECT_LE(price_of(row), full->second) << place << " " << kind << " price";
  }
  EXPECT_GE(compared, 200U);
}

TEST(PricePreset, PercentilesOfTheMarketAreInOrder) {
  const std::vector<std::string> order{"market_min", "market_p25", "market_median", "market_p75",
                                       "market_max"};
  std::map<std::string, std::map<std::string, double>> spreads;
  for (const auto &[place, row] : price_rows())
    if (row.at("kind").starts_with("market_"))
      spreads[row.at("gpu_name") + " " + row.at("date")][row.at("kind")] = price_of(row);
  EXPECT_FALSE(spreads.empty());
  for (const auto &[offers, spread] : spreads) {
    ASSERT_EQ(spread.size(), order.size()) << offers;
    for (std::size_t i = 1; i < order.size(); ++i)
      EXPECT_LE(spread.at(order[i - 1]), spread.at(order[i])) << offers << " " << order[i];
  }
}

TEST(PricePreset, OfANodesInstanceIsForTheNodesGpus) {
  const PresetCatalog catalog = shipped_presets();
  std::map<std::string, Node> by_instance;
  for (const std::string &id : catalog.ids("nodes"))
    if (Node node = load_node(catalog, id); !node.instance.empty())
      by_instance.emplace(node.instance, node);
  std::size_t compared = 0;
  for (const auto &[place, row] : price_rows()) {
    const auto node = by_instance.find(row.at("instance"));
    if (node == by_instance.end())
      continue;
    ++compared;
    if (!row.at("gpu").empty()) {
      EXPECT_EQ(row.at("gpu"), node->second.gpu) << place << " gpu";
    }
    if (const auto count = number_of(row.at("gpu_count"))) {
      EXPECT_EQ(*count, static_cast<double>(node->second.gpus_per_node)) << place << " gpu_count";
    }
  }
  EXPECT_GE(compared, 50U);
}

TEST(PricePreset, ADgx1HoldsSxm2Cards) {
  // Epoch AI files the first DGX-1 under the PCIe card; that server only ever held SXM2 modules.
  for (const auto &[place, row] : price_rows())
    if (row.at("note").starts_with("DGX-1 ") && !row.at("gpu").empty()) {
      EXPECT_THAT(row.at("gpu"), testing::HasSubstr("sxm2")) << place << " gpu";
    }
}

TEST(PricePreset, LargeTrainingDevicesHaveATypicalRent) {
  const auto quotes = load_prices(shipped_presets());
  for (const char *gpu_id : {"a100-sxm4-40gb", "a100-sxm4-80gb", "h100-sxm5-80gb", "h200-sxm-141gb",
                             "b200-sxm", "v100-sxm2-16gb", "tpu-v5p"})
    EXPECT_TRUE(typical_rent(quotes, gpu_id)) << gpu_id;
}

TEST(OwnershipPreset, HasTheTablesAndKeysOfItsFormatAndNoOther) {
  const auto files = shipped_presets().files("prices", ".toml");
  ASSERT_EQ(files.size(), 1U);
  const InputValue root_value = load_toml(files.at("ownership").string());
  Diagnostics diagnostics;
  TableReader root(root_value, "", diagnostics);
  const auto numbers = [&](std::string_view name, std::vector<std::string> keys, double lowest,
                           double highest) {
    TableReader table = root.table(name);
    for (const std::string &key : keys)
      EXPECT_TRUE(table.number(key, lowest, highest)) << name << "." << key;
    EXPECT_TRUE(table.text("source")) << name << ".source";
    EXPECT_TRUE(table.date("date")) << name << ".date";
    table.finish();
  };
  // A server costs more than its chips, and no discount is above the whole price.
  numbers("server_cost", {"p100", "v100", "a100", "other"}, 1.0, 3.0);
  numbers("cluster", {"interconnect_fraction"}, 0.01, 0.5);
  numbers("depreciation", {"price_performance_decades_per_year"}, 0.01, 1.0);
  numbers("utilization", {"median_mfu"}, 0.1, 0.7);
  numbers(
      "reserved_discount",
      {"aws_1y", "aws_3y", "gcp_1y", "gcp_3y", "azure_1y", "azure_3y", "lambda_1y", "lambda_3y"},
      0.05, 0.9);
  TableReader lifetime = root.table("lifetime");
  for (const char *key : {"until_2020", "from_2021_to_2022", "from_2023"})
    EXPECT_TRUE(lifetime.quantity(key, 700.0 * day, 3650.0 * day)) << "lifetime." << key;
  TableReader tpu = root.table("tpu_purchase");
  for (const char *key : {"tpu_v3", "tpu_v4"})
    EXPECT_TRUE(tpu.quantity(key, 1e3 * usd / gpu, 1e5 * usd / gpu)) << "tpu_purchase." << key;
  for (TableReader *table : {&lifetime, &tpu}) {
    EXPECT_TRUE(table->text("source"));
    EXPECT_TRUE(table->date("date"));
    table->finish();
  }
  root.finish();
  EXPECT_NO_THROW(diagnostics.throw_if_any());
}

TEST(OwnershipPreset, CommittingLongerSavesMore) {
  const InputValue root =
      load_toml(shipped_presets().files("prices", ".toml").at("ownership").string());
  for (const std::string provider : {"aws", "gcp", "azure", "lambda"})
    EXPECT_LT(number_at(root, "reserved_discount." + provider + "_1y"),
              number_at(root, "reserved_discount." + provider + "_3y"))
        << provider;
}

} // namespace
} // namespace flopcast::tests
