// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/sample.hpp"
#include "hardware/efficiency/stream_model.hpp"

#include <vector>

namespace flopcast {

/// Whether the row's width lets kernels read 16 bytes at a time. At others they fall back to narrow
/// loads and take up to twice as long: no model that grows with the width holds both, and no
/// network is built so.
[[nodiscard]] bool has_aligned_rows(const OperatorCall &call);

/// Fits one class and pass: the parameters with a meaning, up to eight of softmax and six of
/// others, by robust least squares on log time, then a smooth residual that keeps time monotone.
/// Calls without aligned rows are left out. `samples` must hold one with aligned rows; the result
/// does not depend on their order.
[[nodiscard]] StreamModel fit_stream(const std::vector<KernelSample> &samples,
                                     Bandwidth memory_bandwidth);

} // namespace flopcast
