// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace flopcast {

/// One line of RFC 4180, ended by "\n": fields with commas, quotes or line ends are quoted.
[[nodiscard]] std::string csv_line(const std::vector<std::string> &fields);

} // namespace flopcast
