// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/input/table_reader.hpp"

#include <string>

namespace flopcast {

/// Reads the whole table [power], which power_text() wrote. Problems go to the table's diagnostics.
[[nodiscard]] MeteredPower read_power(TableReader table);

/// The TOML of a calibration's power, numbers to six digits; "" without one.
[[nodiscard]] std::string power_text(const Calibration &calibration);

} // namespace flopcast
