// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/plan_text.hpp"

#include <QString>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// `several`: any of the choices, written as a list.
enum class FieldKind { integer, number, choice, preset, flag, several };

/// A key of the plan as the editor offers it.
struct PlanField {
  std::string key;
  QString group;
  QString label;
  QString help;
  FieldKind kind = FieldKind::number;
  double lowest = 0; ///< in `unit`, as all numbers here
  double highest = 1;
  bool logarithmic = false; ///< ranges of more than two decades
  bool doubles = false;     ///< a step doubles: degrees and batches
  QString suffix;           ///< the unit as it is shown
  std::string unit;         ///< as it is written behind the number: " USD/(GPU*h)", "e9 token"
  std::vector<std::string> choices;  ///< or the kind of presets
  std::string none;                  ///< the choice that takes the key away; "" where there is none
  std::vector<std::string> excludes; ///< keys that say the same in another way
  std::optional<double> (*number)(const PlannedRun &) = nullptr;
  std::string (*text)(const PlannedRun &) = nullptr;
  /// What else the value needs to be legal, such as recompute = "full" beside a number of layers.
  std::vector<PlanEdit> (*beside)(const std::string &value) = nullptr;
};

/// All of them, in the order of the editor, in the language of the window.
[[nodiscard]] std::vector<PlanField> plan_fields();

enum class FieldSource { in_plan, changed, preset, by_default };

/// Where the field's value comes from, and what else there is to say about it.
struct FieldStatus {
  FieldSource source = FieldSource::by_default;
  QString detail;
};

[[nodiscard]] FieldStatus field_status(const PlanField &field, const EstimatedPlan &plan,
                                       const std::string &changes);

/// All that changes when the field gets the value, as it is written: the key itself, what it needs
/// beside it, and the keys of the plan that contradict it taken away.
[[nodiscard]] std::vector<PlanEdit> edits_of(const PlanField &field, const std::string &value,
                                             const InputValue &written);

/// The value as it is written into the plan.
[[nodiscard]] std::string written_number(const PlanField &field, double value);

} // namespace flopcast
