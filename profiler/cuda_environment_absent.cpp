// SPDX-License-Identifier: Apache-2.0
// The answer of a build without CUDA; profiler/cuda/ holds the other.
#include "profiler/cuda_environment.hpp"

#if !FLOPCAST_HAS_CUDA

namespace flopcast {

CudaEnvironment cuda_environment() {
  CudaEnvironment environment;
  environment.problem =
      "Flopcast was built without CUDA; install the CUDA toolkit and configure with "
      "-DFLOPCAST_CUDA=ON";
  return environment;
}

} // namespace flopcast

#endif
