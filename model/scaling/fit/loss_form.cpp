// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/loss_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

using enum ParameterKind;
using enum RunFeature;

std::function<double(const ScalingRun &)> log_of(RunFeature feature) {
  return [feature](const ScalingRun &run) { return std::log(run.at(feature)); };
}

FormParameter coefficient_named(std::string name) { return {std::move(name), coefficient, 0, 0}; }
FormParameter exponent_named(std::string name, double low = 0.1, double high = 0.9) {
  return {std::move(name), exponent, low, high};
}
FormParameter scale_named(std::string name, double low, double high,
                          std::optional<double> usual = {}) {
  return {std::move(name), scale, low, high, usual};
}

/// E + A/N^alpha + B/D^beta: Hoffmann et al. 2022, approach 3.
LossForm chinchilla() {
  return {"chinchilla",
          "E + A/N^alpha + B/D^beta",
          {coefficient_named("E"), coefficient_named("A"), coefficient_named("B"),
           exponent_named("alpha"), exponent_named("beta")},
          {parameters, tokens},
          {{0, {}}, {1, {{3, -1, log_of(parameters)}}}, {2, {{4, -1, log_of(tokens)}}}}};
}

/// One exponent for both terms: Muennighoff et al. 2023 for their base law; Gadre et al. 2024,
/// whose (a M^eta + b M^-eta) C^-eta with M = D/N and C = 6ND is this with alpha = 2 eta.
LossForm tied() {
  return {"tied",
          "E + A/N^alpha + B/D^alpha",
          {coefficient_named("E"), coefficient_named("A"), coefficient_named("B"),
           exponent_named("alpha")},
          {parameters, tokens},
          {{0, {}}, {1, {{3, -1, log_of(parameters)}}}, {2, {{3, -1, log_of(tokens)}}}}};
}

LossForm power(std::string id, RunFeature feature) {
  return {std::move(id),
          fmt::format("E + A/{}^alpha", feature_name(feature)),
          {coefficient_named("E"), coefficient_named("A"), exponent_named("alpha", 0.02, 0.9)},
          {feature},
          {{0, {}}, {1, {{2, -1, log_of(feature)}}}}};
}

/// Repeated data: Muennighoff et al. 2023, eq. 5 and 6.
struct DataConstrained {
  // Order of parameters: E, A, B, alpha, beta, R_D*, R_N*.
  template <class T>
  void operator()(const ScalingRun &run, std::span<const T> x, std::span<T> z) const {
    using std::exp, std::expm1, std::log;
    const double n = std::log(run.at(parameters));
    const double d = std::log(run.at(tokens));
    const double u = std::min(d, std::log(run.at(unique_tokens)));
    // Parameters that are optimal for the unique tokens: N = G (G D)^(beta/alpha).
    const T g = (log(x[3]) + x[1] - log(x[4]) - x[2]) * inverse(x[3] + x[4]);
    const T optimal = g + (g + u) * x[4] * inverse(x[3]);
    z[0] = x[0];
    const T unique = plain(optimal) < n ? optimal : constant(n, x[0]);
    z[1] = x[1] - x[3] * saturated(unique, n, x[6]);
    z[2] = x[2] - x[4] * saturated(constant(u, x[0]), d, x[5]);
  }

private:
  static double constant(double value, double /*size*/) { return value; }
  static Jet constant(double value, const Jet &size) { return {value, size.gradient.size()}; }
  static double inverse(double x) { return 1 / x; }
  static Jet inverse(const Jet &x) { return exp(-log(x)); }

  /// ln of U + U R* (1 - exp(-R/R*)) with R = total/U - 1, from logarithms.
  template <class T> static T saturated(const T &unique, double total, const T &log_scale) {
    using std::exp, std::expm1, std::log;
    const T repeats = expm1(total - unique);
    const T gained = -1.0 * exp(log_scale) * expm1(-1.0 * repeats * exp(-log_scale));
    return unique + log(gained + 1.0);
  }
};

