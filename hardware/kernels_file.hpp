// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/input/table_reader.hpp"

#include <string>

namespace flopcast {

/// Reads the models of kernels: [gemm.bf16], [attention.bf16.forward], [stream.softmax.forward] and
/// the like, each with its [….fitted] and [….held_back] errors. Problems go to the reader's
/// diagnostics.
void read_kernels(TableReader &root, Calibration &calibration);

/// Their TOML text, in the order of calibration.errors; read_kernels() gives it back, numbers to
/// six digits and residuals to 0.0005.
[[nodiscard]] std::string kernels_text(const Calibration &calibration);

} // namespace flopcast
