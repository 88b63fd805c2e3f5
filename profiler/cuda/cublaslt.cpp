// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/cublaslt.hpp"

#include "profiler/cuda/cuda_error.hpp"

#include <string>

namespace flopcast::cuda {

// The library's major version is the one whose header was compiled against.
CublasLt::CublasLt()
    : library_("cuBLASLt", {"libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR)}) {
  library_.find(create, "cublasLtCreate");
  library_.find(destroy, "cublasLtDestroy");
  library_.find(version, "cublasLtGetVersion");
  library_.find(status_text, "cublasLtGetStatusString");
  library_.find(matmul, "cublasLtMatmul");
  library_.find(heuristic, "cublasLtMatmulAlgoGetHeuristic");
  library_.find(create_description, "cublasLtMatmulDescCreate");
  library_.find(destroy_description, "cublasLtMatmulDescDestroy");
  library_.find(set_description, "cublasLtMatmulDescSetAttribute");
  library_.find(create_layout, "cublasLtMatrixLayoutCreate");
  library_.find(destroy_layout, "cublasLtMatrixLayoutDestroy");
  library_.find(set_layout, "cublasLtMatrixLayoutSetAttribute");
  library_.find(create_preference, "cublasLtMatmulPreferenceCreate");
  library_.find(destroy_preference, "cublasLtMatmulPreferenceDestroy");
  library_.find(set_preference, "cublasLtMatmulPreferenceSetAttribute");
}

void CublasLt::check(cublasStatus_t result, std::string_view doing, Place where) const {
  if (result != CUBLAS_STATUS_SUCCESS)
    fail(doing, status_text(result), "cuBLASLt " + std::to_string(static_cast<int>(result)), where);
}

} // namespace flopcast::cuda
