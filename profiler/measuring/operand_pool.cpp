// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/operand_pool.hpp"

#include <numeric>

namespace flopcast {

double bytes_per_element(NumberFormat format) {
  switch (format) {
  case NumberFormat::fp64:
    return 8;
  case NumberFormat::fp32:
  case NumberFormat::tf32:
    return 4;
  case NumberFormat::fp16:
  case NumberFormat::bf16:
    return 2;
  case NumberFormat::fp8:
  case NumberFormat::int8:
    return 1;
  case NumberFormat::fp4:
    return 0.5;
  }
  return 4;
}

std::byte *OperandPool::inputs(NumberFormat format, std::int64_t bytes) {
  Stretch &stretch = inputs_[static_cast<std::size_t>(format)];
  if (stretch.bytes < bytes) {
    stretch = {}; // frees first: both may not fit
    stretch.data = kernels_.allocate(static_cast<std::size_t>(bytes));
    stretch.bytes = bytes;
    const auto elements =
        static_cast<std::int64_t>(static_cast<double>(bytes) / bytes_per_element(format));
    kernels_.fill_random({stretch.data.get(), format, elements}, 1.0, 1);
  }
  return static_cast<std::byte *>(stretch.data.get());
}

std::byte *OperandPool::written(Stretch &stretch, std::int64_t bytes) {
  if (stretch.bytes < bytes) {
    stretch = {};
    stretch.data = kernels_.allocate(static_cast<std::size_t>(bytes));
    stretch.bytes = bytes;
    // Memory that was never written has no pages yet.
    kernels_.fill_random({stretch.data.get(), NumberFormat::fp32, bytes / 4}, 1.0, 2);
  }
  return static_cast<std::byte *>(stretch.data.get());
}

std::byte *OperandPool::results(std::int64_t bytes) { return written(results_, bytes); }
std::byte *OperandPool::states(std::int64_t bytes) { return written(states_, bytes); }

std::int64_t OperandPool::bytes() const {
  return std::accumulate(
      inputs_.begin(), inputs_.end(), results_.bytes + states_.bytes,
      [](std::int64_t sum, const Stretch &stretch) { return sum + stretch.bytes; });
}

} // namespace flopcast
