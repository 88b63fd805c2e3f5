// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/plan.hpp"
#include "profiler/measuring/shape_plan.hpp"

namespace flopcast {

/// The distinct operators that one GPU runs in a step of the plan, as estimate() counts them, and
/// its optimizer's pass over the parameters that it holds. Cold operands. Operators that the device
/// has no kernels for, or no memory, are left out. Holds for: legal parallelism.
[[nodiscard]] ShapePlan plan_shapes(const Plan &plan, const ShapeLimits &limits);

} // namespace flopcast
