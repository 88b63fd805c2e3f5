// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/log_grid.hpp"
#include "hardware/efficiency/matrix_shape.hpp"
#include "hardware/units/quantity.hpp"

#include <array>
#include <cstdint>

namespace flopcast {

/// What of the datasheet a kernel's speed is measured against.
struct DeviceRates {
  FlopRate peak; ///< dense, in the format of the product
  Bandwidth memory_bandwidth;
  std::int64_t multiprocessors = 1;
};

/// Bytes an element of the two operands and of the result takes.
struct ElementBytes {
  double left = 2;
  double right = 2;
  double result = 2;
};

/// Output tiles that libraries' kernels work on, in the order of what one costs: rows × columns.
struct TileSize {
  std::int64_t rows;
  std::int64_t columns;
};

inline constexpr std::array<TileSize, 8> gemm_tiles{
    {{64, 64}, {64, 128}, {128, 64}, {64, 256}, {256, 64}, {128, 128}, {128, 256}, {256, 128}}};

/// Durations at which GemmModel::gradient_time is known: the middles of duration_class()'s classes.
inline constexpr std::array<double, 4> gradient_durations{16e-6, 160e-6, 1.6e-3, 16e-3}; // seconds

/// Why a matrix product is slower than peak: the launch, memory traffic, tiles that the matrix does
/// not fill, waves of tiles that do not fill the multiprocessors, a short K, and what is left.
struct GemmModel {
  Seconds launch;               ///< from launch to end of an empty kernel
  double memory_efficiency = 1; ///< of the memory bandwidth
  double partial_tile = 0.5;    ///< share of a tile's time that grows with how far it is filled
  double partial_wave = 0.5;    ///< the same for a wave of tiles over the multiprocessors
  double fill_depth = 0;        ///< K columns' worth of time that a tile needs to start and end
  /// Traffic of a pass before the product that turns its left operand into a narrow format and
  /// finds the scale, per element, at full memory bandwidth; zero where operands come as they are.
  double conversion_bytes = 0;
  double split_cost = 1; ///< reduction of split-K partial sums / its memory traffic at peak
  std::array<double, gemm_tiles.size()> tile_efficiency{}; ///< of peak, for full tiles
  LogGrid
      residual; ///< log(time / time by the above) over m, n, k; fitted so that time stays monotone
  /// Time of a product that gives gradients over that of a forward one of its shape, which takes
  /// one of gradient_durations.
  std::array<double, gradient_durations.size()> gradient_time{1, 1, 1, 1};

  /// Shapes that were measured, lowest and highest m, n, k.
  MatrixShape measured_from;
  MatrixShape measured_to;
};

/// Time of batch × (rows × depth) · (depth × columns).
/// Never falls when a dimension grows.
[[nodiscard]] Seconds gemm_time(const GemmModel &model, const DeviceRates &rates,
                                const MatrixShape &shape, const ElementBytes &bytes);

/// The same for a product that gives gradients of inputs or weights.
[[nodiscard]] Seconds gradient_product_time(const GemmModel &model, const DeviceRates &rates,
                                            const MatrixShape &shape, const ElementBytes &bytes);

/// Sizes of a product as real numbers: the fit looks between whole ones.
struct ProductSize {
  double batch = 1;
  double rows = 0;
  double columns = 0;
  double depth = 0;
};

/// The same without launch and residual, in seconds: what the residual is fitted to.
[[nodiscard]] double gemm_base_seconds(const GemmModel &model, const DeviceRates &rates,
                                       const ProductSize &size, const ElementBytes &bytes);

[[nodiscard]] ProductSize product_size(const MatrixShape &shape);

/// Whether every dimension lies within what was measured.
[[nodiscard]] bool in_measured_range(const GemmModel &model, const MatrixShape &shape);

} // namespace flopcast
