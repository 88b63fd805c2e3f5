// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/prepared_operator.hpp"
#include "tests/profiler/cpu_fixture.hpp"
#include "tests/profiler/fake_kernels.hpp"

#include <gmock/gmock.h>

#include <array>
#include <set>

namespace flopcast {
namespace {

using namespace tests;
using testing::HasSubstr;

OperatorCall call_of(OperatorClass kind, Pass pass, const MatrixShape &shape, double bytes) {
  return {.kind = kind,
          .pass = pass,
          .format = NumberFormat::fp32,
          .flops = {},
          .bytes = bytes * units::byte,
          .kernels = 1,
          .shape = shape,
          .causal = false};
}

/// What one run asks of the device.
std::vector<FakeKernels::Call> one_run(FakeKernels &kernels, const OperatorCall &call) {
  OperandPool pool(kernels);
  PreparedOperator prepared(kernels, pool, call, CacheState::warm);
  kernels.calls.clear();
  prepared.run();
  return kernels.calls;
}

// A linear layer stores its weight columns × depth. With output gradient Y (5 × 7), input X (5 × 3)
// and weight W (7 × 3): the input's gradient is Y · W, 5 × 3 over 7, and the weight's Yᵀ · X,
// 7 × 3 over 5.
TEST(PreparedOperator, TwoBackwardKernelsAreBothGradientsOfALinearLayer) {
  FakeKernels kernels;
  OperatorCall call = call_of(OperatorClass::gemm, Pass::backward, {1, 5, 7, 3}, 0);
  call.kernels = 2;
  const auto calls = one_run(kernels, call);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].product.shape, (MatrixShape{1, 5, 3, 7}));
  EXPECT_FALSE(calls[0].product.transpose_left || calls[0].product.transpose_right);
  EXPECT_EQ(calls[0].tensors[0].elements, 5 * 7);
  EXPECT_EQ(calls[0].tensors[1].elements, 7 * 3);
  EXPECT_EQ(calls[1].product.shape, (MatrixShape{1, 7, 3, 5}));
  EXPECT_TRUE(calls[1].product.transpose_left && !calls[1].product.transpose_right);
  EXPECT_EQ(calls[1].tensors[0].data, calls[0].tensors[0].data);
  EXPECT_EQ(calls[1].tensors[1].elements, 5 * 3);
}

// Values of attention: result (4 × 3) = shares (4 × 6) · values (6 × 3), stored as they are
// multiplied. Shares' gradient: Y · Vᵀ, 4 × 6 over 3; values': Sᵀ · Y, 6 × 3 over 4.
TEST(PreparedOperator, TwoBackwardKernelsAreBothGradientsOfAttentionValues) {
  FakeKernels kernels;
  OperatorCall call = call_of(OperatorClass::batched_gemm, Pass::backward, {2, 4, 3, 6}, 0);
  call.kernels = 2;
  const auto calls = one_run(kernels, call);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].product.shape, (MatrixShape{2, 4, 6, 3}));
  EXPECT_TRUE(calls[0].product.transpose_right && !calls[0].product.transpose_left);
  EXPECT_EQ(calls[1].product.shape, (MatrixShape{2, 6, 3, 4}));
  EXPECT_TRUE(calls[1].product.transpose_left && !calls[1].product.transpose_right);
  EXPECT_EQ(calls[1].tensors[0].elements, 2 * 4 * 6);
}

TEST(PreparedOperator, OneBackwardKernelOverTheLongestSideIsAWeightsGradient) {
  FakeKernels kernels;
  auto calls = one_run(kernels, call_of(OperatorClass::gemm, Pass::backward, {1, 8, 8, 64}, 0));
  EXPECT_TRUE(calls.at(0).product.transpose_left);
  calls = one_run(kernels, call_of(OperatorClass::gemm, Pass::backward, {1, 64, 8, 8}, 0));
  EXPECT_FALSE(calls.at(0).product.transpose_left || calls.at(0).product.transpose_right);
}

