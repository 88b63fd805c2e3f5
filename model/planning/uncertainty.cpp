// SPDX-License-Identifier: Apache-2.0
#include "model/planning/uncertainty.hpp"

#include "model/planning/operator_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

// Half of the middle four fifths of a normal distribution, in standard deviations; and what nine
// tenths of absolute errors lie below.
constexpr double p90_sigmas = 1.2815515655446004;
constexpr double p90_absolute_sigmas = 1.6448536269514722;

// Standard deviations of log(time), as P90 of the error over 1.645, the root of the mean square
// over kinds of collectives: the default share against NCCL on H100, B200, A100 and GH200's network
// (15 kinds, 0.11 to 0.38); H100's links in place of those of B200 and A100 (8 kinds, 0.15 to
// 0.31).
constexpr double unmeasured_links = 0.27;
constexpr double transferred_links = 0.22;

/// Of the operators of a stage: the last one's ends stand for those of any.
double stage_share(Region region, const Parallelism &parallelism) {
  const auto stages = static_cast<double>(parallelism.pipeline_parallel);
  if (region == Region::layer)
    return 1 / stages;
  return region == Region::embedding && stages > 1 ? 0 : 1;
}

/// Standard deviation of the operators' time as a share of it.
double operators_sigma(const Plan &plan, const Cluster &cluster) {
  std::array<double, operator_class_count> deviation{}; // seconds
  double all = 0;
  for (const OperatorTime &one : operator_times(plan, cluster)) {
    const double seconds = (stage_share(one.region, plan.parallelism) * one.of_all()).in(second);
    all += seconds;
    deviation[static_cast<std::size_t>(one.call.kind)] +=
        seconds * operator_time_spread(cluster.calibration, one.call, one.alone).sigma();
  }
  double variance = 0;
  for (const double of_class : deviation)
    variance += of_class * of_class;
  return all > 0 ? std::sqrt(variance) / all : 0;
}

double optimizer_sigma(const Cluster &cluster, Seconds time) {
  OperatorCall call{.kind = OperatorClass::optimizer, .flops = {}, .bytes = {}};
  call.bytes = time * cluster.device.memory_bandwidth;
  return operator_time_spread(cluster.calibration, call, time).sigma();
}

/// Of the time of a collective among the group.
double link_sigma(Collective collective, const RankGroup &group, const Cluster &cluster) {
  const Calibration &calibration = cluster.calibration;
  const bool crosses = ranks_per_domain(group, cluster.node) < group.size;
  const LinkLevel level = crosses ? LinkLevel::scale_out : LinkLevel::scale_up;
  const bool fitted =
      crosses ? calibration.scale_out_links.has_value() : calibration.scale_up_links.has_value();
  const auto errors = std::ranges::find_if(calibration.link_errors, [&](const LinkErrors &e) {
    return e.level == level && e.collective == collective && e.held_back.samples > 0;
  });
  if (!fitted || errors == calibration.link_errors.end())
    return unmeasured_links;
  return calibration.transferred_to.empty() ? errors->held_back.p90 / p90_absolute_sigmas
                                            : transferred_links;
}

struct Exchange {
  Seconds time;
  Collective collective;
  RankGroup group;
};

std::array<Exchange, 5> exchanges(const Plan &plan, const StepTime &time) {
  const Parallelism &p = plan.parallelism;
  const auto context = [&]() -> std::pair<Collective, RankGroup> {
    switch (p.context_exchange) {
    case ContextExchange::all_gather:
      return {Collective::all_gather, p.context_group()};
    case ContextExchange::all_to_all:
      return {Collective::all_to_all, p.context_group()};
    case ContextExchange::ring:
      break;
    }
    return {Collective::point_to_point, p.context_neighbours()};
  }();
  return {
      {{time.tensor_parallel, p.sequence_parallel ? Collective::all_gather : Collective::all_reduce,
        p.tensor_group()},
       {time.context_parallel, context.first, context.second},
       {time.expert_parallel, Collective::all_to_all, p.expert_group()},
       {time.pipeline, Collective::point_to_point, p.stage_neighbours()},
       {time.data_parallel, p.zero_stage > 0 ? Collective::reduce_scatter : Collective::all_reduce,
        p.gradient_group()}}};
}

TimeSpread of_runs(const ErrorSpread &spread) {
  return {.p10 = spread.p10, .p50 = spread.p50, .p90 = spread.p90};
}

/// Quantities that a stated step leaves out, as it has no parts.
bool is_part_of_step(const NamedQuantity &quantity) {
  return quantity.key.starts_with("time.breakdown.");
}

/// The answer if a step takes so much.
Estimate at_step(const Answer &answer, Seconds step) {
  Plan plan = answer.run.plan;
  plan.stated = {};
  plan.stated.step_time = step;
  return estimate(plan, answer.run.cluster);
}

Money cost_at(const Answer &answer, GpuPrice rent) {
  Plan plan = answer.run.plan;
  plan.price.rent = rent;
  const RunEstimate &run = *answer.estimate.run;
  return total_cost(cost_lines(plan, run.time, run.energy.energy, run.checkpoint));
}

std::string percent_range(const TimeSpread &spread) {
  return fmt::format("{:+.1f} to {:+.1f} %", 100 * std::expm1(spread.p10),
                     100 * std::expm1(spread.p90));
}

} // namespace

