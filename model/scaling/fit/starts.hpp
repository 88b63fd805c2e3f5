// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/minimiser.hpp"

#include <vector>

namespace flopcast {

/// Starts whose exponents and scales are spread evenly over their ranges and whose coefficients are
/// then the best non-negative ones, by linear least squares of the relative error.
[[nodiscard]] std::vector<Eigen::VectorXd> spread_starts(FitProblem &problem, int count);

/// The 4,500 starts of Hoffmann et al. 2022: alpha, beta in {0, .5, 1, 1.5, 2}, ln E in {-1, …, 1},
/// ln A, ln B in {0, 5, …, 25}. Throws InputError for a form that has other parameters.
[[nodiscard]] std::vector<Eigen::VectorXd> hoffmann_starts(const FitProblem &problem);

} // namespace flopcast
