// SPDX-License-Identifier: Apache-2.0
#include "model/planning/expected_loss.hpp"

#include "hardware/units/text.hpp"

#include <fmt/format.h>

namespace flopcast {
namespace {

using namespace units;

/// Bits of an operand of the matrix products; absent: as good as full precision.
std::optional<double> operand_bits(NumberFormat format) {
  switch (format) {
  case NumberFormat::bf16:
  case NumberFormat::fp16:
    return 16;
  case NumberFormat::fp8:
    return 8;
  case NumberFormat::fp4:
    return 4;
  default:
    return std::nullopt;
  }
}

/// C by the law's convention; absent where 6ND of its own N is meant.
std::optional<FlopCount> law_compute(const ScalingLaw &law, const Estimate &counted,
                                     TokenCount tokens) {
  switch (law.conventions.compute) {
  case ComputeConvention::exact:
    return counted.work.model_total;
  case ComputeConvention::six_nd:
    return counted.work.six_nd;
  case ComputeConvention::six_nd_non_embedding:
    return 6 * (counted.parameters.active - counted.parameters.embedding) * tokens.in(token)*flop;
  default:
    return std::nullopt;
  }
}

/// Whether the point has all that the form asks for without a neutral value.
bool can_be_asked(const LawForm &form, const LawPoint &point) {
  return point.params > 0 && point.tokens > TokenCount{} &&
         (!std::holds_alternative<GranularForm>(form) || point.granularity);
}

} // namespace

bool knows_experts(const LawForm &form) {
  return std::holds_alternative<RoutedForm>(form) || std::holds_alternative<GranularForm>(form) ||
         std::holds_alternative<SparseForm>(form);
}

double law_params(const ScalingLaw &law, const ParameterCounts &counts) {
  const bool active =
      law.conventions.params == ParamsConvention::active || (law.form && !knows_experts(*law.form));
  const double params = active ? counts.active : counts.total;
  return law.conventions.params == ParamsConvention::non_embedding ? params - counts.embedding
                                                                   : params;
}

LawPoint decoder_point(const Decoder &decoder, NumberFormat precision) {
  LawPoint point;
  point.weight_bits = operand_bits(precision);
  point.activation_bits = point.weight_bits;
  if (point.weight_bits)
    point.kv_bits = 16; // 8- and 4-bit training multiplies scores in 16 bits still
  if (!decoder.experts)
    return point;
  const MixtureOfExperts &experts = *decoder.experts;
  const auto hidden = static_cast<double>(decoder.hidden);
  const double matrices = is_gated(experts.activation.value_or(decoder.activation)) ? 3 : 2;
  point.experts = static_cast<double>(experts.count);
  point.granularity = 8 * hidden / (matrices * static_cast<double>(experts.hidden));
  point.sparsity = 1 - static_cast<double>(experts.per_token) / static_cast<double>(experts.count);
  return point;
}

LawPoint completed(LawPoint given, const LawPoint &of_decoder) {
  for (std::optional<double> LawPoint::*member :
       {&LawPoint::experts, &LawPoint::granularity, &LawPoint::sparsity, &LawPoint::weight_bits,
        &LawPoint::activation_bits, &LawPoint::kv_bits})
    if (!(given.*member))
      given.*member = of_decoder.*member;
  return given;
}

LawPoint law_point(const Plan &plan, const ScalingLaw &law, const Estimate &counted) {
  LawPoint point = decoder_point(plan.model.decoder, plan.training.precision);
  point.params = law_params(law, counted.parameters);
  point.tokens = plan.data.tokens;
  point.compute = law_compute(law, counted, plan.data.tokens);
  point.unique_tokens = plan.data.unique_tokens;
  const Decoder &decoder = plan.model.decoder;
  point.vocabulary_params =
      static_cast<double>(decoder.vocabulary) * static_cast<double>(decoder.hidden);
  return point;
}

std::string why_not_asked(const ScalingLaw &law, const Decoder &decoder) {
  if (!law.form)
    return "gives relations alone, no loss";
  if (law.conventions.loss != LossUnit::nats_per_token)
    return fmt::format("gives no loss in nats/token but in {}",
                       spelled(loss_unit_names(), law.conventions.loss));
  if (law.conventions.params == ParamsConvention::flops_per_token)
    return "counts FLOPs per token in place of parameters";
  if (std::holds_alternative<GranularForm>(*law.form) && !decoder.experts)
    return "is of mixtures of experts, and the model has none";
  return {};
}

std::optional<double> expected_loss(const Plan &plan, const Estimate &counted) {
  if (!plan.data.law)
    return std::nullopt;
  const ScalingLaw &law = plan.data.law->law;
  const LawPoint point = law_point(plan, law, counted);
  if (!law.form || !can_be_asked(*law.form, point))
    return std::nullopt;
  return loss(*law.form, point);
}

std::optional<LossPrediction> loss_prediction(const Plan &plan, const Estimate &estimate) {
  if (!estimate.loss)
    return std::nullopt;
  const PlannedLaw &planned = *plan.data.law;
  const ScalingLaw &law = planned.law;
  const LawQuestion question{.point = law_point(plan, law, estimate),
                             .params = ParamsConvention::unstated, // it is the law's already
                             .tokenizer = planned.tokenizer};
  LossPrediction prediction =
      predict(law, question, planned.unrounded ? &*planned.unrounded : nullptr);
  if (plan.model.decoder.experts && !knows_experts(*law.form)) {
    LawPoint all = question.point;
    all.params += estimate.parameters.total - estimate.parameters.active;
    prediction.warnings.push_back(
        fmt::format("of dense models: N = {} counts the parameters that a token uses; a dense "
                    "model of all of them would have {:.4f}",
                    human_number(question.point.params), loss(*law.form, all)));
  }
  if (planned.tokenizer.empty())
    prediction.warnings.push_back(
        law.conventions.tokenizer.empty()
            ? std::string("the law does not say its tokenizer, nor does the plan (data.tokenizer): "
                          "nats per token of one compare with those of no other")
            : fmt::format("nats per token of \"{}\"; the plan does not say its own tokenizer "
                          "(data.tokenizer), of {} tokens",
                          law.conventions.tokenizer,
                          grouped_integer(static_cast<double>(plan.model.decoder.vocabulary))));
  return prediction;
}

} // namespace flopcast