HardwareSpread hardware_spread(const Plan &plan, const Cluster &cluster, const StepEstimate &step) {
  const StepTime &time = step.predicted;
  const Seconds whole = time.total();
  if (whole <= Seconds{})
    return {};
  // A bubble is other stages' work.
  const double layers = (time.compute + time.recompute + time.bubble) / whole;
  HardwareSpread spread;
  spread.operators = std::hypot(layers * operators_sigma(plan, cluster),
                                time.optimizer / whole * optimizer_sigma(cluster, time.optimizer));
  for (const Exchange &exchange : exchanges(plan, time))
    if (exchange.time > Seconds{})
      spread.links =
          std::hypot(spread.links, exchange.time / whole *
                                       link_sigma(exchange.collective, exchange.group, cluster));
  return spread;
}

TimeSpread step_spread(const HardwareSpread &hardware, const SoftwareSpread &runs) {
  TimeSpread spread = of_runs(runs.step_time);
  const double more = hardware.variance() - runs.hardware * runs.hardware;
  // The estimate is inside its range, whatever the runs of a framework that it does not know say.
  const double wider = p90_sigmas * p90_sigmas * std::max(more, 0.0);
  spread.p10 = -std::sqrt(std::pow(std::min(spread.p10, 0.0), 2) + wider);
  spread.p90 = std::sqrt(std::pow(std::max(spread.p90, 0.0), 2) + wider);
  return spread;
}

TimeSpread memory_spread(const SoftwareSpread &runs) {
  TimeSpread spread = of_runs(runs.memory);
  spread.p10 = std::min(spread.p10, 0.0);
  spread.p90 = std::max(spread.p90, 0.0);
  return spread;
}

std::optional<Ranges> ranges(const Answer &answer) {
  if (!answer.estimate.step)
    return std::nullopt;
  const Plan &plan = answer.run.plan;
  const StepEstimate &step = *answer.estimate.step;
  const Seconds time = step.time.total();
  Ranges result;
  if (!plan.stated.states_speed()) {
    result.hardware = hardware_spread(plan, answer.run.cluster, step);
    result.step = step_spread(result.hardware, plan.training.software.spread);
  }
  result.memory = memory_spread(plan.training.software.spread);
  result.fast = at_step(answer, std::exp(result.step.p10) * time);
  result.slow = at_step(answer, std::exp(result.step.p90) * time);
  if (answer.estimate.run && plan.price.rent && plan.price.rent_low && plan.price.rent_high) {
    result.cheap = cost_at(answer, *plan.price.rent_low);
    result.dear = cost_at(answer, *plan.price.rent_high);
  }
  return result;
}

std::optional<ValueRange> range_of(const NamedQuantity &quantity, const Answer &answer,
                                   const Ranges &ranges) {
  const auto base = quantity.value(answer);
  if (!base || is_part_of_step(quantity))
    return std::nullopt;
  ValueRange range{base->value, base->value};
  if (quantity.key == "memory.per_gpu.total_bytes") {
    range = {base->value * std::exp(ranges.memory.p10), base->value * std::exp(ranges.memory.p90)};
  } else if (quantity.key == "cost.gpu_hour_usd") {
    const PriceTerms &price = answer.run.plan.price;
    if (ranges.cheap) {
      constexpr auto unit = GpuPrice::from_base(1);
      range = {price.rent_low->in(unit), price.rent_high->in(unit)};
    }
  } else {
    const auto fast = quantity.value({answer.run, ranges.fast});
    const auto slow = quantity.value({answer.run, ranges.slow});
    if (!fast || !slow)
      return std::nullopt;
    range = {std::min({base->value, fast->value, slow->value}),
             std::max({base->value, fast->value, slow->value})};
    if (quantity.key == "cost.total_usd" && ranges.cheap && ranges.dear)
      range = {base->value -
                   std::hypot(base->value - range.low, base->value - ranges.cheap->in(units::usd)),
               base->value +
                   std::hypot(range.high - base->value, ranges.dear->in(units::usd)-base->value)};
  }
  constexpr double rounding = 1e-9;
  if (range.high - range.low <= rounding * std::abs(base->value))
    return std::nullopt;
  return range;
}

std::string range_text(const NamedQuantity &quantity, const AnyQuantity &value,
                       const ValueRange &range) {
  return fmt::format("{} to {}", quantity_text(quantity, {range.low, value.exponents}),
                     quantity_text(quantity, {range.high, value.exponents}));
}

std::string range_meaning(const Answer &answer, const Ranges &ranges) {
  const Plan &plan = answer.run.plan;
  const Software &software = plan.training.software;
  std::string text = "P10 to P90: one outcome in ten is expected below and one above";
  if (plan.stated.states_speed()) {
    text += "; the plan states its speed, which has no range";
  } else {
    const ErrorSpread &runs = software.spread.step_time;
    if (runs.samples > 0)
      text += fmt::format("; step {}: runs of {} against constants fitted without them {} "
                          "({} groups of runs)",
                          percent_range(ranges.step),
                          software.framework.empty() ? "any framework" : software.framework,
                          percent_range(of_runs(runs)), runs.samples);
    else
      text += fmt::format("; step {}: no run tells how far the software is off",
                          percent_range(ranges.step));
    text += fmt::format(", kernels {:.1f} % and links {:.1f} % (standard deviation; of such runs "
                        "{:.1f} %)",
                        100 * ranges.hardware.operators, 100 * ranges.hardware.links,
                        100 * software.spread.hardware);
  }
  if (software.spread.memory.samples > 0)
    text += fmt::format("; memory {} ({} groups of runs)", percent_range(ranges.memory),
                        software.spread.memory.samples);
  if (ranges.cheap)
    text += fmt::format("; price {} to {} over providers", human_text(*plan.price.rent_low),
                        human_text(*plan.price.rent_high));
  return text + " (docs/method.md, Ranges)";
}

} // namespace flopcast
