// SPDX-License-Identifier: Apache-2.0
#include "hardware/price.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace flopcast {
namespace {

using namespace units;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using tests::TemporaryPresets;

const std::string header =
    "provider,instance,gpu,gpu_name,gpu_count,region,date,kind,price,source,note\n";

std::vector<PriceQuote> load(const std::string &rows) {
  const TemporaryPresets presets;
  presets.write("prices/list.csv", header + rows);
  return load_prices(presets.catalog());
}

TEST(PriceTable, ReadsEveryColumn) {
  const auto quotes =
      load("Acme,x.8,h100,H100 SXM,8,us-east,2026-06-18,on_demand,2.10 USD/(GPU*h),list,a note\n");
  ASSERT_EQ(quotes.size(), 1U);
  const PriceQuote &quote = quotes.front();
  EXPECT_EQ(quote.provider, "Acme");
  EXPECT_EQ(quote.instance, "x.8");
  EXPECT_EQ(quote.gpu, "h100");
  EXPECT_EQ(quote.gpu_name, "H100 SXM");
  EXPECT_EQ(quote.region, "us-east");
  EXPECT_EQ(quote.date, (Date{2026, 6, 18}));
  EXPECT_EQ(quote.kind, PriceKind::on_demand);
  ASSERT_TRUE(quote.rent);
  EXPECT_DOUBLE_EQ(quote.rent->in(usd / gpu_hour), 2.10);
  EXPECT_FALSE(quote.purchase);
  EXPECT_EQ(quote.source, "list");
  EXPECT_EQ(quote.note, "a note");
}

TEST(PriceTable, PurchaseIsAPriceOfAGpu) {
  const auto quotes = load("Shop,,h100,H100,1,,2023-05-01,purchase,33600 USD/GPU,report,\n");
  ASSERT_EQ(quotes.size(), 1U);
  EXPECT_FALSE(quotes.front().rent);
  EXPECT_EQ(quotes.front().purchase, 33600.0 * usd / gpu);
}

TEST(PriceTable, KnowsEveryKind) {
  std::string rows;
  for (const auto &[name, kind] : price_kind_names())
    rows += "A,,g,G,1,r,2026-01-01," + std::string(name) +
            (kind == PriceKind::purchase ? ",1 USD/GPU,s,\n" : ",1 USD/(GPU*h),s,\n");
  const auto quotes = load(rows);
  ASSERT_EQ(quotes.size(), price_kind_names().size());
  for (std::size_t i = 0; i < quotes.size(); ++i) {
    EXPECT_EQ(quotes[i].kind, price_kind_names()[i].second);
    EXPECT_EQ(to_text(quotes[i].kind), price_kind_names()[i].first);
  }
}

TEST(PriceTable, ReadsAllTablesOfTheFolder) {
  const TemporaryPresets presets;
  presets.write("prices/a.csv", header + "A,,g,G,1,r,2026-01-01,spot,1 USD/(GPU*h),s,\n");
  presets.write("prices/b.csv", header + "B,,g,G,1,r,2026-01-01,spot,1 USD/(GPU*h),s,\n");
  presets.write("prices/notes.toml", "not = \"a table\"");
  EXPECT_EQ(load_prices(presets.catalog()).size(), 2U);
}

TEST(PriceTable, CatalogWithoutPricesHasNone) {
  const TemporaryPresets presets;
  EXPECT_TRUE(load_prices(presets.catalog()).empty());
}

TEST(PriceTable, ReportsEveryWrongRowWithItsLine) {
  EXPECT_THAT(
      [] {
        (void)load("A,,g,G,1,r,18.06.2026,spot,1 USD/(GPU*h),s,\n"
                   "A,,g,G,1,r,2026-01-01,on-demand,1 USD/(GPU*h),s,\n"
                   "A,,g,G,1,r,2026-01-01,spot,1 USD/h,s,\n"
                   "A,,g,G,1,r,2026-01-01,purchase,1 USD/(GPU*h),s,\n"
                   "A,,g,G,1,r,2026-01-01,spot,1 USD/(GPU*h),,\n");
      },
      ThrowsMessage<InputError>(AllOf(
          HasSubstr("list.csv:2:1: date: expected one such as 2026-11-23, got \"18.06.2026\""),
          HasSubstr("list.csv:3:1: kind: \"on-demand\" is not known"),
          HasSubstr("list.csv:4:1: price: expected a price of GPU time"),
          HasSubstr("list.csv:5:1: price: expected a purchase price"),
          HasSubstr("list.csv:6:1: source: is missing"))));
}

TEST(PriceTable, RefusesDaysThatNoCalendarHas) {
  for (const char *day : {"", "2026-1-01", "2026-01-1", "2026/01/01", "2026-13-01", "2026-00-01",
                          "2026-01-00", "2026-01-32", "2026-02-30", "2025-02-29", "2026-04-31",
                          "-123-01-01", "2026--1-01", "2026-01-01T00", "yyyy-mm-dd", "2026-01-0x"})
    EXPECT_THROW((void)load("A,,g,G,1,r," + std::string(day) + ",spot,1 USD/(GPU*h),s,\n"),
                 InputError)
        << day;
  EXPECT_NO_THROW((void)load("A,,g,G,1,r,2024-02-29,spot,1 USD/(GPU*h),s,\n"));
}

TEST(PriceTable, RefusesPricesThatAreNotPositive) {
  // A price of zero or less would win every search for the cheapest.
  for (const char *price : {"0 USD/(GPU*h)", "-2 USD/(GPU*h)"})
    EXPECT_THAT([&] { (void)load("A,,g,G,1,r,2026-01-01,spot," + std::string(price) + ",s,\n"); },
                ThrowsMessage<InputError>(HasSubstr("list.csv:2:1: price: ")))
        << price;
  EXPECT_THROW((void)load("A,,g,G,1,r,2026-01-01,purchase,-1 USD/GPU,s,\n"), InputError);
}

PriceQuote quote(std::string provider, Date date, double dollars_per_hour,
                 PriceKind kind = PriceKind::on_demand, std::string region = "east") {
  PriceQuote made;
  made.provider = std::move(provider);
  made.gpu = "h100";
  made.region = std::move(region);
  made.date = date;
  made.kind = kind;
  made.rent = dollars_per_hour * usd / gpu_hour;
  return made;
}

PriceQuery any() {
  return {.gpu = "h100", .provider = {}, .region = {}, .kind = {}, .on_or_before = {}};
}

/// The rent of the newest quote, in USD/(GPU*h), or -1 where none answers.
double newest(const std::vector<PriceQuote> &quotes, const PriceQuery &query) {
  const auto found = newest_quote(quotes, query);
  return found ? std::round(found->rent->in(usd / gpu_hour) * 100) / 100 : -1;
}

const std::vector<PriceQuote> quotes{
    quote("Acme", {2025, 1, 1}, 1.00),
    quote("Acme", {2026, 1, 1}, 3.00),
    quote("Acme", {2026, 1, 1}, 2.00, PriceKind::on_demand, "west"),
    quote("Bell", {2026, 1, 1}, 2.50),
    quote("Bell", {2026, 2, 1}, 1.50, PriceKind::spot),
    quote("Market", {2026, 3, 1}, 1.20, PriceKind::market_median),
};

TEST(NewestQuote, IsTheLatestAndNotTheCheapest) {
  PriceQuery query = any();
  EXPECT_EQ(newest(quotes, query), 1.20);
  query.kind = PriceKind::on_demand;
  EXPECT_EQ(newest(quotes, query), 2.00); // 1.00 is a year older
}

TEST(NewestQuote, IsTheCheapestOfItsDayWhateverTheOrder) {
  PriceQuery query = any();
  query.kind = PriceKind::on_demand;
  const std::vector<PriceQuote> backwards(quotes.rbegin(), quotes.rend());
  EXPECT_EQ(newest(backwards, query), 2.00);
}

TEST(NewestQuote, FiltersByProviderAndRegionInAnyCase) {
  PriceQuery query = any();
  query.provider = "ACME";
  EXPECT_EQ(newest(quotes, query), 2.00);
  query.region = "East";
  EXPECT_EQ(newest(quotes, query), 3.00);
  query.region = "north";
  EXPECT_EQ(newest(quotes, query), -1);
}

TEST(NewestQuote, FiltersByKind) {
  PriceQuery query = any();
  query.kind = PriceKind::spot;
  EXPECT_EQ(newest(quotes, query), 1.50);
  query.kind = PriceKind::market_median;
  EXPECT_EQ(newest(quotes, query), 1.20);
  query.kind = PriceKind::reserved_3y;
  EXPECT_EQ(newest(quotes, query), -1);
}

TEST(NewestQuote, LooksBackFromADayThatCounts) {
  PriceQuery query = any();
  query.on_or_before = Date{2026, 1, 1};
  EXPECT_EQ(newest(quotes, query), 2.00);
  query.on_or_before = Date{2025, 12, 31};
  EXPECT_EQ(newest(quotes, query), 1.00);
  query.on_or_before = Date{2024, 12, 31};
  EXPECT_EQ(newest(quotes, query), -1);
}

TEST(NewestQuote, KnowsTheGpuByItsExactId) {
  PriceQuery query = any();
  query.gpu = "h200";
  EXPECT_EQ(newest(quotes, query), -1);
  EXPECT_FALSE(newest_quote({}, any()));
}

TEST(TypicalRent, IsTheMiddleOfAnOddNumberOfProviders) {
  const auto typical = typical_rent(
      {quote("A", {2026, 1, 1}, 9), quote("B", {2026, 1, 1}, 2), quote("C", {2025, 1, 1}, 3)},
      "h100");
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->rate.in(usd / gpu_hour), 3);
  EXPECT_EQ(typical->providers, 3U);
  EXPECT_EQ(typical->oldest, (Date{2025, 1, 1}));
  EXPECT_EQ(typical->newest, (Date{2026, 1, 1}));
}