// 12 heads of 2 sequences; keys and values a third of them: (2 + 2/3) tensors of 24 · 16 · 8.
TEST(PreparedOperator, AttentionTakesTheHeadsOfKeysFromTheBytes) {
  FakeKernels kernels;
  const double tensor = 24.0 * 16 * 8 * 4;
  OperatorCall call = call_of(OperatorClass::fused_attention, Pass::forward, {24, 16, 16, 8},
                              (2 + 2.0 / 3) * tensor);
  call.causal = true;
  auto shape = one_run(kernels, call).at(0).attention;
  EXPECT_EQ(shape.batch * shape.heads, 24);
  EXPECT_EQ(shape.key_heads * 3, shape.heads);
  EXPECT_EQ(shape.sequence, 16);
  EXPECT_TRUE(shape.causal);
  call.pass = Pass::backward; // every tensor with its gradient
  call.bytes *= 2.0;
  shape = one_run(kernels, call).at(0).attention;
  EXPECT_EQ(shape.key_heads * 3, shape.heads);
}

TEST(PreparedOperator, ElementwiseIsASumOrAnActivationByItsTensors) {
  FakeKernels kernels;
  const MatrixShape shape{1, 8, 64, 1};
  const double tensor = 8 * 64 * 4;
  const auto name = [&](Pass pass, double tensors) {
    return one_run(kernels, call_of(OperatorClass::elementwise, pass, shape, tensors * tensor))
        .at(0)
        .name;
  };
  EXPECT_EQ(name(Pass::forward, 2), "gelu");
  EXPECT_EQ(name(Pass::forward, 3), "add");
  EXPECT_EQ(name(Pass::backward, 4), "gelu_backward");
  EXPECT_EQ(name(Pass::backward, 6), "add");
}

// ZeRO, section 3.1, with the gradient and the weight read or written once: 24 + 4 + 2 bytes.
TEST(PreparedOperator, VariantsSayWhichOperatorOfTheirClass) {
  FakeKernels kernels;
  const auto name = [&](OperatorClass kind, Pass pass, OperatorVariant variant) {
    OperatorCall call = call_of(kind, pass, {1, 8, 16, 1}, 3.0 * 8 * 16 * 4);
    call.variant = variant;
    return one_run(kernels, call).at(0).name;
  };
  using enum OperatorVariant;
  EXPECT_EQ(name(OperatorClass::normalization, Pass::forward, usual), "layer_norm");
  EXPECT_EQ(name(OperatorClass::normalization, Pass::forward, root_mean_square), "rms_norm");
  EXPECT_EQ(name(OperatorClass::normalization, Pass::backward, root_mean_square),
            "rms_norm_backward");
  EXPECT_EQ(name(OperatorClass::elementwise, Pass::forward, gated), "swiglu");
  EXPECT_EQ(name(OperatorClass::elementwise, Pass::backward, gated), "swiglu_backward");
  EXPECT_EQ(name(OperatorClass::elementwise, Pass::forward, copy), "copy");
  EXPECT_EQ(name(OperatorClass::elementwise, Pass::forward, triad), "triad");
  // A norm is no copy, and a copy has no gradient.
  EXPECT_THROW(name(OperatorClass::normalization, Pass::forward, copy), MeasurementError);
  EXPECT_THROW(name(OperatorClass::elementwise, Pass::backward, copy), MeasurementError);
}

