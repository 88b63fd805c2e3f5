// SPDX-License-Identifier: Apache-2.0
// Every operator of the CUDA back end against the CPU back end, which has tests of its own. Each
// case also runs on the CPU alone, so that a machine without a GPU shows that the cases are sound.
#include "profiler/cpu/cpu_kernels.hpp"
#include "profiler/cuda/host_conversion.hpp"
#include "profiler/cuda_kernels.hpp"
#include "tests/profiler/kernel_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>

namespace flopcast::tests {
namespace {

struct Operand {
  Values values;
  bool statistics = false; ///< fp32 whatever the format
};

struct Case {
  std::string name;
  std::vector<Operand> operands;
  std::vector<std::int32_t> indices;
  std::function<void(Kernels &, const std::vector<Tensor> &, const void *)> run;
};

void PrintTo(const Case &operation, std::ostream *stream) { *stream << operation.name; }

Operand random(std::int64_t count, unsigned seed) { return {random_values(count, seed)}; }
Operand zeros(std::int64_t count) { return {Values(static_cast<std::size_t>(count))}; }
Operand statistics(std::int64_t count) { return {zeros(count).values, true}; }
Operand positive(std::int64_t count, unsigned seed) {
  Operand operand{random_values(count, seed), true};
  for (float &value : operand.values)
    value = value * value;
  return operand;
}

/// All operands after the case has run, as fp32.
std::vector<Values> results(Kernels &on, const Case &one, NumberFormat stored) {
  std::vector<std::shared_ptr<void>> memory;
  std::vector<Tensor> tensors;
  for (const Operand &operand : one.operands) {
    const NumberFormat format = operand.statistics ? NumberFormat::fp32 : stored;
    memory.push_back(on.allocate(operand.values.size() * sizeof(float)));
    tensors.push_back(
        {memory.back().get(), format, static_cast<std::int64_t>(operand.values.size())});
    on.upload(operand.values, tensors.back());
  }
  memory.push_back(
      on.allocate(std::max<std::size_t>(1, one.indices.size()) * sizeof(std::int32_t)));
  if (!one.indices.empty())
    on.upload_indices(one.indices, memory.back().get());
  one.run(on, tensors, memory.back().get());
  on.finish();
  std::vector<Values> after;
  for (const Tensor &tensor : tensors) {
    after.emplace_back(static_cast<std::size_t>(tensor.elements));
    on.download(tensor, after.back());
  }
  return after;
}

std::vector<Case> products() {
  std::vector<Case> cases;
  constexpr MatrixShape shape{3, 40, 24, 56};
  for (const bool left : {false, true})
    for (const bool right : {false, true})
      for (const bool accumulate : {false, true})
        cases.push_back(
            {"product" + std::to_string(left) + std::to_string(right) + std::to_string(accumulate),
             {random(3 * 40 * 56, 1), random(3 * 56 * 24, 2), random(3 * 40 * 24, 3)},
             {},
             [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
               on.product({.shape = shape,
                           .transpose_left = left,
                           .transpose_right = right,
                           .accumulate = accumulate},
                          t[0], t[1], t[2], {}, {});
             }});
  for (const Epilogue epilogue : {Epilogue::bias, Epilogue::bias_gelu})
    cases.push_back(
        {epilogue == Epilogue::bias ? "bias" : "bias_gelu",
         {random(64 * 32, 1), random(48 * 32, 2), zeros(64 * 48), random(48, 3), zeros(64 * 48)},
         {},
         [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
           const bool gelu = epilogue == Epilogue::bias_gelu;
           on.product({.shape = {1, 64, 48, 32}, .transpose_right = true, .epilogue = epilogue},
                      t[0], t[1], t[2], t[3], gelu ? t[4] : Tensor{});
         }});
  cases.push_back({"bias_gradient",
                   {random(300 * 40, 1), random(40, 2)},
                   {},
                   [](Kernels &on, const std::vector<Tensor> &t, const void *) {
                     on.bias_gradient(300, 40, t[0], t[1]);
                   }});
  return cases;
}

/// Rows of a width that is no multiple of 16 bytes, that fits one pack a thread, four, and more.
std::vector<Case> rows() {
  std::vector<Case> cases;
  for (const std::int64_t c : {37, 256, 5120, 40000}) {
    constexpr std::int64_t r = 5;
    const auto name = [&](const char *what) { return what + std::to_string(c); };
    cases.push_back({name("softmax"),
                     {random(r * c, 1), zeros(r * c), random(r * c, 2), zeros(r * c)},
                     {},
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                       on.softmax(r, c, t[0], t[1]);
                       on.softmax_backward(r, c, t[1], t[2], t[3]);
                     }});
    cases.push_back({name("layer_norm"),
                     {random(r * c, 1), random(c, 2), random(c, 3), zeros(r * c), statistics(2 * r),
                      random(r * c, 4), zeros(r * c), random(c, 5), random(c, 6)},
                     {},
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                       on.layer_norm(r, c, t[0], t[1], t[2], t[3], t[4]);
                       on.layer_norm_backward(r, c, t[0], t[1], t[4], t[5], t[6], t[7], t[8]);
                     }});
    cases.push_back({name("rms_norm"),
                     {random(r * c, 1), random(c, 2), zeros(r * c), statistics(r), random(r * c, 3),
                      zeros(r * c), random(c, 4)},
                     {},
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                       on.rms_norm(r, c, t[0], t[1], t[2], t[3]);
                       on.rms_norm_backward(r, c, t[0], t[1], t[3], t[4], t[5], t[6]);
                     }});
    const auto target = static_cast<std::int32_t>(c - 1);
    cases.push_back({name("cross_entropy"),
                     {random(r * c, 1), statistics(r)},
                     {0, 3, 7, 30, target},
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *indices) {
                       on.cross_entropy(r, c, indices, t[0], t[1]);
                     }});
  }
  return cases;
}