TEST(TypicalRent, IsTheMeanOfTheMiddleTwoOfAnEvenNumber) {
  const auto typical = typical_rent({quote("A", {2026, 1, 1}, 9), quote("B", {2026, 1, 1}, 2),
                                     quote("C", {2026, 1, 1}, 3), quote("D", {2026, 1, 1}, 1)},
                                    "h100");
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->rate.in(usd / gpu_hour), 2.5); // (2 + 3) / 2
}

TEST(TypicalRent, HasTheTenthAndNinetiethPercentileOfProviders) {
  std::vector<PriceQuote> eleven;
  for (int i = 0; i <= 10; ++i)
    eleven.push_back(quote("P" + std::to_string(i), {2026, 1, 1}, 10 + i));
  const auto typical = typical_rent(eleven, "h100");
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->low.in(usd / gpu_hour), 11); // of 11 to 20 the second of eleven
  EXPECT_DOUBLE_EQ(typical->high.in(usd / gpu_hour), 19);
  // Of 2 and 4 a tenth and nine tenths of the way.
  const auto two = typical_rent({quote("A", {2026, 1, 1}, 2), quote("B", {2026, 1, 1}, 4)}, "h100");
  EXPECT_DOUBLE_EQ(two->low.in(usd / gpu_hour), 2.2);
  EXPECT_DOUBLE_EQ(two->high.in(usd / gpu_hour), 3.8);
}

