// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/shape_plan.hpp"

#include "hardware/efficiency/spread_point.hpp"

#include <cmath>
#include <set>
#include <tuple>

namespace flopcast {
namespace {

using Point = std::array<double, 4>;

/// From low (u = 0) to high (u = 1), evenly over its logarithm, in multiples of `step`.
std::int64_t size_at(double u, double low, double high, std::int64_t step) {
  const double size = low * std::pow(high / low, u);
  return std::max<std::int64_t>(1, std::llround(size / static_cast<double>(step))) * step;
}

template <std::size_t count>
std::int64_t one_of(double u, const std::array<std::int64_t, count> &values) {
  return values[std::min(count - 1, static_cast<std::size_t>(u * count))];
}

constexpr std::array<std::int64_t, 9> head_widths{32, 48, 64, 72, 80, 96, 128, 192, 256};
// Of the byte-level and sentence-piece vocabularies in use, as trained and padded.
constexpr std::array<std::int64_t, 8> vocabularies{1024,  8192,  32000,  50257,
                                                   50304, 65536, 100352, 128256};

double real(std::int64_t value) { return static_cast<double>(value); }

OperatorCall product_call(OperatorClass kind, Pass pass, NumberFormat format,
                          const MatrixShape &shape) {
  const auto [batch, m, n, k] = shape;
  OperatorCall call{.kind = kind, .pass = pass, .format = format, .flops = {}, .bytes = {}};
  call.shape = shape;
  call.flops = 2 * real(batch) * real(m) * real(n) * real(k) * units::flop;
  call.bytes = real(batch) * (real(m) * real(k) + real(k) * real(n) + real(m) * real(n)) *
               bytes_per_element(format) * units::byte;
  return call;
}

/// A product of a decoder layer or of its logits: forward, or one of the two gradients.
MatrixShape layer_product(const Point &u, std::size_t index, Pass pass) {
  const std::int64_t hidden = size_at(u[0], 128, 16384, 64);
  const std::int64_t tokens = size_at(u[1], 64, 16384, 64);
  std::int64_t wide = 0, deep = hidden;
  switch (index % 5) {
  case 0:
    wide = 3 * hidden;
    break;
  case 1:
    wide = hidden;
    break;
  case 2:
    wide = 4 * hidden;
    break;
  case 3:
    wide = hidden;
    deep = 4 * hidden;
    break;
  default:
    wide = one_of(u[2], vocabularies);
    break;
  }
  if (pass == Pass::forward)
    return {1, tokens, wide, deep};
  return u[3] < 0.5 ? MatrixShape{1, tokens, deep, wide} : MatrixShape{1, deep, wide, tokens};
}

OperatorCall gemm_call(const Point &u, std::size_t index, const KnownOperator &of) {
  if (index % 2 == 1)
    return product_call(of.kind, of.pass, of.format, layer_product(u, index / 2, of.pass));
  return product_call(of.kind, of.pass, of.format,
                      {.batch = 1,
                       .rows = size_at(u[0], 16, 32768, 16),
                       .columns = size_at(u[1], 64, 65536, 64),
                       .depth = size_at(u[2], 64, 32768, 64)});
}

/// Scores and values of unfused attention, by turns.
OperatorCall batched_gemm_call(const Point &u, std::size_t index, const KnownOperator &of) {
  const std::int64_t sequence = size_at(u[0], 32, 8192, 32);
  const std::int64_t width = one_of(u[1], head_widths);
  MatrixShape shape{size_at(u[2], 4, 512, 4), sequence, sequence, width};
  if (index % 2 == 1)
    std::swap(shape.columns, shape.depth);
  return product_call(of.kind, of.pass, of.format, shape);
}

OperatorCall attention_call(const Point &u, std::size_t index, const KnownOperator &of) {
  const std::int64_t sequence = size_at(u[0], 64, 32768, 64);
  const std::int64_t width = one_of(u[1], head_widths);
  const std::int64_t batch = size_at(u[2], 4, 512, 4);
  OperatorCall call{
      .kind = of.kind, .pass = of.pass, .format = of.format, .flops = {}, .bytes = {}};
  call.shape = {batch, sequence, sequence, width};
  call.causal = index % 4 != 3;
  // Two products, of half the scores under a mask; five backward.
  const double products = (of.pass == Pass::forward ? 2 : 5) * (call.causal ? 0.5 : 1.0);
  call.flops =
      products * 2 * real(batch) * real(sequence) * real(sequence) * real(width) * units::flop;
  // Queries, keys, values and output; backward each with its gradient.
  const double tensors = of.pass == Pass::forward ? 4 : 8;
  call.bytes = tensors * real(batch) * real(sequence) * real(width) * bytes_per_element(of.format) *
               units::byte;
  return call;
}

/// How the tensors of a memory-bound class lie: rows × columns, and bytes an element as an estimate
/// counts them, which doubles them for the backward pass.
OperatorCall stream_call(const Point &u, std::size_t index, const KnownOperator &of) {
  const double element = bytes_per_element(of.format);
  std::int64_t rows = size_at(u[0], 16, 262144, 16);
  std::int64_t columns = size_at(u[1], 128, 16384, 64);
  double bytes = 2 * element;
  switch (of.kind) {
  case OperatorClass::elementwise:
    columns = size_at(u[1], 128, 65536, 64);
    bytes = (index % 2 == 0 ? 3 : 2) * element; // a sum, an activation
    break;
  case OperatorClass::rotary:
    rows = size_at(u[0], 256, 4194304, 256);
    columns = one_of(u[1], head_widths);
    break;
  case OperatorClass::cross_entropy:
    columns = one_of(u[1], vocabularies);
    rows = size_at(u[0], 16, 32768, 16);
    bytes = element + 4; // the loss is taken in fp32
    break;
  case OperatorClass::optimizer:
    rows = size_at(u[0], 16384, 2147483648.0, 1024);
    columns = 1;
    // Moments 16; weight and gradient 4 each, or 2 and 4 with an fp32 master.
    bytes = of.format == NumberFormat::fp32 ? 24 : 30;
    break;
  default:
    break;
  }
  OperatorCall call{
      .kind = of.kind, .pass = of.pass, .format = of.format, .flops = {}, .bytes = {}};
  if (of.kind == OperatorClass::optimizer) // fp32 in every estimate, whatever the products are
    call.format = NumberFormat::fp32;
  call.shape = {.batch = 1, .rows = rows, .columns = columns, .depth = 1};
  call.bytes =
      (of.pass == Pass::forward ? 1 : 2) * bytes * real(rows) * real(columns) * units::byte;
  return call;
}

/// Layers of image networks: square images, filters of 3 × 3 and 1 × 1, same size out as in.
OperatorCall convolution_call(const Point &u, std::size_t index, const KnownOperator &of) {
  constexpr std::array<std::int64_t, 4> sides{7, 14, 28, 56};
  const std::int64_t side = one_of(u[0], sides);
  const std::int64_t area = index % 3 == 2 ? 1 : 9;
  const MatrixShape shape{1, size_at(u[1], 1, 256, 1) * side * side, size_at(u[2], 32, 2048, 32),
                          size_at(u[3], 32, 2048, 32) * area};
  OperatorCall call = product_call(of.kind, of.pass, of.format, shape);
  // The image is read once, though each point is seen by all of the filter.
  call.bytes = (real(shape.rows) * real(shape.depth / area) + real(shape.depth * shape.columns) +
                real(shape.rows) * real(shape.columns)) *
               bytes_per_element(of.format) * units::byte;
  if (of.pass == Pass::backward) {
    call.flops = 2.0 * call.flops;
    call.bytes = 2.0 * call.bytes;
    call.kernels = 2;
  }
  return call;
}

/// A memory-bound operator that is not the usual one of its class.
OperatorCall variant_call(const Point &u, OperatorVariant variant, const KnownOperator &of) {
  // A copy moves two tensors as an activation does, the others three.
  OperatorCall call = stream_call(u, variant == OperatorVariant::copy ? 1 : 0, of);
  call.variant = variant;
  if (variant == OperatorVariant::gated && of.pass == Pass::backward) // reads three, writes two
    call.bytes = call.bytes * (5.0 / 6.0);
  return call;
}

OperatorCall call_at(std::size_t index, const KnownOperator &of, OperatorVariant variant) {
  const Point point = spread_point<4>(index);
  if (variant != OperatorVariant::usual)
    return variant_call(point, variant, of);
  switch (of.kind) {
  case OperatorClass::convolution:
    return convolution_call(point, index, of);
  case OperatorClass::gemm:
    return gemm_call(point, index, of);
  case OperatorClass::batched_gemm:
    return batched_gemm_call(point, index, of);
  case OperatorClass::fused_attention:
    return attention_call(point, index, of);
  default:
    return stream_call(point, index, of);
  }
}

/// Classes whose operands are made anew for each call.
bool fills_operands(OperatorClass kind) {
  return kind == OperatorClass::rotary || kind == OperatorClass::cross_entropy ||
         kind == OperatorClass::optimizer;
}

/// How much of a plan a class gets.
struct Wanted {
  KnownOperator of;
  std::size_t count = 0;
  double weight = 0; ///< of its time
  OperatorVariant variant = OperatorVariant::usual;
};

// A fit needs 100 shapes of a class; a quarter of the shapes is held back from it.
constexpr std::size_t class_count = 160;
constexpr std::size_t product_count = 180;

enum class Extent { quick, full };

std::vector<Wanted> wanted_classes(const ShapeLimits &limits, Extent extent) {
  using enum NumberFormat;
  const bool has_bf16 = limits.knows({OperatorClass::gemm, Pass::forward, bf16});
  const NumberFormat main = has_bf16 ? bf16 : fp32;
  std::vector<Wanted> wanted;
  const auto add = [&](const KnownOperator &of, std::size_t count, double weight) {
    if (limits.knows(of))
      wanted.push_back({of, count, weight});
  };
  for (std::size_t f = 0; f < number_format_count; ++f) {
    const auto format = static_cast<NumberFormat>(f);
    add({OperatorClass::gemm, Pass::forward, format}, product_count, format == main ? 6 : 4);
    if (format == main)
      add({OperatorClass::gemm, Pass::backward, format}, product_count / 2, 3);
  }
  add({OperatorClass::batched_gemm, Pass::forward, main}, class_count, 3);
  add({OperatorClass::batched_gemm, Pass::backward, main}, class_count / 3, 1);
  add({OperatorClass::fused_attention, Pass::forward, main}, class_count, 4);
  add({OperatorClass::fused_attention, Pass::backward, main}, class_count, 5);
  for (const OperatorClass kind :
       {OperatorClass::softmax, OperatorClass::normalization, OperatorClass::elementwise,
        OperatorClass::rotary, OperatorClass::embedding, OperatorClass::cross_entropy})
    for (const Pass pass : {Pass::forward, Pass::backward})
      add({kind, pass, main}, class_count, fills_operands(kind) ? 2.5 : 1.9);
  if (limits.knows({OperatorClass::optimizer, Pass::forward, fp32}))
    wanted.push_back({{OperatorClass::optimizer, Pass::forward, main}, class_count, 2});
  if (extent == Extent::quick)
    return wanted;
  // What no step of a transformer asks for, or what is timed as the usual one of its class.
  add({OperatorClass::convolution, Pass::forward, main}, class_count / 2, 2);
  add({OperatorClass::convolution, Pass::backward, main}, class_count / 2, 2);
  const auto add_variant = [&](OperatorClass kind, Pass pass, OperatorVariant variant) {
    if (limits.knows({kind, pass, main}))
      wanted.push_back({{kind, pass, main}, class_count / 4, 0.4, variant});
  };
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    add_variant(OperatorClass::normalization, pass, OperatorVariant::root_mean_square);
    add_variant(OperatorClass::elementwise, pass, OperatorVariant::gated);
  }
  add_variant(OperatorClass::elementwise, Pass::forward, OperatorVariant::copy);
  add_variant(OperatorClass::elementwise, Pass::forward, OperatorVariant::triad);
  return wanted;
}

// A measurement of the host and the device's state besides the runs.
constexpr Seconds preparation = 1.0 * units::millisecond;
constexpr double usable_memory = 0.5; // the rest holds sets of operands of other formats
constexpr double sets_memory = 3;     // operands, rounded up to whole sets, twice

Seconds run_time(const RoughSpeed &speed, const OperatorCall &call) {
  const auto rate = speed.products[static_cast<std::size_t>(call.format)];
  const Seconds products = rate && call.flops > FlopCount{} ? call.flops / *rate : Seconds{};
  return speed.launch + std::max(products, call.bytes / speed.memory);
}

/// Part of the plan for one class, in the order of its points.
std::vector<PlannedOperator> class_plan(const ShapeLimits &limits, const Wanted &wanted,
                                        Seconds budget, const StopRule &rule) {
  // No call may take the place of more than a few others, nor a class end before all its points
  // were tried once.
  constexpr double most_shares = 4;
  constexpr std::size_t tries = 8;
  const Seconds most = budget * (most_shares / static_cast<double>(wanted.count));
  std::vector<PlannedOperator> plan;
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, bool, double>> seen;
  Seconds spent;
  for (std::size_t i = 0; i < tries * wanted.count && plan.size() < wanted.count; ++i) {
    const OperatorCall call = call_at(i, wanted.of, wanted.variant);
    const Seconds time = expected_time(limits, call, rule);
    if (!fits_memory(limits, call) || time > most)
      continue;
    if (spent + time > budget)
      break;
    const auto [batch, rows, columns, depth] = call.shape;
    if (!seen.emplace(batch, rows, columns, depth, call.causal, call.bytes.in(units::byte)).second)
      continue;
    plan.push_back({.call = call, .cache = CacheState::cold, .expected = time});
    spent += time;
  }
  return plan;
}

/// Merges lists so that every first part of the result holds the same share of each.
std::vector<PlannedOperator> interleaved(const std::vector<std::vector<PlannedOperator>> &lists) {
  struct Place {
    double at; ///< 0 … 1
    std::size_t list;
    std::size_t index;
  };
  std::vector<Place> places;
  for (std::size_t list = 0; list < lists.size(); ++list)
    for (std::size_t i = 0; i < lists[list].size(); ++i)
      places.push_back(
          {(static_cast<double>(i) + 0.5) / static_cast<double>(lists[list].size()), list, i});
  std::ranges::stable_sort(places, {}, &Place::at);
  std::vector<PlannedOperator> merged;
  merged.reserve(places.size());
  for (const Place &place : places)
    merged.push_back(lists[place.list][place.index]);
  return merged;
}

ShapePlan shapes(const ShapeLimits &limits, Extent extent, Seconds budget, std::size_t times,
                 const StopRule &rule) {
  std::vector<Wanted> wanted = wanted_classes(limits, extent);
  double weights = 0;
  for (Wanted &each : wanted) {
    each.count *= times;
    weights += each.weight;
  }
  std::vector<std::vector<PlannedOperator>> lists;
  lists.reserve(wanted.size());
  for (const Wanted &each : wanted)
    lists.push_back(class_plan(limits, each, budget * (each.weight / weights), rule));
  ShapePlan plan{.operators = interleaved(lists), .rule = rule, .expected = {}};
  for (const PlannedOperator &planned : plan.operators)
    plan.expected += planned.expected;
  return plan;
}

} // namespace

