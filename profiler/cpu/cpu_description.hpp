// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

namespace flopcast::cpu {

/// The processor as Linux describes it in /proc and /sys. `software` is left out.
[[nodiscard]] DeviceDescription describe_processor(int threads);

} // namespace flopcast::cpu
