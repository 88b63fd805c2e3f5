// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace flopcast {

/// What a merge added, and what the two stores disagree on.
struct MergeSummary {
  std::int64_t sessions = 0;
  std::int64_t operators = 0;
  std::int64_t calibrations = 0;
  std::int64_t runs = 0;
  std::vector<std::string> conflicts = {}; ///< one sentence each

  bool operator==(const MergeSummary &) const = default;
};

/// Adds what `from` holds to `into`, all of it or nothing. Records of the same content are one. Of
/// two that differ under the same key, that of `into` stays and the conflict is reported. A file
/// that shall stay as it is comes in by Database::copy_of().
MergeSummary merge(const Database &into, const Database &from);

} // namespace flopcast
