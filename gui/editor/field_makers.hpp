// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/editor/plan_field.hpp"

#include <QString>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace flopcast {

using Number = std::optional<double>;

inline PlanField integer(std::string key, QString label, double highest,
                         Number (*number)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::integer;
  field.lowest = 1;
  field.highest = highest;
  field.logarithmic = true;
  field.number = number;
  return field;
}

inline PlanField doubling(std::string key, QString label, double highest,
                          Number (*number)(const PlannedRun &), QString help) {
  PlanField field = integer(std::move(key), std::move(label), highest, number, std::move(help));
  field.doubles = true;
  return field;
}

inline PlanField real(std::string key, QString label, double lowest, double highest, QString suffix,
                      std::string unit, Number (*value)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::number;
  field.lowest = lowest;
  field.highest = highest;
  field.logarithmic = lowest > 0 && highest / lowest > 100;
  field.suffix = std::move(suffix);
  field.unit = std::move(unit);
  field.number = value;
  return field;
}

inline PlanField choice(std::string key, QString label, std::vector<std::string> choices,
                        std::string (*text)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::choice;
  field.choices = std::move(choices);
  field.text = text;
  return field;
}

inline PlanField preset(std::string key, QString label, std::string kind,
                        std::string (*text)(const PlannedRun &), QString help) {
  PlanField field =
      choice(std::move(key), std::move(label), {std::move(kind)}, text, std::move(help));
  field.kind = FieldKind::preset;
  return field;
}

inline std::string flag_text(bool flag) { return flag ? "true" : "false"; }

template <class E> std::vector<std::string> names(std::span<const Spelled<E>> spelled) {
  std::vector<std::string> found;
  for (const auto &[name, value] : spelled)
    found.emplace_back(name);
  return found;
}

/// Collects fields under the group that was named last.
class FieldList {
public:
  void group(const QString &name) { group_ = name; }
  PlanField &add(PlanField field) {
    field.group = group_;
    fields_.push_back(std::move(field));
    return fields_.back();
  }
  std::vector<PlanField> take() { return std::move(fields_); }

private:
  QString group_;
  std::vector<PlanField> fields_;
};

} // namespace flopcast
