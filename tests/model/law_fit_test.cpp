// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/analysis.hpp"
#include "model/scaling/fit/design.hpp"
#include "model/scaling/fit/fitted_law.hpp"
#include "model/scaling/law_reader.hpp"
#include "tests/model/law_fits.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace flopcast::tests {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string refusal(const std::vector<ScalingRun> &runs, const LawFitOptions &options = {}) {
  try {
    (void)fit_law(runs, options);
  } catch (const InputError &error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

std::vector<ScalingRun> exact_study() {
  RandomStream random(1, 0);
  return PlantedLaw{}.isoflop_study(0, random);
}

// Without noise the planted parameters are the only optimum of every objective.
TEST(LawFit, RecoversWhatWasPlanted) {
  const PlantedLaw law;
  for (const ObjectiveKind kind : {ObjectiveKind::huber, ObjectiveKind::least_squares,
                                   ObjectiveKind::absolute, ObjectiveKind::asymmetric})
    for (const ResidualKind residual : {ResidualKind::log_loss, ResidualKind::loss}) {
      const LawFit fit =
          fit_law(exact_study(), {.objective = {.kind = kind, .residual = residual}});
      EXPECT_NEAR(fit.parameter("E"), law.e, 1e-4 * law.e);
      EXPECT_NEAR(fit.parameter("alpha"), law.alpha, 1e-4);
      EXPECT_NEAR(fit.parameter("beta"), law.beta, 1e-4);
      EXPECT_NEAR(fit.parameter("A"), law.a, 2e-3 * law.a);
      EXPECT_NEAR(fit.parameter("B"), law.b, 2e-3 * law.b);
    }
}

TEST(LawFit, DoesNotDependOnTheOrderOrUnitsOfRuns) {
  RandomStream random(3, 0);
  std::vector<ScalingRun> runs = PlantedLaw{}.isoflop_study(0.003, random);
  const LawFit fit = fit_law(runs, {});
  std::ranges::reverse(runs);
  EXPECT_NEAR(fit_law(runs, {}).objective, fit.objective, 1e-9 * fit.objective);
  // N in thousands: A changes by 1000^-alpha, alpha and the objective do not.
  for (ScalingRun &run : runs)
    run.set(RunFeature::parameters, run.at(RunFeature::parameters) / 1000);
  const LawFit thousands = fit_law(runs, {});
  EXPECT_NEAR(thousands.objective, fit.objective, 1e-9 * fit.objective);
  EXPECT_NEAR(thousands.parameter("alpha"), fit.parameter("alpha"), 1e-6);
}

TEST(LawFit, CountsARunOfWeightTwoAsTwoRuns) {
  RandomStream random(4, 0);
  std::vector<ScalingRun> runs = PlantedLaw{}.isoflop_study(0.003, random);
  std::vector<ScalingRun> doubled = runs;
  doubled.push_back(runs[7]);
  runs[7].weight = 2;
  EXPECT_NEAR(fit_law(runs, {}).objective, fit_law(doubled, {}).objective, 1e-12);
}

TEST(LawFit, HoldsWhatIsFixed) {
  const LawFit fit = fit_law(exact_study(), {.fixed = {{"E", 1.7}, {"alpha", 0.3}}});
  EXPECT_DOUBLE_EQ(fit.parameter("E"), 1.7);
  EXPECT_DOUBLE_EQ(fit.parameter("alpha"), 0.3);
  EXPECT_EQ(fit.standard_error(0), 0);
}

TEST(LawFit, RecoversOtherFormsToo) {
  RandomStream random(5, 0);
  std::vector<ScalingRun> runs;
  // Krajewski et al. 2024, E = 64: c .47, a 18.1, alpha .115, b 30.8, beta .147, g 2.1, gamma .58.
  for (const double n : {1e8, 3e8, 1e9, 3e9})
    for (const double d : {1e10, 4e10, 1.6e11})
      for (const double g : {1.0, 2.0, 4.0, 8.0, 16.0}) {
        ScalingRun run;
        run.set(RunFeature::parameters, n);
        run.set(RunFeature::tokens, d);
        run.set(RunFeature::granularity, g);
        run.loss = 0.47 + (2.1 * std::pow(g, -0.58) + 18.1) * std::pow(n, -0.115) +
                   30.8 * std::pow(d, -0.147);
        runs.push_back(run);
      }
  const LawFit moe =
      fit_law(runs, {.form = "krajewski", .objective = {.kind = ObjectiveKind::least_squares}});
  EXPECT_NEAR(moe.parameter("alpha"), 0.115, 0.002);
  EXPECT_NEAR(moe.parameter("gamma"), 0.58, 0.01);
  EXPECT_LT(moe.log_rmse, 1e-6);

  runs.clear();
  for (int i = 0; i < 12; ++i) {
    ScalingRun run;
    run.set(RunFeature::compute, std::pow(10, 17 + 0.4 * i));
    run.loss = 2 + 1e4 * std::pow(run.at(RunFeature::compute), -0.25);
    runs.push_back(run);
  }
  const LawFit power = fit_law(runs, {.form = "power-c"});
  EXPECT_NEAR(power.parameter("E"), 2, 1e-4);
  EXPECT_NEAR(power.parameter("alpha"), 0.25, 1e-4);
}

TEST(LawFit, RefusesFewerRunsThanParameters) {
  std::vector<ScalingRun> runs = exact_study();
  runs.resize(4);
  EXPECT_THAT(refusal(runs), HasSubstr("4 runs cannot determine the 5 parameters"));
  EXPECT_THAT(refusal(exact_study(), {.form = "data-constrained"}), HasSubstr("no run has U"));
  EXPECT_THAT(refusal(exact_study(), {.fixed = {{"gamma", 1}}}), HasSubstr("no parameter"));
}

// With D = 20 N a law of N alone fits as well: no size of the terms may be called known, however
// exactly the losses lie on it.
TEST(Identifiability, IsDeniedToTermsOfOneRatioOfTokensToParameters) {
  const PlantedLaw law{.a = 400, .b = 900, .alpha = 0.34, .beta = 0.34};
  RandomStream random(18, 0);
  std::vector<ScalingRun> runs;
  for (int i = 0; i < 9; ++i) {
    const double size = 1e7 * std::pow(2, i);
    runs.push_back(law.run(size, 20 * size, 0.001, random));
  }
  const LawAnalysis analysis = analyse_law(runs, {.bootstrap = {.resamples = 50}});
  for (const Identifiability &verdict : analysis.verdicts)
    if (analysis.fit.form().parameters[verdict.parameter].name != "E") {
      EXPECT_FALSE(verdict.identified) << verdict.parameter;
    }
}

TEST(LawFit, WarnsOfOneRatioOfTokensToParameters) {
  RandomStream random(6, 0);
  std::vector<ScalingRun> runs;
  for (int i = 0; i < 20; ++i) {
    const double n = 1e8 * std::pow(1.3, i);
    runs.push_back(PlantedLaw{}.run(n, 20 * n, 0.003, random));
  }
  const LawAnalysis analysis = analyse_law(runs, {.bootstrap = {.resamples = 0}});
  EXPECT_THAT(analysis.warnings, Contains(HasSubstr("one ratio D/N")));
  EXPECT_THAT(analysis.verdicts, Contains(testing::Field(&Identifiability::identified, false)));
}

TEST(LawFit, WarnsOfRepeatedRunsAndOfAFeatureThatDoesNotVary) {
  std::vector<ScalingRun> runs = exact_study();
  runs.push_back(runs.front());
  EXPECT_THAT(fit_law(runs, {}).warnings, Contains(HasSubstr("1 runs repeat another")));
  RandomStream random(7, 0);
  std::vector<ScalingRun> same;
  for (int i = 0; i < 12; ++i)
    same.push_back(PlantedLaw{}.run(1e8 * (1 + i), 1e10, 0.001, random));
  EXPECT_THAT(fit_law(same, {}).warnings, Contains(HasSubstr("D is the same in all runs")));
}

TEST(LawFit, NamesARunThatLiesFarOff) {
  RandomStream random(8, 0);
  std::vector<ScalingRun> runs = PlantedLaw{}.isoflop_study(0.002, random);
  runs[11].loss *= 1.1; // fifty deviations
  const std::vector<Outlier> found = outliers(fit_law(runs, {}));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().run, 11U);
}

