// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/input/table_reader.hpp"

#include <string>

namespace flopcast {

/// Reads [links.scale_up] and [links.scale_out], each with a table for every kind of collective,
/// over the links that the calibration has. Problems go to the reader's diagnostics.
void read_links(TableReader table, Calibration &calibration);

/// The TOML text of the links; "" where there are none. read_links() gives them back to six digits,
/// whole bytes exactly.
[[nodiscard]] std::string links_text(const Calibration &calibration);

} // namespace flopcast
