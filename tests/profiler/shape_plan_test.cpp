// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/sample.hpp"
#include "model/architecture/decoder_graph.hpp"
#include "profiler/measuring/plan_shapes.hpp"
#include "profiler/measuring/prepared_operator.hpp"
#include "tests/profiler/fake_kernels.hpp"
#include "tests/support/print_quantity.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

/// A device that knows some formats and is as fast as it is told.
ShapeLimits limits_of(std::initializer_list<NumberFormat> formats, double teraflops,
                      double gigabytes) {
  FakeKernels kernels;
  kernels.formats = formats;
  ShapeLimits limits{.speed = {}, .memory_bytes = 32LL << 30, .cache_bytes = 32 << 20, .known = {}};
  for (const NumberFormat format : formats)
    limits.speed.products[static_cast<std::size_t>(format)] = teraflops * teraflop / second;
  limits.speed.memory = gigabytes * gigabyte / second;
  limits.speed.launch = 2.0 * microsecond;
  limits.speed.timing = 5.0 * microsecond;
  for (std::size_t kind = 0; kind < operator_class_count; ++kind)
    for (const Pass pass : {Pass::forward, Pass::backward})
      for (const NumberFormat format : formats)
        if (const KnownOperator known{static_cast<OperatorClass>(kind), pass, format};
            kernels.knows(known.kind, pass, format))
          limits.known.push_back(known);
  return limits;
}

// Two cores of a server processor; a current accelerator.
ShapeLimits cpu() { return limits_of({NumberFormat::fp32}, 0.25, 40); }
ShapeLimits gpu() {
  using enum NumberFormat;
  return limits_of({fp32, tf32, fp16, bf16, fp8}, 700, 4000);
}

using ClassKey = std::tuple<OperatorClass, Pass, NumberFormat>;

std::map<ClassKey, std::vector<OperatorCall>> by_class(const ShapePlan &plan) {
  std::map<ClassKey, std::vector<OperatorCall>> classes;
  for (const PlannedOperator &planned : plan.operators)
    classes[{planned.call.kind, planned.call.pass, planned.call.format}].push_back(planned.call);
  return classes;
}

bool same_call(const OperatorCall &a, const OperatorCall &b) {
  return a.kind == b.kind && a.pass == b.pass && a.format == b.format && a.shape == b.shape &&
         a.bytes == b.bytes && a.flops == b.flops && a.causal == b.causal;
}

class Quick : public testing::TestWithParam<bool> {
protected:
  [[nodiscard]] static ShapeLimits limits() { return GetParam() ? gpu() : cpu(); }
};

TEST_P(Quick, StaysWithinItsTime) {
  EXPECT_LE(quick_shapes(limits()).expected, (GetParam() ? 120.0 : 60.0) * second);
  EXPECT_LE(full_shapes(limits()).expected, 15.0 * minute);
}

// A fit needs 100 shapes of a class besides those that are held back from it (calibration_fit.cpp).
TEST_P(Quick, HasEnoughOfEachClassToFitIt) {
  for (const auto &[key, calls] : by_class(quick_shapes(limits()))) {
    const auto [kind, pass, format] = key;
    if (pass == Pass::backward &&
        (kind == OperatorClass::gemm || kind == OperatorClass::batched_gemm))
      continue; // fitted with the forward products
    const auto seen =
        std::ranges::count_if(calls, [](const OperatorCall &call) { return !is_held_back(call); });
    EXPECT_GE(seen, 100) << to_text(kind) << " " << static_cast<int>(pass) << " of "
                         << calls.size();
  }
}

TEST_P(Quick, CanAllBeRun) {
  FakeKernels kernels;
  using enum NumberFormat;
  kernels.formats = {fp32, tf32, fp16, bf16, fp8};
  const ShapePlan plan = full_shapes(limits());
  for (const PlannedOperator &planned : plan.operators) {
    EXPECT_EQ(why_not(kernels, planned.call), "");
    EXPECT_TRUE(fits_memory(limits(), planned.call));
  }
}

TEST_P(Quick, IsTheSameEveryTime) {
  const ShapePlan a = quick_shapes(limits()), b = quick_shapes(limits());
  ASSERT_EQ(a.operators.size(), b.operators.size());
  for (std::size_t i = 0; i < a.operators.size(); ++i)
    EXPECT_TRUE(same_call(a.operators[i].call, b.operators[i].call)) << i;
}

