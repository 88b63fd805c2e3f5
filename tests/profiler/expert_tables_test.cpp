// SPDX-License-Identifier: Apache-2.0
// Layers of experts (aiconfigurator) and efficiencies by shape (SimuMax): what their tables become,
// and how well models meet the collected ones.
#include "hardware/calibration_fit.hpp"
#include "hardware/input/diagnostic.hpp"
#include "hardware/presets/load.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<KernelTable> parsed(const std::string &text) {
  return parse_kernel_tables(text, "table");
}

std::string error_of(const std::string &text) {
  try {
    (void)parsed(text);
  } catch (const InputError &error) {
    return error.what();
  }
  return "no error";
}

const std::string layer_header =
    "framework,version,device,op_name,kernel_source,moe_dtype,num_tokens,hidden_size,inter_size,"
    "topk,num_experts,moe_tp_size,moe_ep_size,distribution,latency\n";
const std::string layer_row = "TRTLLM,1.0,NVIDIA H100,moe,moe_torch_flow_cutlass,bfloat16,";

TEST(ExpertTables, CountTheRowsOfOneDevice) {
  // 2048 tokens give 8 rows each, a quarter of them to this device's 32 of 128 experts: 128 each,
  // whose width of 1536 is split in two.
  const auto tables = parsed(layer_header + layer_row + "2048,4096,1536,8,128,2,4,balanced,0.3\n");
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].software, "TRTLLM 1.0");
  ASSERT_THAT(tables[0].samples, SizeIs(1));
  const auto &[call, time, power] = tables[0].samples[0];
  EXPECT_EQ(call.kind, OperatorClass::grouped_gemm);
  EXPECT_EQ(call.format, NumberFormat::bf16);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 32, .rows = 128, .columns = 1536, .depth = 4096}));
  EXPECT_EQ(call.expert_width, 768);
  EXPECT_EQ(call.tokens, 2048);
  EXPECT_FALSE(call.uneven);
  // Gate, up and down: 2 · 4096 rows · 3 · 768 · 4096.
  EXPECT_DOUBLE_EQ(call.flops.in(flop), 2.0 * 4096 * 3 * 768 * 4096);
  EXPECT_DOUBLE_EQ(time.in(microsecond), 300);
}

TEST(ExpertTables, HaveTwoMatricesAnExpertWithoutAGate) {
  const auto tables =
      parsed(layer_header + "TRTLLM,1.0,NVIDIA H100,moe,moe_torch_flow_nongated,fp8,"
                            "1024,2688,1856,6,128,1,1,balanced,0.3\n");
  const OperatorCall &call = tables.at(0).samples.at(0).call;
  EXPECT_EQ(call.format, NumberFormat::fp8);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 128, .rows = 48, .columns = 1856, .depth = 2688}));
  EXPECT_EQ(call.expert_width, 1856);
  EXPECT_DOUBLE_EQ(call.flops.in(flop), 2.0 * 6144 * 2 * 1856 * 2688);
}

TEST(ExpertTables, LeaveOutWhatDoesNotTellItsRows) {
  const auto tables = parsed(
      layer_header + layer_row + "8192,4096,1536,8,128,1,1,power_law_1.01,3\n" + // whole: kept
      layer_row + "8192,4096,1536,8,128,1,4,power_law_1.01,1\n" + // uneven over devices
      layer_row + "128,4096,1536,8,128,1,1,power_law_1.2,1\n" +   // 8 rows an expert, uneven
      layer_row + "8,4096,1536,8,128,1,1,balanced,1\n" +          // 64 rows, 128 experts
      "TRTLLM,1.0,NVIDIA H100,moe,moe_torch_flow,w4a16_mxfp4,4096,2880,2880,4,32,1,1,balanced,1\n");
  ASSERT_THAT(tables, SizeIs(1));
  ASSERT_THAT(tables[0].samples, SizeIs(1));
  EXPECT_TRUE(tables[0].samples[0].call.uneven);
  EXPECT_THAT(tables[0].skipped, SizeIs(4));
}

TEST(ExpertTables, RefuseExpertsThatDoNotDivide) {
  EXPECT_THAT(error_of(layer_header + layer_row + "2048,4096,1536,8,128,2,3,balanced,0.3\n"),
              HasSubstr("table:2:1: 128 experts of width 1536 do not divide by 3 and 2"));
}

