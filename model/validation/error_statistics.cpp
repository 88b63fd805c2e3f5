// SPDX-License-Identifier: Apache-2.0
#include "model/validation/error_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace flopcast {
namespace {

struct Sum {
  double errors = 0;
  double n = 0;
};

double quantile(const std::vector<double> &sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - std::floor(at)) * (sorted[above] - sorted[below]);
}

/// The least value up to which the weights reach the share of their sum; half way to the next where
/// they reach it exactly.
double weighted_quantile(const std::vector<std::pair<double, double>> &sorted, double share,
                         double all) {
  constexpr double rounding = 1e-9;
  double reached = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    reached += sorted[i].second;
    if (reached > share * all + rounding)
      return sorted[i].first;
    if (reached > share * all - rounding && i + 1 < sorted.size())
      return (sorted[i].first + sorted[i + 1].first) / 2;
  }
  return sorted.back().first;
}

/// Bias of samples of as many groups as there are, drawn with replacement.
std::pair<double, double> bootstrap_interval(const std::vector<Sum> &groups) {
  constexpr int draws = 1000;
  std::mt19937_64 generator(20260101); // any fixed seed
  std::vector<double> biases;
  biases.reserve(draws);
  for (int i = 0; i < draws; ++i) {
    Sum all;
    for (std::size_t j = 0; j < groups.size(); ++j) {
      // Not std::uniform_int_distribution, which differs between libraries.
      const Sum &drawn = groups[generator() % groups.size()];
      all.errors += drawn.errors;
      all.n += drawn.n;
    }
    biases.push_back(all.errors / all.n);
  }
  std::ranges::sort(biases);
  return {quantile(biases, 0.025), quantile(biases, 0.975)};
}

} // namespace

ErrorStatistics error_statistics(std::span<const GroupedError> errors) {
  ErrorStatistics result;
  if (errors.empty())
    return result;
  // Groups in the order of their first error: the bootstrap must not depend on a hash.
  std::unordered_map<std::string_view, std::size_t> index;
  std::vector<Sum> groups;
  std::vector<std::size_t> group_of;
  for (const GroupedError &e : errors) {
    const auto [at, is_new] = index.emplace(e.group, groups.size());
    if (is_new)
      groups.emplace_back();
    groups[at->second].errors += e.error;
    groups[at->second].n += 1;
    group_of.push_back(at->second);
  }
  result.n = static_cast<std::int64_t>(errors.size());
  result.groups = static_cast<std::int64_t>(groups.size());
  std::vector<double> sizes;
  std::vector<std::pair<double, double>> weighted;
  const auto n = static_cast<double>(errors.size());
  const auto group_count = static_cast<double>(groups.size());
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const double size = std::abs(errors[i].error);
    const double weight = 1 / groups[group_of[i]].n;
    sizes.push_back(size);
    weighted.emplace_back(size, weight);
    result.mape += size / n;
    result.signed_bias += errors[i].error / n;
    result.group_weighted_mape += weight * size / group_count;
    result.group_weighted_bias += weight * errors[i].error / group_count;
  }
  std::ranges::sort(sizes);
  std::ranges::sort(weighted);
  result.median_ape = quantile(sizes, 0.5);
  result.p90_ape = quantile(sizes, 0.9);
  result.group_weighted_median_ape = weighted_quantile(weighted, 0.5, group_count);
  result.group_weighted_p90_ape = weighted_quantile(weighted, 0.9, group_count);
  std::tie(result.bias_low, result.bias_high) = bootstrap_interval(groups);
  return result;
}

} // namespace flopcast
