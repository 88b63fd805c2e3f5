// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/law.hpp"
#include "model/scaling/law_sampling.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// What is known of the numbers that a law is asked with, where it matters.
struct LawQuestion {
  LawPoint point;
  ParamsConvention params = ParamsConvention::unstated; ///< which parameters point.params counts
  std::string tokenizer;                                ///< of the tokens and the loss; "" unknown
};

/// A law's answer.
struct LossPrediction {
  double loss = 0;
  /// Of the loss that a run will show: coefficients, noise of runs and lack of fit together.
  std::optional<LawInterval> interval;
  std::optional<LawInterval> of_coefficients; ///< of the law's mean alone
  std::optional<LawInterval> downstream;      ///< top-1 error, where the law gives one
  std::optional<double> effective_params;     ///< of the dense model that is as good
  LawPoint point;                             ///< with N by the law's convention
  std::vector<std::string> warnings;
};

/// Throws LawInputError if the law has no form or the point lacks what the form asks for.
/// `unrounded` is the law whose digits this one rounds, if there is one.
[[nodiscard]] LossPrediction predict(const ScalingLaw &law, const LawQuestion &question,
                                     const ScalingLaw *unrounded);

/// How far parameters, tokens and compute lie outside where the law was fitted; one that it does
/// not record is named too.
[[nodiscard]] std::vector<std::string> range_warnings(const ScalingLaw &law, double params,
                                                      TokenCount tokens, FlopCount compute);

/// All parameters of a model with so many outside its embeddings, and back: usual decoders.
/// Source: Pearce and Song 2024: N = N_E + 47491 N_E^(1/3).
[[nodiscard]] double usual_total_params(double non_embedding);
[[nodiscard]] double usual_non_embedding_params(double total);

} // namespace flopcast
