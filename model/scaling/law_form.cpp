// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/law_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

/// scale / x^exponent.
double power_term(double scale, double x, double exponent) {
  return scale * std::pow(x, -exponent);
}

double tokens_of(const LawPoint &point) { return point.tokens.in(units::token); }

void require_params(const LawPoint &point) {
  if (!(point.params > 0))
    throw LawInputError("needs the number of parameters; give it with --params");
}

void require_tokens(const LawPoint &point) {
  if (!(tokens_of(point) > 0))
    throw LawInputError("needs the training tokens; give them with --tokens");
}

double required(const std::optional<double> &value, std::string_view what,
                std::string_view option) {
  if (!value)
    throw LawInputError(fmt::format("needs {}; give it with {}", what, option));
  return *value;
}

double compute_of(const LawPoint &point) {
  if (point.compute)
    return point.compute->in(units::flop);
  require_params(point);
  require_tokens(point);
  return 6 * point.params * tokens_of(point);
}

/// The part of N or D that is new, plus what the rest of it is still worth.
struct Effective {
  double value = 0;
  double by_log = 0; ///< derivative of the value by the logarithm of the whole
};

Effective effective(double whole, double fresh, double worth) {
  if (whole <= fresh)
    return {whole, whole};
  const double excess = whole / fresh - 1;
  const double left = std::exp(-excess / worth);
  return {fresh * (1 + worth * (1 - left)), whole * left};
}

LossValue value(const AdditiveForm &f, const LawPoint &p) {
  require_params(p);
  require_tokens(p);
  const double params_term = power_term(f.params_scale, p.params, f.params_exponent);
  const double tokens_term = power_term(f.tokens_scale, tokens_of(p), f.tokens_exponent);
  return {f.irreducible + params_term + tokens_term, -f.params_exponent * params_term,
          -f.tokens_exponent * tokens_term};
}

LossValue value(const DataConstrainedForm &f, const LawPoint &p) {
  if (!p.unique_tokens || *p.unique_tokens >= p.tokens) // no repeats: but N may be in excess still
    require_tokens(p);
  require_params(p);
  const TokenCount fresh = std::min(p.unique_tokens.value_or(p.tokens), p.tokens);
  const double fresh_params = std::min(p.params, params_for_unique_tokens(f.base, fresh));
  const Effective params = effective(p.params, fresh_params, f.param_excess);
  const Effective tokens = effective(tokens_of(p), fresh.in(units::token), f.token_repeats);
  const double params_term = power_term(f.base.params_scale, params.value, f.base.params_exponent);
  const double tokens_term = power_term(f.base.tokens_scale, tokens.value, f.base.tokens_exponent);
  return {f.base.irreducible + params_term + tokens_term,
          -f.base.params_exponent * params_term * params.by_log / params.value,
          -f.base.tokens_exponent * tokens_term * tokens.by_log / tokens.value};
}

LossValue value(const CoupledForm &f, const LawPoint &p) {
  require_params(p);
  require_tokens(p);
  const double ratio = f.params_exponent / f.tokens_exponent;
  const double params_term = std::pow(f.params_scale / p.params, ratio);
  const double tokens_term = f.tokens_scale / tokens_of(p);
  const double sum = params_term + tokens_term;
  const double result = std::pow(sum, f.tokens_exponent);
  return {result, -f.params_exponent * result * params_term / sum,
          -f.tokens_exponent * result * tokens_term / sum};
}

LossValue value(const PowerForm &f, const LawPoint &p) {
  double x = 0;
  switch (f.variable) {
  case LawVariable::params:
    require_params(p);
    x = p.params;
    break;
  case LawVariable::tokens:
    require_tokens(p);
    x = tokens_of(p);
    break;
  case LawVariable::compute:
    x = compute_of(p);
    break;
  }
  const double term = std::pow(f.scale / x, f.exponent);
  const double slope = -f.exponent * term;
  return {f.irreducible + term, f.variable == LawVariable::tokens ? 0 : slope,
          f.variable == LawVariable::params ? 0 : slope};
}