TEST(Bootstrap, DoesNotDependOnTheNumberOfThreads) {
  RandomStream random(9, 0);
  const LawFit fit = fit_law(PlantedLaw{}.isoflop_study(0.003, random), {});
  for (const BootstrapKind kind : {BootstrapKind::cases, BootstrapKind::residuals}) {
    const Bootstrap one = bootstrap(fit, {.kind = kind, .resamples = 60, .seed = 5, .threads = 1});
    const Bootstrap four = bootstrap(fit, {.kind = kind, .resamples = 60, .seed = 5, .threads = 4});
    EXPECT_TRUE(one.parameters == four.parameters);
    const Bootstrap other = bootstrap(fit, {.kind = kind, .resamples = 60, .seed = 6});
    EXPECT_FALSE(one.parameters == other.parameters);
  }
}

TEST(Bootstrap, StopsWhenAsked) {
  RandomStream random(10, 0);
  const LawFit fit = fit_law(PlantedLaw{}.isoflop_study(0.003, random), {});
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW((void)bootstrap(fit, {.resamples = 1000}, source.get_token()), Stopped);
}

// 40 worlds of 25 runs: a coverage's standard error is 6 points at 80 %, so 60 to 97 % lies within
// three. The full study is the benchmark's.
TEST(Bootstrap, CoversThePlantedExponentAboutAsOftenAsItSays) {
  const PlantedLaw law;
  int covered = 0;
  constexpr int worlds = 40;
  for (std::uint64_t world = 0; world < worlds; ++world) {
    RandomStream random(11, world);
    LawFitOptions options{.objective = {.kind = ObjectiveKind::least_squares}, .starts = 6};
    const LawFit fit = fit_law(law.isoflop_study(0.003, random), options);
    const Bootstrap resamples = bootstrap(
        fit, {.kind = BootstrapKind::residuals, .resamples = 100, .seed = world, .threads = 1});
    std::vector<double> exponents;
    for (Eigen::Index row = 0; row < resamples.parameters.rows(); ++row)
      exponents.push_back(optimum_exponent(fit.form(), draw_of(resamples, row)));
    const Interval interval = percentile_interval(exponents, 0.8);
    const double truth = law.beta / (law.alpha + law.beta);
    covered += interval.low <= truth && truth <= interval.high ? 1 : 0;
  }
  EXPECT_GE(covered, 24);
  EXPECT_LE(covered, 39);
}

