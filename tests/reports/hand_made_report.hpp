// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/report.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace flopcast::tests {

/// A report with every part that one can have. Its numbers are made up: tests of layout must not
/// change with the model.
[[nodiscard]] inline Report hand_made_report() {
  Report report;
  report.title = "A plan";
  report.columns = {"first", "second", "change"};
  report.alerts = {{"cannot run", "tensor_parallel = 6 does not divide 64 heads; try 4 or 8"},
                   {"nearest plan", "tensor 8 x pipeline 1 x data 8"}};
  report.sections = {
      {"Time",
       {{"time.step_s", "step", {"20.18 s", "9.04 s", "-55.2 %"}},
        {"time.total_s", "wall clock", {"24.75 d", "–"}}}},
      {"Cost", {{"cost.total_usd", "total cost", {"2,086,991 USD", "1,000 USD", "-100.0 %"}}}},
  };
  report.remarks_title = "Assumptions";
  report.remarks = {
      {"run.goodput", "0.9 – failures, restarts and waiting; Llama 3 405B reports above 0.9"},
      {"energy.pue", "1.25 – usual where such nodes stand"}};
  return report;
}

[[nodiscard]] inline std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

} // namespace flopcast::tests
