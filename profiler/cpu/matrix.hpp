// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

namespace flopcast::cpu {

/// As Kernels::product; `bias` and `before_gelu` may be null. Throws MeasurementError for a size
/// that OpenBLAS cannot count.
void product(int threads, const Product &product, const float *left, const float *right,
             float *result, const float *bias, float *before_gelu);

void bias_gradient(int threads, std::int64_t rows, std::int64_t columns,
                   const float *output_gradient, float *gradient);

/// Makes OpenBLAS compute every product on the thread that asks for it. For the whole program.
void use_callers_thread();

/// "OpenBLAS 0.3.21, Zen kernels"
[[nodiscard]] std::string matrix_library();

} // namespace flopcast::cpu
