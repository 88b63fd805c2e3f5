// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/stream_model.hpp"

#include "hardware/efficiency/residual_fit.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace flopcast {
namespace {

/// The next power of two.
double even_width(double columns) {
  return static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(columns)));
}

} // namespace

double stream_base_seconds(const StreamModel &model, Bandwidth memory_bandwidth, double rows,
                           double columns, double bytes) {
  const double bandwidth = memory_bandwidth.in(units::byte / units::second);
  const double cache = model.cache.in(units::byte);
  // Up to about the cache's size the traffic is found there, and none of what comes beyond it. Both
  // parts grow with the bytes, so time does.
  const double cached = bytes * cache / (bytes + cache);
  const double moved = bytes - cached + rows * model.row_cost.in(units::byte);
  return (cached / model.cache_speedup + moved) / (bandwidth * model.memory_efficiency) *
         (columns > registers_width ? model.wide_row_factor : 1);
}

Seconds stream_time(const StreamModel &model, Bandwidth memory_bandwidth,
                    const OperatorCall &call) {
  const auto rows = static_cast<double>(call.shape.rows);
  const auto columns = static_cast<double>(call.shape.columns);
  const double bytes = call.bytes.in(units::byte);
  const Seconds fixed = static_cast<double>(call.kernels) * model.launch;
  const Seconds host = static_cast<double>(call.kernels - 1) * model.launch_interval;
  if (bytes <= 0 || rows <= 0 || columns <= 0)
    return fixed + host;
  const double element_bytes = bytes / (rows * columns);
  const auto usual = [&](double width) {
    return stream_base_seconds(model, memory_bandwidth, rows, width, rows * width * element_bytes) *
           std::exp(model.residual.at({rows, width, element_bytes}));
  };
  double busy = usual(columns);
  // Both grow with the width: the next power of two never falls.
  if (model.power_of_two_speedup > 1 && columns > registers_width && !call.causal) {
    const double even = even_width(columns);
    busy = std::min(busy, (even > columns ? usual(even) : busy) / model.power_of_two_speedup);
  }
  return fixed + smooth_maximum(busy, host.in(units::second)) * units::second;
}

bool is_fast_width(const OperatorCall &call) {
  return !call.causal && static_cast<double>(call.shape.columns) > registers_width &&
         std::has_single_bit(static_cast<std::uint64_t>(call.shape.columns));
}

bool in_measured_range(const StreamModel &model, const OperatorCall &call) {
  return call.shape.rows >= model.measured_from.rows && call.shape.rows <= model.measured_to.rows &&
         call.shape.columns >= model.measured_from.columns &&
         call.shape.columns <= model.measured_to.columns &&
         call.bytes >= model.measured_from_bytes && call.bytes <= model.measured_to_bytes;
}

} // namespace flopcast
