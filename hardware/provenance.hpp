// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"

#include <string>

namespace flopcast {

/// Where a number comes from, strongest first: the badge that output shows beside it.
enum class Origin {
  given,      ///< written in the plan
  measured,   ///< measured on the device, or a published measurement
  calibrated, ///< fitted to measurements
  fact,       ///< a datasheet, a paper, a price list
  computed,   ///< follows from other numbers by a formula
  defaulted,  ///< a stated default of Flopcast
  assumed,    ///< a modelling assumption that nobody measured here
};

[[nodiscard]] std::string_view to_text(Origin origin);

/// A fact's source and the day it was recorded.
struct Provenance {
  std::string source;
  Date date;
};

} // namespace flopcast
