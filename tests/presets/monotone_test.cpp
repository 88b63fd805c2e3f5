// SPDX-License-Identifier: Apache-2.0
// More rows, columns, depth or batch never take less time, by any shipped calibration.
#include "hardware/calibration.hpp"
#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace flopcast {
namespace {

constexpr int pairs = 100'000;

/// Shapes over four decades a side, and a growth of one side from a single row to twofold.
class RandomPairs {
public:
  explicit RandomPairs(unsigned seed) : random_(seed) {}

  MatrixShape shape() { return {.batch = 1, .rows = side(), .columns = side(), .depth = side()}; }

  void grow(std::int64_t &side) {
    const double share = std::exp2(-14 * unit_(random_));
    side += 1 + static_cast<std::int64_t>(share * static_cast<double>(side));
  }

  /// Multiples of an eighth of a power of two, as sizes of models are, or any number.
  std::int64_t side() {
    const double octave = 16 * unit_(random_);
    if (unit_(random_) < 0.5)
      return static_cast<std::int64_t>(std::exp2(octave));
    const auto power = std::int64_t{1} << static_cast<int>(octave);
    return power + power / 8 * static_cast<std::int64_t>(8 * unit_(random_));
  }

private:
  std::mt19937 random_;
  std::uniform_real_distribution<double> unit_{0, 1};
};

/// Pairs of calls of which the larger must not take less.
struct Falls {
  int count = 0;
  double worst = 0; ///< largest fall, as a share of the time
  OperatorCall from;
  OperatorCall to;

  void look(const Device &device, const Calibration &calibration, const OperatorCall &small,
            const OperatorCall &large) {
    const double ratio =
        operator_time(device, calibration, large) / operator_time(device, calibration, small);
    // Rounding of a dozen operations.
    if (ratio >= 1 - 1e-12)
      return;
    ++count;
    if (1 - ratio > worst) {
      worst = 1 - ratio;
      from = small;
      to = large;
    }
  }
};

std::string text(const MatrixShape &s) {
  return fmt::format("{} x {} x {} x {}", s.batch, s.rows, s.columns, s.depth);
}

void expect_none(const Falls &falls) {
  EXPECT_EQ(falls.count, 0) << to_text(falls.from.kind) << " " << to_text(falls.from.format)
                            << " falls by up to " << 100 * falls.worst << " %, from "
                            << text(falls.from.shape) << " to " << text(falls.to.shape);
}

class ShippedCalibration : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    const PresetCatalog catalog = tests::shipped_presets();
    calibration_ = load_calibration(catalog, GetParam());
    if (calibration_.device.empty())
      GTEST_SKIP() << "no device was measured for it";
    device_ = load_device(catalog, calibration_.device);
  }

  /// Calls visit(format) for those that the device multiplies in.
  template <class Visit> void for_each_format(Visit visit) const {
    for (std::size_t f = 0; f < number_format_count; ++f)
      if (device_rates(device_, static_cast<NumberFormat>(f)))
        visit(static_cast<NumberFormat>(f));
  }

  Calibration calibration_;
  Device device_;
};

TEST_P(ShippedCalibration, ProductsNeverTakeLessTimeAsTheyGrow) {
  for (const OperatorClass kind : {OperatorClass::gemm, OperatorClass::batched_gemm})
    for_each_format([&](NumberFormat format) {
      if (!calibration_.gemm_model(kind, format))
        return;
      RandomPairs random(7);
      Falls falls;
      for (int i = 0; i < pairs; ++i) {
        OperatorCall small{.kind = kind, .format = format, .flops = {}, .bytes = {}};
        small.shape = random.shape();
        OperatorCall large = small;
        random.grow(i % 3 == 0   ? large.shape.rows
                    : i % 3 == 1 ? large.shape.columns
                                 : large.shape.depth);
        falls.look(device_, calibration_, small, large);
      }
      expect_none(falls);
    });
}

/// Units of `size` that are begun.
double begun_units(std::int64_t side, std::int64_t size) {
  return std::ceil(static_cast<double>(side) / static_cast<double>(size));
}

