// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/law_study.hpp"
#include "gui/plots/plot_data.hpp"

#include <QStringList>

#include <vector>

namespace flopcast {

/// A chart of the reports as a plot, its texts in the language of the window.
[[nodiscard]] PlotData law_plot(const LawChart &chart);

/// The chart of that id among those of a fit; an empty plot if there is none.
[[nodiscard]] PlotData fit_plot(const std::vector<LawChart> &charts, std::string_view id);

/// What the law says of the plan: headings first. Empty cells where no interval is known.
[[nodiscard]] std::vector<QStringList> law_table(const LawStudy &study);
/// The parameters of a fit with errors and intervals, and why the optimum may be believed.
[[nodiscard]] std::vector<QStringList> fit_table(const LawAnalysis &analysis);

} // namespace flopcast
