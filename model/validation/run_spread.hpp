// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/comparison.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace flopcast {

/// How far the runs of a framework lie from their predictions, each group weighing 1. Groups of
/// other editions of its family count half. What they lack to ten groups together all other
/// frameworks make up: of fewer than ten no P10 is known. Where the framework has no runs, its
/// family stands in, or all others.
/// The run to come counts as one group more, beyond all others, on either side: so the middle four
/// fifths hold at least as many of the runs to come. Source: Tibshirani et al. 2019, weighted
/// conformal prediction.
/// `runs` must be predicted by constants that were fitted without them.
[[nodiscard]] SoftwareSpread software_spread(std::span<const ComparedRun *const> runs,
                                             std::string_view framework, std::string_view family);

/// Gives every run of a cross-validated comparison the spread that the runs of the other parts
/// tell.
void state_spreads(RunComparison &blind, int folds);

/// Share of the runs whose measured metric lies inside the stated P10 to P90, each group weighing
/// 1. Nothing where no run states both.
[[nodiscard]] std::optional<double> inside_share(std::span<const ComparedRun *const> runs,
                                                 RunMetric metric);

} // namespace flopcast
