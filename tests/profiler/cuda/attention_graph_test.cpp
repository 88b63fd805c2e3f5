// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/attention_graph.hpp"

#include "tests/profiler/cuda/described_gpu.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace flopcast::cuda {
namespace {

class AttentionGraphs : public testing::Test {
protected:
  void SetUp() override {
    try {
      library_.emplace();
    } catch (const MeasurementError &error) {
      GTEST_SKIP() << error.what();
    }
  }
  AttentionGraph graph(const AttentionShape &shape, bool backward) {
    return {*library_, PlanTarget{.handle = nullptr, .properties = described_h200}, shape,
            NumberFormat::bf16, backward};
  }
  std::optional<Cudnn> library_;
};

constexpr AttentionShape grouped{
    .batch = 2, .heads = 8, .key_heads = 2, .sequence = 512, .width = 64, .causal = true};

TEST_F(AttentionGraphs, AreAcceptedByCudnnsChecks) {
  EXPECT_NO_THROW(graph(grouped, false));
  EXPECT_NO_THROW(graph(grouped, true));
}

TEST_F(AttentionGraphs, AddUpQueryGradientsInFp32) {
  // batch · heads · sequence · width elements of 4 bytes
  EXPECT_EQ(graph(grouped, true).cleared_bytes(), 2 * 8 * 512 * 64 * 4);
  EXPECT_EQ(graph(grouped, false).cleared_bytes(), 0);
}

} // namespace
} // namespace flopcast::cuda