// One row more begins at most a row of tiles, and those at most one wave: with the largest tile,
// 256 rows or columns of 128, times grow by 1/tiles of the side and 1/waves at most. A residual
// that rises by 2 in an octave, e^2, adds 2/ln 2 per row; none does.
TEST_P(ShippedCalibration, ProductsStepByNoMoreThanATileAndAWave) {
  for_each_format([&](NumberFormat format) {
    if (!calibration_.gemm_model(OperatorClass::gemm, format))
      return;
    const auto processors = static_cast<double>(device_rates(device_, format)->multiprocessors);
    RandomPairs random(9);
    double worst = 0;
    OperatorCall at{.kind = OperatorClass::gemm, .format = format, .flops = {}, .bytes = {}};
    for (int i = 0; i < pairs; ++i) {
      OperatorCall small{.kind = OperatorClass::gemm, .format = format, .flops = {}, .bytes = {}};
      small.shape = random.shape();
      OperatorCall large = small;
      std::int64_t &side = i % 2 == 0 ? large.shape.rows : large.shape.columns;
      const std::int64_t before = side++;
      const double waves = std::max(1.0, static_cast<double>(small.shape.rows) *
                                             static_cast<double>(small.shape.columns) /
                                             (256.0 * 128.0 * processors));
      const double bound = (1 + 1 / begun_units(before, 256)) * (1 + 1 / waves) *
                           (1 + 2 / std::numbers::ln2 / static_cast<double>(before));
      const double ratio =
          operator_time(device_, calibration_, large) / operator_time(device_, calibration_, small);
      if (ratio / bound > worst) {
        worst = ratio / bound;
        at = small;
      }
    }
    EXPECT_LE(worst, 1) << to_text(format) << " at " << text(at.shape);
  });
}

TEST_P(ShippedCalibration, AttentionNeverTakesLessTimeAsItGrows) {
  for_each_format([&](NumberFormat format) {
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      if (!calibration_.attention_model(format, pass))
        continue;
      RandomPairs random(8);
      Falls falls;
      for (int i = 0; i < pairs; ++i) {
        OperatorCall small{.kind = OperatorClass::fused_attention,
                           .pass = pass,
                           .format = format,
                           .flops = {},
                           .bytes = {}};
        const std::int64_t sequence = random.side();
        small.shape = {.batch = random.side(),
                       .rows = sequence,
                       .columns = sequence,
                       .depth = std::int64_t{32} << i % 4};
        small.causal = i % 8 < 4;
        OperatorCall large = small;
        if (i % 3 == 0) {
          random.grow(large.shape.batch);
        } else {
          random.grow(large.shape.columns);
          if (i % 3 == 1)
            large.shape.rows = large.shape.columns;
        }
        const auto bytes = [](const MatrixShape &s) {
          return 4.0 * static_cast<double>(s.batch * s.depth) *
                 static_cast<double>(s.rows + s.columns) * units::byte;
        };
        small.bytes = bytes(small.shape);
        large.bytes = bytes(large.shape);
        falls.look(device_, calibration_, small, large);
      }
      expect_none(falls);
    }
  });
}

TEST_P(ShippedCalibration, MemoryBoundOperatorsNeverTakeLessTimeAsTheyGrow) {
  for (std::size_t k = 0; k < operator_class_count; ++k)
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      const auto kind = static_cast<OperatorClass>(k);
      if (!calibration_.stream_of(kind, pass))
        continue;
      RandomPairs random(9);
      Falls falls;
      for (int i = 0; i < pairs; ++i) {
        OperatorCall small{
            .kind = kind, .pass = pass, .format = NumberFormat::fp16, .flops = {}, .bytes = {}};
        small.shape = {.batch = 1, .rows = random.side(), .columns = random.side(), .depth = 0};
        OperatorCall large = small;
        double element_bytes = 2 + i % 7;
        const auto bytes = [&](const MatrixShape &s) {
          return element_bytes * static_cast<double>(s.rows) * static_cast<double>(s.columns) *
                 units::byte;
        };
        small.bytes = bytes(small.shape);
        if (i % 3 == 0)
          element_bytes += 1;
        else
          random.grow(i % 3 == 1 ? large.shape.rows : large.shape.columns);
        large.bytes = bytes(large.shape);
        falls.look(device_, calibration_, small, large);
      }
      expect_none(falls);
    }
}

INSTANTIATE_TEST_SUITE_P(Presets, ShippedCalibration,
                         testing::ValuesIn(tests::shipped_presets().ids("calibrations")),
                         [](const testing::TestParamInfo<std::string> &preset) {
                           std::string name = preset.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

} // namespace
} // namespace flopcast
