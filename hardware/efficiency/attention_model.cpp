// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/attention_model.hpp"

#include "hardware/efficiency/residual_fit.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

constexpr double block_queries = 128; // FlashAttention-2 and -3 for heads of up to 128
constexpr double depth_tile = 32;     // kernels are built for multiples of this width
constexpr double forward_products = 2;
constexpr double backward_products = 5; // the scores are computed again

/// Units of work where a unit that is begun costs between its filled part (share 1) and a whole one
/// (share 0).
double begun(double units, double share) { return share * units + (1 - share) * std::ceil(units); }

} // namespace

AttentionWork attention_work(const OperatorCall &call) {
  return {.batch = static_cast<double>(call.shape.batch),
          .rows = static_cast<double>(call.shape.rows),
          .columns = static_cast<double>(call.shape.columns),
          .depth = static_cast<double>(call.shape.depth),
          .bytes = call.bytes.in(units::byte),
          .causal = call.causal,
          .backward = call.pass == Pass::backward};
}

double padded_depth(double depth) { return depth_tile * std::ceil(depth / depth_tile); }

AttentionParts attention_parts(const AttentionModel &model, const DeviceRates &rates,
                               const AttentionWork &work) {
  const auto &[batch, rows, columns, depth, traffic, causal, backward] = work;
  const auto processors = static_cast<double>(rates.multiprocessors);
  const double peak = rates.peak.in(units::flop / units::second) / processors;
  const double bandwidth = rates.memory_bandwidth.in(units::byte / units::second);

  const double width = depth_tile * begun(depth / depth_tile, model.partial_depth);
  const double products = backward ? backward_products : forward_products;
  const double score = 2 * products * (width + model.softmax_depth) / (peak * model.efficiency);
  const double whole_keys = columns + model.fill_keys;
  const double block = block_queries * whole_keys * score *
                       (padded_depth(depth) > depth ? 1 + model.uneven_depth : 1.0);

  // A mask leaves the blocks unequal; what counts is how many whole ones they make together. Tiles
  // on the diagonal are computed whole.
  const double blocks = begun(rows / block_queries, model.partial_block);
  const double masked = causal ? std::max(block_queries * (blocks / 2 - 1), 0.0) : 0.0;
  // Multiplied and divided by the same keys, whole waves would be rounded to a little more at
  // times, and the next begun.
  const double whole_blocks =
      batch * blocks * (masked > 0 ? (whole_keys - masked) / whole_keys : 1.0);
  const double waves = std::max(begun(whole_blocks / processors, model.partial_wave), 1.0);
  // Two blocks on a multiprocessor hide each other's waits; one alone cannot.
  const double alone = model.lone_block * std::max(2 - waves, 0.0);
  const double at_peak = traffic / bandwidth;
  return {.products = (waves + alone) * block,
          .traffic = at_peak / model.memory_efficiency,
          .extra = at_peak * model.extra_traffic,
          .blocks = whole_blocks};
}

Seconds attention_time(const AttentionModel &model, const DeviceRates &rates,
                       const OperatorCall &call) {
  const AttentionWork work = attention_work(call);
  const AttentionParts parts = attention_parts(model, rates, work);
  const double residual = model.residual.at({parts.blocks, work.columns, padded_depth(work.depth)});
  return static_cast<double>(call.kernels) * model.launch +
         (smooth_maximum(parts.products * std::exp(residual), parts.traffic) + parts.extra) *
             units::second;
}

bool in_measured_range(const AttentionModel &model, const OperatorCall &call) {
  const auto within = [&](std::int64_t MatrixShape::*dimension) {
    return call.shape.*dimension >= model.measured_from.*dimension &&
           call.shape.*dimension <= model.measured_to.*dimension;
  };
  return within(&MatrixShape::batch) && within(&MatrixShape::rows) &&
         within(&MatrixShape::columns) && within(&MatrixShape::depth);
}

} // namespace flopcast
