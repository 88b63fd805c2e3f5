// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/prediction.hpp"

#include "hardware/units/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

/// Loss differences below this are beyond any law's digits and any run's noise.
constexpr double rounding_that_matters = 1e-3;

void append_range(std::vector<std::string> &warnings, std::string_view what, double value,
                  const Bounds &bounds, std::vector<std::string_view> &unknown) {
  if (!bounds.low && !bounds.high)
    unknown.push_back(what);
  if (bounds.high && value > *bounds.high)
    warnings.push_back(fmt::format("extrapolated: {} = {} is {} times the most that the law was "
                                   "fitted to ({})",
                                   what, human_number(value), human_number(value / *bounds.high),
                                   human_number(*bounds.high)));
  if (bounds.low && value < *bounds.low)
    warnings.push_back(fmt::format("extrapolated: {} = {} is {} of the least that the law was "
                                   "fitted to ({})",
                                   what, human_number(value), human_number(value / *bounds.low),
                                   human_number(*bounds.low)));
}

/// N by the law's convention; a count by the other one is converted, and the warning says so.
double converted_params(const ScalingLaw &law, const LawQuestion &question,
                        std::vector<std::string> &warnings) {
  const ParamsConvention wanted = law.conventions.params;
  const double given = question.point.params;
  if (question.params == ParamsConvention::unstated || wanted == ParamsConvention::unstated ||
      question.params == wanted)
    return given;
  const auto name = [](ParamsConvention convention) {
    return spelled(params_convention_names(), convention);
  };
  double converted = given;
  if (wanted == ParamsConvention::non_embedding && question.params == ParamsConvention::total)
    converted = usual_non_embedding_params(given);
  else if (wanted == ParamsConvention::total && question.params == ParamsConvention::non_embedding)
    converted = usual_total_params(given);
  else
    throw LawInputError(fmt::format("counts {} parameters, and the number given is of {} ones: no "
                                    "rule converts the two; give the law's own",
                                    name(wanted), name(question.params)));
  warnings.push_back(fmt::format(
      "mixed conventions: the law counts {} parameters, the number given is of {} ones; {} became "
      "{} by the usual share of embeddings (Pearce and Song 2024)",
      name(wanted), name(question.params), human_number(given), human_number(converted)));
  return converted;
}

void append_tokenizer(const ScalingLaw &law, const LawQuestion &question,
                      std::vector<std::string> &warnings) {
  if (question.tokenizer.empty() || law.conventions.loss == LossUnit::error_rate ||
      question.tokenizer == law.conventions.tokenizer)
    return;
  warnings.push_back(
      law.conventions.tokenizer.empty()
          ? fmt::format("mixed conventions: the law does not say its tokenizer; a loss in nats per "
                        "token of \"{}\" may be another number",
                        question.tokenizer)
          : fmt::format("mixed conventions: losses are nats per token of \"{}\", not of \"{}\": "
                        "compare bits per byte instead",
                        law.conventions.tokenizer, question.tokenizer));
}

} // namespace

double usual_total_params(double non_embedding) {
  return non_embedding + 47491 * std::cbrt(non_embedding);
}

double usual_non_embedding_params(double total) {
  // x + 47491 x^(1/3) = total is a cubic in x^(1/3) that rises everywhere: Newton from above.
  double root = std::cbrt(total);
  for (int i = 0; i < 60; ++i)
    root -= (root * root * root + 47491 * root - total) / (3 * root * root + 47491);
  return root * root * root;
}

std::vector<std::string> range_warnings(const ScalingLaw &law, double params, TokenCount tokens,
                                        FlopCount compute) {
  std::vector<std::string> warnings;
  std::vector<std::string_view> unknown;
  if (params > 0)
    append_range(warnings, "N", params, law.range.params, unknown);
  if (tokens > 0.0 * units::token)
    append_range(warnings, "D", tokens.in(units::token), law.range.tokens, unknown);
  std::vector<std::string_view> compute_unknown; // follows from N and D: not asked for twice
  if (compute > 0.0 * units::flop)
    append_range(warnings, "C", compute.in(units::flop), law.range.compute, compute_unknown);
  if (!unknown.empty())
    warnings.push_back(fmt::format("the range of {} that the law was fitted to is not recorded: "
                                   "how far this extrapolates is not known",
                                   fmt::join(unknown, " and ")));
  return warnings;
}

LossPrediction predict(const ScalingLaw &law, const LawQuestion &question,
                       const ScalingLaw *unrounded) {
  if (!law.form)
    throw LawInputError("gives relations alone, no loss; \"flopcast law show\" lists them");
  if (std::holds_alternative<SaturatingForm>(*law.form) &&
      law.conventions.compute == ComputeConvention::unstated)
    throw LawInputError("counts compute in a unit that no FLOPs follow from");
  LossPrediction result;
  result.point = question.point;
  result.point.params = converted_params(law, question, result.warnings);
  result.loss = loss(*law.form, result.point);
  append_tokenizer(law, question, result.warnings);
  const FlopCount compute = result.point.compute.value_or(
      6 * result.point.params * result.point.tokens.in(units::token)*units::flop);
  std::ranges::move(range_warnings(law, result.point.params, result.point.tokens, compute),
                    std::back_inserter(result.warnings));
  if (unrounded != nullptr && unrounded->form) {
    const double exact = loss(*unrounded->form, result.point);
    if (std::abs(exact - result.loss) > rounding_that_matters)
      result.warnings.push_back(
          fmt::format("rounded constants: the law's unrounded ones ({}) give {:.4f} here, {:+.4f}",
                      unrounded->id, exact, exact - result.loss));
  }
  std::vector<double> means;
  for (const LawForm &form : sampled_forms(law))
    means.push_back(loss(form, result.point));
  std::vector<double> shown = means;
  if (law.uncertainty.residual_spread) {
    if (shown.empty())
      shown.assign(usual_draws, result.loss);
    const std::vector<double> noise = normal_draws(shown.size(), law_seed + 1);
    for (std::size_t i = 0; i < shown.size(); ++i)
      shown[i] *= std::exp(*law.uncertainty.residual_spread * noise[i]);
  }
  result.of_coefficients = interval_of(means, result.loss);
  result.interval = interval_of(shown, result.loss);
  if (std::string caveat = interval_caveat(law); !caveat.empty())
    result.warnings.push_back(std::move(caveat));
  if (law.downstream) {
    std::vector<double> errors;
    errors.reserve(shown.size());
    for (const double value : shown)
      errors.push_back(downstream_error(*law.downstream, value));
    const double base = downstream_error(*law.downstream, result.loss);
    result.downstream = interval_of(errors, base).value_or(LawInterval{base, base, base});
  }
  if (const auto *routed = std::get_if<RoutedForm>(&*law.form))
    if (result.point.experts)
      result.effective_params =
          effective_params(*routed, result.point.params, *result.point.experts);
  return result;
}

} // namespace flopcast
