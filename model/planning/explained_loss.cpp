// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explained_loss.hpp"

#include "model/planning/expected_loss.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace flopcast {
namespace {

using Setter = void (*)(LawPoint &, double);

/// An input of the law with what puts its value, in base units, into the point.
struct Asked {
  Explanation node;
  Setter set = nullptr;
};

Origin origin_of(LawStatus status) {
  switch (status) {
  case LawStatus::seen:
    return Origin::fact;
  case LawStatus::computed:
    return Origin::calibrated;
  case LawStatus::second_hand:
  case LawStatus::unverified:
    return Origin::assumed;
  }
  return Origin::assumed;
}

/// N: a count of the estimate, or one without the embeddings.
Explanation explained_params(const ScalingLaw &law, const Estimate &estimate,
                             const std::function<Explanation(std::string_view)> &by_key) {
  const ParameterCounts &counts = estimate.parameters;
  const double params = law_params(law, counts);
  if (params == counts.total)
    return by_key("parameters.total");
  if (params == counts.active)
    return by_key("parameters.active");
  Explanation result = labelled("parameters outside embeddings", any(params));
  result.formula = "parameters - in embeddings";
  result.source = "docs/method.md, Scaling laws";
  result.inputs = {
      by_key(params + counts.embedding == counts.total ? "parameters.total" : "parameters.active"),
      by_key("parameters.embedding")};
  result.evaluate = [](const std::vector<double> &v) { return v[0] - v[1]; };
  return result;
}

/// What the form weighs beside N and D, as far as the point has it.
std::vector<Asked> further_inputs(const ExplainedLeaves &leaves, const LawForm &form,
                                  const LawPoint &point) {
  std::vector<Asked> asked;
  const auto add = [&](std::string_view label, const std::optional<double> &value,
                       std::string_view plan_key, Setter set) {
    if (value)
      asked.push_back({leaves.of_plan(label, any(*value), plan_key), set});
  };
  if (std::holds_alternative<DataConstrainedForm>(form) && point.unique_tokens)
    asked.push_back(
        {leaves.of_plan("unique tokens", any(*point.unique_tokens), "data.dataset_tokens"),
         [](LawPoint &p, double v) { p.unique_tokens = v * units::token; }});
  if (std::holds_alternative<RoutedForm>(form))
    add("experts", point.experts, "model.experts.count",
        [](LawPoint &p, double v) { p.experts = v; });
  if (std::holds_alternative<GranularForm>(form))
    add("granularity", point.granularity, "model.experts.hidden",
        [](LawPoint &p, double v) { p.granularity = v; });
  if (std::holds_alternative<SparseForm>(form))
    add("share of experts that rest", point.sparsity, "model.experts.per_token",
        [](LawPoint &p, double v) { p.sparsity = v; });
  if (std::holds_alternative<PrecisionForm>(form)) {
    add("bits of a weight", point.weight_bits, "training.precision",
        [](LawPoint &p, double v) { p.weight_bits = v; });
    add("bits of an activation", point.activation_bits, "training.precision",
        [](LawPoint &p, double v) { p.activation_bits = v; });
    add("bits of keys and values", point.kv_bits, "training.precision",
        [](LawPoint &p, double v) { p.kv_bits = v; });
  }
  return asked;
}

bool weighs(const LawForm &form, LawVariable variable) {
  if (const auto *power = std::get_if<PowerForm>(&form))
    return power->variable == variable;
  return variable != LawVariable::compute &&
         !(variable == LawVariable::tokens && std::holds_alternative<RoutedForm>(form)) &&
         !(variable == LawVariable::tokens && std::holds_alternative<ParallelStreamsForm>(form));
}

} // namespace

void explain_loss(const ExplainedLeaves &leaves, const Answer &answer,
                  const std::function<Explanation(std::string_view)> &by_key, Explanation &result) {
  const Plan &plan = answer.run.plan;
  const ScalingLaw &law = plan.data.law->law;
  const LawForm &form = *law.form;
  LawPoint point = law_point(plan, law, answer.estimate);
  std::vector<Asked> asked;
  if (weighs(form, LawVariable::params))
    asked.push_back({explained_params(law, answer.estimate, by_key),
                     [](LawPoint &p, double v) { p.params = v; }});
  if (weighs(form, LawVariable::tokens))
    asked.push_back(
        {by_key("data.tokens"), [](LawPoint &p, double v) { p.tokens = v * units::token; }});
  if (weighs(form, LawVariable::compute)) {
    const bool exact = law.conventions.compute == ComputeConvention::exact;
    asked.push_back({by_key(exact ? "flops.model_total" : "flops.six_nd"),
                     [](LawPoint &p, double v) { p.compute = v * units::flop; }});
    if (!exact && point.compute != answer.estimate.work.six_nd)
      asked.back() = {leaves.of_plan("FLOPs by the law's convention",
                                     any(point.compute.value_or(answer.estimate.work.six_nd)),
                                     "data.law"),
                      asked.back().set};
  }
  for (Asked &further : further_inputs(leaves, form, point))
    asked.push_back(std::move(further));

  result.formula = form_formula(form);
  result.source = "docs/method.md, Scaling laws";
  std::vector<Setter> setters;
  for (Asked &input : asked) {
    setters.push_back(input.set);
    result.inputs.push_back(std::move(input.node));
  }
  const std::vector<Coefficient> letters = coefficients(form);
  for (const Coefficient &coefficient : letters) {
    Explanation leaf = labelled(coefficient.letter, any(coefficient.value));
    leaf.text = fmt::format("{:.7g}", coefficient.value); // a rounded law is another law
    leaf.origin = origin_of(law.status);
    leaf.source = fmt::format("law {}: {}", law.id, law.provenance.source);
    result.inputs.push_back(std::move(leaf));
  }
  Explanation choice = leaves.of_plan("law", any(0.0), "data.law");
  choice.text = law.name;
  result.inputs.push_back(std::move(choice));
  result.evaluate = [form, point, setters, count = letters.size()](const std::vector<double> &v) {
    LawPoint at = point;
    for (std::size_t i = 0; i < setters.size(); ++i)
      setters[i](at, v[i]);
    const auto first = v.begin() + static_cast<std::ptrdiff_t>(setters.size());
    const std::vector<double> values(first, first + static_cast<std::ptrdiff_t>(count));
    return loss(with_coefficients(form, values), at);
  };
}

} // namespace flopcast
