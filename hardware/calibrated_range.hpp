// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace flopcast {

/// What of an operator's shape was measured between two bounds: sides of MatrixShape, and the
/// traffic of memory-bound operators.
enum class RangeSide { groups, rows, columns, depth, bytes };

struct SideRange {
  RangeSide side = RangeSide::rows;
  double from = 0; ///< bytes where the side is bytes, else a count
  double to = 0;

  bool operator==(const SideRange &) const = default;
};

/// Shapes of one class that a calibration measured: a box.
struct MeasuredRange {
  OperatorClass kind = OperatorClass::gemm;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16; ///< memory-bound classes: of the first sample
  std::vector<SideRange> sides;
  std::int64_t samples = 0; ///< longer than judged_from, fitted and held back together
};

/// The range of every model of the calibration, by class, format and pass. Products were measured
/// forward: their gradients are products too.
[[nodiscard]] std::vector<MeasuredRange> measured_ranges(const Calibration &calibration);

/// Whether a call's shape was measured.
enum class Coverage {
  inside,
  outside,   ///< of its own class's range
  stand_in,  ///< no model of its own class knows it: another's times it
  unmeasured ///< no model at all: a stated share of the datasheet's rate
};

/// A side of a call that is not within its range.
struct SideOutside {
  RangeSide side = RangeSide::rows;
  double value = 0;
  double bound = 0; ///< the nearer end of the range

  /// How many times the most, or which part of the least, that was measured.
  [[nodiscard]] double factor() const { return value / bound; }

  bool operator==(const SideOutside &) const = default;
};

struct CallCoverage {
  Coverage coverage = Coverage::unmeasured;
  std::vector<SideOutside> outside; ///< where `coverage` is outside

  bool operator==(const CallCoverage &) const = default;
};

[[nodiscard]] std::string_view to_text(Coverage coverage);

/// Where a call lies. Inside or unmeasured wherever in_calibrated_range() is true, and only there.
[[nodiscard]] CallCoverage coverage_of(const Calibration &calibration, const OperatorCall &call);

} // namespace flopcast
