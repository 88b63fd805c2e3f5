// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <string>

namespace flopcast {

/// Figures that tell whether the measurements can be trusted, as JSON: a large bf16 product, a
/// large copy, launches, copies to and from the host, and what the GPU's counters make of a product
/// and of streaming kernels against our own counts. A check that fails is told in it.
[[nodiscard]] std::string run_checks(Kernels &kernels, int device);

[[nodiscard]] std::string environment_json(const DeviceDescription &device);

} // namespace flopcast
