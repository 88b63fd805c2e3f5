// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/fitted_law.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace flopcast {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// Shape of the published form that a fitted one is.
LawForm empty_form(const LossForm &form) {
  static const std::map<std::string, std::string, std::less<>> names{
      {"chinchilla", "additive"},
      {"tied", "additive"},
      {"power-n", "power"},
      {"power-d", "power"},
      {"power-c", "power"},
      {"data-constrained", "data_constrained"},
      {"precision", "precision"},
      {"krajewski", "granular"},
      {"abnar", "sparse"},
      {"clark", "routed"},
      {"parallel-streams", "parallel_streams"}};
  LawForm empty = *form_of_name(names.at(form.id));
  if (auto *power = std::get_if<PowerForm>(&empty))
    power->variable = form.id == "power-n"   ? LawVariable::params
                      : form.id == "power-d" ? LawVariable::tokens
                                             : LawVariable::compute;
  return empty;
}

/// The coefficients of the published form, in its order.
std::vector<double> values_of(const LossForm &form, const LawForm &published,
                              const std::vector<double> &natural) {
  std::vector<double> values;
  for (const Coefficient &coefficient : coefficients(published)) {
    std::string name(coefficient.letter);
    if (form.id == "tied" && name == "beta")
      name = "alpha";
    if (name == "x_0") // A/x^alpha = (x_0/x)^alpha
      values.push_back(std::pow(natural[*form.index("A")], 1 / natural[*form.index("alpha")]));
    else
      values.push_back(natural[*form.index(name)]);
  }
  return values;
}

/// As their covariance counts them: positive ones by their logarithm.
VectorXd sampled_values(const LossForm &form, const LawForm &published,
                        const std::vector<double> &natural) {
  const std::vector<double> values = values_of(form, published, natural);
  const std::vector<Coefficient> letters = coefficients(published);
  VectorXd sampled(static_cast<Index>(values.size()));
  for (std::size_t j = 0; j < values.size(); ++j)
    sampled[static_cast<Index>(j)] =
        letters[j].positive ? std::log(std::max(values[j], 1e-300)) : values[j];
  return sampled;
}

Eigen::MatrixXd covariance_by_draws(const LawAnalysis &analysis, const LawForm &published) {
  const Bootstrap &resamples = *analysis.resamples;
  const Index rows = resamples.parameters.rows();
  std::vector<VectorXd> draws;
  draws.reserve(static_cast<std::size_t>(rows));
  for (Index row = 0; row < rows; ++row)
    draws.push_back(sampled_values(analysis.fit.form(), published, draw_of(resamples, row)));
  VectorXd mean = VectorXd::Zero(draws.front().size());
  for (const VectorXd &draw : draws)
    mean += draw / static_cast<double>(rows);
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(mean.size(), mean.size());
  for (const VectorXd &draw : draws)
    covariance += (draw - mean) * (draw - mean).transpose() / static_cast<double>(rows - 1);
  return covariance;
}

Eigen::MatrixXd covariance_by_delta(const LawFit &fit, const LawForm &published) {
  constexpr double step = 1e-6;
  const VectorXd center = sampled_values(fit.form(), published, fit.parameters);
  Eigen::MatrixXd slopes(center.size(), static_cast<Index>(fit.parameters.size()));
  for (std::size_t j = 0; j < fit.parameters.size(); ++j) {
    std::vector<double> moved = fit.parameters;
    const FormParameter &parameter = fit.form().parameters[j];
    moved[j] = natural_value(parameter, internal_value(parameter, moved[j]) + step);
    slopes.col(static_cast<Index>(j)) =
        (sampled_values(fit.form(), published, moved) - center) / step;
  }
  return slopes * fit.covariance * slopes.transpose();
}

Bounds bounds_of(const std::vector<ScalingRun> &runs, RunFeature feature) {
  Bounds bounds;
  for (const ScalingRun &run : runs)
    if (const auto value = run.feature(feature)) {
      bounds.low = std::min(bounds.low.value_or(*value), *value);
      bounds.high = std::max(bounds.high.value_or(*value), *value);
    }
  return bounds;
}

