// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>
#include <cupti_result.h>

#include <source_location>
#include <string>
#include <string_view>

namespace flopcast::cuda {

/// Throws MeasurementError: "copying to the device: out of memory (cudaErrorMemoryAllocation at
/// cuda_kernels.cpp:120)".
[[noreturn]] void fail(std::string_view doing, std::string_view problem, std::string_view code,
                       const std::source_location &where);

/// Throws MeasurementError unless the call succeeded..
void check(cudaError_t result, std::string_view doing,
           const std::source_location &where = std::source_location::current());
void check(CUptiResult result, std::string_view doing,
           const std::source_location &where = std::source_location::current());

/// CUPTI's name of a result.
[[nodiscard]] std::string text(CUptiResult result);

} // namespace flopcast::cuda