/// Training in few bits: Kumar et al. 2024; N_eff = N * product of (1 - e^(-P/gamma)).
struct Precision {
  // Order of parameters: E, A, B, alpha, beta, gamma_w, gamma_a, gamma_kv.
  template <class T>
  void operator()(const ScalingRun &run, std::span<const T> x, std::span<T> z) const {
    using std::exp, std::expm1, std::log;
    T n = 0.0 * x[0] + std::log(run.at(parameters));
    constexpr std::array bits{weight_bits, activation_bits, cache_bits};
    for (std::size_t i = 0; i < bits.size(); ++i)
      if (const auto p = run.feature(bits[i]))
        n = n + log(-1.0 * expm1(-*p * exp(-x[5 + i])));
    z[0] = x[0];
    z[1] = x[1] - x[3] * n;
    z[2] = x[2] - x[4] * std::log(run.at(tokens));
  }
};

/// E + (A / (N (k ln P + 1)))^alpha with N in 1e9: Chen et al. 2025, ParScale.
struct ParallelStreams {
  // Order of parameters: E, A, alpha, k.
  template <class T>
  void operator()(const ScalingRun &run, std::span<const T> x, std::span<T> z) const {
    using std::exp, std::log;
    z[0] = x[0];
    z[1] = x[2] * (x[1] - std::log(run.at(parameters) / 1e9) -
                   log(exp(x[3]) * std::log(run.at(streams)) + 1.0));
  }
};

/// Clark et al. 2022: log10 L = a n + b e + c n e + d, n = log10 N, e = log10 of the saturated
/// expert count, 1/E' = 1/(E - 1 + (1/E_start - 1/E_max)^-1) + 1/E_max.
struct RoutedExperts {
  // Order of parameters: a, b, c, d, E_start, E_max.
  template <class T>
  void operator()(const ScalingRun &run, std::span<const T> x, std::span<T> z) const {
    using std::exp, std::log;
    const double n = std::log10(run.at(parameters));
    const T inverse_most = exp(-x[5]);
    const T lead = exp(-1.0 * log(exp(-x[4]) - inverse_most));
    const T inverse = exp(-1.0 * log(lead + (run.at(experts) - 1))) + inverse_most;
    const T e = -log(inverse) * (1 / std::log(10.0));
    z[0] = (x[0] * n + x[1] * e + x[2] * n * e + x[3]) * std::log(10.0);
  }
};

template <class Curve> LossForm bent(LossForm form, Curve curve) {
  form.curved_values = [curve](const ScalingRun &run, std::span<const double> x,
                               std::span<double> z) { curve(run, x, z); };
  form.curved_jets = [curve](const ScalingRun &run, std::span<const Jet> x, std::span<Jet> z) {
    curve(run, x, z);
  };
  return form;
}

LossForm data_constrained() {
  LossForm form = chinchilla();
  form.id = "data-constrained";
  form.formula = "E + A/N'^alpha + B/D'^beta, x' = U + U R* (1 - exp(-(x/U - 1)/R*))";
  form.parameters.push_back(scale_named("R_D", 1, 200));
  form.parameters.push_back(scale_named("R_N", 0.3, 50));
  form.needs.push_back(unique_tokens);
  return bent(std::move(form), DataConstrained{});
}

LossForm precision() {
  LossForm form = chinchilla();
  form.id = "precision";
  form.formula = "E + A/N'^alpha + B/D^beta, N' = N product of (1 - exp(-P/gamma))";
  form.parameters.push_back(scale_named("gamma_w", 0.5, 6));
  form.parameters.push_back(scale_named("gamma_a", 0.5, 6));
  form.parameters.push_back(scale_named("gamma_kv", 0.2, 4));
  form.needs.push_back(weight_bits);
  return bent(std::move(form), Precision{});
}

LossForm parallel_streams() {
  LossForm form{"parallel-streams",
                "E + (A / (N/1e9 (k ln P + 1)))^alpha",
                {coefficient_named("E"),
                 {"A", scale, 0.01, 10},
                 exponent_named("alpha", 0.05, 0.6),
                 {"k", scale, 0.03, 3}},
                {parameters, streams},
                {{0, {}}, {1, {}}}};
  return bent(std::move(form), ParallelStreams{});
}

LossForm routed_experts() {
  LossForm form{"clark",
                "log10 L = a log10 N + b log10 E' + c log10 N log10 E' + d",
                {exponent_named("a", -0.2, 0), exponent_named("b", -0.3, 0),
                 exponent_named("c", 0, 0.05), exponent_named("d", 0.5, 1.5),
                 // Clark et al. 2022, table 3, S-BASE.
                 scale_named("E_start", 1.05, 4, 1.847), scale_named("E_max", 50, 1000, 314.478)},
                {parameters, experts},
                {{0, {}}}};
  return bent(std::move(form), RoutedExperts{});
}

