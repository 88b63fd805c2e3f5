// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"
#include "model/scaling/law_form.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// How far a law's numbers were followed to their source.
enum class LawStatus {
  seen,        ///< read in the paper, its source text or its code
  computed,    ///< fitted to the paper's data by Flopcast's own means
  second_hand, ///< read where others quote the paper
  unverified,  ///< recalled by the field; nobody here has seen the source
};

/// Which parameters N counts.
enum class ParamsConvention { total, non_embedding, flops_per_token, active, unstated };

/// Which FLOPs a budget C counts.
enum class ComputeConvention { six_nd, six_nd_non_embedding, flops_per_token, exact, unstated };

/// What the law's value is.
enum class LossUnit { nats_per_token, normalised_nats, error_rate, none };

/// What two laws must share before their numbers may be compared. Texts are for people.
struct LawConventions {
  ParamsConvention params = ParamsConvention::unstated;
  ComputeConvention compute = ComputeConvention::unstated;
  LossUnit loss = LossUnit::nats_per_token;
  std::string tokenizer; ///< "" where the source does not say
  std::string data;      ///< what was trained on
};

/// Where a law was fitted. A side that the source does not state is absent.
struct Bounds {
  std::optional<double> low = std::nullopt;
  std::optional<double> high = std::nullopt;
};
struct LawRange {
  Bounds params;
  Bounds tokens;  ///< tokens
  Bounds compute; ///< FLOP
};

/// How sure the coefficients are. Vectors follow coefficients(form).
struct LawUncertainty {
  std::vector<double> standard_errors; ///< as the source prints them; empty where it does not
  /// Rows of the covariance of the coefficients, positive ones by their logarithm.
  std::vector<std::vector<double>> covariance;
  /// Coefficients of bootstrap refits; where there are some, they are what intervals are taken
  /// from.
  std::vector<std::vector<double>> draws;
  /// Standard deviation of ln loss about the law: noise of runs and lack of fit.
  std::optional<double> residual_spread = std::nullopt;
  std::string basis; ///< where these come from

  /// Whether an interval of the coefficients can be told.
  [[nodiscard]] bool samples() const {
    return !draws.empty() || !covariance.empty() || !standard_errors.empty();
  }
  /// Whether standard errors alone tell it: nothing says how coefficients vary together.
  [[nodiscard]] bool of_standard_errors() const {
    return draws.empty() && covariance.empty() && !standard_errors.empty();
  }
};

/// What a relation is about: the variables that papers relate by power laws.
enum class LawQuantity {
  loss,
  params,
  tokens,
  compute, ///< FLOP
  flops_per_token,
  batch_tokens,
  learning_rate,
  steps,
  fine_tuning_tokens,
  transferred_tokens,
};

/// result = offset + coefficient * Product (variable / scale)^exponent: what a paper gives beside
/// its loss, such as the optimal parameters of a budget.
struct LawRelation {
  struct Factor {
    LawQuantity variable = LawQuantity::compute;
    double scale = 1;
    double exponent = 0;
  };
  LawQuantity result = LawQuantity::params;
  std::string name; ///< tells two relations of one result apart; "" for the paper's main one
  double offset = 0;
  std::optional<double> coefficient = 1; ///< absent: the source gives exponents alone
  std::vector<Factor> factors;
  Bounds exponent_range; ///< of the first factor's exponent, as the source prints it
  std::string note;
};

/// top-1 error = epsilon - k exp(-gamma loss). Source: Gadre et al. 2024, eq. 5.
struct DownstreamError {
  double ceiling = 0; ///< epsilon
  double gain = 0;    ///< k
  double rate = 0;    ///< gamma
  std::string tasks;
};

/// A scaling law: its form and numbers as published, by which conventions they hold, and where.
struct ScalingLaw {
  std::string id;
  std::string name;
  std::string family;                         ///< the paper, shared by laws that stand in one
  std::optional<LawForm> form = std::nullopt; ///< absent: the paper gives relations alone
  std::vector<LawRelation> relations;
  std::optional<DownstreamError> downstream = std::nullopt;
  LawConventions conventions;
  LawRange range;
  LawUncertainty uncertainty;
  LawStatus status = LawStatus::seen;
  std::string unrounded; ///< id of the law whose digits this one rounds; "" where it is not rounded
  std::vector<std::string> caveats;
  Provenance provenance;
};

[[nodiscard]] std::span<const Spelled<LawStatus>> law_status_names();
[[nodiscard]] std::span<const Spelled<ParamsConvention>> params_convention_names();
[[nodiscard]] std::span<const Spelled<ComputeConvention>> compute_convention_names();
[[nodiscard]] std::span<const Spelled<LossUnit>> loss_unit_names();
[[nodiscard]] std::span<const Spelled<LawQuantity>> law_quantity_names();
[[nodiscard]] std::span<const Spelled<LawVariable>> law_variable_names();

/// The text of a spelled value.
template <class E>
[[nodiscard]] std::string_view spelled(std::span<const Spelled<E>> names, E value) {
  for (const auto &[name, candidate] : names)
    if (candidate == value)
      return name;
  return {};
}

/// A value for each variable that a relation may ask for.
struct RelationInputs {
  std::vector<std::pair<LawQuantity, double>> values;
};

/// The relation's result. Throws LawInputError if a variable is not among the inputs, or the
/// relation has no coefficient.
[[nodiscard]] double evaluate(const LawRelation &relation, const RelationInputs &inputs);

/// "1.3e+09 (C / 8.64e+19)^0.73"
[[nodiscard]] std::string relation_formula(const LawRelation &relation);

/// The law's relation of that result and name. Null if there is none.
[[nodiscard]] const LawRelation *find_relation(const ScalingLaw &law, LawQuantity result,
                                               std::string_view name = "");

/// Top-1 error that goes with a loss.
[[nodiscard]] double downstream_error(const DownstreamError &law, double loss);

} // namespace flopcast