std::vector<Case> elements() {
  constexpr std::int64_t n = 10'007; // odd: a tail is left after whole packs
  std::vector<Case> cases{
      {"copy",
       {random(n, 1), zeros(n)},
       {},
       [](Kernels &on, const std::vector<Tensor> &t, const void *) { on.copy(t[0], t[1]); }},
      {"triad",
       {random(n, 1), random(n, 2), zeros(n)},
       {},
       [](Kernels &on, const std::vector<Tensor> &t, const void *) {
         on.triad(t[0], t[1], 0.5, t[2]);
       }},
      {"add",
       {random(n, 1), random(n, 2), zeros(n)},
       {},
       [](Kernels &on, const std::vector<Tensor> &t, const void *) { on.add(t[0], t[1], t[2]); }},
      {"gelu",
       {random(n, 1), random(n, 2), zeros(n), zeros(n)},
       {},
       [](Kernels &on, const std::vector<Tensor> &t, const void *) {
         on.gelu(t[0], t[2]);
         on.gelu_backward(t[0], t[1], t[3]);
       }}};
  for (const std::int64_t c : {30, 64})
    cases.push_back({"swiglu" + std::to_string(c),
                     {random(7 * 2 * c, 1), zeros(7 * c), random(7 * c, 2), zeros(7 * 2 * c)},
                     {},
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                       on.swiglu(7, c, t[0], t[1]);
                       on.swiglu_backward(7, c, t[0], t[2], t[3]);
                     }});
  for (const std::int64_t width : {20, 64})
    for (const bool backward : {false, true})
      cases.push_back({"rotary" + std::to_string(width) + (backward ? "_back" : ""),
                       {random(2 * 9 * 6 * width, 1)},
                       {},
                       [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                         on.rotary(2, 9, 6, width, backward, t[0]);
                       }});
  for (const std::int64_t c : {30, 64})
    cases.push_back({"embedding" + std::to_string(c),
                     {random(50 * c, 1), zeros(40 * c), random(40 * c, 2), random(50 * c, 3)},
                     random_indices(40, 50, 4),
                     [=](Kernels &on, const std::vector<Tensor> &t, const void *tokens) {
                       on.embedding(40, c, tokens, t[0], t[1]);
                       on.embedding_backward(40, c, tokens, t[2], t[3]);
                     }});
  cases.push_back({"adam",
                   {random(n, 1),
                    {random_values(n, 2), true},
                    {random_values(n, 3), true},
                    positive(n, 4),
                    zeros(n)},
                   {},
                   [](Kernels &on, const std::vector<Tensor> &t, const void *) {
                     on.adam({.weight_decay = 0.1, .step = 3}, t[0], t[1], t[2], t[3], t[4]);
                   }});
  return cases;
}

