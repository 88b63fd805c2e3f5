// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/hardware_allocation.hpp"
#include "model/scaling/prediction.hpp"
#include "reports/report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// The laws that are known: form, conventions and status of each.
[[nodiscard]] Report laws_report(const std::vector<ScalingLaw> &laws);
[[nodiscard]] std::string laws_json(const std::vector<ScalingLaw> &laws);
[[nodiscard]] std::string laws_csv(const std::vector<ScalingLaw> &laws);

/// All of a law: formula, coefficients, relations, conventions, range, caveats.
[[nodiscard]] Report law_report(const ScalingLaw &law);
[[nodiscard]] std::string law_json(const ScalingLaw &law);

[[nodiscard]] Report prediction_report(const ScalingLaw &law, const LossPrediction &prediction);
[[nodiscard]] std::string prediction_json(const ScalingLaw &law, const LossPrediction &prediction);

/// How a law divides a budget: of FLOPs alone, or on a machine.
struct LawPlan {
  const ScalingLaw &law; ///< must outlive it
  std::string goal;      ///< "1e+21 FLOP", for people
  std::string cost_unit; ///< "FLOP", "GPU-hours", "USD"
  double cost_scale = 1; ///< of the answer's unit in that one
  AllocationAnswer answer;
  bool has_loss = true; ///< a law of relations alone gives none
  std::optional<double> epochs = std::nullopt;
  std::optional<BatchAdvice> batch = std::nullopt;
  std::optional<HardwareAnswer> hardware = std::nullopt;
  std::string gpu_name;
  std::vector<std::string> warnings;
};
[[nodiscard]] Report law_plan_report(const LawPlan &plan);
[[nodiscard]] std::string law_plan_json(const LawPlan &plan);

/// "key,low,base,high", a line for each result; empty cells where no interval is known.
[[nodiscard]] std::string prediction_csv(const LossPrediction &prediction);
[[nodiscard]] std::string law_plan_csv(const LawPlan &plan);

} // namespace flopcast
