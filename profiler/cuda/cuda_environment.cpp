// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda_environment.hpp"

#include <cuda_runtime_api.h>
#include <cupti.h>
#include <fmt/format.h>

namespace flopcast {
namespace {

std::string version_text(int version) {
  // 13020 is 13.2
  return version == 0 ? std::string() : fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

} // namespace

CudaEnvironment cuda_environment() {
  CudaEnvironment environment;
  environment.built = true;
  int version = 0;
  if (cudaRuntimeGetVersion(&version) == cudaSuccess)
    environment.runtime_version = version_text(version);
  version = 0;
  if (cudaDriverGetVersion(&version) == cudaSuccess)
    environment.driver_version = version_text(version);
  std::uint32_t cupti = 0;
  if (cuptiGetVersion(&cupti) == CUPTI_SUCCESS)
    environment.cupti_version = cupti;

  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess) {
    environment.problem = environment.driver_version.empty()
                              ? "no NVIDIA driver is loaded; install one, then try nvidia-smi"
                              : fmt::format("CUDA answers: {}", cudaGetErrorString(counted));
    return environment;
  }
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, index) != cudaSuccess)
      continue;
    environment.devices.push_back(
        {.name = properties.name,
         .compute_capability_major = properties.major,
         .compute_capability_minor = properties.minor,
         .multiprocessors = properties.multiProcessorCount,
         .memory = static_cast<double>(properties.totalGlobalMem) * units::byte});
  }
  if (environment.devices.empty())
    environment.problem = "the driver sees no GPU; look at nvidia-smi and CUDA_VISIBLE_DEVICES";
  return environment;
}

} // namespace flopcast
