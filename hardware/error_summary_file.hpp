// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/sample.hpp"
#include "hardware/input/table_reader.hpp"

#include <string>
#include <string_view>

namespace flopcast {

/// A number that must be there and lie within the bounds; the lowest where it does not.
[[nodiscard]] double required_number(TableReader &table, std::string_view key, double lowest,
                                     double highest);

/// Reads the whole table of an error summary, which errors_text() wrote.
[[nodiscard]] ErrorSummary read_errors(TableReader table);

/// The TOML of a summary as the table of that name; numbers to 0.0001.
[[nodiscard]] std::string errors_text(std::string_view table, const ErrorSummary &errors);

} // namespace flopcast
