// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "model/scaling/fit/law_fit.hpp"
#include "model/scaling/fit/random_stream.hpp"
#include "model/scaling/fit/run_reader.hpp"
#include "tests/support/paths.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace flopcast::tests {

/// Runs of a table beside the checkout.
inline std::vector<ScalingRun> shared_runs(const std::string &path, const std::string &columns,
                                           const std::string &where = "") {
  std::optional<RunFilter> filter;
  if (!where.empty())
    filter.emplace(where);
  return read_scaling_runs(read_file((shared_data() / path).string()), path,
                           parse_run_columns(columns), filter)
      .runs;
}

inline constexpr const char *chinchilla_table = "laws/epoch_chinchilla/svg_extracted_data.csv";

/// The 240 points of Besiroglu et al. 2024: all but the five largest losses, which lie above 3.44.
inline std::vector<ScalingRun> chinchilla_runs(const std::string &also = "") {
  return shared_runs(chinchilla_table, "N=Model Size,C=Training FLOP",
                     "loss < 3.44" + (also.empty() ? "" : " and " + also));
}

/// A run of E + A/N^alpha + B/D^beta with noise of this standard deviation in ln L.
struct PlantedLaw {
  // The optimum of the 240 points, rounded: any truth would do.
  double e = 1.8172181;
  double a = 477.8259;
  double b = 2143.4175;
  double alpha = 0.3473105;
  double beta = 0.3671724;

  [[nodiscard]] double loss(double n, double d) const {
    return e + a * std::pow(n, -alpha) + b * std::pow(d, -beta);
  }
  [[nodiscard]] ScalingRun run(double n, double d, double noise, RandomStream &random) const {
    ScalingRun made;
    made.set(RunFeature::parameters, n);
    made.set(RunFeature::tokens, d);
    made.set(RunFeature::compute, 6 * n * d);
    made.loss = loss(n, d) * std::exp(noise * random.normal());
    made.place = {"planted", 1, 1};
    return made;
  }
  /// Five budgets from 1e18 to 1e20 FLOP with sizes of 1/4 to 4 times the optimum.
  [[nodiscard]] std::vector<ScalingRun> isoflop_study(double noise, RandomStream &random) const {
    std::vector<ScalingRun> runs;
    const double g = std::pow(alpha * a / (beta * b), 1 / (alpha + beta));
    for (int budget = 0; budget < 5; ++budget)
      for (const double factor : {0.25, 0.5, 1.0, 2.0, 4.0}) {
        const double c = std::pow(10.0, 18 + 0.5 * budget);
        const double n = factor * g * std::pow(c / 6, beta / (alpha + beta));
        runs.push_back(run(n, c / 6 / n, noise, random));
      }
    return runs;
  }
};

} // namespace flopcast::tests
