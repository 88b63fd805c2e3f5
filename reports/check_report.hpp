// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/run_check.hpp"
#include "reports/report.hpp"

#include <cstddef>
#include <string>

namespace flopcast {

/// Errors by metric and group, the worst runs of each metric, regret, and what was skipped and why.
[[nodiscard]] Report check_report(const RunCheck &check, std::size_t worst);
[[nodiscard]] std::string check_json(const RunCheck &check);
/// A line for every run and metric.
[[nodiscard]] std::string check_csv(const RunCheck &check);

/// A measured or predicted value with its unit.
[[nodiscard]] std::string metric_text(RunMetric metric, double value);

} // namespace flopcast
