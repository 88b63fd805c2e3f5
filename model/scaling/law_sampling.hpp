// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/law.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// A result with the interval in which it lies with a chance of 80 %: low is P10, high P90; base is
/// what the law's own coefficients give.
struct LawInterval {
  double low = 0;
  double base = 0;
  double high = 0;
};

/// Draws that steady the ends of an 80 % interval to 3 % of its width.
inline constexpr std::size_t usual_draws = 1000;
/// Any: what a law says must not change between two runs.
inline constexpr std::uint64_t law_seed = 20220329;

/// The law's form with coefficients drawn from what its uncertainty tells; empty where it tells
/// nothing. Standard errors alone are drawn from as if coefficients were independent. The same for
/// the same law, count and seed.
[[nodiscard]] std::vector<LawForm> sampled_forms(const ScalingLaw &law,
                                                 std::size_t count = usual_draws,
                                                 std::uint64_t seed = law_seed);

/// What to say of a law's intervals: that it has none, or only ones from standard errors; "" where
/// nothing needs to be said.
[[nodiscard]] std::string interval_caveat(const ScalingLaw &law);

/// As many draws of a standard normal variable, always the same.
[[nodiscard]] std::vector<double> normal_draws(std::size_t count, std::uint64_t seed);

/// P10 and P90 of the draws about the base. Empty without draws.
[[nodiscard]] std::optional<LawInterval> interval_of(std::vector<double> draws, double base);

} // namespace flopcast
