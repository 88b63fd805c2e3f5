// SPDX-License-Identifier: Apache-2.0
#include "profiler/collector/tables.hpp"

#include "profiler/importers/kernel_tables.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace flopcast {
namespace {

namespace fs = std::filesystem;

class CollectorTables : public testing::Test {
protected:
  void SetUp() override {
    path_ = fs::path(testing::TempDir()) /
            (std::string("collector-") +
             testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv");
    fs::remove(path_);
  }
  void TearDown() override { fs::remove(path_); }

  [[nodiscard]] std::string content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  fs::path path_;
};

MeasuredOperator product() {
  MeasuredOperator measured;
  measured.call.kind = OperatorClass::gemm;
  measured.call.pass = Pass::backward;
  measured.call.format = NumberFormat::bf16;
  measured.call.shape = {1, 4096, 12288, 3072};
  measured.call.flops = 2.0 * 4096 * 12288 * 3072 * units::flop;
  measured.call.bytes = 201326592.0 * units::byte;
  measured.call.kernels = 2;
  measured.median = 0.000423 * units::second;
  return measured;
}

TEST_F(CollectorTables, OfSamplesAreReadByTheFit) {
  DeviceDescription device;
  device.name = "NVIDIA H200";
  device.software = "CUDA 13.0, cuBLASLt 13.1.0";
  GrowingTable(path_, sample_head(device), sample_key_columns).append(sample_row(product()));
  const std::vector<KernelTable> tables = read_kernel_tables(path_);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].device, "NVIDIA H200");
  EXPECT_EQ(tables[0].software, "CUDA 13.0, cuBLASLt 13.1.0");
  ASSERT_EQ(tables[0].samples.size(), 1U);
  const KernelSample &sample = tables[0].samples[0];
  EXPECT_EQ(sample.call.shape, product().call.shape);
  EXPECT_EQ(sample.call.pass, Pass::backward);
  EXPECT_EQ(sample.call.kernels, 2);
  EXPECT_EQ(sample.call.flops.in(units::flop), 2.0 * 4096 * 12288 * 3072); // no digit is lost
}

TEST_F(CollectorTables, GoOnWhereARunStopped) {
  { GrowingTable(path_, "a,b,c\n", 2).append("1,2,3"); }
  GrowingTable again(path_, "a,b,c\n", 2);
  EXPECT_TRUE(again.holds("1,2"));
  EXPECT_FALSE(again.holds("1,3"));
  again.append("1,3,4");
  EXPECT_EQ(content(), "a,b,c\n1,2,3\n1,3,4\n");
}

TEST_F(CollectorTables, ForgetARowThatWasCutOff) {
  std::ofstream(path_) << "a,b,c\n1,2,3\n4,5,";
  GrowingTable table(path_, "a,b,c\n", 2);
  EXPECT_TRUE(table.holds("1,2"));
  EXPECT_FALSE(table.holds("4,5"));
  table.append("4,5,6");
  EXPECT_EQ(content(), "a,b,c\n1,2,3\n4,5,6\n");
}

TEST_F(CollectorTables, StartAnewWhereOnlyPartOfTheHeadWasWritten) {
  std::ofstream(path_) << "a,b";
  GrowingTable(path_, "a,b,c\n", 2).append("1,2,3");
  EXPECT_EQ(content(), "a,b,c\n1,2,3\n");
}

TEST_F(CollectorTables, OfStepsHaveAFieldForEveryColumn) {
  MeasuredStep step;
  step.shape = {.layers = 12,
                .hidden = 768,
                .heads = 12,
                .sequence = 1024,
                .micro_batch = 16,
                .vocabulary = 50304,
                .tied = true};
  step.format = NumberFormat::bf16;
  step.step = 0.25 * units::second;
  DeviceDescription device;
  device.name = "NVIDIA H200";
  device.software = "no comma";
  const std::string head = step_head(), row = step_row(step, device);
  EXPECT_EQ(std::ranges::count(head, ','), std::ranges::count(row, ','));
  EXPECT_THAT(row, testing::StartsWith("gpt-12x768-s1024-b16-bf16,measured here,"));
  EXPECT_THAT(row, testing::HasSubstr(",0.25,"));  // seconds
  EXPECT_THAT(row, testing::HasSubstr(",65536,")); // 16 · 1024 tokens in a quarter of a second
}

} // namespace
} // namespace flopcast
