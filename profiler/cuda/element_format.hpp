// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/device_kernels.hpp"
#include "profiler/kernels/kernels.hpp"
#include "profiler/measuring/operand_pool.hpp"

#include <cstdint>

namespace flopcast::cuda {

/// What this project's own kernels read and write. Throws MeasurementError for other formats.
[[nodiscard]] inline Element element_of(NumberFormat format) {
  switch (format) {
  case NumberFormat::fp32:
  case NumberFormat::tf32: // stored as fp32
    return Element::fp32;
  case NumberFormat::fp16:
    return Element::fp16;
  case NumberFormat::bf16:
    return Element::bf16;
  default:
    throw MeasurementError("the CUDA kernels know fp32, fp16 and bf16; fp8 in products only");
  }
}

/// Of one element. Throws MeasurementError for formats without one of whole bytes.
[[nodiscard]] inline std::int64_t bytes_of(NumberFormat format) {
  if (format == NumberFormat::fp4)
    throw MeasurementError("elements of fp4 fill no whole byte");
  return static_cast<std::int64_t>(bytes_per_element(format));
}

} // namespace flopcast::cuda
