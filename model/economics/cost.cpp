// SPDX-License-Identifier: Apache-2.0
#include "model/economics/cost.hpp"

#include "model/execution/training.hpp"

#include <algorithm>

namespace flopcast {

GpuPrice gpu_time_price(const PriceTerms &price) {
  if (price.rent)
    return *price.rent;
  if (price.purchase)
    return *price.purchase / price.lifetime;
  return {};
}

EnergyUse energy_use(const EnergyTerms &terms, GpuTime held) {
  EnergyUse use;
  if (terms.power)
    use.energy = *terms.power * held * terms.pue;
  use.carbon = use.energy * terms.carbon_intensity;
  return use;
}

Bytes checkpoint_size(double matrix_parameters, double other_parameters,
                      const ParameterBytes &bytes) {
  return (matrix_parameters * (bytes.weight + bytes.matrix_state) +
          other_parameters * (bytes.weight + bytes.other_state)) *
         units::byte;
}

std::vector<CostLine> cost_lines(const Plan &plan, const RunTime &time, Joules energy,
                                 Bytes checkpoint) {
  using namespace units;
  std::vector<CostLine> lines;
  lines.reserve(5 + plan.cost_items.size());
  const GpuPrice price = gpu_time_price(plan.price);
  // Pauses cannot take more than what is held beyond training: a stated allocation bounds them.
  const GpuTime productive = std::min(time.productive, time.held);
  const GpuTime beyond = time.held - productive;
  const GpuTime pauses = time.training > Seconds{}
                             ? std::min(productive * (time.checkpoints / time.training), beyond)
                             : GpuTime{};
  const GpuTime lost = beyond - pauses;
  lines.push_back({"accelerators, productive", price * productive});
  if (pauses > GpuTime{})
    lines.push_back({"accelerators, checkpoints", price * pauses});
  // A rest of rounding is no line of a budget.
  if (lost > 1e-9 * time.held)
    lines.push_back({"accelerators, lost time", price * lost});
  const Money accelerators = price * time.held;
  for (const CostItem &item : plan.cost_items)
    lines.push_back(
        {item.name, item.amount ? *item.amount : item.share.value_or(0) * accelerators});
  if (plan.energy.electricity && energy > Joules{})
    lines.push_back({"electricity", *plan.energy.electricity * energy});
  if (plan.price.storage)
    lines.push_back({"checkpoint storage", *plan.price.storage * checkpoint *
                                               static_cast<double>(plan.run.checkpoints_kept) *
                                               time.wall_clock});
  return lines;
}

Money total_cost(const std::vector<CostLine> &lines) {
  Money sum;
  for (const CostLine &line : lines)
    sum += line.amount;
  return sum;
}

} // namespace flopcast
