// SPDX-License-Identifier: Apache-2.0
#include "reports/estimate_report.hpp"

#include "model/planning/expected_loss.hpp"
#include "model/planning/uncertainty.hpp"
#include "reports/quantity_rows.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

namespace flopcast {
namespace {

/// Numbers of zero that only some plans have: they would be noise in a table.
bool is_optional_row(std::string_view key) {
  return key.starts_with("time.breakdown.") || key == "time.checkpoints_s" ||
         key == "parameters.active" || key == "memory.per_gpu.buffers_bytes" ||
         key == "memory.host_bytes";
}

std::string share_of(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : std::string();
}

/// A share of the step below which a part is none: what a smooth maximum leaves of the smaller
/// side.
constexpr double nothing_of_step = 1e-6;

void append_rows(ReportSection &section, const Answer &answer, QuantitySection which) {
  const Estimate &estimate = answer.estimate;
  for (const NamedQuantity &quantity : named_quantities()) {
    if (quantity.section != which)
      continue;
    const auto value = quantity.value(answer);
    const bool part = value && quantity.key.starts_with("time.breakdown.");
    const double whole = part ? estimate.step->time.total().in(units::second) : 0;
    const bool nothing = !value || value->value <= nothing_of_step * whole;
    if (nothing && is_optional_row(quantity.key))
      continue;
    if (nothing && quantity.key == "parameters.prediction")
      continue;
    if (quantity.key == "parameters.active" && value->value == estimate.parameters.total)
      continue;
    ReportRow row{std::string(quantity.key),
                  std::string(quantity.label),
                  {value ? quantity_text(quantity, *value) : std::string(missing_text)}};
    if (part)
      row.cells.push_back(share_of(value->value, whole));
    if (value && which == QuantitySection::memory && quantity.key.starts_with("memory.per_gpu.") &&
        quantity.key != "memory.per_gpu.capacity_bytes")
      row.cells.push_back(
          share_of(value->value, answer.run.cluster.device.memory_capacity.in(units::byte)));
    section.rows.push_back(std::move(row));
  }
}

/// Where the plan lists what each stage holds or does again: a row for each.
void append_stages(ReportSection &section, const Answer &answer) {
  const Estimate &estimate = answer.estimate;
  const double capacity = answer.run.cluster.device.memory_capacity.in(units::byte);
  for (std::size_t stage = 0; estimate.step && stage < estimate.step->stages.size(); ++stage) {
    const MemoryParts &parts = estimate.step->stages[stage];
    section.rows.push_back(
        {"",
         fmt::format("stage {}", stage),
         {human_text(parts.total()), share_of(parts.total().in(units::byte), capacity)}});
  }
}

/// Operators whose times are extrapolated, as a list for people; "" if there are none.
std::string extrapolated_roles(const Estimate &estimate) {
  std::string text;
  for (std::size_t role = 0; estimate.step && role < operator_role_count; ++role)
    if (estimate.step->extrapolated.test(role))
      text +=
          fmt::format("{}{}", text.empty() ? "" : ", ", to_text(static_cast<OperatorRole>(role)));
  return text;
}

/// Base, and P10 to P90, of the headline numbers.
ReportSection ranges_section(const Answer &answer, const Ranges &known) {
  ReportSection section{"Ranges: base, P10 to P90", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    const auto base = quantity.value(answer);
    const auto range = range_of(quantity, answer, known);
    if (!quantity.headline || !base || !range)
      continue;
    section.rows.push_back({fmt::format("ranges.{}", quantity.key),
                            headline_label(quantity),
                            {quantity_text(quantity, *base), range_text(quantity, *base, *range)}});
  }
  return section;
}

/// What the ranges mean, and memory that fits at its base and not at its P90.
void add_range_remarks(Report &report, const Answer &answer, const Ranges &known) {
  report.remarks.push_back({"ranges", range_meaning(answer, known)});
  const Bytes high = std::exp(known.memory.p90) * answer.estimate.step->memory().total();
  const Device &device = answer.run.cluster.device;
  if (answer.estimate.feasible() && high > device.memory_capacity)
    report.remarks.push_back(
        {"memory", fmt::format("fits as predicted, but its P90 of {} is above the {} of {}",
                               human_text(high), human_text(device.memory_capacity), device.name)});
}

/// What stands under the expected loss: how sure it is, and where the law was asked.
void append_loss_rows(ReportSection &section, const Plan &plan, const LossPrediction &loss) {
  const ScalingLaw &law = plan.data.law->law;
  const auto row = [&](std::string label, std::string text) {
    section.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  row(std::string(run_interval_label), interval_text(loss.interval));
  row("of the law's mean, 8 times in 10", interval_text(loss.of_coefficients));
  row("by law", law.id);
  // A law of dense models is asked with what a token of a mixture uses.
  const bool active = plan.model.decoder.experts && !knows_experts(*law.form);
  const auto counted = active ? std::string_view("active")
                              : spelled(params_convention_names(), law.conventions.params);
  row("at N", fmt::format("{} {}parameters", human_number(loss.point.params),
                          active || law.conventions.params != ParamsConvention::unstated
                              ? fmt::format("{} ", counted)
                              : std::string()));
  row("at D", fmt::format("{} tokens", human_number(loss.point.tokens.in(units::token))));
}

} // namespace

Report estimate_report(const Answer &answer, const std::optional<Layout> &nearest) {
  const Plan &plan = answer.run.plan;
  const Estimate &estimate = answer.estimate;
  Report report;
  report.title = plan.name;
  for (const Reason &reason : estimate.reasons)
    report.alerts.push_back({"cannot run", fmt::format("{}; {}", reason.text, reason.remedy)});
  if (!estimate.feasible())
    report.alerts.push_back(
        {"nearest plan",
         nearest ? fmt::format("{}{}", describe_layout(nearest->parallelism, nearest->training),
                               nearest->gpus == answer.run.cluster.gpus
                                   ? ""
                                   : fmt::format(", on {} GPUs", nearest->gpus))
                 : std::string("none found with up to 64 times as many GPUs")});

  ReportSection setup{"Plan", {}};
  const auto setup_row = [&](std::string label, std::string text) {
    setup.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  setup_row("model", plan.model.name);
  setup_row("GPUs",
            fmt::format("{} x {}", grouped_integer(static_cast<double>(answer.run.cluster.gpus)),
                        answer.run.cluster.device.name));
  if (answer.run.cluster.fabric)
    setup_row("fabric", answer.run.cluster.fabric->name);
  setup_row("layout",
            fmt::format("tensor {} x pipeline {} x data {}{}", plan.parallelism.tensor_parallel,
                        plan.parallelism.pipeline_parallel, plan.parallelism.data_parallel,
                        plan.parallelism.context_parallel > 1
                            ? fmt::format(" x context {}", plan.parallelism.context_parallel)
                            : ""));
  setup_row("sharing", fmt::format("ZeRO-{}, recompute {}", plan.parallelism.zero_stage,
                                   to_text(plan.training.recompute)));
  setup_row("batch", fmt::format("{} x {} tokens, micro-batch {}",
                                 grouped_integer(static_cast<double>(plan.training.global_batch)),
                                 grouped_integer(static_cast<double>(plan.data.sequence_length)),
                                 plan.training.micro_batch));
  report.sections.push_back(std::move(setup));

  const auto loss = loss_prediction(plan, estimate);
  using enum QuantitySection;
  for (const QuantitySection which :
       {parameters, work, memory, time, throughput, cost, energy, quality}) {
    if (which == quality && !loss)
      continue;
    ReportSection section{std::string(to_text(which)), {}};
    if (which == cost && estimate.run)
      for (const CostLine &line : estimate.run->costs)
        section.rows.push_back(
            {"",
             line.name,
             {human_text(line.amount),
              share_of(line.amount.in(units::usd), estimate.run->total_cost.in(units::usd))}});
    append_rows(section, answer, which);
    if (which == quality)
      append_loss_rows(section, plan, *loss);
    if (which == memory)
      append_stages(section, answer);
    report.sections.push_back(std::move(section));
  }
  const auto known = ranges(answer);
  if (known)
    if (ReportSection section = ranges_section(answer, *known); !section.rows.empty())
      report.sections.push_back(std::move(section));
  report.remarks_title = "Assumptions (defaults unless the plan says otherwise)";
  if (plan.price.origin != Origin::defaulted) // else it stands among the assumptions
    report.remarks.push_back({"price", plan.price.description});
  if (const std::string roles = extrapolated_roles(estimate); !roles.empty())
    report.remarks.push_back({"hardware.calibration",
                              fmt::format("extrapolated: shapes of {} lie outside what {} measured",
                                          roles, answer.run.cluster.calibration.id)});
  if (loss)
    for (const std::string &warning : loss->warnings)
      report.remarks.push_back({"data.law", warning});
  if (known)
    add_range_remarks(report, answer, *known);
  for (const Assumption &assumption : plan.assumptions)
    report.remarks.push_back(
        {assumption.key, fmt::format("{} – {}", assumption.value, assumption.why)});
  return report;
}

} // namespace flopcast
