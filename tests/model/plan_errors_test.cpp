// SPDX-License-Identifier: Apache-2.0
// What a plan that is wrong is answered with: every problem, its place and what to do.
#include "model/planning/quantities.hpp"
#include "tests/model/examples.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace flopcast {
namespace {

using namespace tests;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view good = R"([model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
gpu = "h100"
count = 8
[parallelism]
data_parallel = 8
)";

TEST(PlanErrors, AGoodPlanHasNone) { EXPECT_THAT(complaint_about(good), IsEmpty()); }

TEST(PlanErrors, AWrongKeyIsNamedWithItsPlaceAndTheNearest) {
  EXPECT_EQ(complaint_about(R"([model]
preset = "gpt2-124m"
[data]
tokns = "1e9 token"
[hardware]
gpu = "h100"
count = 8
)"),
            "plan.toml:4:9: data.tokns: no such key; did you mean \"tokens\"?");
}

TEST(PlanErrors, AWrongTableIsNamedToo) {
  EXPECT_THAT(
      complaint_about(std::string(good) + "[trainning]\nmicro_batch = 1\n"),
      AllOf(StartsWith("plan.toml:10:"), HasSubstr("no such key"), HasSubstr("\"training\"")));
}

TEST(PlanErrors, AWrongTypeSaysWhatWasExpected) {
  EXPECT_THAT(complaint_about(R"([model]
preset = 3
[hardware]
gpu = "h100"
count = "eight"
)"),
              AllOf(HasSubstr("plan.toml:2:10: model.preset: expected a text"),
                    HasSubstr("plan.toml:5:9: hardware.count: expected a number")));
}

TEST(PlanErrors, AValueOutOfRangeSaysTheBound) {
  EXPECT_THAT(complaint_about(std::string(good) + "[run]\ngoodput = 1.5\n"),
              AllOf(StartsWith("plan.toml:11:11: run.goodput"), HasSubstr("most allowed, 1")));
}

TEST(PlanErrors, AWrongUnitSaysTheRightOne) {
  EXPECT_THAT(
      complaint_about(std::string(good) + "[price]\nrate = \"2.10 USD/h\"\n"),
      AllOf(StartsWith("plan.toml:11:8: price.rate"), HasSubstr("GPU"), HasSubstr("2.10 USD/h")));
}

TEST(PlanErrors, AWrongChoiceNamesTheRightOnes) {
  EXPECT_THAT(complaint_about(std::string(good) + "[training]\noptimizer = \"adamv\"\n"),
              AllOf(StartsWith("plan.toml:11:13: training.optimizer"), HasSubstr("lion"),
                    HasSubstr("did you mean \"adam")));
}

TEST(PlanErrors, AreAllToldAtOnce) {
  try {
    (void)read_text(R"([model]
preset = "gpt9"
[hardware]
gpu = "h100"
cuont = 8
[training]
micro_batch = 0
precision = "bf61"
[run]
goodput = -1
)");
    FAIL() << "an InputError was expected";
  } catch (const InputError &error) {
    // The preset, the key, the count that is missing for it, and three values.
    EXPECT_EQ(error.diagnostics().size(), 6U) << error.what();
    for (const Diagnostic &one : error.diagnostics()) {
      EXPECT_EQ(one.place.file, "plan.toml");
      EXPECT_GT(one.place.line, 0) << one.message;
      EXPECT_GT(one.place.column, 0) << one.message;
    }
  }
}

TEST(PlanErrors, AnEmptyPlanNamesWhatItLacks) {
  EXPECT_THAT(complaint_about(""),
              AllOf(HasSubstr("model: is missing"), HasSubstr("hardware: is missing")));
}

TEST(PlanErrors, AModelWrittenOutNamesTheDimensionsThatItLacks) {
  EXPECT_THAT(complaint_about(R"([model]
layers = 2
[hardware]
gpu = "h100"
count = 1
)"),
              AllOf(HasSubstr("model.hidden: is missing"), HasSubstr("model.heads: is missing"),
                    HasSubstr("model.vocabulary: is missing"),
                    HasSubstr("model.context_length: is missing")));
}

TEST(PlanErrors, OverridesAreNamedAsTheyWereWritten) {
  EXPECT_EQ(complaint_about(good, {"training.micro_batch=0"}),
            "--set training.micro_batch=0: training.micro_batch: 0 is below the least allowed, 1");
  EXPECT_THAT(complaint_about(good, {"training.micro_bach=1"}),
              AllOf(StartsWith("--set training.micro_bach=1: "), HasSubstr("micro_batch")));
  EXPECT_THAT(complaint_about(good, {"nonsense"}), HasSubstr("expected key=value"));
  EXPECT_THAT(complaint_about(good, {"model.preset.deeper=1"}), HasSubstr("no path of keys"));
}

// Keys that exclude or need each other.

struct Contradiction {
  std::string name;
  std::vector<std::string> overrides;
  std::string fragment; ///< of the complaint: the key and what to do
};