TEST(Forecast, AddsNoiseToTheLawsOwnInterval) {
  RandomStream random(12, 0);
  const LawFit fit = fit_law(PlantedLaw{}.isoflop_study(0.01, random), {});
  ScalingRun target;
  target.set(RunFeature::parameters, 1e9);
  target.set(RunFeature::tokens, 2e10);
  const Bootstrap resamples = bootstrap(fit, {.resamples = 200});
  for (const Bootstrap *with : {static_cast<const Bootstrap *>(nullptr), &resamples}) {
    const Forecast sure = forecast(fit, target, with, 0);
    const Forecast straying = forecast(fit, target, with, 0.05);
    EXPECT_GT(sure.run95.high - sure.run95.low, sure.law95.high - sure.law95.low);
    EXPECT_GT(straying.run95.high - straying.run95.low, sure.run95.high - sure.run95.low);
    EXPECT_GT(sure.law95.high, sure.law80.high);
  }
}

TEST(LackOfFit, IsNoneWhereTheHeldOutRunsMissByNoMoreThanNoise) {
  const HoldOut noise{.mean_distance = 2, .bias = 0.01, .explained = 0.02};
  EXPECT_EQ(lack_of_fit({noise}), 0);
  // sqrt((0.05^2 - 0.03^2) / 2^2) = 0.04 / 2
  const HoldOut stray{.mean_distance = 2, .bias = 0.05, .explained = 0.03};
  EXPECT_NEAR(lack_of_fit({stray}), 0.02, 1e-12);
}

TEST(BudgetOptimum, IsLowestAmongItsNeighbours) {
  const LossForm form = loss_form("chinchilla");
  const PlantedLaw law;
  const std::vector<double> natural{law.e, law.a, law.b, law.alpha, law.beta};
  const BudgetOptimum optimum = budget_optimum(form, natural, 1e22);
  EXPECT_NEAR(6 * optimum.parameters * optimum.tokens, 1e22, 1e10);
  for (const double factor : {0.9, 1.1})
    EXPECT_LT(optimum.loss, law.loss(optimum.parameters * factor, optimum.tokens / factor));
}

