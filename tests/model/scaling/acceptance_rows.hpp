// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace flopcast::tests {

/// Which test holds a row of shared/data/laws/acceptance.csv against the program.
enum class RowOwner {
  laws,    ///< scaling/acceptance_test.cpp: presets, predictions, allocation
  fits,    ///< the tests of model/scaling/fit: optima, bootstraps, coverage, extrapolation
  flops,   ///< flop_conventions_test.cpp
  baseline ///< not ours to reproduce: what other programs took, the yardstick of tests/bench
};

/// By the prefix of the row's id; the exceptions are single rows.
[[nodiscard]] constexpr RowOwner owner_of(std::string_view id) {
  // Errors that Gadre's published five-run law makes follow from its preset; Clark's effective
  // parameters and losses from his.
  constexpr std::string_view ours[]{"FIT-017",  "FIT-018",  "FIT-019",  "FIT-020", "BOOT-038",
                                    "BOOT-039", "BOOT-040", "BOOT-041", "BOOT-042"};
  for (const std::string_view row : ours)
    if (id == row)
      return RowOwner::laws;
  // Allocation under the repeats' law; the rest of its rows are objectives of a fit.
  for (const std::string_view row : {"DATAC-009", "DATAC-010", "DATAC-011", "DATAC-012",
                                     "DATAC-013", "DATAC-015", "DATAC-017", "DATAC-019"})
    if (id == row)
      return RowOwner::fits;
  for (const std::string_view row : {"MOE-021", "MOE-022", "MOE-023", "MOE-024"})
    if (id == row)
      return RowOwner::fits;
  for (const std::string_view prefix : {"FIT-", "FITC-", "BOOT-", "CALIB-", "EXTRAP-"})
    if (id.starts_with(prefix))
      return RowOwner::fits;
  if (id.starts_with("FLOP-"))
    return RowOwner::flops;
  if (id.starts_with("SPEED-"))
    return RowOwner::baseline;
  return RowOwner::laws;
}

} // namespace flopcast::tests
