// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explained_power.hpp"

#include "hardware/energy.hpp"
#include "model/planning/explained_formulas.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace flopcast {
namespace {

template <class Dim> Explanation made(std::string_view label, Quantity<Dim> quantity) {
  Explanation result;
  result.key = label;
  result.label = label;
  result.value = {quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents};
  result.text = human_text(quantity);
  return result;
}

/// Inputs in this order: idle, energy of a FLOP, FLOPs, of a byte, bytes, step, limit.
double gpu_power(const std::vector<double> &v) {
  using namespace units;
  PowerModel model;
  model.idle = v[0] * watt;
  model.limit = v[6] * watt;
  return mean_power(model, (v[1] * v[2] + v[3] * v[4]) * joule, v[5] * second).in(watt);
}

Explanation explained_gpu(const Answer &answer, const Explanation &step) {
  const Cluster &cluster = answer.run.cluster;
  const NumberFormat format = answer.run.plan.training.precision;
  const MeteredPower &metered = *cluster.calibration.power;
  const PowerModel model = *device_power_model(cluster);
  const auto fitted = [&](std::string_view label, auto quantity) {
    Explanation result = made(label, quantity);
    const bool own = metered.device == cluster.device.id;
    result.origin = own ? Origin::calibrated : Origin::assumed;
    result.source = fmt::format("power metered on {}{}: {}", metered.device,
                                own ? "" : ", in proportion to the thermal design power",
                                metered.provenance.source);
    return result;
  };
  const auto counted = [](std::string_view label, auto quantity) {
    Explanation result = made(label, quantity);
    result.source = "docs/method.md, Energy";
    return result;
  };
  Explanation limit = made("thermal design power", model.limit);
  limit.origin = Origin::fact;
  limit.source = fmt::format("{}: thermal_design_power ({})", cluster.device.id,
                             cluster.device.provenance.source);
  const StepPower &power = *answer.estimate.step->power;
  Explanation gpu = counted("GPU, mean of a step", power.gpu);
  gpu.formula = "idle + (energy of a FLOP x FLOPs + energy of a byte x bytes) / step, kept below "
                "the thermal design power";
  gpu.inputs = {fitted("idle", model.idle),
                fitted(fmt::format("energy of a FLOP in {}", to_text(format)),
                       energy_per_flop(model, format).value_or(EnergyPerFlop{})),
                counted("FLOPs of a GPU in a step", power.work.flops),
                fitted("energy of a byte", model.per_byte),
                counted("bytes of a GPU in a step", power.work.bytes),
                step,
                std::move(limit)};
  gpu.evaluate = gpu_power;
  return gpu;
}

} // namespace

Explanation explained_power(const Answer &answer, const Explanation &step) {
  const Plan &plan = answer.run.plan;
  Explanation beside =
      made("rest of the server", plan.energy.beside_accelerator.value_or(PowerPerGpu{}));
  beside.origin = Origin::defaulted;
  beside.source = "preset energy/server: share of its maximum that training draws on average";
  Explanation result = made("power per GPU", answer.estimate.step->power->server);
  result.formula = "GPU + rest of the server";
  result.source = "docs/method.md, Energy";
  result.inputs = {explained_gpu(answer, step), std::move(beside)};
  result.evaluate = sum_of;
  return result;
}

} // namespace flopcast
