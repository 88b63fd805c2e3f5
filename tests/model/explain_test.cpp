// SPDX-License-Identifier: Apache-2.0
// Every number can be traced: formulas give their values back, and every leaf names its source.
#include "model/planning/explain.hpp"
#include "tests/model/examples.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;

struct Explained {
  PlannedRun run;
  Estimate result;

  explicit Explained(PlannedRun planned) : run(std::move(planned)), result(estimate_of(run)) {}

  [[nodiscard]] Explanation operator()(std::string_view key) const {
    const NamedQuantity *quantity = find_quantity(key);
    EXPECT_NE(quantity, nullptr) << key;
    return explain({run, result}, *quantity);
  }
};

/// Rounding of sums in another order; a cost of millions keeps its cents.
constexpr double rounding = 1e-9;

void expect_traceable(const Explanation &explanation, const std::string &path) {
  const std::string here = path + " > " + explanation.label;
  EXPECT_FALSE(explanation.label.empty()) << path;
  EXPECT_FALSE(explanation.text.empty()) << here;
  EXPECT_FALSE(explanation.source.empty()) << here;
  EXPECT_EQ(explanation.inputs.empty(), explanation.formula.empty()) << here;
  if (explanation.evaluate) {
    std::vector<double> values(explanation.inputs.size());
    std::ranges::transform(explanation.inputs, values.begin(),
                           [](const Explanation &input) { return input.value.value; });
    const double expected = explanation.value.value;
    EXPECT_NEAR(explanation.evaluate(values), expected, rounding * std::abs(expected)) << here;
  }
  for (const Explanation &input : explanation.inputs)
    expect_traceable(input, here);
}

void expect_all_traceable(const Explained &explained, const std::string &name) {
  for (const NamedQuantity &quantity : named_quantities())
    expect_traceable(explained(quantity.key), name);
}

class ShippedPlan : public testing::TestWithParam<std::string> {};

