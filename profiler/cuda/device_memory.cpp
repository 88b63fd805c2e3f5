// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/device_memory.hpp"

#include "profiler/cuda/cuda_error.hpp"

#include <cuda_runtime_api.h>

#include <string>

namespace flopcast::cuda {

std::shared_ptr<void> device_memory(std::size_t bytes) {
  void *memory = nullptr;
  const cudaError_t result = cudaMalloc(&memory, bytes);
  if (result != cudaSuccess)
    (void)cudaGetLastError(); // out of memory is an outcome here, not a state of the device
  check(result, "allocating " + std::to_string(bytes) + " bytes on the device");
  return {memory, [](void *freed) { (void)cudaFree(freed); }};
}

void *Workspace::at_least(std::size_t bytes) {
  if (bytes > bytes_) {
    memory_.reset(); // cudaFree waits for the work that still uses it
    bytes_ = 0;
    memory_ = device_memory(bytes);
    bytes_ = bytes;
  }
  return memory_.get();
}

} // namespace flopcast::cuda
