// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace flopcast {

/// A formula in words, in the order of its inputs, with the arithmetic that repeats it.
struct ExplainedFormula {
  std::string_view key; ///< of the named quantity that it gives
  std::string_view text;
  std::string_view section; ///< of docs/method.md
  /// Keys of named quantities; others begin with "plan.", "device.", "links." or
  /// "calibration.".
  std::vector<std::string_view> inputs;
  /// Over the inputs' values in base units; null where the value is a fold over the operator graph.
  double (*evaluate)(const std::vector<double> &);
};

/// The formula of a quantity; null if its value comes from the plan, or how depends on the plan.
[[nodiscard]] const ExplainedFormula *find_formula(std::string_view key);

/// Arithmetic that formulas share.
[[nodiscard]] double product_of(const std::vector<double> &values);
[[nodiscard]] double sum_of(const std::vector<double> &values);

} // namespace flopcast
