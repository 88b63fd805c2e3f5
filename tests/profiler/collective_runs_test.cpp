// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/collective_runs.hpp"

#include "profiler/cuda_collectives.hpp"
#include "profiler/importers/collective_tables.hpp"
#include "profiler/kernels/kernels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace flopcast {
namespace {

using namespace units;
using testing::HasSubstr;

/// Devices joined by 100 GB/s and 10 us that are never there.
class FakeRunner final : public CollectiveRunner {
public:
  explicit FakeRunner(std::int64_t devices) : devices_(devices) {}

  [[nodiscard]] std::int64_t devices() const override { return devices_; }
  [[nodiscard]] std::string device() const override { return "A GPU, \"large\""; }
  [[nodiscard]] std::string software() const override { return "NCCL 2.27.3"; }
  [[nodiscard]] Bytes most_data() const override { return 64.0 * mebibyte; }
  double run(Collective, std::int64_t, std::int64_t bytes) override {
    ++runs;
    // The first runs build channels.
    return (runs <= 3 ? 1.0 : 1e-5) + static_cast<double>(bytes) / 100e9;
  }

  int runs = 0;

private:
  std::int64_t devices_;
};

const StopRule rule{
    .relative_error = 0.02, .fewest_runs = 6, .most_runs = 30, .most_time = 1.0 * second};

TEST(CollectivePlan, HasAllKindsAmongPowersOfTwoAndAllDevices) {
  std::set<std::int64_t> ranks;
  std::set<Collective> kinds;
  for (const PlannedCollective &planned : collective_plan(6, 64.0 * mebibyte)) {
    ranks.insert(planned.ranks);
    kinds.insert(planned.collective);
    EXPECT_LE(planned.data, 64.0 * mebibyte);
    EXPECT_EQ(planned.ranks, planned.ranks_per_node);
    EXPECT_TRUE(planned.collective != Collective::point_to_point || planned.ranks == 2);
  }
  EXPECT_EQ(ranks, (std::set<std::int64_t>{2, 4, 6}));
  EXPECT_EQ(kinds.size(), collective_count);
}

TEST(CollectivePlan, IsEmptyForOneDevice) { EXPECT_TRUE(collective_plan(1, gibibyte).empty()); }

TEST(CollectivePlan, HasEnoughSizesOfEachKindForAFit) {
  // 4 KiB to 1 GiB are 19 octaves; three group sizes of 8 devices make 57, messages 19 and the held
  // back third is left out: 20 are needed of a kind, which messages between pairs do not have.
  std::map<Collective, int> count;
  for (const PlannedCollective &planned : collective_plan(8, gibibyte))
    if (!is_held_back_size(planned))
      ++count[planned.collective];
  EXPECT_GE(count[Collective::all_reduce], 36);
}

TEST(CollectiveRuns, LeaveTheWarmUpOut) {
  FakeRunner runner(2);
  const CollectiveSample measured = measure_collective(runner,
                                                       {.collective = Collective::all_gather,
                                                        .data = 10.0 * megabyte,
                                                        .ranks = 2,
                                                        .ranks_per_node = 2,
                                                        .time = {}},
                                                       rule);
  // 10 MB at 100 GB/s and 10 us.
  EXPECT_NEAR(measured.time.in(microsecond), 110, 1e-6);
  EXPECT_EQ(runner.runs, 3 + 6);
}

TEST(CollectiveRuns, AreReadBackByTheImporter) {
  FakeRunner runner(8);
  std::string table = collective_head();
  std::vector<CollectiveSample> written;
  for (const PlannedCollective &planned : collective_plan(8, mebibyte)) {
    written.push_back(measure_collective(runner, planned, rule));
    table += collective_row(runner, written.back()) + '\n';
  }
  ASSERT_TRUE(is_collective_table(table, "collectives.csv"));
  const std::vector<CollectiveTable> read = parse_collective_tables(table, "collectives.csv");
  ASSERT_EQ(read.size(), 1U);
  // What separates fields is no part of a name.
  EXPECT_EQ(read[0].device, "A GPU   large ");
  EXPECT_EQ(read[0].software, "NCCL 2.27.3");
  ASSERT_EQ(read[0].samples.size(), written.size());
  // The importer puts kinds together.
  for (const CollectiveSample &sample : written) {
    const auto found = std::ranges::find_if(read[0].samples, [&](const CollectiveSample &one) {
      return one.collective == sample.collective && one.ranks == sample.ranks &&
             one.data == sample.data;
    });
    ASSERT_NE(found, read[0].samples.end());
    EXPECT_NEAR(found->time / sample.time, 1, 1e-8); // nine digits
  }
}

TEST(CollectiveRuns, SayInOneSentenceWhyThereAreNone) {
  try {
    const auto runner = make_cuda_collectives();
    EXPECT_GE(runner->devices(), 2);
  } catch (const MeasurementError &error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    EXPECT_GT(std::string(error.what()).size(), 20U);
  }
}

} // namespace
} // namespace flopcast
