// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace flopcast {

/// A matrix product as the device sees it: batch × (rows × depth) · (depth × columns). The shard of
/// one rank, not the whole operator. All zero for what is no product.
struct MatrixShape {
  /// Independent products: heads × sequences for attention, experts of the device for grouped
  /// products (rows being the mean of an expert's), groups of a convolution, else 1.
  std::int64_t batch = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;

  bool operator==(const MatrixShape &) const = default;
};

} // namespace flopcast