TEST(ExpertTables, ReadBackWhatIsWritten) {
  const auto tables = parsed(layer_header + layer_row + "2048,4096,1536,8,128,2,4,balanced,0.3\n" +
                             layer_row + "8192,4096,1536,8,128,1,1,power_law_1.01,3\n");
  const std::string written = to_csv(tables.at(0));
  const auto again = parsed(written);
  EXPECT_EQ(to_csv(again.at(0)), written);
  EXPECT_EQ(again[0].samples.at(0).call.expert_width, 768);
  EXPECT_EQ(again[0].samples.at(0).call.tokens, 2048);
  EXPECT_TRUE(again[0].samples.at(1).call.uneven);
}

std::string efficiencies(const std::string &operation, const std::string &shape, double share) {
  return R"({"sys_name": "a100_pcie_bf16", "accelerator": {"op": {"default": {"tflops": 1}, ")" +
         operation + R"(": {"tflops": 100, "accurate_efficient_factor": {")" + shape + R"(": )" +
         std::to_string(share) + "}}}}}";
}

TEST(EfficiencyTables, TurnSharesOfPeakIntoSeconds) {
  const auto tables = parsed(efficiencies(
      "matmul", "b=1, m=4096, k=1024, n=2048, layout=TN, accumulate=False, out_dtype=bf16", 0.5));
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].device, "a100 pcie");
  const auto &[call, time, power] = tables[0].samples.at(0);
  EXPECT_EQ(call.kind, OperatorClass::gemm);
  EXPECT_EQ(call.pass, Pass::forward);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 1, .rows = 4096, .columns = 2048, .depth = 1024}));
  // 2 · 4096 · 2048 · 1024 FLOPs at half of 100 TFLOP/s.
  EXPECT_NEAR(time.in(microsecond), 343.6, 0.1);
}

TEST(EfficiencyTables, TakeTheOtherLayoutsAsBackward) {
  for (const char *layout : {"NN", "NT"}) {
    const auto tables =
        parsed(efficiencies("matmul", std::string("b=1, m=8, k=16, n=32, layout=") + layout, 0.5));
    EXPECT_EQ(tables.at(0).samples.at(0).call.pass, Pass::backward);
    EXPECT_EQ(tables[0].samples[0].call.kernels, 1);
  }
}

TEST(EfficiencyTables, GiveEachStageOfExpertsItsOwnProduct) {
  // Forward (M × K) · (K × N) for each expert; its input's gradient is (M × N) · (N × K), its
  // weights' (K × M) · (M × N).
  const auto shape = [](const std::string &stage) {
    return parsed(efficiencies("group_matmul", "ng=8, M=64, N=128, K=256, stage=" + stage, 0.5))
        .at(0)
        .samples.at(0)
        .call.shape;
  };
  EXPECT_EQ(shape("fwd"), (MatrixShape{8, 64, 128, 256}));
  EXPECT_EQ(shape("bwd_grad_act"), (MatrixShape{8, 64, 256, 128}));
  EXPECT_EQ(shape("bwd_grad_w"), (MatrixShape{8, 256, 128, 64}));
}

TEST(EfficiencyTables, CountAttentionInFull) {
  const auto tables = parsed(efficiencies("sdp_fwd",
                                          "batch=2, seq_len=1024, head_num=16, kv_head_num=4, "
                                          "qk_head_dim=128, v_head_dim=128, qkv_contiguous=True",
                                          0.5));
  const auto &[call, time, power] = tables.at(0).samples.at(0);
  EXPECT_TRUE(call.causal);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 32, .rows = 1024, .columns = 1024, .depth = 128}));
  EXPECT_DOUBLE_EQ(call.flops.in(flop), 4.0 * 32 * 128 * 1024 * 1025 / 2);
  // 4 · 32 · 128 · 1024² FLOPs at half of 100 TFLOP/s.
  EXPECT_NEAR(time.in(microsecond), 343.6, 0.1);
}

TEST(EfficiencyTables, NameWhatIsWrong) {
  EXPECT_THAT(error_of(R"({"sys_name": 1)"), HasSubstr("is no file of efficiencies"));
  EXPECT_THAT(error_of("{}"), HasSubstr("is no file of efficiencies"));
  EXPECT_THAT(error_of(efficiencies("matmul", "b=1, m=8, k=16, layout=TN", 0.5)),
              HasSubstr("has no n"));
  EXPECT_THAT(error_of(efficiencies("matmul", "b=1, m=8, k=x, n=2, layout=TN", 0.5)),
              HasSubstr("k is no number"));
  EXPECT_THAT(error_of(efficiencies("matmul", "b=1, m=8, k=8, n=2, layout=TN", 0)),
              HasSubstr("the share must be above zero"));
}

