// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/plan_sweep.hpp"
#include "gui/plots/plot_data.hpp"

#include <span>
#include <vector>

namespace flopcast {

/// Answers as plots. What a plan has no number for is left out; new parts of a step or of memory
/// show up on their own: the quantities' keys say which they are.
[[nodiscard]] PlotData step_chart(const EstimatedPlan &plan);
/// The parts of first and last stage, under the capacity.
[[nodiscard]] PlotData memory_chart(const EstimatedPlan &plan);
[[nodiscard]] PlotData cost_chart(const EstimatedPlan &plan);

/// One quantity over the number of GPUs; those at which the plan cannot run are gaps.
[[nodiscard]] PlotData scaling_chart(const std::vector<ScalingPoint> &points, std::string_view key,
                                     std::int64_t own_gpus);
/// Every point with its numbers, or why it cannot run; headings first.
[[nodiscard]] std::vector<QStringList> scaling_table(const std::vector<ScalingPoint> &points);

[[nodiscard]] PlotData price_chart(const std::vector<Variant> &variants);
[[nodiscard]] std::vector<QStringList> price_table(const std::vector<Variant> &variants);

/// Median and P90 errors on held-back samples by class of operators and kind of collective.
[[nodiscard]] PlotData calibration_chart(const Calibration &calibration);

/// A plan with the name that it is pinned under.
struct Scenario {
  QString name; ///< "A"
  EstimatedPlanPointer plan;
};

/// Where each scenario's step time goes, side by side.
[[nodiscard]] PlotData comparison_chart(std::span<const Scenario> scenarios);

} // namespace flopcast
