// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/gpu.hpp"

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/kernels/kernels.hpp"

#include <array>

namespace flopcast::cuda {

Gpu::Gpu(int device) : device_(device) {
  int driver = 0;
  // Without a driver the runtime answers success and version 0.
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    throw MeasurementError("no NVIDIA driver is loaded; install one, then try nvidia-smi");
  int count = 0;
  if (const cudaError_t counted = cudaGetDeviceCount(&count); counted == cudaErrorNoDevice)
    count = 0;
  else
    check(counted, "looking for GPUs");
  if (count == 0)
    throw MeasurementError("the driver sees no GPU; look at nvidia-smi and CUDA_VISIBLE_DEVICES");
  if (device < 0 || device >= count)
    throw MeasurementError("there is no GPU " + std::to_string(device) + "; the driver sees " +
                           std::to_string(count) + ", counted from 0");
  check(cudaSetDevice(device), "choosing the GPU");
  check(cudaGetDeviceProperties(&properties_, device), "asking for the GPU's properties");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
}

Gpu::~Gpu() {
  if (stream_)
    (void)cudaStreamDestroy(stream_);
}

std::string Gpu::bus() const {
  std::array<char, 32> text{};
  check(cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device_),
        "asking for the GPU's PCI address");
  return text.data();
}

} // namespace flopcast::cuda
