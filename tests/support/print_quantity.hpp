// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "hardware/units/text.hpp"

#include <ostream>

namespace flopcast {

/// How a failed expectation shows a quantity; else GoogleTest prints its bytes.
template <class Dim> void PrintTo(const Quantity<Dim> &quantity, std::ostream *out) {
  *out << human_text(quantity);
}

inline void PrintTo(const Date &date, std::ostream *out) { *out << to_text(date); }

} // namespace flopcast
