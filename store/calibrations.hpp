// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/input/value.hpp"
#include "store/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// A calibration as the store keeps it.
struct CalibrationRecord {
  std::string id;
  std::string device;
  Date date;
  std::optional<std::string> session; ///< id of the MeasurementSession that it was fitted to
  std::string toml;                   ///< by calibration_toml()

  bool operator==(const CalibrationRecord &) const = default;
};

[[nodiscard]] CalibrationRecord calibration_record(const Calibration &calibration,
                                                   std::optional<std::string> session);

/// The calibration of a record; what its text does not state is taken from `base`.
/// Throws InputError where the text is no calibration.
[[nodiscard]] Calibration calibration_of(const CalibrationRecord &record, const Calibration &base);

/// False, and nothing is written, where one with the same text is there already.
bool add_calibration(const Database &database, const CalibrationRecord &record);

/// The one with the latest date; of several on that day the last that was added.
[[nodiscard]] std::optional<CalibrationRecord> newest_calibration(const Database &database,
                                                                  std::string_view device);

/// All of them, in the order in which they were added.
[[nodiscard]] std::vector<CalibrationRecord> calibrations(const Database &database);

} // namespace flopcast
