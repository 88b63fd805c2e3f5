// SPDX-License-Identifier: Apache-2.0
#include "hardware/price.hpp"

#include "hardware/input/csv.hpp"
#include "hardware/units/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>

namespace flopcast {
namespace {

constexpr std::array kind_names{
    std::pair<std::string_view, PriceKind>{"on_demand", PriceKind::on_demand},
    std::pair<std::string_view, PriceKind>{"reserved_1y", PriceKind::reserved_1y},
    std::pair<std::string_view, PriceKind>{"reserved_3y", PriceKind::reserved_3y},
    std::pair<std::string_view, PriceKind>{"spot", PriceKind::spot},
    std::pair<std::string_view, PriceKind>{"purchase", PriceKind::purchase},
    std::pair<std::string_view, PriceKind>{"market_min", PriceKind::market_min},
    std::pair<std::string_view, PriceKind>{"market_p25", PriceKind::market_p25},
    std::pair<std::string_view, PriceKind>{"market_median", PriceKind::market_median},
    std::pair<std::string_view, PriceKind>{"market_p75", PriceKind::market_p75},
    std::pair<std::string_view, PriceKind>{"market_max", PriceKind::market_max},
};

const std::vector<std::string> columns{"provider",  "instance", "gpu",  "gpu_name",
                                       "gpu_count", "region",   "date", "kind",
                                       "price",     "source",   "note"};

std::optional<Date> parse_date(std::string_view text) {
  Date date;
  const auto part = [&](std::size_t begin, std::size_t length, int &value) {
    if (text.size() < begin + length)
      return false;
    const char *first = text.data() + begin;
    const auto [end, error] = std::from_chars(first, first + length, value);
    return error == std::errc{} && end == first + length;
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !part(0, 4, date.year) ||
      !part(5, 2, date.month) || !part(8, 2, date.day) || date.year < 1 || date.month < 1 ||
      date.day < 1)
    return std::nullopt;
  const std::chrono::year_month_day calendar(std::chrono::year(date.year),
                                             std::chrono::month(static_cast<unsigned>(date.month)),
                                             std::chrono::day(static_cast<unsigned>(date.day)));
  if (!calendar.ok())
    return std::nullopt;
  return date;
}

double amount(const PriceQuote &quote) {
  using namespace units;
  return quote.rent ? quote.rent->in(usd / gpu_hour) : quote.purchase->in(usd / gpu);
}

PriceQuote read_quote(const CsvRow &row, const std::string &file, Diagnostics &diagnostics) {
  const auto report = [&](std::string message) {
    diagnostics.add({file, row.line, 1}, std::move(message));
  };
  PriceQuote quote{.provider = row.at("provider"),
                   .instance = row.at("instance"),
                   .gpu = row.at("gpu"),
                   .gpu_name = row.at("gpu_name"),
                   .region = row.at("region"),
                   .date = {},
                   .kind = PriceKind::on_demand,
                   .rent = std::nullopt,
                   .purchase = std::nullopt,
                   .source = row.at("source"),
                   .note = row.at("note")};
  if (const auto date = parse_date(row.at("date")))
    quote.date = *date;
  else
    report(fmt::format("date: expected one such as 2026-11-23, got \"{}\"", row.at("date")));
  const auto *kind = std::ranges::find(kind_names, std::string_view(row.at("kind")),
                                       &std::pair<std::string_view, PriceKind>::first);
  if (kind != kind_names.end())
    quote.kind = kind->second;
  else
    report(fmt::format("kind: \"{}\" is not known", row.at("kind")));
  try {
    if (quote.kind == PriceKind::purchase)
      quote.purchase = parse_quantity<PurchasePrice::dimension>(row.at("price"));
    else
      quote.rent = parse_quantity<GpuPrice::dimension>(row.at("price"));
    if (amount(quote) <= 0)
      throw UnitError(fmt::format("expected more than nothing, got \"{}\"", row.at("price")));
  } catch (const UnitError &error) {
    report(fmt::format("price: {}", error.what()));
  }
  if (quote.source.empty())
    report("source: is missing");
  return quote;
}

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool answers(const PriceQuote &quote, const PriceQuery &query) {
  return quote.gpu == query.gpu &&
         (!query.provider || same_text(*query.provider, quote.provider)) &&
         (!query.region || same_text(*query.region, quote.region)) &&
         (!query.kind || *query.kind == quote.kind) &&
         (!query.on_or_before || quote.date <= *query.on_or_before);
}

} // namespace

std::span<const std::pair<std::string_view, PriceKind>> price_kind_names() { return kind_names; }

std::string_view to_text(PriceKind kind) {
  return kind_names[static_cast<std::size_t>(kind)].first;
}

std::vector<PriceQuote> load_prices(const PresetCatalog &catalog) {
  Diagnostics diagnostics;
  std::vector<PriceQuote> quotes;
  for (const auto &[name, path] : catalog.files("prices", ".csv"))
    for (const CsvRow &row : parse_csv(read_file(path.string()), path.string(), columns))
      quotes.push_back(read_quote(row, path.string(), diagnostics));
  diagnostics.throw_if_any();
  return quotes;
}

std::optional<PriceQuote> newest_quote(const std::vector<PriceQuote> &quotes,
                                       const PriceQuery &query) {
  const PriceQuote *best = nullptr;
  for (const PriceQuote &quote : quotes)
    if (answers(quote, query) && (best == nullptr || quote.date > best->date ||
                                  (quote.date == best->date && amount(quote) < amount(*best))))
      best = &quote;
  return best == nullptr ? std::nullopt : std::optional(*best);
}

namespace {

/// Of sorted rates, in proportion between neighbours.
GpuPrice quantile(const std::vector<GpuPrice> &sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - std::floor(at)) * (sorted[above] - sorted[below]);
}

} // namespace

std::optional<TypicalRent> typical_rent(const std::vector<PriceQuote> &quotes,
                                        std::string_view gpu) {
  return typical_rent(quotes, PriceQuery{.gpu = std::string(gpu),
                                         .provider = std::nullopt,
                                         .region = std::nullopt,
                                         .kind = PriceKind::on_demand,
                                         .on_or_before = std::nullopt});
}

std::optional<TypicalRent> typical_rent(const std::vector<PriceQuote> &quotes,
                                        const PriceQuery &query) {
  const auto newest = newest_quote(quotes, query);
  if (!newest || !newest->rent)
    return std::nullopt;
  Date two_years_before = newest->date;
  two_years_before.year -= 2;
  std::map<std::string, const PriceQuote *> by_provider;
  for (const PriceQuote &quote : quotes) {
    if (!answers(quote, query) || !quote.rent || quote.date < two_years_before)
      continue;
    const PriceQuote *&best = by_provider[quote.provider];
    if (best == nullptr || quote.date > best->date ||
        (quote.date == best->date && amount(quote) < amount(*best)))
      best = &quote;
  }
  std::vector<GpuPrice> rates;
  TypicalRent typical{.rate = {},
                      .low = {},
                      .high = {},
                      .providers = by_provider.size(),
                      .oldest = newest->date,
                      .newest = newest->date};
  for (const auto &[provider, quote] : by_provider) {
    rates.push_back(*quote->rent);
    typical.oldest = std::min(typical.oldest, quote->date);
  }
  std::ranges::sort(rates);
  typical.low = quantile(rates, 0.1);
  typical.rate = quantile(rates, 0.5);
  typical.high = quantile(rates, 0.9);
  return typical;
}

} // namespace flopcast