// What the collected tables hold.

constexpr const char *layers_file =
    "kernels/aiconfigurator/h100_sxm__trtllm__1.3.0rc20__moe_perf.csv.gz";

KernelTable layers_of(const std::string &variant, NumberFormat format) {
  KernelTable result;
  for (KernelTable &table : read_kernel_tables(tests::shared_data() / layers_file))
    if (table.variant == variant)
      result = std::move(table);
  std::erase_if(result.samples,
                [&](const KernelSample &sample) { return sample.call.format != format; });
  return result;
}

ErrorSummary held_back_layers(const std::string &variant, NumberFormat format) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Calibration fitted =
      fit_calibration(load_calibration(catalog, "default"), load_device(catalog, "h100-sxm5-80gb"),
                      layers_of(variant, format).samples);
  EXPECT_EQ(fitted.errors.size(), 1U);
  const ErrorSummary errors = fitted.errors.at(0).held_back;
  EXPECT_GT(errors.samples, 2000);
  return errors;
}

// Bounds are targets of dense fp8 (6 % and 15 %). Their P90 is missed in bf16 and per-tensor fp8:
// an eighth of the layers ran a kernel several times too slow (docs/calibration.md).

TEST(HeldBackExperts, AreWithinSixPercentInTheMedian) {
  FLOPCAST_REQUIRE_SHARED(layers_file);
  EXPECT_LT(held_back_layers("", NumberFormat::bf16).median, 0.06);
  EXPECT_LT(held_back_layers("", NumberFormat::fp8).median, 0.06);
}

TEST(HeldBackExperts, AreMetThroughoutWhereTheLibraryChoosesItsKernelsWell) {
  FLOPCAST_REQUIRE_SHARED(layers_file);
  const ErrorSummary errors = held_back_layers("fp8_block", NumberFormat::fp8);
  EXPECT_LT(errors.median, 0.06);
  EXPECT_LT(errors.p90, 0.15);
  EXPECT_LT(std::abs(errors.bias), 0.02);
}

TEST(HeldBackExperts, LargeExpertsSetNoPaceOfTheirOwn) {
  FLOPCAST_REQUIRE_SHARED(layers_file);
  // Of layers on one device, as measured: an uneven spread over the mean one. Did the largest
  // expert set the time, a power law would lengthen it several times.
  const KernelTable table = layers_of("fp8_block", NumberFormat::fp8);
  std::vector<double> ratios;
  for (const KernelSample &sample : table.samples) {
    const OperatorCall &call = sample.call;
    if (!call.uneven || call.shape.rows < 256)
      continue;
    const auto same = std::ranges::find_if(table.samples, [&](const KernelSample &other) {
      return !other.call.uneven && other.call.shape == call.shape &&
             other.call.expert_width == call.expert_width && other.call.tokens == call.tokens;
    });
    if (same != table.samples.end())
      ratios.push_back(sample.time / same->time);
  }
  ASSERT_GT(ratios.size(), 100U);
  std::ranges::sort(ratios);
  EXPECT_GT(ratios[ratios.size() / 2], 1.0);
  EXPECT_LT(ratios[ratios.size() / 2], 1.15);
}

TEST(SimuMax, IsSlowerThanAiconfiguratorAtEqualShapes) {
  const char *shares = "kernels/simumax/b200_bf16_efficiencies.json";
  const char *table = "kernels/aiconfigurator/b200_sxm__trtllm__1.3.0rc20__gemm_perf.csv.gz";
  FLOPCAST_REQUIRE_SHARED(shares);
  FLOPCAST_REQUIRE_SHARED(table);
  const auto slow = read_kernel_tables(tests::shared_data() / shares);
  const auto fast = read_kernel_tables(tests::shared_data() / table);
  std::vector<double> ratios;
  for (const auto &[call, time, power] : slow.at(0).samples)
    if (call.kind == OperatorClass::gemm && call.pass == Pass::forward)
      for (const auto &[other, other_time, other_power] : fast.at(0).samples)
        if (other.format == call.format && other.shape == call.shape)
          ratios.push_back(time / other_time);
  ASSERT_GT(ratios.size(), 50U);
  std::ranges::sort(ratios);
  // The reason why the two are not fitted together.
  EXPECT_GT(ratios[ratios.size() / 2], 1.2);
}

} // namespace
} // namespace flopcast
