// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"

#include <string>
#include <vector>

namespace flopcast {

/// A GPU as the driver reports it.
struct CudaDevice {
  std::string name;
  int compute_capability_major = 0;
  int compute_capability_minor = 0;
  int multiprocessors = 0;
  Bytes memory;
};

/// What of CUDA is there on this machine.
struct CudaEnvironment {
  bool built = false;          ///< Flopcast was built with CUDA
  std::string runtime_version; ///< "13.0"; "" where not built
  std::string driver_version;  ///< newest CUDA that the driver serves; "" without a driver
  unsigned cupti_version = 0;  ///< CUPTI's API version; 0 where it did not answer
  std::vector<CudaDevice> devices;
  std::string
      problem; ///< why no device can be used, in one sentence with the remedy; "" if one can
};

/// Asks the runtime, the driver and CUPTI. Never throws for what is missing.
[[nodiscard]] CudaEnvironment cuda_environment();

} // namespace flopcast
