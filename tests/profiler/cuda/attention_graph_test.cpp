// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/attention_graph.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace flopcast::cuda {
namespace {

/// An H200 as cuDNN describes devices: enough for it to check graphs where there is no GPU.
constexpr const char *h200 =
    R"({"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,
"multiProcessorCount":132,"warpSize":32,"maxSharedMemoryPerBlock":49152,
"maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,
"maxRegistersPerSM":65536,"maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,
"pciDeviceId":0,"isTccDriver":0,"supportCoopLaunch":1,"totalGlobalMem":150000000000,
"smClockRateKHz":1980000,"memClockRateKHz":3201000,"l2CacheSize":62914560,"cudaDeviceId":0,
"deviceVer":900,"driverVer":13000,"deviceName":"NVIDIA H200"})";

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
    return {*library_, PlanTarget{.handle = nullptr, .properties = h200}, shape, NumberFormat::bf16,
            backward};
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