LossValue value(const SaturatingForm &f, const LawPoint &p) {
  const double compute = compute_of(p);
  const double term = power_term(f.scale, compute + f.offset, f.exponent);
  const double slope = -f.exponent * term * compute / (compute + f.offset);
  return {term + f.irreducible, slope, slope};
}

double saturated_experts(const RoutedForm &f, double experts) {
  const double start = 1 / (1 / f.experts_start - 1 / f.experts_max);
  return 1 / (1 / (experts - 1 + start) + 1 / f.experts_max);
}

LossValue value(const RoutedForm &f, const LawPoint &p) {
  require_params(p);
  const double log_experts = std::log10(saturated_experts(f, p.experts.value_or(1)));
  const double log_params = std::log10(p.params);
  const double result = std::pow(10, f.params_slope * log_params + f.experts_slope * log_experts +
                                         f.interaction * log_params * log_experts + f.intercept);
  return {result, result * (f.params_slope + f.interaction * log_experts), 0};
}

LossValue value(const GranularForm &f, const LawPoint &p) {
  require_params(p);
  require_tokens(p);
  const double granularity = required(p.granularity, "the granularity of the experts",
                                      "--granularity (1: experts as large as the feed-forward)");
  const double scale =
      power_term(f.granularity_scale, granularity, f.granularity_exponent) + f.params_scale;
  const double params_term = power_term(scale, p.params, f.params_exponent);
  const double tokens_term = power_term(f.tokens_scale, tokens_of(p), f.tokens_exponent);
  return {f.irreducible + params_term + tokens_term, -f.params_exponent * params_term,
          -f.tokens_exponent * tokens_term};
}

LossValue value(const SparseForm &f, const LawPoint &p) {
  require_params(p);
  require_tokens(p);
  const double density = 1 - p.sparsity.value_or(0);
  const double params_term = power_term(f.params_scale, p.params, f.params_exponent);
  const double tokens_term = power_term(f.tokens_scale, tokens_of(p), f.tokens_exponent);
  const double density_term = power_term(f.density_scale, density, f.density_exponent);
  const double mixed_term = power_term(power_term(f.mixed_scale, density, f.mixed_density_exponent),
                                       p.params, f.mixed_params_exponent);
  return {params_term + tokens_term + density_term + mixed_term + f.irreducible,
          -f.params_exponent * params_term - f.mixed_params_exponent * mixed_term,
          -f.tokens_exponent * tokens_term};
}

/// The share of parameters that training in so many bits leaves effective; all without a format.
double kept_by(const std::optional<double> &bits, double scale) {
  return bits ? 1 - std::exp(-*bits / scale) : 1;
}

LossValue value(const PrecisionForm &f, const LawPoint &p) {
  LawPoint full = p;
  full.params *= kept_by(p.weight_bits, f.weight_bits) *
                 kept_by(p.activation_bits, f.activation_bits) * kept_by(p.kv_bits, f.kv_bits);
  return value(AdditiveForm{f.irreducible, f.params_scale, f.tokens_scale, f.params_exponent,
                            f.tokens_exponent},
               full);
}

LossValue value(const VocabularyForm &f, const LawPoint &p) {
  require_params(p);
  require_tokens(p);
  const double vocabulary =
      required(p.vocabulary_params, "the parameters of the vocabulary", "--vocabulary-params");
  const double params_term = power_term(f.params_scale, p.params, f.params_exponent);
  const double tokens_term = power_term(f.tokens_scale, tokens_of(p), f.tokens_exponent);
  return {params_term + power_term(f.vocabulary_scale, vocabulary, f.vocabulary_exponent) +
              tokens_term - f.offset,
          -f.params_exponent * params_term, -f.tokens_exponent * tokens_term};
}

LossValue value(const ParallelStreamsForm &f, const LawPoint &p) {
  require_params(p);
  const double gain = f.streams_gain * std::log(p.streams.value_or(1)) + 1;
  const double term = std::pow(f.params_scale * 1e9 / (p.params * gain), f.params_exponent);
  return {f.irreducible + term, -f.params_exponent * term, 0};
}