std::string basis_of(const LawAnalysis &analysis) {
  if (!analysis.resamples)
    return "delta method; residual: RMSE of ln loss for the degrees of freedom";
  return fmt::format("{} resamples of the {}; residual: RMSE of ln loss for the degrees of freedom",
                     analysis.resamples->options.resamples,
                     analysis.resamples->options.kind == BootstrapKind::cases ? "runs"
                                                                              : "residuals");
}

void append_bound(std::string &text, std::string_view key, const Bounds &bounds) {
  if (bounds.low)
    text += fmt::format("{}_min = {:.6e}\n{}_max = {:.6e}\n", key, *bounds.low, key, *bounds.high);
}

} // namespace

ScalingLaw scaling_law(const LawAnalysis &analysis, const std::string &name, Date date) {
  const LawFit &fit = analysis.fit;
  ScalingLaw law;
  law.id = name;
  law.name = name;
  law.family = name;
  const LawForm empty = empty_form(fit.form());
  law.form = with_coefficients(empty, values_of(fit.form(), empty, fit.parameters));
  law.range = {bounds_of(fit.runs, RunFeature::parameters), bounds_of(fit.runs, RunFeature::tokens),
               bounds_of(fit.runs, RunFeature::compute)};
  const Eigen::MatrixXd covariance = analysis.resamples ? covariance_by_draws(analysis, *law.form)
                                                        : covariance_by_delta(fit, *law.form);
  for (Index row = 0; row < covariance.rows(); ++row)
    law.uncertainty.covariance.emplace_back(covariance.row(row).begin(), covariance.row(row).end());
  if (analysis.resamples)
    for (Index row = 0; row < analysis.resamples->parameters.rows(); ++row)
      law.uncertainty.draws.push_back(
          values_of(fit.form(), *law.form, draw_of(*analysis.resamples, row)));
  law.uncertainty.residual_spread = fit.noise;
  law.uncertainty.basis = basis_of(analysis);
  law.status = LawStatus::computed;
  law.caveats = analysis.warnings;
  law.provenance.source =
      fmt::format("flopcast law fit of {} runs, objective {:.12g}", fit.runs.size(), fit.objective);
  law.provenance.date = date;
  return law;
}

std::string law_toml(const LawAnalysis &analysis, const std::string &name, Date date) {
  const ScalingLaw law = scaling_law(analysis, name, date);
  std::string text = fmt::format("name = {}\nstatus = \"computed\"\nform = \"{}\"\n",
                                 quoted_toml(law.name), form_name(*law.form));
  if (const auto *power = std::get_if<PowerForm>(&*law.form))
    text += fmt::format("variable = \"{}\"\n", spelled(law_variable_names(), power->variable));
  text +=
      fmt::format("source = {}\ndate = {}\n", quoted_toml(law.provenance.source), to_text(date));
  text += "caveats = [\n";
  for (const std::string &caveat : law.caveats)
    text += fmt::format("  {},\n", quoted_toml(caveat));
  text += "]\n\n[conventions]\nparams = \"unstated\"\ncompute = \"6ND\"\nloss = \"nats/token\"\n";
  text += "\n[range]\n";
  append_bound(text, "params", law.range.params);
  append_bound(text, "tokens", law.range.tokens);
  append_bound(text, "compute", law.range.compute);
  text += "\n[coefficients]\n";
  for (const Coefficient &coefficient : coefficients(*law.form))
    text += fmt::format("{} = {:.17g}\n", coefficient.letter, coefficient.value);
  text += fmt::format("\n[uncertainty]\nresidual_spread = {:.9g}\ncovariance = \"\"\"\n",
                      *law.uncertainty.residual_spread);
  for (const auto &row : law.uncertainty.covariance) {
    for (std::size_t j = 0; j < row.size(); ++j)
      text += fmt::format("{}{:.12e}", j == 0 ? "" : " ", row[j]);
    text += "\n";
  }
  text += fmt::format("\"\"\"\nbasis = {}\n", quoted_toml(law.uncertainty.basis));
  return text;
}

} // namespace flopcast
