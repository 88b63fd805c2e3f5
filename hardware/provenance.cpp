// SPDX-License-Identifier: Apache-2.0
#include "hardware/provenance.hpp"

namespace flopcast {

std::string_view to_text(Origin origin) {
  switch (origin) {
  case Origin::given:
    return "given";
  case Origin::measured:
    return "measured";
  case Origin::calibrated:
    return "calibrated";
  case Origin::fact:
    return "fact";
  case Origin::computed:
    return "computed";
  case Origin::defaulted:
    return "default";
  case Origin::assumed:
    return "assumed";
  }
  return "";
}

} // namespace flopcast
