// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"
#include "model/economics/run_time.hpp"
#include "model/planning/plan.hpp"

#include <string>
#include <vector>

namespace flopcast {

struct CostLine {
  std::string name;
  Money amount;
};

struct EnergyUse {
  Joules energy; ///< at the data centre's meter: servers × PUE, over the held GPU time
  Mass carbon;   ///< CO2 equivalent
};

/// What GPU time costs: the rent, or the purchase written off over the lifetime.
[[nodiscard]] GpuPrice gpu_time_price(const PriceTerms &price);

/// Zero where the power of the machine is not known.
[[nodiscard]] EnergyUse energy_use(const EnergyTerms &terms, GpuTime held);

/// Size of one checkpoint: weights, master weights and optimizer states of every parameter once.
/// Matrices are the weights of products inside layers; see ParameterBytes.
[[nodiscard]] Bytes checkpoint_size(double matrix_parameters, double other_parameters,
                                    const ParameterBytes &bytes);

/// Productive, checkpoint and lost accelerator time apart, then the plan's own lines, electricity
/// of own hardware and storage. Lines of zero are left out, but for the first.
[[nodiscard]] std::vector<CostLine> cost_lines(const Plan &plan, const RunTime &time, Joules energy,
                                               Bytes checkpoint);

[[nodiscard]] Money total_cost(const std::vector<CostLine> &lines);

} // namespace flopcast
