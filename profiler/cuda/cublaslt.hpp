// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/shared_library.hpp"

#include <cublasLt.h>

#include <memory>
#include <string_view>

namespace flopcast::cuda {

/// The functions of cuBLASLt that are used, found in the library at run time.
class CublasLt {
public:
  CublasLt();

  decltype(&::cublasLtCreate) create;
  decltype(&::cublasLtDestroy) destroy;
  decltype(&::cublasLtGetVersion) version;
  decltype(&::cublasLtGetStatusString) status_text;
  decltype(&::cublasLtMatmul) matmul;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&::cublasLtMatmulDescCreate) create_description;
  decltype(&::cublasLtMatmulDescDestroy) destroy_description;
  decltype(&::cublasLtMatmulDescSetAttribute) set_description;
  decltype(&::cublasLtMatrixLayoutCreate) create_layout;
  decltype(&::cublasLtMatrixLayoutDestroy) destroy_layout;
  decltype(&::cublasLtMatrixLayoutSetAttribute) set_layout;
  decltype(&::cublasLtMatmulPreferenceCreate) create_preference;
  decltype(&::cublasLtMatmulPreferenceDestroy) destroy_preference;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) set_preference;

  /// Throws MeasurementError unless the call succeeded.
  void check(cublasStatus_t result, std::string_view doing, Place where = {}) const;

private:
  SharedLibrary library_;
};

} // namespace flopcast::cuda
