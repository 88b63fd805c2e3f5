// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace flopcast {

/// Bytes of an element in memory; fp4 takes half a byte.
[[nodiscard]] double bytes_per_element(NumberFormat format);

/// A stretch of device memory that holds random values of one format, and one for results.
/// Operators that are measured one after another share it: to fill fresh memory for each takes
/// longer than the operator. Inputs are only read, so that values stay what they are; results are
/// overwritten.
class OperandPool {
public:
  explicit OperandPool(Kernels &kernels) : kernels_(kernels) {}

  // At least so many bytes. What was handed out before ends when a longer stretch is needed.

  /// Normally distributed values, to be read only.
  [[nodiscard]] std::byte *inputs(NumberFormat format, std::int64_t bytes);
  /// Whatever was left there, to be overwritten.
  [[nodiscard]] std::byte *results(std::int64_t bytes);
  /// The same, for what an operator both reads and writes.
  [[nodiscard]] std::byte *states(std::int64_t bytes);

  [[nodiscard]] std::int64_t bytes() const;

private:
  struct Stretch {
    std::shared_ptr<void> data;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] std::byte *written(Stretch &stretch, std::int64_t bytes);

  Kernels &kernels_;
  std::array<Stretch, number_format_count> inputs_;
  Stretch results_;
  Stretch states_;
};

} // namespace flopcast
