// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>

namespace flopcast::cuda {

/// An operand or result as it lies in memory, row-major.
struct StridedMatrix {
  void *data = nullptr;
  NumberFormat format = NumberFormat::bf16;
  bool transposed = false;  ///< stored the other way round
  std::int64_t leading = 0; ///< elements from a stored row to the next
  std::int64_t stride = 0;  ///< elements from a matrix of the batch to the next
};

/// result = scale · left · right (+ result), `batch` times.
struct StridedProduct {
  MatrixShape shape;
  StridedMatrix left;
  StridedMatrix right;
  StridedMatrix result;
  float scale = 1;
  bool accumulate = false;
  Epilogue epilogue = Epilogue::none;
  void *bias = nullptr;        ///< `columns` elements of the result's format, bf16 for fp8
  void *before_gelu = nullptr; ///< laid out as the result; null if not wanted
};

/// Packed operands of a Product.
[[nodiscard]] StridedProduct packed(const Product &product, const Tensor &left, const Tensor &right,
                                    const Tensor &result, const Tensor &bias,
                                    const Tensor &before_gelu);

/// cuBLASLt on one stream. The kernel for a shape is chosen at its first call, by the library's
/// heuristics, and kept: only that call pays for the choice.
class MatrixProducts {
public:
  /// Throws MeasurementError where cuBLASLt cannot be loaded or started.
  explicit MatrixProducts(cudaStream_t stream);
  ~MatrixProducts();
  MatrixProducts(const MatrixProducts &) = delete;
  MatrixProducts &operator=(const MatrixProducts &) = delete;

  /// fp8 takes two fp8 operands, both stored along `depth` (left as it is, right transposed), with
  /// scales of 1. Throws MeasurementError where the library knows no kernel.
  void multiply(const StridedProduct &product);
  [[nodiscard]] std::string version() const; ///< "13.1.0"

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace flopcast::cuda
