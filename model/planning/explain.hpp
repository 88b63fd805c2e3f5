// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/provenance.hpp"
#include "model/planning/quantities.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Where a number is expected, P10 to P90, in base units.
struct ExplainedRange {
  double low = 0;
  double high = 0;
  std::string text; ///< both, what they mean and where they come from
};

/// How a number came about: its formula, what went in, and so on down to what was given, looked up
/// or taken by default.
struct Explanation {
  std::string key;
  std::string label;
  AnyQuantity value;
  std::string text; ///< the value for people
  Origin origin = Origin::computed;
  std::string formula; ///< in terms of the inputs' labels; "" for a leaf
  std::string source;  ///< of a leaf: plan, preset, default; else the section of docs/method.md
  std::vector<Explanation> inputs;
  std::optional<ExplainedRange> range; ///< see explain_range()
  /// The formula over the inputs' values, in base units. Unset where the value is a fold over the
  /// operator graph, which no line of arithmetic repeats.
  std::function<double(const std::vector<double> &)> evaluate;
};

/// Explains one of named_quantities(). Empty value text "–" where the plan does not get so far.
[[nodiscard]] Explanation explain(const Answer &answer, const NamedQuantity &quantity);

/// How sure the number is. Nothing where it has no range. Takes a few estimates.
[[nodiscard]] std::optional<ExplainedRange> explain_range(const Answer &answer,
                                                          const NamedQuantity &quantity);

/// The chain with the range of what it explains, as people are shown it.
[[nodiscard]] Explanation explain_with_range(const Answer &answer, const NamedQuantity &quantity);

} // namespace flopcast
