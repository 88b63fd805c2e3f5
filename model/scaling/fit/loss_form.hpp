// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/jet.hpp"
#include "model/scaling/fit/scaling_run.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// How a parameter enters the logarithm of a term: as ln A, as an exponent, or as the logarithm of
/// a scale such as R_D*.
enum class ParameterKind { coefficient, exponent, scale };

struct FormParameter {
  std::string name;
  ParameterKind kind = ParameterKind::exponent;
  double low = 0; ///< where starts lie: of an exponent or scale
  double high = 1;
  std::optional<double> usual = {}; ///< fixed there unless the user frees it
};

/// A factor v^(sign * exponent); `log_value` is ln v.
struct FormPower {
  std::size_t exponent = 0;
  double sign = -1;
  std::function<double(const ScalingRun &)> log_value;
};

/// coefficient * product of powers
struct FormTerm {
  std::size_t coefficient = 0;
  std::vector<FormPower> powers;
};

/// A loss law as a sum of terms, whose logarithms are linear in its internal parameters: ln A for a
/// coefficient, the number itself for an exponent, the logarithm for a scale. Where `curved` is
/// set, it yields the logarithms instead, and `terms` say about what.
struct LossForm {
  using Values =
      std::function<void(const ScalingRun &, std::span<const double>, std::span<double>)>;
  using Jets = std::function<void(const ScalingRun &, std::span<const Jet>, std::span<Jet>)>;

  std::string id;
  std::string formula;
  std::vector<FormParameter> parameters;
  std::vector<RunFeature> needs;
  std::vector<FormTerm> terms;
  Values curved_values = {};
  Jets curved_jets = {};

  [[nodiscard]] bool curved() const { return static_cast<bool>(curved_values); }
  [[nodiscard]] std::optional<std::size_t> index(std::string_view name) const;
};

/// Ids of all forms, in the order in which help lists them.
[[nodiscard]] std::vector<std::string> loss_form_ids();

/// Throws InputError, at the place "--form", for an id that is none.
[[nodiscard]] LossForm loss_form(std::string_view id);

/// The number that a user knows, from the internal parameter, and back.
[[nodiscard]] double natural_value(const FormParameter &parameter, double internal);
[[nodiscard]] double internal_value(const FormParameter &parameter, double natural);

/// Loss of a run by the form with these natural parameters.
[[nodiscard]] double form_loss(const LossForm &form, std::span<const double> natural,
                               const ScalingRun &run);

/// "N", "D", "U", …: how columns and options spell a feature.
[[nodiscard]] std::string_view feature_name(RunFeature feature);

} // namespace flopcast
