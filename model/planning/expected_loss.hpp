// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/planning/estimate.hpp"
#include "model/scaling/law.hpp"
#include "model/scaling/prediction.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace flopcast {

/// The law that is asked where none is chosen: of all with a covariance, the one whose numbers
/// minimise the objective that its paper names (docs/laws.md, "Which Besiroglu").
inline constexpr std::string_view usual_law = "besiroglu-2024-huber";

/// The scaling law that a plan asks for its loss.
struct PlannedLaw {
  ScalingLaw law;
  std::optional<ScalingLaw> unrounded; ///< the law whose digits `law` rounds
  std::string tokenizer;               ///< of the plan's data; "" where it does not say
};

/// Whether the form weighs experts, so that it may be asked with all parameters of a mixture.
[[nodiscard]] bool knows_experts(const LawForm &form);

/// N by the law's convention. A law of dense models is asked with the parameters that a token uses.
[[nodiscard]] double law_params(const ScalingLaw &law, const ParameterCounts &counts);

/// What the decoder is by the words of laws: its experts, their granularity and sparsity, the bits
/// it is trained in. Granularity: weights of a feed-forward of 8 hidden^2 over those of an expert.
/// Source: Krajewski et al. 2024, section 3; Abnar et al. 2025, section 2.
[[nodiscard]] LawPoint decoder_point(const Decoder &decoder, NumberFormat precision);

/// The point with what it leaves open taken from the decoder: experts, granularity, sparsity, bits.
[[nodiscard]] LawPoint completed(LawPoint given, const LawPoint &of_decoder);

/// Where the law of a plan is asked: N, D, C by its conventions and what else it may weigh. Only
/// parameters and work of the estimate are read.
[[nodiscard]] LawPoint law_point(const Plan &plan, const ScalingLaw &law, const Estimate &counted);

/// What keeps a law from telling the loss of such a decoder, in nats per token; "" if nothing does.
[[nodiscard]] std::string why_not_asked(const ScalingLaw &law, const Decoder &decoder);

/// What the plan's law expects; empty if the plan names none or the law cannot be asked. A few
/// hundred nanoseconds: a part of estimate().
[[nodiscard]] std::optional<double> expected_loss(const Plan &plan, const Estimate &counted);

/// The same with intervals and warnings. Draws the law's coefficients a thousand times, so it is no
/// part of estimate(); empty where that has no loss.
[[nodiscard]] std::optional<LossPrediction> loss_prediction(const Plan &plan,
                                                            const Estimate &estimate);

} // namespace flopcast
