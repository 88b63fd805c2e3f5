// SPDX-License-Identifier: Apache-2.0
#include "model/architecture/decoder_graph.hpp"
#include "profiler/training/gpt_step.hpp"
#include "tests/profiler/cpu_fixture.hpp"
#include "tests/support/print_quantity.hpp"

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;
using namespace units;

constexpr GptShape tiny{.layers = 2,
                        .hidden = 8,
                        .heads = 2,
                        .sequence = 6,
                        .micro_batch = 2,
                        .vocabulary = 13,
                        .tied = true};

std::int64_t graph_parameters(const GptShape &shape) {
  Decoder decoder;
  decoder.layers = shape.layers;
  decoder.hidden = shape.hidden;
  decoder.heads = decoder.kv_heads = shape.heads;
  decoder.head_dim = shape.hidden / shape.heads;
  decoder.ffn_hidden = 4 * shape.hidden;
  decoder.vocabulary = shape.vocabulary;
  decoder.context_length = shape.sequence;
  decoder.tied_embeddings = shape.tied;
  return parameter_count(
      decoder_graph(decoder, {.sequence_length = shape.sequence, .vocabulary = shape.vocabulary}));
}

// GPT-2's smallest model, 12 layers of 768 with 1,024 positions and 50,257 words, has 124,439,808.
TEST(GptShape, CountsTheParametersOfGpt2AndOfTheOperatorGraph) {
  GptShape shape{.layers = 12, .hidden = 768, .heads = 12, .sequence = 1024, .vocabulary = 50257};
  EXPECT_EQ(parameter_count(shape), 124'439'808);
  EXPECT_EQ(parameter_count(shape), graph_parameters(shape));
  shape.tied = false;
  EXPECT_EQ(parameter_count(shape), graph_parameters(shape));
  EXPECT_EQ(parameter_count(tiny), graph_parameters(tiny));
}

class CpuGpt : public OnCpu {
protected:
  static void set_batch(GptModel &model, const GptShape &shape) {
    const auto words = static_cast<std::int32_t>(shape.vocabulary);
    model.set_batch(random_indices(shape.tokens(), words, 1),
                    random_indices(shape.tokens(), words, 2));
  }

  void check_gradient(const GptShape &shape) {
    GptModel model(on(), shape, NumberFormat::fp32);
    set_batch(model, shape);
    const std::vector<bool> is_parameter = model.is_parameter();
    ASSERT_EQ(std::ranges::count(is_parameter, true), parameter_count(shape));
    // Away from the start, where most gradients are next to nothing.
    Values values = random_values(static_cast<std::int64_t>(is_parameter.size()), 3);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = is_parameter[i] ? 0.5F * values[i] : 0.0F;
    model.set_parameters(values);
    model.forward();
    model.backward();
    const Values gradients = model.gradients();

    // Losses of about 3 are known to 3e-7, their differences over 2/64 to 1e-5; the truncation is
    // the step squared, 2.4e-4, times a third derivative over 6.
    constexpr float step = 1.0F / 64;
    constexpr double tolerance = 1e-3;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!is_parameter[i]) {
        EXPECT_EQ(gradients[i], 0);
        continue;
      }
      const auto loss_at = [&](float value) {
        Values moved = values;
        moved[i] = value;
        model.set_parameters(moved);
        model.forward();
        return model.loss();
      };
      const double expected =
          (loss_at(values[i] + step) - loss_at(values[i] - step)) / (2 * static_cast<double>(step));
      EXPECT_NEAR(static_cast<double>(gradients[i]), expected, tolerance) << "element " << i;
    }
  }
};

TEST_F(CpuGpt, WholeGradientMatchesDifferences) { check_gradient(tiny); }

TEST_F(CpuGpt, WholeGradientMatchesDifferencesWithATableOfItsOwn) {
  GptShape shape = tiny;
  shape.layers = 1;
  shape.tied = false;
  check_gradient(shape);
}

// The first guess is as good as none: ln V. One batch is learnt by heart, by more than one nat.
TEST_F(CpuGpt, LossFallsOverTwentySteps) {
  const GptShape shape{
      .layers = 2, .hidden = 32, .heads = 4, .sequence = 16, .micro_batch = 2, .vocabulary = 50};
  GptModel model(on(), shape, NumberFormat::fp32);
  set_batch(model, shape);
  model.forward();
  const double first = model.loss();
  EXPECT_NEAR(first, std::log(50), 0.1);
  double last = first;
  for (int step = 1; step <= 20; ++step) {
    model.forward();
    last = model.loss();
    model.backward();
    model.update({.learning_rate = 3e-3, .step = step});
  }
  EXPECT_LT(last, first - 1);
}

TEST_F(CpuGpt, MeasuredStepAddsUp) {
  const GptShape shape{
      .layers = 2, .hidden = 64, .heads = 2, .sequence = 64, .micro_batch = 2, .vocabulary = 500};
  const MeasuredStep measured = measure_step(
      on(), shape, NumberFormat::fp32,
      {.relative_error = 0, .fewest_runs = 6, .most_runs = 12, .most_time = 30.0 * second});
  EXPECT_EQ(measured.runs, 12);
  EXPECT_GT(measured.forward, Seconds{});
  EXPECT_GT(measured.backward, Seconds{});
  EXPECT_GT(measured.optimizer, Seconds{});
  EXPECT_LT(measured.loss_after, measured.loss_before);
  EXPECT_NEAR(measured.tokens_per_second.in(token / second), 128 / measured.step.in(second), 1e-6);
  // Per layer: 12 calls forward; backward 6 linear layers of 3 and 6 others. Ends: 3 + 3 forward,
  // 5 backward; one update.
  EXPECT_EQ(measured.kernels, 2 * (12 + 24) + 6 + 5 + 1);
  // Four fp32 numbers a parameter, and each kept activation: per layer 8 streams and two four times
  // as wide; 11 streams besides, two wide gradients and the logits. The rest are statistics,
  // indices and gaps.
  const double stream = 128 * 64 * 4;
  const double expected = 16.0 * static_cast<double>(measured.parameters) +
                          (2 * (8 + 8) + 11 + 8) * stream + 128.0 * 500 * 4;
  EXPECT_NEAR(static_cast<double>(measured.allocated_bytes) / expected, 1, 0.03);
}

} // namespace
} // namespace flopcast
