// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/fit/design.hpp"
#include "reports/report.hpp"

#include <string>
#include <vector>

namespace flopcast {

[[nodiscard]] Report law_fit_report(const LawAnalysis &analysis);
/// docs/json.md, "law_fit".
[[nodiscard]] std::string law_fit_json(const LawAnalysis &analysis);
/// A line a run: what it was, the law's loss and the residual.
[[nodiscard]] std::string law_fit_csv(const LawAnalysis &analysis);

[[nodiscard]] Report law_design_report(const Design &design, const DesignOptions &options);
/// docs/json.md, "law_design".
[[nodiscard]] std::string law_design_json(const Design &design, const DesignOptions &options,
                                          const std::vector<std::string> &warnings);
/// A line a run.
[[nodiscard]] std::string law_design_csv(const Design &design);

} // namespace flopcast
