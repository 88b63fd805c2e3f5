// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/quantities.hpp"
#include "reports/report.hpp"

#include <span>

namespace flopcast {

/// The headline numbers of several answers side by side, with the change from the first.
[[nodiscard]] Report compare_report(std::span<const Answer> answers);

} // namespace flopcast
