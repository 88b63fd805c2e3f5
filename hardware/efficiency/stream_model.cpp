// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/stream_model.hpp"

#include "hardware/efficiency/residual_fit.hpp"

#include <cmath>

namespace flopcast {

double stream_base_seconds(const StreamModel &model, Bandwidth memory_bandwidth, double rows,
                           double bytes) {
  const double bandwidth = memory_bandwidth.in(units::byte / units::second);
  const double cache = model.cache.in(units::byte);
  // Up to about the cache's size the traffic is found there, and none of what comes beyond it. Both
  // parts grow with the bytes, so time does.
  const double cached = bytes * cache / (bytes + cache);
  const double moved = bytes - cached + rows * model.row_cost.in(units::byte);
  return (cached / model.cache_speedup + moved) / (bandwidth * model.memory_efficiency);
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
  const double base = stream_base_seconds(model, memory_bandwidth, rows, bytes);
  const double busy = base * std::exp(model.residual.at({rows, columns, bytes / (rows * columns)}));
  return fixed + smooth_maximum(busy, host.in(units::second)) * units::second;
}

bool in_measured_range(const StreamModel &model, const OperatorCall &call) {
  return call.shape.rows >= model.measured_from.rows && call.shape.rows <= model.measured_to.rows &&
         call.shape.columns >= model.measured_from.columns &&
         call.shape.columns <= model.measured_to.columns &&
         call.bytes >= model.measured_from_bytes && call.bytes <= model.measured_to_bytes;
}

} // namespace flopcast