TEST_P(Quick, NamesNoOperatorTwice) {
  for (const auto &[key, calls] : by_class(quick_shapes(limits())))
    for (std::size_t i = 0; i < calls.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        EXPECT_FALSE(same_call(calls[i], calls[j])) << to_text(std::get<0>(key));
}

// The first eighth: of every class some, and as wide a range of products as the whole, but for a
// factor of 8 at each end.
TEST_P(Quick, CoversTheWholeRangeEarly) {
  ShapePlan plan = quick_shapes(limits());
  const auto range = [](const ShapePlan &of) {
    std::pair<double, double> least_most{1e30, 0};
    for (const PlannedOperator &planned : of.operators) {
      if (planned.call.kind != OperatorClass::gemm)
        continue;
      const double flops = planned.call.flops.in(flop);
      least_most = {std::min(least_most.first, flops), std::max(least_most.second, flops)};
    }
    return least_most;
  };
  const auto whole = range(plan);
  const std::size_t classes = by_class(plan).size();
  plan.operators.resize(plan.operators.size() / 8);
  const auto early = range(plan);
  EXPECT_LT(early.first, 8 * whole.first);
  EXPECT_GT(early.second, whole.second / 8);
  EXPECT_EQ(by_class(plan).size(), classes);
}

INSTANTIATE_TEST_SUITE_P(Devices, Quick, testing::Bool(),
                         [](const auto &of) { return of.param ? "Gpu" : "Cpu"; });

TEST(ShapePlan, LeavesOutWhatTheMemoryCannotHold) {
  ShapeLimits limits = gpu();
  limits.memory_bytes = 1LL << 30;
  const ShapePlan plan = full_shapes(limits);
  EXPECT_GT(plan.operators.size(), 1000U);
  // Three times the operands and two caches in half of the memory.
  for (const PlannedOperator &planned : plan.operators)
    EXPECT_LE(3 * planned.call.bytes.in(mebibyte) + 64, 512);
}

TEST(ShapePlan, MeasuresWarmOperandsInFullOnly) {
  const auto warm = [](const ShapePlan &plan) {
    return std::ranges::count(plan.operators, CacheState::warm, &PlannedOperator::cache);
  };
  EXPECT_EQ(warm(quick_shapes(cpu())), 0);
  EXPECT_GT(warm(full_shapes(cpu())), 100);
}

TEST(ShapePlan, HasConvolutionsAndVariantsInFullOnly) {
  const auto unusual = [](const ShapePlan &plan) {
    std::set<std::pair<OperatorClass, OperatorVariant>> found;
    for (const PlannedOperator &planned : plan.operators)
      if (planned.call.variant != OperatorVariant::usual ||
          planned.call.kind == OperatorClass::convolution)
        found.emplace(planned.call.kind, planned.call.variant);
    return found;
  };
  EXPECT_TRUE(unusual(quick_shapes(cpu())).empty());
  using enum OperatorVariant;
  EXPECT_EQ(unusual(full_shapes(cpu())), (std::set<std::pair<OperatorClass, OperatorVariant>>{
                                             {OperatorClass::convolution, usual},
                                             {OperatorClass::normalization, root_mean_square},
                                             {OperatorClass::elementwise, gated},
                                             {OperatorClass::elementwise, copy},
                                             {OperatorClass::elementwise, triad}}));
}

Plan gpt(std::int64_t layers) {
  Plan plan;
  Decoder &decoder = plan.model.decoder;
  decoder.layers = layers;
  decoder.hidden = 256;
  decoder.heads = decoder.kv_heads = 4;
  decoder.head_dim = 64;
  decoder.ffn_hidden = 1024;
  decoder.vocabulary = 1000;
  decoder.context_length = 128;
  plan.data.sequence_length = 128;
  plan.training.precision = NumberFormat::fp32;
  plan.training.micro_batch = 2;
  plan.training.global_batch = 2;
  return plan;
}

// Forward products of a layer: QKV 768 over 256, output 256 over 256, up 1024 over 256, down 256
// over 1024; and the logits, 1000 over 256. Backward each has two: the inputs' gradients of the
// first are 256 × 256 over 768, 256, 1024, 1000, and 256 × 1024 over 256 (like the up product, but
// backward); the weights' are over 256 tokens. With 256 tokens some coincide:
// of QKV {256,256,768} {256,768,256}, output {256,256,256} twice, up {256,256,1024} {256,1024,256},
// down {256,1024,256} {1024,256,256}, logits {256,256,1000} {256,1000,256}: 8 are distinct.
TEST(PlanShapes, AreTheDistinctOperatorsOfAStep) {
  const ShapePlan plan = plan_shapes(gpt(3), cpu());
  const auto classes = by_class(plan);
  const auto count = [&](OperatorClass kind, Pass pass) {
    const auto found = classes.find({kind, pass, NumberFormat::fp32});
    return found == classes.end() ? 0 : found->second.size();
  };
  EXPECT_EQ(count(OperatorClass::gemm, Pass::forward), 5U);
  EXPECT_EQ(count(OperatorClass::gemm, Pass::backward), 8U);
  EXPECT_EQ(count(OperatorClass::fused_attention, Pass::forward), 1U);
  EXPECT_EQ(count(OperatorClass::fused_attention, Pass::backward), 1U);
  EXPECT_EQ(count(OperatorClass::normalization, Pass::forward), 1U);
  EXPECT_EQ(count(OperatorClass::elementwise, Pass::forward), 2U); // a sum, a GELU
  EXPECT_EQ(count(OperatorClass::embedding, Pass::forward), 1U);   // both move as much
  EXPECT_EQ(count(OperatorClass::cross_entropy, Pass::forward), 1U);
  EXPECT_EQ(count(OperatorClass::cross_entropy, Pass::backward), 0U); // no kernel of its own
  EXPECT_EQ(count(OperatorClass::optimizer, Pass::forward), 1U);
}

// Layers repeat; only the optimizer's pass grows.
TEST(PlanShapes, DoNotGrowWithTheLayers) {
  EXPECT_EQ(plan_shapes(gpt(3), cpu()).operators.size(),
            plan_shapes(gpt(30), cpu()).operators.size());
}

// fp32: 2 · 8 bytes of moments, 4 of the gradient, 4 of the weight.
TEST(PlanShapes, OptimizerPassesOverEveryParameter) {
  const Plan plan = gpt(3);
  const ShapePlan shapes = plan_shapes(plan, cpu());
  const OperatorCall &call = shapes.operators.back().call;
  ASSERT_EQ(call.kind, OperatorClass::optimizer);
  const auto parameters = static_cast<double>(parameter_count(
      decoder_graph(plan.model.decoder, {.sequence_length = 128, .vocabulary = 1000})));
  EXPECT_EQ(call.bytes, 24 * parameters * byte);
}

} // namespace
} // namespace flopcast
