// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/gemm_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flopcast {
namespace {

constexpr std::array<double, 6> split_depths{1, 2, 3, 4, 6, 8};

using TileReciprocals = std::array<double, gemm_tiles.size()>;

constexpr TileReciprocals reciprocals(std::int64_t TileSize::*side) {
  TileReciprocals result{};
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j)
    result[j] = 1.0 / static_cast<double>(gemm_tiles[j].*side);
  return result;
}

// Exact: the sides are powers of two.
constexpr TileReciprocals per_row = reciprocals(&TileSize::rows);
constexpr TileReciprocals per_column = reciprocals(&TileSize::columns);

/// Units of work where a unit that is begun costs between its filled part (share 1) and a whole one
/// (share 0). Never flat for share > 0: that slope is what a falling residual may use up.
double begun(double units, double share) {
  // std::ceil is a call to the library where the compiler may not assume SSE 4.1.
  const auto whole = static_cast<double>(static_cast<std::int64_t>(units));
  const double ceiling = whole < units ? whole + 1 : whole;
  return share * units + (1 - share) * ceiling;
}

} // namespace

ProductSize product_size(const MatrixShape &shape) {
  return {.batch = static_cast<double>(shape.batch),
          .rows = static_cast<double>(shape.rows),
          .columns = static_cast<double>(shape.columns),
          .depth = static_cast<double>(shape.depth)};
}

double gemm_base_seconds(const GemmModel &model, const DeviceRates &rates, const ProductSize &size,
                         const ElementBytes &bytes) {
  const auto &[batch, m, n, k] = size;
  const auto processors = static_cast<double>(rates.multiprocessors);
  // One division for each number that several terms divide by.
  const double per_peak = 1 / rates.peak.in(units::flop / units::second);
  const double per_byte = 1 / rates.memory_bandwidth.in(units::byte / units::second);
  const double per_processor = 1 / processors;

  double compute = std::numeric_limits<double>::infinity();
  const double reduction = 2 * sizeof(float) * batch * m * n * per_byte * model.split_cost;
  // Least of any tile and split: tiles that are full, in full waves.
  const double least = 2 * batch * m * n * (k + model.fill_depth) * per_peak;
  const double per_pair =
      2 * processors * per_peak; // of a multiplication and a sum, on one of them
  // Large tiles first: they are the fastest of large products, and spare the rest a look.
  for (std::size_t j = gemm_tiles.size(); j-- > 0;) {
    const double efficiency = model.tile_efficiency[j];
    if (least >= compute * efficiency)
      continue;
    const auto rows = static_cast<double>(gemm_tiles[j].rows);
    const auto columns = static_cast<double>(gemm_tiles[j].columns);
    const double tiles = batch * begun(m * per_row[j], model.partial_tile) *
                         begun(n * per_column[j], model.partial_tile);
    const double tile_rate = rows * columns * per_pair / efficiency;
    for (const double split : split_depths) {
      // Splitting K serves products too small to fill the device. Fewer choices as a product grows
      // only make it slower, so the minimum stays monotone.
      if (split > 1 && tiles * split > 4 * processors)
        break;
      const double waves = std::max(begun(tiles * split * per_processor, model.partial_wave), 1.0);
      const double time = waves * tile_rate * (k / split + model.fill_depth) +
                          (split > 1 ? split * reduction : 0.0);
      compute = std::min(compute, time);
    }
  }
  const double memory = batch * (m * k * bytes.left + k * n * bytes.right + m * n * bytes.result) *
                        per_byte / model.memory_efficiency;
  // A smooth maximum: near the ridge a kernel waits for both.
  const double c2 = compute * compute;
  const double m2 = memory * memory;
  return std::sqrt(std::sqrt(c2 * c2 + m2 * m2)) +
         batch * m * k * model.conversion_bytes * per_byte;
}

Seconds gemm_time(const GemmModel &model, const DeviceRates &rates, const MatrixShape &shape,
                  const ElementBytes &bytes) {
  const ProductSize size = product_size(shape);
  const double base = gemm_base_seconds(model, rates, size, bytes);
  const double log_residual =
      model.residual.empty() ? 0 : model.residual.at({size.rows, size.columns, size.depth});
  return model.launch + base * std::exp(log_residual) * units::second;
}

Seconds gradient_product_time(const GemmModel &model, const DeviceRates &rates,
                              const MatrixShape &shape, const ElementBytes &bytes) {
  const Seconds forward = gemm_time(model, rates, shape, bytes);
  const auto &shares = model.gradient_time;
  const double seconds = forward.in(units::second);
  if (seconds <= gradient_durations.front())
    return shares.front() * forward;
  if (seconds >= gradient_durations.back())
    return shares.back() * forward;
  const auto next = static_cast<std::size_t>(std::ranges::upper_bound(gradient_durations, seconds) -
                                             gradient_durations.begin());
  const double part = std::log(seconds / gradient_durations[next - 1]) /
                      std::log(gradient_durations[next] / gradient_durations[next - 1]);
  return std::pow(shares[next - 1], 1 - part) * std::pow(shares[next], part) * forward;
}

bool in_measured_range(const GemmModel &model, const MatrixShape &shape) {
  const auto within = [](std::int64_t value, std::int64_t from, std::int64_t to) {
    return value >= from && value <= to;
  };
  return within(shape.rows, model.measured_from.rows, model.measured_to.rows) &&
         within(shape.columns, model.measured_from.columns, model.measured_to.columns) &&
         within(shape.depth, model.measured_from.depth, model.measured_to.depth);
}

} // namespace flopcast
