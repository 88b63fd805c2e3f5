// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/explain.hpp"

#include <cstdint>
#include <string_view>

namespace flopcast {

template <class Dim> [[nodiscard]] AnyQuantity any(Quantity<Dim> quantity) {
  return {quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents};
}
[[nodiscard]] inline AnyQuantity any(double value) { return {value, Exponents{}}; }
[[nodiscard]] inline AnyQuantity any(std::int64_t value) {
  return {static_cast<double>(value), Exponents{}};
}

/// A number under its label, of which nothing more is said yet.
[[nodiscard]] Explanation labelled(std::string_view label, const AnyQuantity &value);

/// Where explanations end: what the plan, a preset or the calibration says.
class ExplainedLeaves {
public:
  explicit ExplainedLeaves(const Answer &answer)
      : answer_(answer), plan_(answer.run.plan), cluster_(answer.run.cluster) {}

  /// The leaf of a key that begins with "plan.", "device.", "host." or
  /// "calibration.".
  [[nodiscard]] Explanation by_key(std::string_view key) const;

  /// Marks a leaf as given by the plan, or as the default that was noted under `plan_key`.
  void as_plan_leaf(std::string_view plan_key, Explanation &result) const;
  /// `plan_key` is the key that overrides the fact, "" if there is none.
  void as_device_leaf(Explanation &result, std::string_view preset_key,
                      std::string_view plan_key) const;

  [[nodiscard]] Explanation of_plan(std::string_view label, AnyQuantity value,
                                    std::string_view plan_key) const;
  [[nodiscard]] Explanation of_node(std::string_view label, AnyQuantity value,
                                    std::string_view preset_key, std::string_view plan_key) const;
  [[nodiscard]] Explanation of_fabric(std::string_view label, AnyQuantity value) const;
  [[nodiscard]] Explanation of_calibration(std::string_view label, AnyQuantity value) const;

private:
  [[nodiscard]] bool replaces_preset(std::string_view plan_key) const;
  [[nodiscard]] Explanation of_model(std::string_view label, std::int64_t value,
                                     std::string_view plan_key) const;
  static void as_neutral(Explanation &result); ///< a feature that is off
  [[nodiscard]] Explanation of_host(std::string_view key) const;
  [[nodiscard]] Explanation calibration_share(std::string_view key) const;

  const Answer &answer_;
  const Plan &plan_;
  const Cluster &cluster_;
};

} // namespace flopcast
