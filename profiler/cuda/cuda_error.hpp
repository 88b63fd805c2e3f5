// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>
#include <cupti_result.h>

#include <string>
#include <string_view>

namespace flopcast::cuda {

/// Where a call stands. clang 14 lacks std::source_location. As a default argument it is where the
/// caller stands.
struct Place {
  const char *file = __builtin_FILE();
  int line = __builtin_LINE();
};

/// Throws MeasurementError: "copying to the device: out of memory (cudaErrorMemoryAllocation at
/// cuda_kernels.cpp:120)".
[[noreturn]] void fail(std::string_view doing, std::string_view problem, std::string_view code,
                       Place where);

/// Throws MeasurementError unless the call succeeded..
void check(cudaError_t result, std::string_view doing, Place where = {});
void check(CUptiResult result, std::string_view doing, Place where = {});

/// CUPTI's name of a result.
[[nodiscard]] std::string text(CUptiResult result);

} // namespace flopcast::cuda
