// SPDX-License-Identifier: Apache-2.0
#include "tests/profiler/cpu_fixture.hpp"

namespace flopcast {
namespace {

using namespace tests;

struct Inputs {
  Values queries;
  Values keys;
  Values values;
};

std::int64_t query_elements(const AttentionShape &s) {
  return s.batch * s.sequence * s.heads * s.width;
}
std::int64_t key_elements(const AttentionShape &s) {
  return s.batch * s.sequence * s.key_heads * s.width;
}

Inputs random_inputs(const AttentionShape &shape) {
  return {random_values(query_elements(shape), 1), random_values(key_elements(shape), 2),
          random_values(key_elements(shape), 3)};
}

/// softmax(queries · keysᵀ / √width) · values, score by score; log Σ e^score too.
struct Reference {
  std::vector<double> output;
  std::vector<double> statistics;
};

Reference reference(const AttentionShape &s, const Inputs &in) {
  Reference result;
  result.output.resize(in.queries.size());
  const std::int64_t group = s.heads / s.key_heads;
  const auto at = [&](const Values &values, std::int64_t heads, std::int64_t b, std::int64_t row,
                      std::int64_t head, std::int64_t i) {
    return static_cast<double>(
        values[static_cast<std::size_t>(((b * s.sequence + row) * heads + head) * s.width + i)]);
  };
  for (std::int64_t b = 0; b < s.batch; ++b)
    for (std::int64_t h = 0; h < s.heads; ++h)
      for (std::int64_t q = 0; q < s.sequence; ++q) {
        const std::int64_t seen = s.causal ? q + 1 : s.sequence;
        std::vector<double> shares;
        double sum = 0;
        for (std::int64_t k = 0; k < seen; ++k) {
          double score = 0;
          for (std::int64_t i = 0; i < s.width; ++i)
            score +=
                at(in.queries, s.heads, b, q, h, i) * at(in.keys, s.key_heads, b, k, h / group, i);
          shares.push_back(std::exp(score / std::sqrt(static_cast<double>(s.width))));
          sum += shares.back();
        }
        for (std::int64_t k = 0; k < seen; ++k)
          for (std::int64_t i = 0; i < s.width; ++i)
            result.output[static_cast<std::size_t>(((b * s.sequence + q) * s.heads + h) * s.width +
                                                   i)] +=
                shares[static_cast<std::size_t>(k)] / sum *
                at(in.values, s.key_heads, b, k, h / group, i);
        result.statistics.push_back(std::log(sum));
      }
  return result;
}

class CpuAttention : public OnCpu {
protected:
  struct Result {
    Values output;
    Values statistics;
  };
  Result forward(const AttentionShape &shape, const Inputs &in) {
    DeviceValues device(on());
    const Tensor output = device.blank(query_elements(shape));
    const Tensor statistics = device.blank(shape.batch * shape.heads * shape.sequence);
    on().attention(shape, device.put(in.queries), device.put(in.keys), device.put(in.values),
                   output, statistics);
    return {device.get(output), device.get(statistics)};
  }
};

// 300 tokens are three blocks of 128, the last not full; 2 heads of keys for 6 of queries.
TEST_F(CpuAttention, IsThatOfThePlainLoops) {
  const std::vector<AttentionShape> shapes{
      {.batch = 2, .heads = 6, .key_heads = 2, .sequence = 300, .width = 16, .causal = true},
      {.batch = 1, .heads = 3, .key_heads = 3, .sequence = 129, .width = 20, .causal = false},
      {.batch = 1, .heads = 1, .key_heads = 1, .sequence = 1, .width = 8, .causal = true}};
  for (const AttentionShape &shape : shapes) {
    const Inputs in = random_inputs(shape);
    const Result result = forward(shape, in);
    const Reference expected = reference(shape, in);
    expect_near(result.output, expected.output, 1e-5);
    expect_near(result.statistics, expected.statistics, 1e-5);
  }
}

TEST_F(CpuAttention, GivesNoWeightToScoresFarBelowTheGreatest) {
  const AttentionShape shape{.sequence = 2, .width = 1, .causal = false};
  // Scores 0 and 400 for the second query: e^-400 is nothing, and nothing overflows.
  const Result result = forward(shape, {{0, 20}, {0, 20}, {1, 3}});
  EXPECT_EQ(result.output[0], 2);
  EXPECT_EQ(result.output[1], 3);
  EXPECT_EQ(result.statistics[1], 400);
}

class CpuAttentionGradient : public CpuAttention {
protected:
  void check(const AttentionShape &shape) {
    const Inputs in = random_inputs(shape);
    const Values weights = random_values(query_elements(shape), 4);
    const Result result = forward(shape, in);
    DeviceValues device(on());
    const Tensor q = device.blank(query_elements(shape));
    const Tensor k = device.blank(key_elements(shape)), v = device.blank(key_elements(shape));
    on().attention_backward(shape, device.put(in.queries), device.put(in.keys),
                            device.put(in.values), device.put(result.output),
                            device.put(result.statistics), device.put(weights), q, k, v);
    const auto loss = [&](const Inputs &inputs) {
      return weighted_sum(weights, forward(shape, inputs).output);
    };
    expect_gradient(
        [&](const Values &x) {
          return loss({x, in.keys, in.values});
        },
        in.queries, device.get(q));
    expect_gradient(
        [&](const Values &x) {
          return loss({in.queries, x, in.values});
        },
        in.keys, device.get(k));
    expect_gradient(
        [&](const Values &x) {
          return loss({in.queries, in.keys, x});
        },
        in.values, device.get(v));
  }
};

TEST_F(CpuAttentionGradient, MatchesDifferencesWhereHeadsShareKeys) {
  check({.batch = 2, .heads = 4, .key_heads = 2, .sequence = 9, .width = 4, .causal = true});
}

TEST_F(CpuAttentionGradient, MatchesDifferencesWithoutAMask) {
  check({.batch = 1, .heads = 2, .key_heads = 2, .sequence = 7, .width = 8, .causal = false});
}

TEST_F(CpuAttentionGradient, MatchesDifferencesAcrossBlocks) {
  check({.batch = 1, .heads = 1, .key_heads = 1, .sequence = 140, .width = 2, .causal = true});
}

} // namespace
} // namespace flopcast
