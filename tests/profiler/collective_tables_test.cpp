// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/collective_tables.hpp"

#include "hardware/input/diagnostic.hpp"
#include "hardware/link_calibration.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <string>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;
using testing::HasSubstr;

CollectiveTable only(const std::string &text) {
  std::vector<CollectiveTable> tables = parse_collective_tables(text, "table.csv");
  EXPECT_EQ(tables.size(), 1u);
  return tables.at(0);
}

std::string error_of(const std::string &text) {
  try {
    (void)parse_collective_tables(text, "table.csv");
  } catch (const InputError &error) {
    return error.what();
  }
  return "no error";
}

const std::string aiconfigurator = "framework,version,device,op_name,kernel_source,nccl_dtype,"
                                   "num_gpus,message_size,latency\n";
const std::string train_time = "collective,source_file,elements,nodes,gpus_per_node,time_us\n";
const std::string vtrain = "gpu,gpus,bytes,time_ns,bus_bandwidth_GBps\n";

TEST(CollectiveTables, CountElementsOfAiconfigurator) {
  const CollectiveTable table =
      only(aiconfigurator + "TRTLLM,2.27.3,NVIDIA A100,all_reduce,NCCL,half,8,1048576,0.0537\n"
                            "TRTLLM,2.27.3,NVIDIA A100,alltoall,NCCL,int8,4,1024,0.01\n");
  EXPECT_EQ(table.device, "NVIDIA A100");
  EXPECT_EQ(table.software, "TRTLLM 2.27.3");
  ASSERT_EQ(table.samples.size(), 2u);
  EXPECT_EQ(table.samples[0].collective, all_reduce);
  EXPECT_EQ(table.samples[0].data, 2.0 * mebibyte); // 2 bytes an element
  EXPECT_EQ(table.samples[0].ranks, 8);
  EXPECT_EQ(table.samples[0].ranks_per_node, 8);
  EXPECT_DOUBLE_EQ(table.samples[0].time.in(microsecond), 53.7);
  EXPECT_EQ(table.samples[1].collective, all_to_all);
  EXPECT_EQ(table.samples[1].data, 1024.0 * byte); // 1 byte
}

TEST(CollectiveTables, ReadTheShorterHeaderOfAiconfigurator) {
  const CollectiveTable table = only("nccl_dtype,num_gpus,message_size,kernel_source,op_name,"
                                     "latency\nhalf,2,1024,NCCL,all_gather,0.00598\n");
  EXPECT_EQ(table.device, "");
  ASSERT_EQ(table.samples.size(), 1u);
  EXPECT_EQ(table.samples[0].data, 2048.0 * byte);
}

TEST(CollectiveTables, CountElementsOfARankInAllGathersOfEstimateTrainTime) {
  const CollectiveTable table = only(train_time + "all_gather,ag,1000000,2,4,500000\n"
                                                  "all_reduce,ar,1000000,2,4,500000\n"
                                                  "p2p,p,1000000,2,1,3000\n");
  ASSERT_EQ(table.samples.size(), 3u);
  const auto of = [&](Collective kind) {
    return *std::ranges::find(table.samples, kind, &CollectiveSample::collective);
  };
  EXPECT_EQ(of(all_gather).data, 16.0 * megabyte); // 8 ranks × 2 bytes
  EXPECT_EQ(of(all_gather).ranks, 8);
  EXPECT_EQ(of(all_gather).ranks_per_node, 4);
  EXPECT_EQ(of(all_reduce).data, 2.0 * megabyte);
  EXPECT_EQ(of(point_to_point).data, 2.0 * megabyte);
  EXPECT_DOUBLE_EQ(of(point_to_point).time.in(millisecond), 3);
}

TEST(CollectiveTables, SeparateTheGpusOfVtrain) {
  const auto tables = parse_collective_tables(
      vtrain + "v100,3,1048576,73000,19.1\na100,2,1048576,45100,23.25\n", "table.csv");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].device, "a100");
  EXPECT_EQ(tables[1].device, "v100");
  EXPECT_EQ(tables[1].samples[0].ranks, 3);
  EXPECT_DOUBLE_EQ(tables[0].samples[0].time.in(microsecond), 45.1);
}

