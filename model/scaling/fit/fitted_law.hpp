// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/law.hpp"

#include <string>

namespace flopcast {

/// The fitted law as one that predicts and plans: its numbers, the range of its runs, and the
/// covariance of its coefficients by the resamples or the delta method.
[[nodiscard]] ScalingLaw scaling_law(const LawAnalysis &analysis, const std::string &name,
                                     Date date);

/// The same as a law's file (presets/README.md), which read_law() takes.
[[nodiscard]] std::string law_toml(const LawAnalysis &analysis, const std::string &name, Date date);

} // namespace flopcast
