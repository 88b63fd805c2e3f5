// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <memory>

namespace flopcast {

/// The operators on one NVIDIA GPU. Throws MeasurementError with the reason in one sentence where
/// there is none to be had: not built with CUDA, no driver, no such device.
[[nodiscard]] std::unique_ptr<Kernels> make_cuda_kernels(int device);

} // namespace flopcast
