// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "hardware/presets/catalog.hpp"
#include "hardware/units/quantity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// How accelerators are paid for; market_* are percentiles over the offers of a market place.
enum class PriceKind {
  on_demand,
  reserved_1y,
  reserved_3y,
  spot,
  purchase,
  market_min,
  market_p25,
  market_median,
  market_p75,
  market_max
};

[[nodiscard]] std::span<const std::pair<std::string_view, PriceKind>> price_kind_names();
[[nodiscard]] std::string_view to_text(PriceKind kind);

/// A price as somebody listed it. Exactly one of `rent` and `purchase` is set.
struct PriceQuote {
  std::string provider;
  std::string instance;
  std::string gpu;      ///< id of the device; "" where the list does not say which variant it is
  std::string gpu_name; ///< as the list names it
  std::string region;
  Date date;
  PriceKind kind = PriceKind::on_demand;
  std::optional<GpuPrice> rent;
  std::optional<PurchasePrice> purchase;
  std::string source;
  std::string note;
};

/// All price tables of the catalog. Throws InputError if a table is broken.
[[nodiscard]] std::vector<PriceQuote> load_prices(const PresetCatalog &catalog);

/// What a user asks of the price list; an absent member does not restrict.
struct PriceQuery {
  std::string gpu;
  std::optional<std::string> provider; ///< compared without case
  std::optional<std::string> region;
  std::optional<PriceKind> kind;
  std::optional<Date> on_or_before;
};

/// The newest quote that answers the query; of several on that day the cheapest.
[[nodiscard]] std::optional<PriceQuote> newest_quote(const std::vector<PriceQuote> &quotes,
                                                     const PriceQuery &query);

/// A rate that stands for many offers, and how it came about.
struct TypicalRent {
  GpuPrice rate;
  GpuPrice low;  ///< of ten providers one is cheaper: P10, between neighbours in proportion
  GpuPrice high; ///< P90
  std::size_t providers = 0;
  Date oldest;
  Date newest;
};

/// The median over providers of each one's newest rent that answers the query, of the two years
/// before the newest of them. Empty if nobody lists one.
[[nodiscard]] std::optional<TypicalRent> typical_rent(const std::vector<PriceQuote> &quotes,
                                                      const PriceQuery &query);

/// That of the on-demand rents of a GPU.
[[nodiscard]] std::optional<TypicalRent> typical_rent(const std::vector<PriceQuote> &quotes,
                                                      std::string_view gpu);

} // namespace flopcast
