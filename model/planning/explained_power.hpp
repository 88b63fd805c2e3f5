// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"

namespace flopcast {

/// How the power of a step came about; `step` is the explanation of its time. The estimate must
/// have one, and the calibration must hold power.
[[nodiscard]] Explanation explained_power(const Answer &answer, const Explanation &step);

} // namespace flopcast
