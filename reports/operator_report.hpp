// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/quantities.hpp"
#include "reports/report.hpp"

#include <string>

namespace flopcast {

/// What a plan's GPUs compute for one micro-batch, operator by operator: docs/cli.md. The plan has
/// a step: its layout is possible.
[[nodiscard]] Report operator_report(const Answer &answer);
[[nodiscard]] std::string operator_json(const Answer &answer);
/// One line for each operator and pass; times in seconds.
[[nodiscard]] std::string operator_csv(const Answer &answer);

} // namespace flopcast
