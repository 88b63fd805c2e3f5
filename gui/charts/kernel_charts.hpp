// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/kernel_study.hpp"
#include "gui/plan_session.hpp"
#include "gui/plots/plot_data.hpp"

#include <QStringList>

#include <vector>

namespace flopcast {

/// "gemm, forward, bf16" in the language of the window.
[[nodiscard]] QString class_text(const KernelClass &kernels);

/// Whether a call's shape was measured, and how far outside it lies.
[[nodiscard]] QString coverage_text(const Calibration &calibration, const OperatorCall &call);

/// Predicted over measured time by class, with the line on which both are the same.
[[nodiscard]] PlotData agreement_chart(const KernelStudy &study, const KernelView &view);

/// Error over measured time; between which errors the calibration expects eight of ten kernels,
/// where it knows that and one class is shown.
[[nodiscard]] PlotData residual_chart(const KernelStudy &study, const KernelView &view);

/// What validation_report() prints, its classes named in the language of the window.
[[nodiscard]] Report error_report(const KernelStudy &study);

/// Between which sizes a calibration measured each class of operators and kind of collective:
/// headings first.
[[nodiscard]] std::vector<QStringList> range_table(const Calibration &calibration);

/// The operators of a plan and where they lie in what its calibration measured.
struct PlanOperators {
  std::vector<QStringList> rows; ///< headings first; those that take most time first
  /// Of the time of all, what those take whose shapes were measured. Absent for a plan whose layout
  /// is impossible: then there are no rows either.
  std::optional<double> inside;
};
[[nodiscard]] PlanOperators plan_operators(const EstimatedPlan &plan);

} // namespace flopcast