TEST(CollectiveTables, SkipASweepWithAnImpossibleRate) {
  // 1.2 GB from each of 4 nodes in 0.12 ms: 30 TB/s. The row before it is of the same sweep.
  const CollectiveTable table = only(train_time + "all_gather,broken,134217728,4,1,18000\n"
                                                  "all_gather,broken,599817728,4,1,117.4\n"
                                                  "all_gather,sound,134217728,2,1,7322.8\n");
  EXPECT_EQ(table.samples.size(), 1u);
  ASSERT_EQ(table.skipped.size(), 1u);
  EXPECT_EQ(table.skipped[0].rows, 2);
  EXPECT_THAT(table.skipped[0].reason, HasSubstr("broken, 4 ranks, 1 a node"));
  EXPECT_THAT(table.skipped[0].reason, HasSubstr("1 of 2 rows imply more than 2 TB/s"));
}

TEST(CollectiveTables, SkipADenseSweepThatJumps) {
  std::string smooth = train_time;
  std::string rough = train_time;
  for (int i = 0; i < 200; ++i) {
    const std::string row = "all_reduce,sweep," + std::to_string(1000000 + i) + ",1,4,";
    smooth += row + std::to_string(1000 + i) + "\n";
    rough += row + std::to_string(i % 2 == 0 ? 1000 : 2000) + "\n";
  }
  EXPECT_TRUE(only(smooth).skipped.empty());
  ASSERT_EQ(only(rough).skipped.size(), 1u);
  EXPECT_EQ(only(rough).skipped[0].rows, 200);
  EXPECT_TRUE(only(rough).samples.empty());
}

TEST(CollectiveTables, AreToldFromTablesOfKernelsByTheirHeader) {
  for (const std::string &header : {aiconfigurator, train_time, vtrain})
    EXPECT_TRUE(is_collective_table("# a comment\n" + header, "t.csv")) << header;
  EXPECT_FALSE(is_collective_table("framework,version,device,gemm_dtype,m,n,k,latency\n", "t.csv"));
  EXPECT_FALSE(is_collective_table("a,b\n", "t.csv"));
  EXPECT_THROW((void)is_collective_table("# no header\n", "t.csv"), InputError);
}

TEST(CollectiveTables, NameTheLineOfAMalformedRow) {
  EXPECT_THAT(error_of("a,b\n1,2\n"), HasSubstr("table.csv:1"));
  EXPECT_THAT(error_of(vtrain + "a100,2,1048576,45100,23\na100,2,x,45100,23\n"),
              HasSubstr("table.csv:3"));
  EXPECT_THAT(error_of(vtrain + "a100,1,1048576,45100,23\n"), HasSubstr("at least 2"));
  EXPECT_THAT(error_of(vtrain + "a100,2,1048576,0,23\n"), HasSubstr("above zero"));
  EXPECT_THAT(error_of(vtrain + "a100,2,1048576\n"), HasSubstr("3 fields"));
  EXPECT_THAT(error_of(aiconfigurator + "T,2,A100,gather,NCCL,half,8,1024,0.1\n"),
              HasSubstr("unknown collective \"gather\""));
  EXPECT_THAT(error_of(aiconfigurator + "T,2,A100,all_reduce,NCCL,fp4,8,1024,0.1\n"),
              HasSubstr("unknown nccl_dtype \"fp4\""));
  EXPECT_THAT(error_of(train_time + "all_reduce,s,100,1,1,5\n"), HasSubstr("at least 2 ranks"));
  EXPECT_THAT(error_of(""), HasSubstr("header"));
}

/// A measured table and what its links are.
struct Measured {
  const char *file; ///< below ../shared/data/collectives
  const char *device;
  double scale_up_gb; ///< GB/s, per GPU and direction
  bool switched;
  bool in_switch_reduction;
  double scale_out_gb;     ///< 0: one node
  double p90_sizes;        ///< bound for held-back sizes
  double p90_groups;       ///< bound for held-back groups; 0: none can be predicted
  bool own_choice = false; ///< NCCL's table decides between protocols, as on an A100's NVSwitch
};

