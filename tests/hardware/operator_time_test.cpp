// SPDX-License-Identifier: Apache-2.0
// operator time = kernels × launch + max(FLOPs / (peak × efficiency), bytes / (bandwidth ×
// efficiency))
#include "hardware/calibration.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;

Device device() {
  Device made;
  made.peak[static_cast<std::size_t>(NumberFormat::bf16)] = 100.0 * teraflop / second;
  made.peak[static_cast<std::size_t>(NumberFormat::fp8)] = 200.0 * teraflop / second;
  made.memory_bandwidth = terabyte / second;
  return made;
}

Calibration calibration() {
  Calibration made;
  made.gemm_efficiency = 0.5;
  made.batched_gemm_efficiency = 0.25;
  made.attention_forward_efficiency = 0.4;
  made.attention_backward_efficiency = 0.2;
  made.memory_efficiency = 0.8;
  made.launch = 5.0 * microsecond;
  return made;
}

double milliseconds(const OperatorCall &call) {
  return operator_time(device(), calibration(), call).in(millisecond);
}

OperatorCall product(FlopCount flops, Bytes bytes) {
  return {.kind = OperatorClass::gemm, .flops = flops, .bytes = bytes};
}

// All sums below take a handful of roundings: EXPECT_DOUBLE_EQ (4 ulp) holds.

TEST(OperatorTime, ComputeBoundProductTakesItsFlopsAtTheReachablePeak) {
  // 1e12 / (100e12 × 0.5) = 20 ms; bytes: 8e9 / (1e12 × 0.8) = 10 ms; one launch of 0.005 ms.
  EXPECT_DOUBLE_EQ(milliseconds(product(teraflop, 8.0 * gigabyte)), 20.005);
}

TEST(OperatorTime, MemoryBoundProductTakesItsBytes) {
  // 24e9 / (1e12 × 0.8) = 30 ms, longer than the 20 ms of its FLOPs.
  EXPECT_DOUBLE_EQ(milliseconds(product(teraflop, 24.0 * gigabyte)), 30.005);
}

TEST(OperatorTime, BothBoundsMeetAtTheRidge) {
  // 16e9 / 0.8e12 = 20 ms = 1e12 / 50e12.
  EXPECT_DOUBLE_EQ(milliseconds(product(teraflop, 16.0 * gigabyte)), 20.005);
}

TEST(OperatorTime, EachClassHasItsEfficiency) {
  OperatorCall call = product(teraflop, Bytes{});
  call.kind = OperatorClass::batched_gemm;
  EXPECT_DOUBLE_EQ(milliseconds(call), 40.005); // 1e12 / (100e12 × 0.25)
  call.kind = OperatorClass::fused_attention;
  EXPECT_DOUBLE_EQ(milliseconds(call), 25.005); // × 0.4
  call.pass = Pass::backward;
  EXPECT_DOUBLE_EQ(milliseconds(call), 50.005); // × 0.2
  call.kind = OperatorClass::gemm;
  EXPECT_DOUBLE_EQ(milliseconds(call), 20.005); // a product has one efficiency for both passes
}

TEST(OperatorTime, EachFormatHasItsPeak) {
  OperatorCall call = product(teraflop, Bytes{});
  call.format = NumberFormat::fp8;
  EXPECT_DOUBLE_EQ(milliseconds(call), 10.005); // 1e12 / (200e12 × 0.5)
  call.format = NumberFormat::fp16;             // bf16 stands in
  EXPECT_DOUBLE_EQ(milliseconds(call), 20.005);
}

TEST(OperatorTime, EveryKernelPaysItsLaunch) {
  OperatorCall call{.flops = {}, .bytes = 8.0 * gigabyte, .kernels = 3};
  EXPECT_DOUBLE_EQ(milliseconds(call), 10.015); // 8e9 / 0.8e12, three launches of 5 us
  call.kernels = 0;                             // fused into its neighbour
  EXPECT_DOUBLE_EQ(milliseconds(call), 10.0);
}

TEST(OperatorTime, WithoutWorkIsTheLaunchAlone) {
  EXPECT_DOUBLE_EQ(milliseconds(product(FlopCount{}, Bytes{})), 0.005);
}

TEST(OperatorTime, NeverFallsAsWorkOrBytesGrow) {
  for (double amount = 1e6; amount < 1e15; amount *= 10) {
    EXPECT_LE(milliseconds(product(amount * flop, gigabyte)),
              milliseconds(product(10 * amount * flop, gigabyte)));
    EXPECT_LE(milliseconds(product(teraflop, amount * byte)),
              milliseconds(product(teraflop, 10 * amount * byte)));
  }
}

} // namespace
} // namespace flopcast