/// Krajewski et al. 2024: fine-grained experts; N counts all experts.
LossForm granular_experts() {
  return {"krajewski",
          "c + (g/G^gamma + a)/N^alpha + b/D^beta",
          {coefficient_named("c"), coefficient_named("g"), coefficient_named("a"),
           coefficient_named("b"), exponent_named("gamma", 0.1, 1.2), exponent_named("alpha"),
           exponent_named("beta")},
          {parameters, tokens, granularity},
          {{0, {}},
           {1, {{4, -1, log_of(granularity)}, {5, -1, log_of(parameters)}}},
           {2, {{5, -1, log_of(parameters)}}},
           {3, {{6, -1, log_of(tokens)}}}}};
}

/// Abnar et al. 2025: sparsity S of a mixture of experts; N counts all experts.
LossForm sparse_experts() {
  const auto dense = [](const ScalingRun &run) { return std::log(1 - run.at(sparsity)); };
  return {"abnar",
          "e + a/N^alpha + b/D^beta + c/(1-S)^lambda + d/((1-S)^delta N^gamma)",
          {coefficient_named("e"), coefficient_named("a"), coefficient_named("b"),
           coefficient_named("c"), coefficient_named("d"), exponent_named("alpha"),
           exponent_named("beta"), exponent_named("lambda", -0.6, 0.2),
           exponent_named("delta", 0, 0.6), exponent_named("gamma", 0.02, 0.6)},
          {parameters, tokens, sparsity},
          {{0, {}},
           {1, {{5, -1, log_of(parameters)}}},
           {2, {{6, -1, log_of(tokens)}}},
           {3, {{7, -1, dense}}},
           {4, {{8, -1, dense}, {9, -1, log_of(parameters)}}}}};
}

} // namespace

std::optional<std::size_t> LossForm::index(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &FormParameter::name);
  return found == parameters.end()
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(found - parameters.begin()));
}

std::vector<std::string> loss_form_ids() {
  return {"chinchilla", "tied",      "power-n", "power-d", "power-c",         "data-constrained",
          "precision",  "krajewski", "abnar",   "clark",   "parallel-streams"};
}

LossForm loss_form(std::string_view id) {
  if (id == "chinchilla")
    return chinchilla();
  if (id == "tied")
    return tied();
  if (id == "power-n")
    return power("power-n", parameters);
  if (id == "power-d")
    return power("power-d", tokens);
  if (id == "power-c")
    return power("power-c", compute);
  if (id == "data-constrained")
    return data_constrained();
  if (id == "precision")
    return precision();
  if (id == "krajewski")
    return granular_experts();
  if (id == "abnar")
    return sparse_experts();
  if (id == "clark")
    return routed_experts();
  if (id == "parallel-streams")
    return parallel_streams();
  throw InputError({"--form", 0, 0}, fmt::format("no form \"{}\"; expected one of {}", id,
                                                 fmt::join(loss_form_ids(), ", ")));
}

double natural_value(const FormParameter &parameter, double internal) {
  return parameter.kind == exponent ? internal : std::exp(internal);
}

double internal_value(const FormParameter &parameter, double natural) {
  return parameter.kind == exponent ? natural : std::log(natural);
}

double form_loss(const LossForm &form, std::span<const double> natural, const ScalingRun &run) {
  std::vector<double> internal(natural.size());
  for (std::size_t j = 0; j < natural.size(); ++j)
    internal[j] = internal_value(form.parameters[j], natural[j]);
  std::vector<double> logs(form.terms.size());
  if (form.curved())
    form.curved_values(run, internal, logs);
  else
    for (std::size_t k = 0; k < logs.size(); ++k) {
      logs[k] = internal[form.terms[k].coefficient];
      for (const FormPower &factor : form.terms[k].powers)
        logs[k] += factor.sign * internal[factor.exponent] * factor.log_value(run);
    }
  double loss = 0;
  for (const double log_term : logs)
    loss += std::exp(log_term);
  return loss;
}

std::string_view feature_name(RunFeature feature) {
  constexpr std::array<std::string_view, run_feature_count> names{
      "N", "D", "C", "U", "experts", "G", "S", "P_w", "P_a", "P_kv", "P"};
  return names[static_cast<std::size_t>(feature)];
}

} // namespace flopcast