void PrintTo(const Contradiction &contradiction, std::ostream *stream) {
  *stream << contradiction.name;
}

class ContradictoryKeys : public testing::TestWithParam<Contradiction> {};

TEST_P(ContradictoryKeys, AreAnErrorThatSaysWhich) {
  const auto &[name, overrides, fragment] = GetParam();
  EXPECT_THAT(complaint_about(good, overrides), HasSubstr(fragment));
}

INSTANTIATE_TEST_SUITE_P(
    Plans, ContradictoryKeys,
    testing::Values(
        Contradiction{
            "TokensAndADataset", {"data.dataset_tokens=1e9"}, "data.tokens: counts every epoch"},
        Contradiction{"EpochsOfNoDataset", {"data.epochs=2"}, "data.epochs: needs dataset_tokens"},
        Contradiction{"CountAndNodes", {"hardware.nodes=1"}, "hardware.count: counts GPUs"},
        Contradiction{"GpuOfAnotherNode",
                      {"hardware.node=dgx-a100-80"},
                      "hardware.gpu: h100-sxm5-80gb is not what"},
        Contradiction{"BatchTwice",
                      {"training.global_batch=8", "training.global_batch_tokens=1e6"},
                      "training.global_batch: counts sequences"},
        Contradiction{
            "SpeedTwice", {"stated.mfu=0.4", "stated.step_time=1 s"}, "stated more than once"},
        Contradiction{"BasisOfNothing", {"stated.basis=six_nd"}, "stated.basis: says what mfu"},
        Contradiction{"WorkWithoutSpeed",
                      {"stated.training_flops=1e20 FLOP"},
                      "stated.training_flops: needs mfu"},
        Contradiction{"GoodputAndAllocations",
                      {"run.goodput=0.9", "run.allocation=[{gpus = 8, duration = \"1 h\"}]"},
                      "run.goodput: follows from the allocations"},
        Contradiction{"IntervalWithoutBandwidth",
                      {"run.checkpoint_interval=1 h"},
                      "needs both checkpoint_interval"},
        Contradiction{"BandwidthWithoutInterval",
                      {"run.checkpoint_bandwidth=1 GB/s"},
                      "needs both checkpoint_interval"},
        Contradiction{"RentAndPurchase",
                      {"price.rate=1 USD/(GPU*h)", "price.purchase=1000 USD/GPU"},
                      "price.rate: is a rent"},
        Contradiction{"UnknownProvider",
                      {"price.provider=nobody at all"},
                      "price.provider: no price of h100"},
        Contradiction{"AmountAndShare",
                      {"cost.staff.amount=1 USD", "cost.staff.share=1"},
                      "cost.staff.amount: expected one of"},
        Contradiction{
            "NeitherAmountNorShare", {"cost.staff.name=people"}, "expected one of amount"},
        Contradiction{"CostThatIsNoTable", {"cost.staff=5"}, "cost.staff: expected a table"},
        Contradiction{
            "UnknownRegion", {"energy.region=atlantis"}, "energy.region: no carbon intensity"},
        Contradiction{"LongerThanThePositions",
                      {"data.sequence_length=2048"},
                      "more than the 1024 learned positions"},
        Contradiction{"KeyValueHeadsThatDoNotDivide",
                      {"model.kv_heads=5"},
                      "model.kv_heads: 5 does not divide heads = 12"},
        Contradiction{"HeadsThatDoNotDivide",
                      {"model.heads=7"},
                      "model.heads: 7 does not divide hidden = 768"},
        Contradiction{"LocalLayersWithoutWindow",
                      {"model.local_layers_per_global=2"},
                      "model.local_layers_per_global: needs sliding_window"},
        Contradiction{
            "AllocationWithoutDuration", {"run.allocation=[{gpus = 8}]"}, "duration: is missing"},
        Contradiction{"AllocationThatIsNoTable", {"run.allocation=5"}, "expected tables"}),
    [](const auto &contradiction) { return contradiction.param.name; });

// Values that nobody means. Each either is refused with its place, or means something, and then
// no number of the answer may break.

struct NumericKey {
  std::string key;
  std::string unit; ///< "" for a plain number
};

void PrintTo(const NumericKey &key, std::ostream *stream) { *stream << key.key << key.unit; }

