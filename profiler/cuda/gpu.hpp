// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace flopcast::cuda {

/// One GPU of this machine, made current for this thread, with a stream of its own.
class Gpu {
public:
  /// Throws MeasurementError in one sentence: no driver, no such device.
  explicit Gpu(int device);
  ~Gpu();
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] const cudaDeviceProp &properties() const { return properties_; }
  [[nodiscard]] std::string bus() const; ///< PCI address, "0000:1b:00.0"
  /// Tensor cores for fp8 came with compute capability 8.9.
  [[nodiscard]] bool has_fp8() const {
    return properties_.major > 8 || (properties_.major == 8 && properties_.minor >= 9);
  }

private:
  int device_;
  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
};

} // namespace flopcast::cuda
