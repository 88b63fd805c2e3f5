// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/plan_field.hpp"

#include <QCoreApplication>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace flopcast {
namespace {

struct Fields {
  Q_DECLARE_TR_FUNCTIONS(Fields)
};

} // namespace

FieldStatus field_status(const PlanField &field, const EstimatedPlan &plan,
                         const std::string &changes) {
  if (const auto value = changed_value(changes, field.key); value && !value->empty())
    return {FieldSource::changed, Fields::tr("changed here")};
  if (const InputValue *value = value_at(plan.written, field.key)) {
    const Place &place = value->place;
    return {
        FieldSource::in_plan,
        Fields::tr("in the plan, %1:%2").arg(QString::fromStdString(place.file)).arg(place.line)};
  }
  for (const Assumption &assumption : plan.run.plan.assumptions)
    if (assumption.key == field.key)
      return {FieldSource::by_default,
              QString::fromStdString(assumption.value + ": " + assumption.why)};
  const std::string table = field.key.substr(0, field.key.find('.'));
  for (const Assumption &assumption : plan.run.plan.assumptions)
    if (assumption.key == table)
      return {FieldSource::by_default, QString::fromStdString(assumption.why)};
  if (table == "model")
    return {FieldSource::preset,
            Fields::tr("from the preset %1").arg(QString::fromStdString(plan.run.plan.model.id))};
  if (table == "hardware")
    return {FieldSource::preset,
            Fields::tr("from the preset %1").arg(QString::fromStdString(plan.run.cluster.node.id))};
  if (table == "price")
    return {FieldSource::by_default, QString::fromStdString(plan.run.plan.price.description)};
  return {FieldSource::by_default, Fields::tr("not in the plan")};
}

std::vector<PlanEdit> edits_of(const PlanField &field, const std::string &value,
                               const InputValue &written) {
  const bool gone = !field.none.empty() && value == field.none;
  std::vector<PlanEdit> edits{{field.key, gone ? std::nullopt : std::optional(value)}};
  std::vector<PlanEdit> beside =
      field.beside == nullptr ? std::vector<PlanEdit>() : field.beside(value);
  for (const std::string &other : field.excludes)
    if (value_at(written, other) != nullptr &&
        std::ranges::find(beside, other, &PlanEdit::key) == beside.end())
      edits.push_back({other, std::nullopt});
  std::ranges::move(beside, std::back_inserter(edits));
  return edits;
}

std::string written_number(const PlanField &field, double value) {
  if (field.kind == FieldKind::integer)
    return fmt::format("{:.0f}", value);
  return fmt::format("{}", value) + field.unit;
}

} // namespace flopcast