const std::vector<NumericKey> numeric_keys{
    {"model.layers", ""},
    {"model.hidden", ""},
    {"model.heads", ""},
    {"model.kv_heads", ""},
    {"model.head_dim", ""},
    {"model.ffn_hidden", ""},
    {"model.vocabulary", ""},
    {"model.vocabulary_multiple", ""},
    {"model.context_length", ""},
    {"model.extra_positions", ""},
    {"model.norms_per_layer", ""},
    {"model.sliding_window", ""},
    {"data.tokens", " token"},
    {"data.tokens", ""},
    {"data.sequence_length", ""},
    {"hardware.count", ""},
    {"hardware.scale_up_bandwidth", " GB/s"},
    {"hardware.scale_out_bandwidth", " GB/s"},
    {"hardware.scale_up_domain", ""},
    {"hardware.memory_capacity", " GB"},
    {"parallelism.tensor_parallel", ""},
    {"parallelism.pipeline_parallel", ""},
    {"parallelism.virtual_pipeline", ""},
    {"parallelism.context_parallel", ""},
    {"parallelism.expert_parallel", ""},
    {"parallelism.data_parallel", ""},
    {"parallelism.zero_stage", ""},
    {"training.micro_batch", ""},
    {"training.global_batch", ""},
    {"training.global_batch_tokens", " token"},
    {"training.dropout", ""},
    {"training.memory_reserve", " GB"},
    {"stated.mfu", ""},
    {"stated.flops_per_gpu", " TFLOP/s"},
    {"stated.tokens_per_second", " token/s"},
    {"stated.step_time", " s"},
    {"run.goodput", ""},
    {"run.checkpoints_kept", ""},
    {"price.rate", " USD/(GPU*h)"},
    {"price.purchase", " USD/GPU"},
    {"price.lifetime", " d"},
    {"price.storage", " USD/(GB*h)"},
    {"cost.extra.amount", " USD"},
    {"cost.extra.share", ""},
    {"energy.power_per_gpu", " W/GPU"},
    {"energy.pue", ""},
    {"energy.carbon_intensity", " g/kWh"},
    {"energy.electricity", " USD/kWh"},
};

void expect_a_place(const std::string &complaint, const std::string &assignment) {
  EXPECT_THAT(complaint, HasSubstr("--set " + assignment + ": ")) << assignment;
}

class AbsurdValue : public testing::TestWithParam<NumericKey> {};

TEST_P(AbsurdValue, OutsideAllRangesIsAnErrorWithItsPlace) {
  const auto &[key, unit] = GetParam();
  for (const std::string_view value :
       {"nan", "inf", "-inf", "1e30", "1e300", "1e999", "9223372036854775808"}) {
    if (value == "9223372036854775808" &&
        (key.starts_with("data.tokens") || key.starts_with("stated.") || key.starts_with("cost.")))
      continue; // 9.2e18 of these is a number like another
    const std::string assignment = fmt::format("{}={}{}", key, value, unit);
    expect_a_place(complaint_about(good, {assignment}), assignment);
  }
}

TEST_P(AbsurdValue, AtOrBelowZeroIsAnErrorOrHarmless) {
  const auto &[key, unit] = GetParam();
  for (const std::string_view value : {"0", "-1", "1e-30", "-0.0"}) {
    const std::string assignment = fmt::format("{}={}{}", key, value, unit);
    const std::string complaint = complaint_about(good, {assignment});
    if (!complaint.empty()) {
      expect_a_place(complaint, assignment);
      continue;
    }
    const PlannedRun run = read_text(good, {assignment});
    const Estimate result = estimate_of(run);
    for (const NamedQuantity &quantity : named_quantities())
      if (const auto number = quantity.value({run, result})) {
        EXPECT_TRUE(std::isfinite(number->value)) << assignment << ": " << quantity.key;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, AbsurdValue, testing::ValuesIn(numeric_keys),
                         [](const auto &parameter) {
                           std::string name = parameter.param.key;
                           std::ranges::replace(name, '.', '_');
                           return name + (parameter.param.unit.empty() ? "" : "_with_unit");
                         });

TEST(AbsurdPlan, WithTheLargestNumberOfEverythingHasAnAnswer) {
  const PlannedRun run =
      read_text(good, {"model.layers=10000", "model.hidden=10000000", "model.heads=10000000",
                       "model.ffn_hidden=10000000", "model.vocabulary=1000000000",
                       "model.context_length=1000000000", "data.sequence_length=1000000000",
                       "data.tokens=1e20", "hardware.count=100000000",
                       "training.micro_batch=1000000", "training.global_batch=1000000000",
                       "parallelism.tensor_parallel=10000", "parallelism.pipeline_parallel=10000",
                       "parallelism.context_parallel=10000", "parallelism.data_parallel=1000000"});
  const Estimate result = estimate_of(run);
  EXPECT_FALSE(result.feasible());
  EXPECT_TRUE(std::isfinite(result.parameters.total));
  EXPECT_TRUE(std::isfinite(result.work.model_total.in(units::flop)));
  for (const Reason &reason : result.reasons)
    EXPECT_THAT(reason.text, Not(HasSubstr("nan")));
}

TEST(AbsurdPlan, ThatIsNoTomlNamesTheLine) {
  EXPECT_THAT(complaint_about("[model]\npreset = \n"), StartsWith("plan.toml:2:"));
  EXPECT_THAT(complaint_about("[hardware]\ncount = 99999999999999999999\n"),
              StartsWith("plan.toml:2:"));
}

TEST(AbsurdPlan, WithTablesInPlaceOfValuesIsRefused) {
  EXPECT_THAT(complaint_about("model = 3\nhardware = []\n"),
              AllOf(HasSubstr("model: expected a table"), HasSubstr("hardware: expected a table")));
}

} // namespace
} // namespace flopcast