// The targets are a median of 7 % and a P90 of 20 % for data of at least 1 MiB. The A100 table of
// aiconfigurator is met with NCCL's own choice of protocol alone: from 1 to 2 MiB the time of
// all-gather and reduce-scatter between 2 and 4 GPUs doubles, and hardly grows to 4 MiB (20, 39,
// 43 us on 2). Its bound for groups is 1.25 times what was found without that choice.
// On wired GPUs the share of links of a rank count cannot be told from other counts: groups of one
// node are not held back there.
constexpr Measured tables[] = {
    {"aiconfigurator/a100_sxm__nccl__2.27.3__nccl_perf.csv", "NVIDIA A100-SXM4-80GB", 300, true,
     false, 0, 0.20, 0.30, true},
    {"aiconfigurator/h100_sxm__nccl__2.23__nccl_perf.csv", "", 450, true, true, 0, 0.20, 0.20},
    {"aiconfigurator/h100_sxm__nccl__2.27.3__nccl_perf.csv", "NVIDIA H100 80GB HBM3", 450, true,
     true, 0, 0.20, 0.20},
    {"aiconfigurator/h100_sxm__nccl__2.29.2__nccl_perf.csv", "NVIDIA H100 80GB HBM3", 450, true,
     true, 0, 0.20, 0.20},
    {"aiconfigurator/h200_sxm__nccl__2.23__nccl_perf.csv", "", 450, true, true, 0, 0.20, 0.20},
    {"aiconfigurator/h200_sxm__nccl__2.26.2__nccl_perf.csv", "NVIDIA H200", 450, true, true, 0,
     0.20, 0.20},
    {"aiconfigurator/h200_sxm__nccl__2.29.2__nccl_perf.csv", "NVIDIA H200", 450, true, true, 0,
     0.20, 0.20},
    {"aiconfigurator/b200_sxm__nccl__2.27.3__nccl_perf.csv", "NVIDIA B200", 900, true, true, 0,
     0.20, 0.20},
    {"aiconfigurator/b200_sxm__nccl__2.27.5__nccl_perf.csv", "NVIDIA B200", 900, true, true, 0,
     0.20, 0.20},
    {"aiconfigurator/b200_sxm__nccl__2.28.9__nccl_perf.csv", "NVIDIA B200", 900, true, true, 0,
     0.20, 0.20},
    {"aiconfigurator/b200_sxm__nccl__2.29.2__nccl_perf.csv", "NVIDIA B200", 900, true, true, 0,
     0.20, 0.20},
    {"vtrain_intra_node_all_reduce.csv", "a100", 300, true, false, 0, 0.20, 0.20},
    {"vtrain_intra_node_all_reduce.csv", "v100", 150, false, false, 0, 0.20, 0},
    {"a100-sxm4-80gb_nccl_fp16.csv", "", 300, false, false, 25, 0.20, 0.20},
    {"gh200-120gb_nccl_fp16.csv", "", 450, true, false, 50, 0.20, 0.20},
};

constexpr double median_target = 0.07;

std::optional<ProtocolChoice> choice_on_a100() {
  Node node;
  node.scale_up_topology = "NVSwitch";
  Device device;
  device.architecture = "Ampere";
  return scale_up_links(node, device).choice;
}

