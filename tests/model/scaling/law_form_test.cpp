// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/law.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

/// One of each form, with numbers of the size that papers give.
std::vector<LawForm> examples() {
  const AdditiveForm additive{1.8, 480, 2100, 0.35, 0.37};
  return {
      additive,
      DataConstrainedForm{additive, 15, 5},
      CoupledForm{6.4e13, 1.8e13, 0.076, 0.103},
      PowerForm{LawVariable::compute, 2, 1e10, 0.1},
      SaturatingForm{0.26, 0.01, 0.35, 0.09},
      RoutedForm{-0.082, -0.108, 0.009, 1.104, 1.847, 314.478},
      GranularForm{0.47, 18.1, 2.1, 0.58, 0.115, 30.8, 0.147},
      SparseForm{0.94, 16612.5, 0.5962, 5455.67, 0.3954, 0.4598, -0.1666, 17.26, 0.1603, 0.1595},
      PrecisionForm{2.76, 4299, 18060, 0.4965, 0.4965, 2.6745, 2.2102, 0.9578},
      VocabularyForm{5.5, 1831, 0.447, 196, 0.671, 2124, 0.447},
      ParallelStreamsForm{1.29, 0.1975, 0.196, 0.334}};
}

/// Everything that any form asks for.
LawPoint everything(double params, double tokens) {
  LawPoint point{.params = params, .tokens = tokens * units::token};
  point.unique_tokens = 2e9 * units::token;
  point.experts = 32;
  point.granularity = 4;
  point.sparsity = 0.5;
  point.weight_bits = 8;
  point.activation_bits = 8;
  point.kv_bits = 16;
  point.vocabulary_params = 5e7;
  point.streams = 4;
  return point;
}

TEST(LawForm, DerivativesAreThoseOfTheLoss) {
  // Central differences over 2e-5 of ln N: off by their third derivative, below 1e-9 of a nat.
  constexpr double step = 1e-5;
  for (const LawForm &form : examples()) {
    const LossValue value = evaluate(form, everything(3e9, 5e10));
    const auto slope = [&](double by_params, double by_tokens) {
      const auto at = [&](double sign) {
        return loss(form, everything(3e9 * std::exp(sign * step * by_params),
                                     5e10 * std::exp(sign * step * by_tokens)));
      };
      return (at(1) - at(-1)) / (2 * step);
    };
    EXPECT_NEAR(value.by_log_params, slope(1, 0), 1e-7) << form_name(form);
    EXPECT_NEAR(value.by_log_tokens, slope(0, 1), 1e-7) << form_name(form);
  }
}

TEST(LawForm, MoreParametersOrTokensNeverCostLoss) {
  for (const LawForm &form : examples()) {
    const LossValue value = evaluate(form, everything(3e9, 5e10));
    EXPECT_LE(value.by_log_params, 0) << form_name(form);
    EXPECT_LE(value.by_log_tokens, 0) << form_name(form);
  }
}

TEST(LawForm, KeepsItsCoefficientsThroughTheirList) {
  for (const LawForm &form : examples()) {
    std::vector<double> values;
    for (const Coefficient &coefficient : coefficients(form))
      values.push_back(coefficient.value);
    const LawForm again = with_coefficients(form, values);
    EXPECT_EQ(loss(again, everything(3e9, 5e10)), loss(form, everything(3e9, 5e10)))
        << form_name(form);
  }
}

TEST(LawForm, IsFoundByItsName) {
  for (const std::string_view name : form_names())
    EXPECT_EQ(form_name(*form_of_name(name)), name);
  EXPECT_FALSE(form_of_name("chinchilla"));
}

TEST(LawForm, RepeatsAreWorthLessThanNewTokensAndMoreThanNone) {
  const DataConstrainedForm form{{1.8, 480, 2100, 0.35, 0.37}, 15, 5};
  const auto at = [&](double tokens, double unique) {
    LawPoint point{.params = 1e8, .tokens = tokens * units::token};
    point.unique_tokens = unique * units::token;
    return loss(form, point);
  };
  EXPECT_LT(at(4e10, 4e10), at(4e10, 1e10));
  EXPECT_LT(at(4e10, 1e10), at(1e10, 1e10));
}

TEST(LawForm, NamesWhatItLacks) {
  const LawForm granular = GranularForm{0.47, 18.1, 2.1, 0.58, 0.115, 30.8, 0.147};
  try {
    (void)loss(granular, {.params = 1e9, .tokens = 1e10 * units::token});
    FAIL() << "a granularity was made up";
  } catch (const LawInputError &error) {
    EXPECT_NE(std::string(error.what()).find("--granularity"), std::string::npos) << error.what();
  }
}

TEST(LawForm, AFullyDenseRoutedModelIsWorthItself) {
  const RoutedForm form{-0.082, -0.108, 0.009, 1.104, 1.847, 314.478};
  EXPECT_NEAR(effective_params(form, 1e8, 1), 1e8, 1e8 * 1e-9);
  EXPECT_GT(effective_params(form, 1e8, 64), 1e8);
}

TEST(LawRelation, WithoutPrefactorGivesNoValue) {
  LawRelation relation{.result = LawQuantity::params,
                       .name = {},
                       .coefficient = std::nullopt,
                       .factors = {{LawQuantity::compute, 1, 0.5}},
                       .exponent_range = {},
                       .note = {}};
  EXPECT_THROW((void)evaluate(relation, {{{LawQuantity::compute, 1e20}}}), LawInputError);
  relation.coefficient = 2;
  // 2 (1e20)^0.5 = 2e10
  EXPECT_DOUBLE_EQ(evaluate(relation, {{{LawQuantity::compute, 1e20}}}), 2e10);
}

} // namespace
} // namespace flopcast
