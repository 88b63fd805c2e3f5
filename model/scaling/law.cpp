// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

constexpr std::array<Spelled<LawStatus>, 4> statuses{{
    {"seen", LawStatus::seen},
    {"computed", LawStatus::computed},
    {"second-hand", LawStatus::second_hand},
    {"unverified", LawStatus::unverified},
}};
constexpr std::array<Spelled<ParamsConvention>, 5> params_conventions{{
    {"total", ParamsConvention::total},
    {"non-embedding", ParamsConvention::non_embedding},
    {"flops-per-token", ParamsConvention::flops_per_token},
    {"active", ParamsConvention::active},
    {"unstated", ParamsConvention::unstated},
}};
constexpr std::array<Spelled<ComputeConvention>, 5> compute_conventions{{
    {"6ND", ComputeConvention::six_nd},
    {"6ND non-embedding", ComputeConvention::six_nd_non_embedding},
    {"MD", ComputeConvention::flops_per_token},
    {"exact", ComputeConvention::exact},
    {"unstated", ComputeConvention::unstated},
}};
constexpr std::array<Spelled<LossUnit>, 4> loss_units{{
    {"nats/token", LossUnit::nats_per_token},
    {"unigram-normalised nats/token", LossUnit::normalised_nats},
    {"error rate", LossUnit::error_rate},
    {"none", LossUnit::none},
}};
constexpr std::array<Spelled<LawQuantity>, 10> quantities{{
    {"loss", LawQuantity::loss},
    {"params", LawQuantity::params},
    {"tokens", LawQuantity::tokens},
    {"compute", LawQuantity::compute},
    {"flops_per_token", LawQuantity::flops_per_token},
    {"batch_tokens", LawQuantity::batch_tokens},
    {"learning_rate", LawQuantity::learning_rate},
    {"steps", LawQuantity::steps},
    {"fine_tuning_tokens", LawQuantity::fine_tuning_tokens},
    {"transferred_tokens", LawQuantity::transferred_tokens},
}};
constexpr std::array<Spelled<LawVariable>, 3> variables{{
    {"params", LawVariable::params},
    {"tokens", LawVariable::tokens},
    {"compute", LawVariable::compute},
}};

} // namespace

std::span<const Spelled<LawStatus>> law_status_names() { return statuses; }
std::span<const Spelled<ParamsConvention>> params_convention_names() { return params_conventions; }
std::span<const Spelled<ComputeConvention>> compute_convention_names() {
  return compute_conventions;
}
std::span<const Spelled<LossUnit>> loss_unit_names() { return loss_units; }
std::span<const Spelled<LawQuantity>> law_quantity_names() { return quantities; }
std::span<const Spelled<LawVariable>> law_variable_names() { return variables; }

double evaluate(const LawRelation &relation, const RelationInputs &inputs) {
  if (!relation.coefficient)
    throw LawInputError("gives an exponent alone, no prefactor: no value follows from it");
  double product = *relation.coefficient;
  for (const auto &factor : relation.factors) {
    const auto found =
        std::ranges::find(inputs.values, factor.variable, &std::pair<LawQuantity, double>::first);
    if (found == inputs.values.end())
      throw LawInputError(
          fmt::format("needs the {}", spelled(law_quantity_names(), factor.variable)));
    product *= std::pow(found->second / factor.scale, factor.exponent);
  }
  return relation.offset + product;
}

std::string relation_formula(const LawRelation &relation) {
  std::string text;
  if (relation.offset != 0)
    text = fmt::format("{} + ", relation.offset);
  if (!relation.coefficient)
    text += "k ";
  else if (*relation.coefficient != 1)
    text += fmt::format("{} ", *relation.coefficient);
  for (const auto &factor : relation.factors) {
    const auto variable = spelled(law_quantity_names(), factor.variable);
    text += factor.scale == 1 ? fmt::format("{}^{} ", variable, factor.exponent)
                              : fmt::format("({}/{})^{} ", variable, factor.scale, factor.exponent);
  }
  text.pop_back();
  return text;
}

const LawRelation *find_relation(const ScalingLaw &law, LawQuantity result, std::string_view name) {
  for (const LawRelation &relation : law.relations)
    if (relation.result == result && relation.name == name)
      return &relation;
  return nullptr;
}

double downstream_error(const DownstreamError &law, double loss) {
  return law.ceiling - law.gain * std::exp(-law.rate * loss);
}

} // namespace flopcast