// 6,272 rows over 9 × 64 inputs: two images of 56 × 56, as 56 is the largest side up to 64 whose
// square, 3,136, divides the rows; filters of 3 × 3 on 64 channels.
TEST(PreparedOperator, ConvolutionsAreOfSquareImages) {
  const MatrixShape shape{1, 6272, 128, 576};
  const ConvolutionShape expected{
      .batch = 2, .height = 56, .width = 56, .in_channels = 64, .out_channels = 128, .kernel = 3};
  EXPECT_EQ(measured_convolution(shape), expected);
  EXPECT_EQ(measured_convolution({1, 6272, 128, 64}).kernel, 1);
  FakeKernels kernels;
  const auto forward =
      one_run(kernels, call_of(OperatorClass::convolution, Pass::forward, shape, 1));
  ASSERT_EQ(forward.size(), 1U);
  EXPECT_EQ(forward[0].convolution, expected);
  EXPECT_EQ(forward[0].tensors[0].elements, 2 * 56 * 56 * 64);
  EXPECT_EQ(forward[0].tensors[1].elements, 128 * 9 * 64);
  EXPECT_EQ(forward[0].tensors[2].elements, 2 * 56 * 56 * 128);
  const auto backward =
      one_run(kernels, call_of(OperatorClass::convolution, Pass::backward, shape, 1));
  ASSERT_EQ(backward.size(), 2U);
  EXPECT_EQ(backward[0].name, "convolution_data_gradient");
  EXPECT_EQ(backward[1].name, "convolution_weight_gradient");
}

