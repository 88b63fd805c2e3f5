// SPDX-License-Identifier: Apache-2.0
#include "model/execution/expert_places.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

/// Subsets of k out of n.
double subsets(std::int64_t n, std::int64_t k) {
  if (k < 0 || k > n)
    return 0;
  double count = 1;
  for (std::int64_t i = 1; i <= k; ++i)
    count *= static_cast<double>(n - k + i) / static_cast<double>(i);
  return count;
}

} // namespace

double reached_places(std::int64_t places, const MixtureOfExperts &experts) {
  const auto n = static_cast<double>(places);
  const auto chosen = static_cast<double>(experts.per_token);
  const auto limit = static_cast<double>(experts.groups_per_token);
  const auto groups = static_cast<double>(experts.groups);
  if (places >= experts.groups) // a place lies in one group
    return n * limit / groups * (1 - std::pow(1 - groups / (limit * n), chosen));
  const std::int64_t held = experts.groups / places; // groups of a place
  double missed = 0;
  for (std::int64_t taken = 0; taken <= std::min(held, experts.groups_per_token); ++taken)
    missed += subsets(held, taken) *
              subsets(experts.groups - held, experts.groups_per_token - taken) *
              std::pow(1 - static_cast<double>(taken) / limit, chosen);
  return n * (1 - missed / subsets(experts.groups, experts.groups_per_token));
}

} // namespace flopcast