template <class Form> void append(const Form &form, std::vector<Coefficient> &all) {
  for (const auto &c : Form::coefficients())
    all.push_back({c.letter, form.*(c.member), c.positive});
}

template <class Form> void assign(Form &form, std::span<const double> values) {
  std::size_t i = 0;
  for (const auto &c : Form::coefficients())
    form.*(c.member) = values[i++];
}

void append(const DataConstrainedForm &form, std::vector<Coefficient> &all) {
  append(form.base, all);
  all.push_back({"R_D", form.token_repeats});
  all.push_back({"R_N", form.param_excess});
}

void assign(DataConstrainedForm &form, std::span<const double> values) {
  assign(form.base, values);
  form.token_repeats = values[values.size() - 2];
  form.param_excess = values[values.size() - 1];
}

/// Every alternative of the variant, with coefficients of zero.
template <std::size_t... I> std::vector<LawForm> every_form(std::index_sequence<I...>) {
  return {LawForm(std::in_place_index<I>)...};
}

std::vector<LawForm> every_form() {
  return every_form(std::make_index_sequence<std::variant_size_v<LawForm>>());
}

} // namespace

std::string_view form_name(const LawForm &form) {
  return std::visit([](const auto &f) { return f.name; }, form);
}

std::string_view form_formula(const LawForm &form) {
  return std::visit([](const auto &f) { return f.formula; }, form);
}

std::optional<LawForm> form_of_name(std::string_view name) {
  for (LawForm &form : every_form())
    if (form_name(form) == name)
      return form;
  return std::nullopt;
}

std::vector<std::string_view> form_names() {
  std::vector<std::string_view> names;
  for (const LawForm &form : every_form())
    names.push_back(form_name(form));
  return names;
}

std::vector<Coefficient> coefficients(const LawForm &form) {
  std::vector<Coefficient> all;
  std::visit([&](const auto &f) { append(f, all); }, form);
  return all;
}

LawForm with_coefficients(const LawForm &form, std::span<const double> values) {
  assert(values.size() == coefficients(form).size());
  LawForm result = form;
  std::visit([&](auto &f) { assign(f, values); }, result);
  return result;
}

LossValue evaluate(const LawForm &form, const LawPoint &point) {
  return std::visit([&](const auto &f) { return value(f, point); }, form);
}

double loss(const LawForm &form, const LawPoint &point) { return evaluate(form, point).loss; }

bool divides_budget(const LawForm &form) {
  return std::holds_alternative<AdditiveForm>(form) ||
         std::holds_alternative<DataConstrainedForm>(form) ||
         std::holds_alternative<CoupledForm>(form) || std::holds_alternative<GranularForm>(form) ||
         std::holds_alternative<SparseForm>(form) || std::holds_alternative<PrecisionForm>(form) ||
         std::holds_alternative<VocabularyForm>(form);
}

double params_for_unique_tokens(const AdditiveForm &base, TokenCount unique_tokens) {
  // N* = G (C/6)^(b/(a+b)) and D* = (C/6)^(a/(a+b)) / G with G = (aA/bB)^(1/(a+b)): the budget
  // whose D* are the unique tokens gives N*.
  const double a = base.params_exponent;
  const double b = base.tokens_exponent;
  const double g = std::pow(a * base.params_scale / (b * base.tokens_scale), 1 / (a + b));
  const double sixth = std::pow(unique_tokens.in(units::token)*g, (a + b) / a);
  return g * std::pow(sixth, b / (a + b));
}

double effective_params(const RoutedForm &form, double params, double experts) {
  // The dense model is the routed one with a single expert: 10^(aN + bE + cNE + d) at both.
  const double many = std::log10(saturated_experts(form, experts));
  const double one = std::log10(saturated_experts(form, 1));
  const double log_params = std::log10(params);
  return std::pow(10, (form.params_slope * log_params + form.experts_slope * (many - one) +
                       form.interaction * log_params * many) /
                          (form.params_slope + form.interaction * one));
}

} // namespace flopcast