TEST(PreparedOperator, OptimizersTensorsFollowFromTheBytesOfAParameter) {
  FakeKernels kernels;
  auto adam =
      one_run(kernels, call_of(OperatorClass::optimizer, Pass::forward, {1, 1000, 1, 1}, 30'000));
  EXPECT_EQ(adam.at(0).tensors[0].format, NumberFormat::fp32);
  EXPECT_EQ(adam.at(0).tensors[4].format, NumberFormat::bf16);
  EXPECT_EQ(adam.at(0).tensors[4].elements, 1000);
  adam =
      one_run(kernels, call_of(OperatorClass::optimizer, Pass::forward, {1, 1000, 1, 1}, 24'000));
  EXPECT_EQ(adam.at(0).tensors[4].data, adam.at(0).tensors[1].data); // the master itself
  // A training step's call has no shape.
  adam = one_run(kernels, call_of(OperatorClass::optimizer, Pass::forward, {}, 60'000));
  EXPECT_EQ(adam.at(0).tensors[1].elements, 2000);
  kernels.formats = {NumberFormat::fp32};
  adam = one_run(kernels, call_of(OperatorClass::optimizer, Pass::forward, {}, 48'000));
  EXPECT_EQ(adam.at(0).tensors[1].elements, 2000);
}

// A set of 96 KiB against a cache of 1 MiB: 22 sets make two caches, and one more.
TEST(PreparedOperator, ColdRunsComeBackToASetAfterTwoCaches) {
  FakeKernels kernels;
  OperandPool pool(kernels);
  PreparedOperator prepared(
      kernels, pool,
      call_of(OperatorClass::elementwise, Pass::forward, {1, 128, 64, 1}, 3 * 4 * 128 * 64),
      CacheState::cold);
  EXPECT_EQ(prepared.bytes(), 3 * 4 * 128 * 64);
  EXPECT_EQ(prepared.sets(), 23);
  kernels.calls.clear();
  std::set<void *> seen;
  for (int run = 0; run < 23; ++run) {
    prepared.run();
    for (const Tensor &tensor : kernels.calls.back().tensors)
      EXPECT_TRUE(seen.insert(tensor.data).second) << "run " << run;
  }
  prepared.run();
  EXPECT_EQ(kernels.calls.back().tensors[0].data, kernels.calls.front().tensors[0].data);
}

TEST(PreparedOperator, WarmRunsReuseTheirOperands) {
  FakeKernels kernels;
  OperandPool pool(kernels);
  PreparedOperator prepared(
      kernels, pool,
      call_of(OperatorClass::elementwise, Pass::forward, {1, 128, 64, 1}, 3 * 4 * 128 * 64),
      CacheState::warm);
  kernels.calls.clear();
  prepared.run();
  prepared.run();
  EXPECT_EQ(kernels.calls[0].tensors[0].data, kernels.calls[1].tensors[0].data);
}

TEST(PreparedOperator, SaysWhyItCannotBeMeasured) {
  FakeKernels kernels;
  OperandPool pool(kernels);
  const auto reason = [&](const OperatorCall &call) -> std::string {
    try {
      const PreparedOperator prepared(kernels, pool, call, CacheState::warm);
    } catch (const MeasurementError &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(reason(call_of(OperatorClass::grouped_gemm, Pass::forward, {1, 8, 8, 8}, 1)),
              HasSubstr("grouped_gemm: the device has no kernel"));
  EXPECT_THAT(reason(call_of(OperatorClass::fused_attention, Pass::forward, {8, 8, 16, 8}, 1)),
              HasSubstr("as many queries as keys"));
  EXPECT_THAT(reason(call_of(OperatorClass::softmax, Pass::forward, {}, 1)), HasSubstr("no size"));
  kernels.most_bytes = 1 << 20;
  EXPECT_THAT(reason(call_of(OperatorClass::softmax, Pass::forward, {1, 1024, 1024, 1}, 1)),
              HasSubstr("out of memory"));
  EXPECT_EQ(kernels.allocated, pool.bytes());
}

class CpuPrepared : public OnCpu {};

// So does every variant.
TEST_F(CpuPrepared, RunsEveryVariant) {
  struct Variant {
    OperatorClass kind;
    Pass pass;
    OperatorVariant variant;
  };
  using enum OperatorVariant;
  for (const Variant &of : {Variant{OperatorClass::normalization, Pass::forward, root_mean_square},
                            {OperatorClass::normalization, Pass::backward, root_mean_square},
                            {OperatorClass::elementwise, Pass::forward, gated},
                            {OperatorClass::elementwise, Pass::backward, gated},
                            {OperatorClass::elementwise, Pass::forward, copy},
                            {OperatorClass::elementwise, Pass::forward, triad}})
    for (const CacheState cache : {CacheState::cold, CacheState::warm}) {
      OperatorCall call = call_of(of.kind, of.pass, {1, 33, 70, 1}, 55'440);
      call.variant = of.variant;
      OperandPool pool(on());
      PreparedOperator prepared(on(), pool, call, cache);
      EXPECT_EQ(on().time([&] { prepared.run(); }).kernels, 1) << to_text(of.variant);
    }
}

// Every class and pass runs for real, cold and warm: no operand is too short (under the address
// sanitizer), none of another format.
TEST_F(CpuPrepared, RunsEveryOperatorThatItKnows) {
  constexpr std::array shapes{MatrixShape{6, 40, 40, 8}, MatrixShape{1, 33, 70, 1}};
  constexpr MatrixShape convolution{1, 72, 8, 18}; // two images of 6 × 6, filters of 3 × 3 on 2
  for (std::size_t kind = 0; kind < operator_class_count; ++kind)
    for (const Pass pass : {Pass::forward, Pass::backward})
      for (const std::int64_t kernels : {1, 2})
        for (const CacheState cache : {CacheState::cold, CacheState::warm}) {
          const auto of = static_cast<OperatorClass>(kind);
          if (!on().knows(of, pass, NumberFormat::fp32))
            continue;
          const bool convolves = of == OperatorClass::convolution;
          OperatorCall call =
              call_of(of, pass,
                      convolves ? convolution : shapes.at(multiplies_matrices(of) ? 0 : 1), 55'440);
          call.kernels = kernels;
          OperandPool pool(on());
          PreparedOperator prepared(on(), pool, call, cache);
          const RunTimes times = on().time([&] {
            prepared.run();
            prepared.run();
          });
          const bool both =
              pass == Pass::backward &&
              (convolves ||
               (kernels == 2 && (of == OperatorClass::gemm || of == OperatorClass::batched_gemm)));
          EXPECT_EQ(times.kernels, both ? 4 : 2) << to_text(of);
        }
}

} // namespace
} // namespace flopcast