bool fits_memory(const ShapeLimits &limits, const OperatorCall &call) {
  const double needed = sets_memory * call.bytes.in(units::byte) + 2 * real(limits.cache_bytes);
  return needed <= usable_memory * real(limits.memory_bytes);
}

Seconds expected_time(const ShapeLimits &limits, const OperatorCall &call, const StopRule &rule) {
  const Seconds run = run_time(limits.speed, call) + limits.speed.timing;
  const double runs = std::clamp(rule.most_time / run, 3.0, static_cast<double>(rule.most_runs));
  Seconds filling;
  if (fills_operands(call.kind))
    filling = (call.bytes + 2 * real(limits.cache_bytes) * units::byte) / limits.speed.memory;
  // As measure() warms up.
  const double warm_ups = std::clamp(0.1 * rule.most_time / run, 1.0, 3.0);
  return preparation + filling + (runs + warm_ups) * run;
}

ShapePlan quick_shapes(const ShapeLimits &limits) {
  const auto formats = std::ranges::count_if(limits.known, [](const KnownOperator &known) {
    return known.kind == OperatorClass::gemm && known.pass == Pass::forward;
  });
  const double seconds = std::min(105.0, 45 + 15 * static_cast<double>(formats - 1));
  return shapes(limits, Extent::quick, seconds * units::second, 1,
                {.relative_error = 0.02,
                 .fewest_runs = 6,
                 .most_runs = 30,
                 .most_time = 10.0 * units::millisecond});
}

ShapePlan full_shapes(const ShapeLimits &limits) {
  const StopRule rule{.relative_error = 0.01,
                      .fewest_runs = 8,
                      .most_runs = 100,
                      .most_time = 50.0 * units::millisecond};
  constexpr Seconds cold_budget = 600.0 * units::second;
  ShapePlan plan = shapes(limits, Extent::full, cold_budget, 4, rule);
  // Warm ones come last: an interrupted run has the cold ones, which an estimate needs first.
  ShapePlan warm = shapes(limits, Extent::full, 0.2 * cold_budget, 1, rule);
  for (PlannedOperator &planned : warm.operators) {
    planned.cache = CacheState::warm;
    plan.operators.push_back(planned);
  }
  plan.expected += warm.expected;
  return plan;
}

} // namespace flopcast