std::vector<Case> attentions() {
  std::vector<Case> cases;
  for (const std::int64_t key_heads : {4, 2})
    for (const bool causal : {true, false}) {
      const AttentionShape shape{2, 4, key_heads, 128, 64, causal};
      const std::int64_t q = 2 * 128 * 4 * 64, k = 2 * 128 * key_heads * 64;
      cases.push_back({"attention" + std::to_string(key_heads) + (causal ? "_causal" : ""),
                       {random(q, 1), random(k, 2), random(k, 3), zeros(q), statistics(2 * 4 * 128),
                        random(q, 4), zeros(q), zeros(k), zeros(k)},
                       {},
                       [=](Kernels &on, const std::vector<Tensor> &t, const void *) {
                         on.attention(shape, t[0], t[1], t[2], t[3], t[4]);
                         on.attention_backward(shape, t[0], t[1], t[2], t[3], t[4], t[5], t[6],
                                               t[7], t[8]);
                       }});
    }
  return cases;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = products();
  for (const auto &more : {rows(), elements(), attentions()})
    cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

std::string case_name(const testing::TestParamInfo<Case> &info) { return info.param.name; }

class OnBoth : public testing::TestWithParam<Case> {
protected:
  void SetUp() override {
    if (!has_cpu_kernels())
      GTEST_SKIP() << "built without the CPU back end";
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "libgomp's barriers are unknown to the thread sanitizer";
#endif
    cpu_ = make_cpu_kernels(1);
  }
  std::unique_ptr<Kernels> cpu_;
};

TEST_P(OnBoth, CpuYieldsFiniteValues) {
  for (const Values &values : results(*cpu_, GetParam(), NumberFormat::fp32))
    EXPECT_TRUE(std::ranges::all_of(values, [](float x) { return std::isfinite(x); }));
}

TEST_P(OnBoth, GpuYieldsWhatTheCpuDoes) {
  std::unique_ptr<Kernels> gpu;
  try {
    gpu = make_cuda_kernels(0);
  } catch (const MeasurementError &error) {
    GTEST_SKIP() << error.what();
  }
  for (const NumberFormat format : {NumberFormat::fp32, NumberFormat::fp16, NumberFormat::bf16}) {
    Case one = GetParam();
    for (Operand &operand : one.operands)
      if (!operand.statistics)
        cuda::decode(format, cuda::encoded(format, operand.values), operand.values);
    const std::vector<Values> expected = results(*cpu_, one, NumberFormat::fp32);
    const std::vector<Values> found = results(*gpu, one, format);
    // Of the largest value of a tensor: sums of thousands of terms in another order in fp32, and
    // results and intermediates of 11 or 8 bits.
    const double share = format == NumberFormat::fp32   ? 2e-5
                         : format == NumberFormat::fp16 ? 4e-3
                                                        : 3e-2;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const float largest = std::ranges::max(expected[i], {}, [](float x) { return std::abs(x); });
      const double tolerance = share * std::max(1e-6, static_cast<double>(std::abs(largest)));
      for (std::size_t j = 0; j < expected[i].size(); ++j)
        ASSERT_NEAR(static_cast<double>(found[i][j]), static_cast<double>(expected[i][j]),
                    tolerance)
            << to_text(format) << ", operand " << i << ", element " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, OnBoth, testing::ValuesIn(all_cases()), case_name);

} // namespace
} // namespace flopcast::tests
