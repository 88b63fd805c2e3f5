// SPDX-License-Identifier: Apache-2.0
#include "reports/compare_report.hpp"

#include "model/planning/expected_loss.hpp"
#include "model/planning/uncertainty.hpp"
#include "reports/quantity_rows.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flopcast {
namespace {

std::string change_text(double from, double to) {
  if (from == 0)
    return "";
  const double change = 100 * (to - from) / from;
  return std::abs(change) < 0.05 ? "=" : fmt::format("{:+.1f} %", change);
}

/// Intervals under the losses, and their laws: losses of two laws do not compare.
void append_loss_rows(ReportSection &section, std::span<const Answer> answers) {
  ReportRow intervals{"", fmt::format("  {}", run_interval_label), {}};
  ReportRow laws{"", "  by law", {}};
  bool any = false;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto loss = loss_prediction(answers[i].run.plan, answers[i].estimate);
    any = any || loss;
    intervals.cells.push_back(loss ? interval_text(loss->interval) : std::string(missing_text));
    laws.cells.push_back(loss ? answers[i].run.plan.data.law->law.id : std::string(missing_text));
    if (i > 0) {
      intervals.cells.emplace_back();
      laws.cells.emplace_back();
    }
  }
  if (!any)
    return;
  section.rows.push_back(std::move(intervals));
  section.rows.push_back(std::move(laws));
}

/// "a to b" for each answer, of the headline numbers that have a range in any.
ReportSection compared_ranges(std::span<const Answer> answers) {
  std::vector<std::optional<Ranges>> known;
  for (const Answer &answer : answers)
    known.push_back(ranges(answer));
  ReportSection section{"Ranges, P10 to P90", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    if (!quantity.headline)
      continue;
    ReportRow row{fmt::format("ranges.{}", quantity.key), headline_label(quantity), {}};
    bool any = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto value = quantity.value(answers[i]);
      const auto range = known[i] ? range_of(quantity, answers[i], *known[i]) : std::nullopt;
      any = any || range;
      row.cells.push_back(value && range ? range_text(quantity, *value, *range) : std::string());
      if (i > 0)
        row.cells.emplace_back();
    }
    if (any)
      section.rows.push_back(std::move(row));
  }
  return section;
}

} // namespace

Report compare_report(std::span<const Answer> answers) {
  Report report;
  report.title = "Comparison";
  for (std::size_t i = 0; i < answers.size(); ++i) {
    report.columns.push_back(answers[i].run.plan.name);
    if (i > 0)
      report.columns.emplace_back("change");
    for (const Reason &reason : answers[i].estimate.reasons)
      report.alerts.push_back({answers[i].run.plan.name,
                               fmt::format("cannot run: {}; {}", reason.text, reason.remedy)});
  }
  ReportSection section{"Headline numbers", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    if (!quantity.headline)
      continue;
    ReportRow row{std::string(quantity.key), headline_label(quantity), {}};
    const auto first = quantity.value(answers.front());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto value = quantity.value(answers[i]);
      row.cells.push_back(value ? quantity_text(quantity, *value) : std::string(missing_text));
      if (i > 0)
        row.cells.push_back(first && value ? change_text(first->value, value->value) : "");
    }
    section.rows.push_back(std::move(row));
  }
  append_loss_rows(section, answers);
  report.sections.push_back(std::move(section));
  if (ReportSection spreads = compared_ranges(answers); !spreads.rows.empty())
    report.sections.push_back(std::move(spreads));
  return report;
}

} // namespace flopcast
