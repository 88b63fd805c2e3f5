// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flopcast {
namespace {

/// splitmix64's finalizer: every bit of the input moves half of the output's.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
  return x ^ x >> 31;
}

} // namespace

ErrorSummary summarize(std::vector<double> errors) {
  ErrorSummary summary;
  summary.samples = static_cast<std::int64_t>(errors.size());
  if (errors.empty())
    return summary;
  const auto count = static_cast<double>(errors.size());
  summary.bias = std::accumulate(errors.begin(), errors.end(), 0.0) / count;
  std::ranges::transform(errors, errors.begin(), [](double e) { return std::abs(e); });
  std::ranges::sort(errors);
  summary.mean = std::accumulate(errors.begin(), errors.end(), 0.0) / count;
  const auto quantile = [&](double share) {
    return errors[static_cast<std::size_t>(std::lround(share * (count - 1)))];
  };
  summary.median = quantile(0.5);
  summary.p90 = quantile(0.9);
  return summary;
}

ErrorSpread spread_of(std::vector<double> log_errors) {
  if (log_errors.empty())
    return {};
  std::ranges::sort(log_errors);
  const auto last = static_cast<double>(log_errors.size() - 1);
  const auto quantile = [&](double share) {
    return log_errors[static_cast<std::size_t>(std::lround(share * last))];
  };
  return {.samples = static_cast<std::int64_t>(log_errors.size()),
          .p10 = quantile(0.1),
          .p50 = quantile(0.5),
          .p90 = quantile(0.9)};
}

namespace {

/// The same for all samples of one shape.
std::uint64_t shape_hash(const OperatorCall &call) {
  // Attention: its work grows with the sequence, so the sequence is part of the shape, and batch
  // too, lest nearly the same kernel be on both sides. The optimizer has nothing but rows.
  const bool whole =
      call.kind == OperatorClass::fused_attention || call.kind == OperatorClass::grouped_gemm;
  const std::int64_t count = whole                                   ? call.shape.batch
                             : call.kind == OperatorClass::optimizer ? call.shape.rows
                                                                     : 0;
  std::uint64_t hash = mixed(static_cast<std::uint64_t>(count));
  for (const std::int64_t part :
       {static_cast<std::int64_t>(call.kind), call.shape.columns, call.shape.depth})
    hash = mixed(hash + 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(part));
  return hash;
}

} // namespace

bool is_held_back(const OperatorCall &call) { return shape_hash(call) % 4 == 0; }

bool tells_spread(const OperatorCall &call) { return shape_hash(call) % 8 == 0; }

} // namespace flopcast