template <class Held> ErrorSummary held_back_errors(const Measured &about, Held is_held) {
  const auto found = read_collective_tables(tests::shared_data() / "collectives" / about.file);
  const auto table = std::ranges::find(found, about.device, &CollectiveTable::device);
  EXPECT_NE(table, found.end());
  std::vector<CollectiveSample> seen;
  std::vector<CollectiveSample> held;
  for (const CollectiveSample &sample : table->samples)
    (is_held(sample, table->samples) ? held : seen).push_back(sample);
  Node node;
  node.scale_up_bandwidth = about.scale_up_gb * gigabyte / second;
  node.scale_out_bandwidth = about.scale_out_gb * gigabyte / second;
  const auto crosses = [](const CollectiveSample &s) { return s.ranks > s.ranks_per_node; };
  LinkModel up;
  LinkModel out;
  if (!std::ranges::all_of(seen, crosses))
    up = fit_scale_up(seen, {.bandwidth = node.scale_up_bandwidth,
                             .switched = about.switched,
                             .in_switch_reduction = about.in_switch_reduction,
                             .choice = about.own_choice ? choice_on_a100() : std::nullopt});
  if (std::ranges::any_of(seen, crosses))
    out = fit_scale_out(seen, up, node);
  std::vector<double> errors;
  for (const CollectiveSample &sample : held)
    if (sample.data >= mebibyte)
      errors.push_back(predicted_time(up, out, sample, node) / sample.time - 1);
  return summarize(errors);
}

void PrintTo(const Measured &table, std::ostream *stream) { *stream << table.file; }

class MeasuredCollectives : public testing::TestWithParam<Measured> {};

TEST_P(MeasuredCollectives, ArePredictedAtSizesThatTheFitDidNotSee) {
  FLOPCAST_REQUIRE_SHARED(std::string("collectives/") + GetParam().file);
  const ErrorSummary errors = held_back_errors(
      GetParam(), [](const CollectiveSample &s, const auto &) { return is_held_back_size(s); });
  EXPECT_GE(errors.samples, 54); // 3 sizes × 3 rank counts × 2 types × 3 kinds
  EXPECT_LE(errors.median, median_target);
  EXPECT_LE(errors.p90, GetParam().p90_sizes);
}

TEST_P(MeasuredCollectives, ArePredictedForGroupsThatTheFitDidNotSee) {
  FLOPCAST_REQUIRE_SHARED(std::string("collectives/") + GetParam().file);
  if (GetParam().p90_groups == 0)
    GTEST_SKIP() << "no rank count of a hybrid cube mesh follows from the others";
  const ErrorSummary errors =
      held_back_errors(GetParam(), [](const CollectiveSample &s, const auto &table) {
        const bool wired = !GetParam().switched && s.ranks == s.ranks_per_node;
        return !wired && is_held_back_group(s, table);
      });
  EXPECT_GE(errors.samples, 60); // 10 sizes × 2 types × 3 kinds
  EXPECT_LE(errors.median, median_target);
  EXPECT_LE(errors.p90, GetParam().p90_groups);
}

INSTANTIATE_TEST_SUITE_P(
    AllTables, MeasuredCollectives, testing::ValuesIn(tables),
    [](const testing::TestParamInfo<Measured> &table) {
      std::string name = table.param.file;
      name = name.substr(name.find('/') == std::string::npos ? 0 : name.find('/') + 1);
      name = name.substr(0, name.find(".csv"));
      if (name.starts_with("vtrain"))
        name += table.param.device;
      std::ranges::replace_if(
          name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
      return name;
    });

TEST(CollectiveTables, SkipWhatTheSourcesTellIsBroken) {
  FLOPCAST_REQUIRE_SHARED("collectives/gh200-120gb_nccl_fp16.csv");
  const auto skipped = [](const char *file) {
    std::int64_t rows = 0;
    for (const CollectiveTable &table :
         read_collective_tables(tests::shared_data() / "collectives" / file))
      for (const SkippedRows &part : table.skipped)
        rows += part.rows;
    return rows;
  };
  // All-gather on 4 and 8 nodes of Vista, 195 rows each: see the README beside the data.
  EXPECT_EQ(skipped("gh200-120gb_nccl_fp16.csv"), 390);
  // All-gather on 4 GPUs of one node: times jump by 43 % from size to size, up to thirtyfold.
  EXPECT_EQ(skipped("a100-sxm4-80gb_nccl_fp16.csv"), 1777);
  EXPECT_EQ(skipped("vtrain_intra_node_all_reduce.csv"), 0);
}

} // namespace
} // namespace flopcast
