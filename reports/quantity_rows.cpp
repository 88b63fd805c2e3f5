// SPDX-License-Identifier: Apache-2.0
#include "reports/quantity_rows.hpp"

#include <fmt/format.h>

namespace flopcast {

std::string headline_label(const NamedQuantity &quantity) {
  return quantity.section == QuantitySection::memory
             ? fmt::format("{}, {}", to_text(quantity.section), quantity.label)
             : std::string(quantity.label);
}

std::string interval_text(const std::optional<LawInterval> &interval) {
  return interval ? fmt::format("{:.4f} to {:.4f}", interval->low, interval->high)
                  : std::string("not known: the source gives none");
}

} // namespace flopcast