TEST_P(ShippedPlan, CanBeTracedToItsSources) {
  expect_all_traceable(Explained(shipped_plan(GetParam())), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Plans, ShippedPlan, testing::ValuesIn(presets().ids("plans")),
                         [](const auto &plan) {
                           std::string name = plan.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(Explain, TracesOwnHardwareCheckpointsAndLinesOfTheBudget) {
  const PlannedRun run = shipped_plan(
      "gpt3-175b-a100",
      {"price.purchase=20000 USD/GPU", "price.lifetime=1460 d", "price.storage=0.0001 USD/(GB*h)",
       "energy.electricity=0.08 USD/kWh", "run.checkpoint_interval=2 h",
       "run.checkpoint_bandwidth=20 GB/s", "cost.staff.amount=500000 USD"});
  const Explained explained(run);
  expect_all_traceable(explained, "own hardware");
  const Explanation price = explained("cost.gpu_hour_usd");
  ASSERT_TRUE(price.evaluate);
  EXPECT_EQ(price.inputs.size(), 2U);
}

TEST(Explain, RepeatsTheArithmeticOfEveryLineOfAcceleratorTime) {
  // Productive, paused and lost time are priced apart: each from GPU time of its own.
  const Explained explained(shipped_plan(
      "gpt3-175b-a100", {"run.checkpoint_interval=2 h", "run.checkpoint_bandwidth=20 GB/s"}));
  const Explanation cost = explained("cost.total_usd");
  ASSERT_EQ(cost.inputs.size(), 3U);
  for (const Explanation &line : cost.inputs)
    EXPECT_TRUE(line.evaluate) << line.label; // and so checked by the tests above
  expect_traceable(cost, "cost");
}

TEST(Explain, MostNumbersCanBeEvaluated) {
  // Folds over the operator graph cannot, nor leaves; everything that is plain arithmetic can.
  const Explained explained(shipped_plan("gpt3-175b-a100"));
  for (const std::string_view key :
       {"flops.model_total", "flops.six_nd", "memory.per_gpu.total_bytes", "time.step_s",
        "time.micro_batches", "time.steps", "time.training_s", "time.total_s", "time.gpu_hours",
        "time.goodput", "throughput.mfu", "throughput.hfu", "cost.total_usd",
        "cost.checkpoint_bytes", "energy.total_joule", "carbon.total_kg"})
    EXPECT_TRUE(explained(key).evaluate) << key;
}

TEST(Explain, OfAPlanThatCannotRunSaysSo) {
  PlannedRun run = shipped_plan("gpt3-175b-a100");
  run.plan.parallelism.pipeline_parallel = 7;
  const Explanation step = Explained(run)("time.step_s");
  EXPECT_EQ(step.text, "–");
  EXPECT_THAT(step.source, HasSubstr("cannot run"));
  EXPECT_TRUE(step.inputs.empty());
}

const Explanation *find_input(const Explanation &explanation, std::string_view label) {
  if (explanation.label == label)
    return &explanation;
  for (const Explanation &input : explanation.inputs)
    if (const Explanation *found = find_input(input, label))
      return found;
  return nullptr;
}

constexpr std::string_view small_plan = R"(
[model]
preset = "gpt2-124m"
[data]
tokens = "1e9 token"
[hardware]
gpu = "h100"
count = 16
[parallelism]
tensor_parallel = 2
)";

TEST(Explain, TellsGivenFromDefaultAndFact) {
  const Explained explained(read_text(small_plan));
  EXPECT_EQ(explained("data.tokens").origin, Origin::given);
  EXPECT_EQ(explained("memory.per_gpu.reserve_bytes").origin, Origin::defaulted);
  EXPECT_EQ(explained("memory.per_gpu.capacity_bytes").origin, Origin::fact);
  EXPECT_EQ(explained("time.step_s").origin, Origin::computed);
  const Explanation total = explained("time.total_s");
  const Explanation *goodput = find_input(total, "goodput");
  ASSERT_NE(goodput, nullptr);
  EXPECT_EQ(goodput->origin, Origin::defaulted);
}

TEST(Explain, DoesNotCallAnOverriddenFactTheDatasheets) {
  const Explained explained(read_text(small_plan, {"hardware.memory_capacity=40 GB",
                                                   "hardware.scale_up_bandwidth=100 GB/s",
                                                   "hardware.scale_out_bandwidth=10 GB/s"}));
  const Explanation capacity = explained("memory.per_gpu.capacity_bytes");
  EXPECT_EQ(capacity.origin, Origin::given);
  EXPECT_THAT(capacity.source, HasSubstr("hardware.memory_capacity"));
  const Explanation tensor = explained("time.breakdown.tensor_parallel_s");
  EXPECT_EQ(find_input(tensor, "bandwidth inside the domain")->origin, Origin::given);
  const Explanation data = explained("time.breakdown.data_parallel_s");
  EXPECT_EQ(find_input(data, "network bandwidth per GPU")->origin, Origin::given);
}

TEST(Explain, DoesNotCallAnAssumedNetworkAFact) {
  // No network between TPU v4 pods is known: the reader assumes one and says so.
  const Explained explained(shipped_plan("palm-540b-tpu-v4"));
  const Explanation data = explained("time.breakdown.data_parallel_s");
  const Explanation *network = find_input(data, "network bandwidth per GPU");
  ASSERT_NE(network, nullptr);
  EXPECT_EQ(network->origin, Origin::assumed);
  EXPECT_THAT(network->source, HasSubstr("not known"));
}

TEST(Explain, DoesNotCallAnUnknownNodeAFact) {
  // No preset describes a node of L4s.
  const Explained explained(read_text(small_plan, {"hardware.gpu=l4"}));
  const Explanation tensor = explained("time.breakdown.tensor_parallel_s");
  const Explanation *links = find_input(tensor, "bandwidth inside the domain");
  ASSERT_NE(links, nullptr);
  EXPECT_EQ(links->origin, Origin::defaulted);
  EXPECT_THAT(links->source, HasSubstr("no node preset"));
}

constexpr std::string_view wide_plan = R"(
[model]
preset = "llama3.1-8b"
[hardware]
node = "dgx-h100"
count = 1024
[parallelism]
tensor_parallel = 4
pipeline_parallel = 4
context_parallel = 2
)";

TEST(Explain, TracesLinksOverEveryKindOfFabric) {
  for (const std::string fabric : {"ethernet-2-8to1", "rail-2-ndr400", "fat-tree-3-ndr400"})
    expect_all_traceable(Explained(read_text(wide_plan, {"hardware.fabric=" + fabric})), fabric);
  // Several domains in a pod's leaf, and several leaves in a domain.
  expect_all_traceable(
      Explained(read_text(wide_plan,
                          {"hardware.node=gb200-nvl72", "hardware.count=1152",
                           "hardware.fabric.preset=nvl72-2-xdr800", "hardware.fabric.leaf.gpus=36",
                           "parallelism.pipeline_parallel=1"})),
      "racks of two leaves");
  expect_all_traceable(
      Explained(read_text(wide_plan, {"hardware.node=tpu-v4-host", "hardware.fabric=tpu-v4-4096"})),
      "torus");
}

TEST(Explain, NamesThePathAndItsNarrowestLink) {
  const Explained explained(read_text(wide_plan, {"hardware.fabric=ethernet-2-8to1"}));
  const Explanation data = explained("time.breakdown.data_parallel_s");
  const Explanation *path = find_input(data, "path between the farthest neighbours");
  ASSERT_NE(path, nullptr);
  EXPECT_EQ(path->value.value, 4); // GPU, leaf, spine, leaf, GPU
  EXPECT_THAT(path->text, HasSubstr("narrowest: leaf uplinks"));
  // A leaf of 56 GPUs has 2,800 / 8 = 350 GB/s up. Stages are 256 GPUs wide, so each group of 64
  // ranks and stride 4 lies in one; 4 such groups reach out of a leaf.
  const Explanation *uplinks = find_input(data, "leaf uplinks");
  ASSERT_NE(uplinks, nullptr);
  EXPECT_DOUBLE_EQ(uplinks->inputs[0].value.value, 350e9);
  EXPECT_GE(uplinks->inputs[1].value.value, 4);
  EXPECT_DOUBLE_EQ(uplinks->value.value, 350e9 / uplinks->inputs[1].value.value);
  // Stages meet only over the network.
  const Explanation stages = explained("time.breakdown.pipeline_s");
  EXPECT_EQ(find_input(stages, "bandwidth inside the domain"), nullptr);
  EXPECT_NE(find_input(stages, "leaf uplinks"), nullptr);
}

TEST(Explain, ShowsTheLinksThatTheEstimateUses) {
  // H100s in their own node have fitted links, and it is their efficiency that counts, not the
  // share that stands for links which nobody measured.
  const PlannedRun run = read_text(wide_plan);
  ASSERT_TRUE(run.cluster.calibration.scale_up_links);
  const Explanation tensor = Explained(run)("time.breakdown.tensor_parallel_s");
  const Explanation *fitted = find_input(tensor, "efficiency inside the domain");
  ASSERT_NE(fitted, nullptr);
  // Sequence parallelism gathers and scatters.
  EXPECT_EQ(fitted->value.value,
            run.cluster.calibration.scale_up_links->of(Collective::all_gather).efficiency);
  EXPECT_THAT(fitted->text, HasSubstr("fitted"));
  EXPECT_EQ(find_input(tensor, "network bandwidth per GPU"), nullptr); // it stays inside
  // Without fitted links the stated share does.
  const PlannedRun cards =
      read_text(small_plan, {"hardware.node=gcp-a2-highgpu-8g", "hardware.gpu=a100-sxm4-40gb",
                             "hardware.calibration=default"});
  const Explanation shared = Explained(cards)("time.breakdown.tensor_parallel_s");
  EXPECT_EQ(find_input(shared, "efficiency inside the domain")->value.value,
            cards.cluster.calibration.scale_up_efficiency);
}

TEST(Explain, SaysThatOneRankHasNoLinks) {
  const Explanation tensor = Explained(read_text(wide_plan, {"parallelism.tensor_parallel=1"}))(
      "time.breakdown.tensor_parallel_s");
  EXPECT_THAT(find_input(tensor, "links of tensor parallelism")->text, HasSubstr("one rank"));
}

TEST(Explain, DoesNotCallAChangedFabricThePresets) {
  const auto origin = [](const std::vector<std::string> &fabric) {
    const Explanation data =
        Explained(read_text(wide_plan, fabric))("time.breakdown.data_parallel_s");
    return find_input(data, "a leaf's port")->origin;
  };
  EXPECT_EQ(origin({"hardware.fabric=rail-2-ndr400"}), Origin::fact);
  EXPECT_EQ(
      origin({"hardware.fabric.preset=rail-2-ndr400", "hardware.fabric.leaf.oversubscription=2"}),
      Origin::given);
}

TEST(Explain, DoesNotCallAChangedModelThePresets) {
  const Explained explained(read_text(small_plan, {"model.layers=24"}));
  const Explanation parameters = explained("parameters.total");
  EXPECT_EQ(find_input(parameters, "layers")->origin, Origin::given);
  EXPECT_EQ(find_input(parameters, "layers")->source, "plan: model.layers");
  EXPECT_EQ(find_input(parameters, "hidden")->origin, Origin::fact);
}

TEST(Explain, SaysThatALayoutWasFound) {
  const Explained explained(shipped_plan("llama3-70b-h100"));
  const Explanation memory = explained("memory.per_gpu.activations_bytes");
  for (const std::string_view label : {"micro-batch (sequences)", "recompute", "tensor parallel"}) {
    const Explanation *input = find_input(memory, label);
    ASSERT_NE(input, nullptr) << label;
    EXPECT_EQ(input->origin, Origin::defaulted) << label;
    EXPECT_THAT(input->source, HasSubstr("layout")) << label;
  }
}

} // namespace
} // namespace flopcast
