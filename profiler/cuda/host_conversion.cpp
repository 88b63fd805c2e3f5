// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/host_conversion.hpp"

#include "profiler/kernels/kernels.hpp"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstring>

namespace flopcast::cuda {
namespace {

template <class Work> auto with_stored_type(NumberFormat format, Work work) {
  switch (format) {
  case NumberFormat::fp32:
  case NumberFormat::tf32:
    return work(float{});
  case NumberFormat::fp16:
    return work(__half{});
  case NumberFormat::bf16:
    return work(__nv_bfloat16{});
  case NumberFormat::fp8:
    return work(__nv_fp8_e4m3{});
  default:
    throw MeasurementError("values are stored in fp32, fp16, bf16 and fp8");
  }
}

} // namespace

std::vector<std::byte> encoded(NumberFormat format, std::span<const float> values) {
  return with_stored_type(format, [&]<class T>(T) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const T value(values[i]);
      std::memcpy(&bytes[i * sizeof(T)], &value, sizeof(T));
    }
    return bytes;
  });
}

void decode(NumberFormat format, std::span<const std::byte> bytes, std::span<float> values) {
  with_stored_type(format, [&]<class T>(T) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      T value;
      std::memcpy(&value, &bytes[i * sizeof(T)], sizeof(T));
      values[i] = static_cast<float>(value);
    }
  });
}

} // namespace flopcast::cuda
