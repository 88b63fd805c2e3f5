// SPDX-License-Identifier: Apache-2.0
// The answer of a build without CUDA; profiler/cuda/ holds the other.
#include "profiler/cuda_collectives.hpp"
#include "profiler/cuda_kernels.hpp"

#if !FLOPCAST_HAS_CUDA

namespace flopcast {

std::unique_ptr<Kernels> make_cuda_kernels(int /*device*/) {
  throw MeasurementError("Flopcast was built without CUDA; install the CUDA toolkit and configure "
                         "with -DFLOPCAST_CUDA=ON");
}

std::unique_ptr<CollectiveRunner> make_cuda_collectives() {
  throw MeasurementError("collectives were not measured: Flopcast was built without CUDA; install "
                         "the CUDA toolkit and configure with -DFLOPCAST_CUDA=ON");
}

} // namespace flopcast

#endif