TEST(TypicalRent, AnswersAQuery) {
  const auto typical =
      typical_rent({quote("A", {2026, 1, 1}, 1, PriceKind::spot),
                    quote("B", {2026, 1, 1}, 3, PriceKind::spot), quote("C", {2026, 1, 1}, 9)},
                   PriceQuery{.gpu = "h100",
                              .provider = std::nullopt,
                              .region = std::nullopt,
                              .kind = PriceKind::spot,
                              .on_or_before = std::nullopt});
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->rate.in(usd / gpu_hour), 2);
  EXPECT_EQ(typical->providers, 2U);
}

TEST(TypicalRent, CountsEachProviderOnceWithItsNewestAndCheapest) {
  const auto typical = typical_rent({quote("A", {2025, 1, 1}, 1), quote("A", {2026, 1, 1}, 5),
                                     quote("A", {2026, 1, 1}, 4), quote("B", {2026, 1, 1}, 8)},
                                    "h100");
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->rate.in(usd / gpu_hour), 6); // (4 + 8) / 2
  EXPECT_EQ(typical->providers, 2U);
}

TEST(TypicalRent, LeavesOutWhatIsMoreThanTwoYearsOlder) {
  const auto typical = typical_rent(
      {quote("A", {2026, 6, 18}, 2), quote("B", {2024, 6, 18}, 4), quote("C", {2024, 6, 17}, 100)},
      "h100");
  ASSERT_TRUE(typical);
  EXPECT_DOUBLE_EQ(typical->rate.in(usd / gpu_hour), 3); // (2 + 4) / 2
  EXPECT_EQ(typical->providers, 2U);
  EXPECT_EQ(typical->oldest, (Date{2024, 6, 18}));
}

TEST(TypicalRent, IsOfOnDemandOffersOnly) {
  EXPECT_FALSE(typical_rent({quote("A", {2026, 1, 1}, 1, PriceKind::spot),
                             quote("B", {2026, 1, 1}, 1, PriceKind::market_median)},
                            "h100"));
  EXPECT_FALSE(typical_rent(quotes, "h200"));
}

TEST(ShippedPrices, AreReadableAndPositive) {
  const auto shipped = load_prices(tests::shipped_presets());
  EXPECT_FALSE(shipped.empty());
  for (const PriceQuote &each : shipped)
    EXPECT_NE(each.rent.has_value(), each.purchase.has_value()) << each.provider;
}

} // namespace
} // namespace flopcast
