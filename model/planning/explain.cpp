// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explain.hpp"

#include "model/planning/explained_formulas.hpp"
#include "model/planning/explained_leaves.hpp"
#include "model/planning/explained_links.hpp"
#include "model/planning/explained_loss.hpp"
#include "model/planning/explained_power.hpp"
#include "model/planning/uncertainty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace flopcast {
namespace {

using Values = std::vector<double>;

class Explainer {
public:
  explicit Explainer(const Answer &answer)
      : answer_(answer), plan_(answer.run.plan), leaves_(answer) {}

  Explanation quantity(const NamedQuantity &named) const {
    Explanation result;
    result.key = named.key;
    result.label = named.label;
    const auto value = named.value(answer_);
    if (!value) {
      result.text = "–";
      result.source = named.key == "loss" ? "the plan asks no scaling law (data.law)"
                                          : "the plan cannot run, so there is no such number";
      return result;
    }
    result.value = *value;
    result.text = quantity_text(named, *value);
    if (explain_special(named.key, result))
      return result;
    const ExplainedFormula *formula = find_formula(named.key);
    if (formula == nullptr)
      return result;
    result.formula = formula->text;
    result.source = fmt::format("docs/method.md, {}", formula->section);
    for (const std::string_view input : formula->inputs)
      result.inputs.push_back(by_key(input));
    if (formula->evaluate != nullptr)
      result.evaluate = formula->evaluate;
    return result;
  }

private:
  Explanation by_key(std::string_view key) const {
    if (const NamedQuantity *named = find_quantity(key); named && named->key == key)
      return quantity(*named);
    if (key.starts_with("links."))
      return explained_links(leaves_, answer_, key);
    if (key == "plan.power" && answer_.estimate.step && answer_.estimate.step->power)
      return explained_power(answer_, by_key("time.step_s"));
    return leaves_.by_key(key);
  }

  /// Numbers that come from the plan or a preset, or whose formula depends on the plan.
  bool explain_special(std::string_view key, Explanation &result) const {
    if (key == "data.tokens") {
      leaves_.as_plan_leaf("data.tokens", result);
    } else if (key == "memory.per_gpu.capacity_bytes") {
      leaves_.as_device_leaf(result, "memory.capacity", "hardware.memory_capacity");
    } else if (key == "memory.per_gpu.reserve_bytes") {
      leaves_.as_plan_leaf("training.memory_reserve", result);
    } else if (key == "cost.gpu_hour_usd") {
      result.origin = plan_.price.origin;
      result.source = plan_.price.description;
      if (plan_.price.purchase && !plan_.price.rent) {
        result.formula = "purchase price / lifetime";
        result.inputs = {leaves_.by_key("plan.purchase"), leaves_.by_key("plan.lifetime")};
        result.evaluate = [](const Values &v) { return v[0] / v[1]; };
      }
    } else if (key == "time.gpu_hours" || key == "time.total_s") {
      explain_held_time(key, result);
    } else if (key == "cost.total_usd") {
      explain_cost(result);
    } else if (key == "loss") {
      explain_loss(
          leaves_, answer_, [this](std::string_view other) { return by_key(other); }, result);
    } else {
      return false;
    }
    return true;
  }

  void explain_held_time(std::string_view key, Explanation &result) const {
    result.source = "docs/method.md, Run";
    const bool gpu_time = key == "time.gpu_hours";
    if (!plan_.run.allocations.empty()) {
      result.formula = gpu_time ? "sum of the allocations" : "sum of the allocations' durations";
      for (const Allocation &allocation : plan_.run.allocations) {
        const GpuTime held =
            static_cast<double>(allocation.gpus) * units::gpu * allocation.duration;
        Explanation part = labelled("allocation", gpu_time ? any(held) : any(allocation.duration));
        part.origin = Origin::given;
        part.source = "plan: run.allocation";
        result.inputs.push_back(std::move(part));
      }
      result.evaluate = sum_of;
    } else if (gpu_time) {
      result.formula = "GPUs x wall clock";
      result.inputs = {leaves_.by_key("plan.gpus"), by_key("time.total_s")};
      result.evaluate = product_of;
    } else {
      result.formula = "(training + checkpoint pauses) / goodput";
      result.inputs = {by_key("time.training_s"), by_key("time.checkpoints_s"),
                       leaves_.by_key("plan.goodput")};
      result.evaluate = [](const Values &v) { return (v[0] + v[1]) / v[2]; };
    }
  }

  void explain_cost(Explanation &result) const {
    result.formula = "sum of the lines";
    result.source = "docs/method.md, Cost";
    for (const CostLine &line : answer_.estimate.run->costs) {
      Explanation part = labelled(line.name, any(line.amount));
      if (line.name.starts_with("accelerators")) {
        part.source = "docs/method.md, Cost";
        explain_accelerators(line.name, result.inputs, part);
      } else {
        part.origin = Origin::given;
        part.source = "plan: cost, price or energy";
      }
      result.inputs.push_back(std::move(part));
    }
    result.evaluate = sum_of;
  }

  /// `lines` are those before this one.
  void explain_accelerators(std::string_view name, const std::vector<Explanation> &lines,
                            Explanation &part) const {
    const Explanation price = by_key("cost.gpu_hour_usd");
    if (name == "accelerators, productive") {
      part.formula = "productive GPU time x price";
      part.inputs = {by_key("time.productive_gpu_hours"), price};
      part.evaluate = product_of;
    } else if (name == "accelerators, checkpoints") {
      part.formula = "GPUs x checkpoint pauses x price";
      part.inputs = {leaves_.by_key("plan.gpus"), by_key("time.checkpoints_s"), price};
      if (plan_.run.allocations.empty()) // else what they hold bounds the pauses
        part.evaluate = product_of;
    } else {
      part.formula = "GPU time held x price - the lines before";
      part.inputs = {by_key("time.gpu_hours"), price};
      for (const Explanation &line : lines)
        part.inputs.push_back(labelled(line.label, line.value));
      for (auto line = part.inputs.begin() + 2; line != part.inputs.end(); ++line)
        line->source = "above";
      part.evaluate = [](const Values &v) {
        return std::accumulate(v.begin() + 2, v.end(), v[0] * v[1], std::minus<>());
      };
    }
  }

  const Answer &answer_;
  const Plan &plan_;
  ExplainedLeaves leaves_;
};

} // namespace

Explanation explain(const Answer &answer, const NamedQuantity &quantity) {
  return Explainer(answer).quantity(quantity);
}

std::optional<ExplainedRange> explain_range(const Answer &answer, const NamedQuantity &quantity) {
  const auto value = quantity.value(answer);
  const auto known = ranges(answer);
  const auto range = value && known ? range_of(quantity, answer, *known) : std::nullopt;
  if (!range)
    return std::nullopt;
  return ExplainedRange{
      range->low, range->high,
      fmt::format("{}; {}", range_text(quantity, *value, *range), range_meaning(answer, *known))};
}

Explanation explain_with_range(const Answer &answer, const NamedQuantity &quantity) {
  Explanation explanation = explain(answer, quantity);
  explanation.range = explain_range(answer, quantity);
  return explanation;
}

} // namespace flopcast
