// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/loss_form.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace flopcast {

/// Throws InputError for a fixed parameter that the form does not have or that it cannot take.
void check_fixed(const LossForm &form, const std::map<std::string, double, std::less<>> &fixed);

/// Throws InputError, a line each, for runs without a feature that the form needs.
void check_features(const LossForm &form, const std::vector<ScalingRun> &runs);

/// Throws InputError where the runs are too few for the parameters. What weakens the fit comes back
/// as sentences: repeated runs, features that do not vary apart from each other.
[[nodiscard]] std::vector<std::string>
check_runs(const LossForm &form, const std::vector<ScalingRun> &runs, std::size_t free_parameters);

/// Of the free parameters, those that runs of one ratio D/N cannot tell apart: the coefficients of
/// the terms of N and D, and their exponents where each has its own. Empty where ratios differ.
[[nodiscard]] std::vector<std::size_t>
confounded_by_ratio(const LossForm &form, const std::vector<ScalingRun> &runs,
                    const std::vector<std::size_t> &free_parameters);

} // namespace flopcast
