// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/bootstrap.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// How well the runs determine one parameter: the values that it can be held at without the fit
/// getting worse than noise explains, the others adapting.
struct ParameterProfile {
  struct Point {
    double value = 0;     ///< natural
    double objective = 0; ///< as Objective::reported()
  };
  std::size_t parameter = 0;
  std::optional<double> low; ///< of the 95 % interval; absent: no end was found
  std::optional<double> high;
  std::vector<Point> points; ///< by value
};

/// The best objective with the parameter held at a natural value.
[[nodiscard]] double profile_objective(const LawFit &fit, std::size_t parameter, double value);

/// Profiles of the fitted parameters, in the order of the form. Throws Stopped.
[[nodiscard]] std::vector<ParameterProfile> profile_parameters(const LawFit &fit,
                                                               const std::stop_token &stop = {});

struct Identifiability {
  std::size_t parameter = 0;
  bool identified = false;
  std::string reason; ///< why not; "" where it is identified
};

/// A parameter is identified where both ends of its 95 % interval exist, by the profile and by the
/// bootstrap if there is one, and leave a number: the ends of a coefficient or scale within a
/// factor of ten, an exponent's on one side of zero.
[[nodiscard]] std::vector<Identifiability>
identifiability(const LawFit &fit, const std::vector<ParameterProfile> &profiles,
                const Bootstrap *resamples);

} // namespace flopcast
