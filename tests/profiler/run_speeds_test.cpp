// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/run_speeds.hpp"

#include "profiler/importers/kernel_tables.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <string>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t runs = 14;
constexpr double slowdown = 1.125;

bool is_slow(std::size_t run) { return run % 3 == 1; } // 5 of 14

OperatorCall call_of(std::int64_t batch, std::int64_t columns) {
  return {.kind = OperatorClass::fused_attention,
          .format = NumberFormat::fp16,
          .flops = {},
          .bytes = {},
          .shape = {.batch = batch, .rows = columns, .columns = columns, .depth = 128}};
}

/// Each run measures half of 400 calls, of which a quarter is held back, with 2 % of noise. `times`
/// gives a call's factor in a run.
template <class Times> std::vector<RunSample> measured(Times times) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.02);
  std::vector<RunSample> samples;
  for (std::size_t run = 0; run < runs; ++run)
    for (std::int64_t batch = 1; batch <= 40; ++batch)
      for (std::int64_t columns = 1024; columns <= 10240; columns += 1024)
        if (random() % 2 == 0) {
          const OperatorCall call = call_of(batch, columns);
          const auto scores = static_cast<double>(batch * columns * columns);
          samples.push_back({run,
                             {call, 1e-12 * scores * times(run, call) * std::exp(noise(random)) *
                                        units::second}});
        }
  return samples;
}

TEST(RunSpeeds, FindRunsThatTookLongerForTheSameCalls) {
  const auto found = slow_runs(
      measured([](std::size_t run, const OperatorCall &) { return is_slow(run) ? slowdown : 1; }));
  ASSERT_TRUE(found);
  ASSERT_THAT(found->slow, SizeIs(runs));
  for (std::size_t run = 0; run < runs; ++run)
    EXPECT_EQ(found->is_slow(run), is_slow(run)) << run;
  // Medians over 300 calls with 2 % each: a few thousandths.
  EXPECT_NEAR(found->slowdown, slowdown, 0.005);
}

TEST(RunSpeeds, AreOneWhereRunsDifferByTheNoiseAlone) {
  EXPECT_FALSE(slow_runs(measured([](std::size_t, const OperatorCall &) { return 1.0; })));
  EXPECT_FALSE(slow_runs({}));
}

TEST(RunSpeeds, TakeMoreThanAFewRunsForAGroup) {
  EXPECT_FALSE(slow_runs(
      measured([](std::size_t run, const OperatorCall &) { return run < 4 ? slowdown : 1.0; })));
}

TEST(RunSpeeds, DoNotLookAtWhatIsHeldBack) {
  const auto times = [](std::size_t run, const OperatorCall &) {
    return is_slow(run) ? slowdown : 1;
  };
  const auto otherwise = [&](std::size_t run, const OperatorCall &call) {
    return is_held_back(call) ? 1 + 0.1 * static_cast<double>(run) : times(run, call);
  };
  const auto found = slow_runs(measured(times));
  const auto again = slow_runs(measured(otherwise));
  ASSERT_TRUE(found && again);
  EXPECT_EQ(found->slow, again->slow);
  EXPECT_EQ(found->slowdown, again->slowdown);
}

/// Runs of attention as estimate-train-time writes them; a run has one degree and one batch. Times
/// in picoseconds a score: 3.2 forward, 8 backward, in slow runs 1.125 times as long.
std::string table_of_runs(bool backward_slows) {
  std::string text = "operator,tensor_parallel,batch,heads,seq,hidden,layers,hidden_size,"
                     "param_tensors,params,forward_us,backward_us\nNVIDIAA100.csv,,,,,,,,,,,\n";
  for (std::size_t run = 0; run < runs; ++run)
    for (int heads = 16; heads <= 64; heads += 8)
      for (int sequence = 1024; sequence <= 16384; sequence += 1024) {
        const double factor = is_slow(run) ? slowdown : 1;
        const double scores = 4.0 * heads * sequence * sequence * 1e-6;
        const std::size_t degree = 1 + run % 2; // and four sequences for each: the same calls
        text += fmt::format("flash_atten,{},{},{},{},{},,,,,{},{}\n", degree, 4 * degree, heads,
                            sequence, 128 * heads, 3.2 * scores * factor,
                            8 * scores * (backward_slows ? factor : 1));
      }
  return text;
}

TEST(RunSpeeds, OfATableAreBroughtToTheFasterOne) {
  const auto tables = parse_kernel_tables(table_of_runs(true), "table.csv");
  ASSERT_THAT(tables, SizeIs(1));
  ASSERT_THAT(tables[0].remarks, SizeIs(1));
  EXPECT_THAT(tables[0].remarks[0], HasSubstr("5 of 14 runs took 1.125 times as long"));
  for (const auto &[call, time, power] : tables[0].samples) {
    const auto scores =
        static_cast<double>(call.shape.batch * call.shape.rows * call.shape.columns);
    EXPECT_NEAR(time.in(units::second) / (scores * 1e-12), call.pass == Pass::forward ? 3.2 : 8,
                1e-6);
  }
}

TEST(RunSpeeds, OfATableCountOnlyWhereBothPassesTellThem) {
  const auto tables = parse_kernel_tables(table_of_runs(false), "table.csv");
  EXPECT_TRUE(tables.at(0).remarks.empty());
}

} // namespace
} // namespace flopcast
