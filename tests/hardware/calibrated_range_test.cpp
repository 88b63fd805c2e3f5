// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibrated_range.hpp"

#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;
using testing::IsEmpty;

/// Products in bf16 of 64 × 128 × 256 to 4,096 × 8,192 × 16,384, and sums of 1 kB to 1 GB.
Calibration calibration() {
  Calibration made;
  GemmModel &product = made.gemm[static_cast<std::size_t>(NumberFormat::bf16)].emplace();
  product.measured_from = {.batch = 1, .rows = 64, .columns = 128, .depth = 256};
  product.measured_to = {.batch = 1, .rows = 4096, .columns = 8192, .depth = 16384};
  StreamModel &sum = made.stream_of(OperatorClass::elementwise, Pass::forward).emplace();
  sum.measured_from = {.batch = 1, .rows = 1, .columns = 512, .depth = 1};
  sum.measured_to = {.batch = 1, .rows = 1000, .columns = 4096, .depth = 1};
  sum.measured_from_bytes = 1.0 * kilobyte;
  sum.measured_to_bytes = 1.0 * gigabyte;
  ClassErrors errors{.kind = OperatorClass::gemm, .format = NumberFormat::bf16};
  errors.fitted.samples = 300;
  errors.held_back.samples = 100;
  made.errors.push_back(errors);
  return made;
}

OperatorCall call(OperatorClass kind, const MatrixShape &shape, Bytes bytes = 1.0 * megabyte) {
  return {.kind = kind, .flops = {}, .bytes = bytes, .shape = shape};
}

TEST(MeasuredRanges, HoldTheSidesThatWereMeasuredAndHowOften) {
  const auto ranges = measured_ranges(calibration());
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].kind, OperatorClass::gemm);
  EXPECT_EQ(ranges[0].samples, 400);
  EXPECT_THAT(ranges[0].sides, ElementsAre(SideRange{RangeSide::rows, 64, 4096},
                                           SideRange{RangeSide::columns, 128, 8192},
                                           SideRange{RangeSide::depth, 256, 16384}));
  EXPECT_EQ(ranges[1].kind, OperatorClass::elementwise);
  EXPECT_EQ(ranges[1].samples, 0) << "no errors are told of it";
  EXPECT_EQ(ranges[1].sides.back(), (SideRange{RangeSide::bytes, 1e3, 1e9}));
}

TEST(MeasuredRanges, OfACalibrationWithoutModelsAreNone) {
  EXPECT_THAT(measured_ranges(Calibration{}), IsEmpty());
}

TEST(CallCoverage, NamesEverySideThatIsOutsideAndHowFar) {
  const Calibration made = calibration();
  EXPECT_EQ(coverage_of(made, call(OperatorClass::gemm, {1, 4096, 128, 256})).coverage,
            Coverage::inside);
  const CallCoverage found = coverage_of(made, call(OperatorClass::gemm, {1, 16384, 1024, 64}));
  EXPECT_EQ(found.coverage, Coverage::outside);
  ASSERT_EQ(found.outside.size(), 2U);
  EXPECT_EQ(found.outside[0], (SideOutside{RangeSide::rows, 16384, 4096}));
  EXPECT_EQ(found.outside[0].factor(), 4);
  EXPECT_EQ(found.outside[1], (SideOutside{RangeSide::depth, 64, 256}));
  EXPECT_EQ(found.outside[1].factor(), 0.25);
  const CallCoverage large =
      coverage_of(made, call(OperatorClass::elementwise, {1, 10, 512, 1}, 2.0 * gigabyte));
  EXPECT_THAT(large.outside, ElementsAre(SideOutside{RangeSide::bytes, 2e9, 1e9}));
}

TEST(CallCoverage, TellsStandInsFromWhatNobodyMeasured) {
  const Calibration made = calibration();
  const MatrixShape inside{1, 512, 512, 512};
  EXPECT_EQ(coverage_of(made, call(OperatorClass::convolution, inside)).coverage,
            Coverage::stand_in);
  EXPECT_EQ(coverage_of(made, call(OperatorClass::rotary, inside)).coverage, Coverage::stand_in);
  EXPECT_EQ(coverage_of(made, call(OperatorClass::softmax, inside)).coverage, Coverage::unmeasured);
  EXPECT_EQ(coverage_of(Calibration{}, call(OperatorClass::gemm, inside)).coverage,
            Coverage::unmeasured);
}

TEST(CallCoverage, AgreesWithTheRangeThatEstimatesAskFor) {
  const PresetCatalog presets = tests::shipped_presets();
  int outside = 0;
  int asked = 0;
  for (const std::string &id : presets.ids("calibrations")) {
    const Calibration shipped = load_calibration(presets, id);
    for (const auto &[name, kind] : operator_class_names())
      for (const Pass pass : {Pass::forward, Pass::backward})
        for (const NumberFormat format : {NumberFormat::bf16, NumberFormat::fp8})
          for (const std::int64_t rows : {1, 512, 4096, 1 << 20})
            for (const std::int64_t depth : {1, 128, 8192}) {
              OperatorCall one = call(kind, {16, rows, 4096, depth});
              one.pass = pass;
              one.format = format;
              const Coverage coverage = coverage_of(shipped, one).coverage;
              EXPECT_EQ(coverage == Coverage::inside || coverage == Coverage::unmeasured,
                        in_calibrated_range(shipped, one))
                  << id << ' ' << name << ' ' << rows << ' ' << depth;
              outside += coverage == Coverage::outside ? 1 : 0;
              ++asked;
            }
  }
  EXPECT_GT(outside, 100) << "of " << asked;
}

} // namespace
} // namespace flopcast
