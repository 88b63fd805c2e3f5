// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"

namespace flopcast {

/// Bounds that catch a slipped prefix or a hostile file, far outside anything that exists.
namespace sane {

inline constexpr double most_count = 1e9;

inline constexpr auto least_rate = 1e6 * units::flop / units::second;
inline constexpr auto most_rate = 1e21 * units::flop / units::second;
inline constexpr auto least_bytes = 1.0 * units::byte;
inline constexpr auto most_bytes = 1e18 * units::byte;
inline constexpr auto least_bandwidth = 1e3 * units::byte / units::second;
inline constexpr auto most_bandwidth = 1e18 * units::byte / units::second;
inline constexpr auto most_latency = 10.0 * units::second;
inline constexpr auto most_power = 1e9 * units::watt;
inline constexpr auto most_time = 1e6 * units::day;

} // namespace sane

/// Every table that states facts says where they come from: both keys are required.
[[nodiscard]] inline Provenance read_provenance(TableReader &table) {
  Provenance provenance;
  if (auto source = table.text("source"); source && !source->empty())
    provenance.source = std::move(*source);
  else if (!table.has("source"))
    table.report_missing("source", "where these facts come from");
  else if (source)
    table.report("source", "is empty; expected where these facts come from");
  if (auto date = table.date("date"))
    provenance.date = *date;
  else if (!table.has("date"))
    table.report_missing("date", "the day of the source, such as 2026-11-23");
  return provenance;
}

/// A text that must be there.
[[nodiscard]] inline std::string required_text(TableReader &table, std::string_view key,
                                               std::string_view expected) {
  if (auto text = table.text(key))
    return std::move(*text);
  if (!table.has(key))
    table.report_missing(key, expected);
  return {};
}

/// A quantity that must be there and lie within the bounds; zero where it does not.
template <class Dim>
[[nodiscard]] Quantity<Dim> required_quantity(TableReader &table, std::string_view key,
                                              Quantity<Dim> lowest, Quantity<Dim> highest) {
  const auto value = table.quantity(key, lowest, highest);
  if (!value && !table.has(key))
    table.report_missing(key, describe_dimension(Dim::exponents));
  return value.value_or(Quantity<Dim>{});
}

} // namespace flopcast
