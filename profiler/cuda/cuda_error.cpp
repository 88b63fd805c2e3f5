// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/cuda_error.hpp"

#include "profiler/kernels/kernels.hpp"

namespace flopcast::cuda {

void fail(std::string_view doing, std::string_view problem, std::string_view code, Place where) {
  std::string_view file = where.file;
  file.remove_prefix(file.rfind('/') + 1); // npos + 1 is 0
  std::string message(doing);
  message.append(": ").append(problem).append(" (").append(code).append(" at ");
  message.append(file).append(":").append(std::to_string(where.line)).append(")");
  throw MeasurementError(message);
}

void check(cudaError_t result, std::string_view doing, Place where) {
  if (result != cudaSuccess)
    fail(doing, cudaGetErrorString(result), cudaGetErrorName(result), where);
}

std::string text(CUptiResult result) {
  const char *name = nullptr;
  return cuptiGetResultString(result, &name) == CUPTI_SUCCESS && name
             ? std::string(name)
             : "CUPTI error " + std::to_string(static_cast<int>(result));
}

void check(CUptiResult result, std::string_view doing, Place where) {
  if (result != CUPTI_SUCCESS)
    fail(doing, text(result), std::to_string(static_cast<int>(result)), where);
}

} // namespace flopcast::cuda