TEST(Approaches, AgreeWithTheLawWhereItsExponentsAreEqual) {
  // With alpha = beta the optimum grows as C^0.5 and parabolas in ln N are symmetric about it.
  const PlantedLaw law{.a = 400, .b = 400, .alpha = 0.34, .beta = 0.34};
  RandomStream random(13, 0);
  const auto groups = isoflops(law.isoflop_study(0, random));
  ASSERT_EQ(groups.size(), 5U);
  EXPECT_NEAR(approach_one(groups)->exponent, 0.5, 1e-9);
  EXPECT_NEAR(approach_two(groups)->exponent, 0.5, 1e-6);
}

TEST(Design, MakesTheIntervalSmallerAndSpendsNoMoreThanTheBudget) {
  RandomStream random(14, 0);
  const LawFit fit = fit_law(PlantedLaw{}.isoflop_study(0.003, random),
                             {.objective = {.kind = ObjectiveKind::least_squares}});
  for (const DesignGoal goal : {DesignGoal::loss, DesignGoal::parameters}) {
    const Design design = design_runs(fit, {.goal = goal, .budget = 3e20, .target = 1e23}, {});
    EXPECT_LT(design.deviation_after, design.deviation_before);
    double spent = 0;
    for (const DesignedRun &run : design.runs)
      spent += run.compute;
    EXPECT_LE(spent, 3e20 * (1 + 1e-9));
    EXPECT_GE(design.runs.size(), 1U);
  }
}

TEST(Design, ForeseesTheDeviationThatAFitWithTheRunsHas) {
  RandomStream random(15, 0);
  const PlantedLaw law;
  std::vector<ScalingRun> runs = law.isoflop_study(0.003, random);
  const LawFitOptions options{.objective = {.kind = ObjectiveKind::least_squares}};
  const DesignOptions wanted{.budget = 3e20, .target = 1e22};
  const Design design = design_runs(fit_law(runs, options), wanted, {});
  for (const DesignedRun &run : design.runs)
    runs.push_back(law.run(run.parameters, run.tokens, 0.003, random));
  const Design again = design_runs(fit_law(runs, options), wanted, {});
  // The new noise estimate and the new optimum differ from the old ones by chance.
  EXPECT_NEAR(again.deviation_before / design.deviation_after, 1, 0.5);
}

// Least squares with the same noise in all runs: both methods must tell the same, within what 400
// resamples (3.5 %) and 25 runs leave open.
TEST(Design, ByTheBootstrapIsAsSureAsByTheDeltaMethodWhereThatHolds) {
  RandomStream random(17, 0);
  const LawFit fit = fit_law(PlantedLaw{}.isoflop_study(0.003, random),
                             {.objective = {.kind = ObjectiveKind::least_squares}});
  const Design design =
      design_runs(fit, {.budget = 3e20, .target = 1e22, .bootstrap = {.resamples = 400}}, {});
  EXPECT_NEAR(design.deviation_before / design.deviation_by_delta, 1, 0.35);
  const Design delta =
      design_runs(fit, {.budget = 3e20, .target = 1e22, .intervals = DesignIntervals::delta}, {});
  EXPECT_EQ(delta.deviation_before, design.deviation_by_delta);
}

TEST(FittedLaw, IsReadAsALawWithTheSameLossAndCovariance) {
  RandomStream random(16, 0);
  const std::vector<ScalingRun> runs = PlantedLaw{}.isoflop_study(0.003, random);
  const LawAnalysis analysis = analyse_law(runs, {.bootstrap = {.resamples = 50}});
  const std::string text = law_toml(analysis, "mine", {2026, 1, 2});
  Diagnostics diagnostics;
  const ScalingLaw law = read_law(parse_toml(text, "mine.toml"), "mine", diagnostics);
  EXPECT_NO_THROW(diagnostics.throw_if_any()) << text;
  ASSERT_TRUE(law.form);
  LawPoint point;
  point.params = 1e9;
  point.tokens = 2e10 * units::token;
  ScalingRun run;
  run.set(RunFeature::parameters, 1e9);
  run.set(RunFeature::tokens, 2e10);
  EXPECT_NEAR(loss(*law.form, point), analysis.fit.loss(run), 1e-12);
  EXPECT_EQ(law.uncertainty.covariance.size(), 5U);
}

} // namespace
} // namespace flopcast::tests
