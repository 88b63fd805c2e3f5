// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/shape_plan.hpp"

#include <chrono>

namespace flopcast {
namespace {

// Large enough for a rate near the best, small enough to be over in a second on one core.
constexpr std::int64_t probed_product = 1024;
constexpr std::int64_t probed_rows = 8192;
constexpr std::int64_t probed_columns = 4096;
const StopRule probing{.relative_error = 0.1,
                       .fewest_runs = 3,
                       .most_runs = 5,
                       .most_time = 50.0 * units::millisecond};

/// Of three tries the shortest: wall time of timing a call on next to nothing, less its own time.
Seconds timing_cost(Kernels &kernels) {
  const auto data = kernels.allocate(1024);
  const NumberFormat format = NumberFormat::fp32;
  const Tensor from{data.get(), format, 64};
  const Tensor to{static_cast<std::byte *>(data.get()) + 512, format, 64};
  kernels.fill_random(from, 1.0, 1);
  double least = 1;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const RunTimes times = kernels.time([&] { kernels.copy(from, to); });
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    least = std::min(least, std::max(0.0, wall.count() - times.device_seconds));
  }
  return least * units::second;
}

OperatorCall sum_of(std::int64_t rows, std::int64_t columns, NumberFormat format) {
  OperatorCall call{.kind = OperatorClass::elementwise, .format = format, .flops = {}, .bytes = {}};
  call.shape = {.batch = 1, .rows = rows, .columns = columns, .depth = 1};
  call.bytes = 3.0 * bytes_per_element(format) * static_cast<double>(rows * columns) * units::byte;
  return call;
}

std::vector<KnownOperator> known_operators(const Kernels &kernels) {
  std::vector<KnownOperator> known;
  for (std::size_t kind = 0; kind < operator_class_count; ++kind)
    for (const Pass pass : {Pass::forward, Pass::backward})
      for (std::size_t format = 0; format < number_format_count; ++format) {
        const KnownOperator candidate{static_cast<OperatorClass>(kind), pass,
                                      static_cast<NumberFormat>(format)};
        if (kernels.knows(candidate.kind, candidate.pass, candidate.format))
          known.push_back(candidate);
      }
  return known;
}

} // namespace

ShapeLimits shape_limits(Kernels &kernels) {
  const DeviceDescription device = kernels.describe();
  ShapeLimits limits{.speed = {},
                     .memory_bytes = device.memory_bytes,
                     .cache_bytes = device.cache_bytes,
                     .known = known_operators(kernels)};
  OperandPool pool(kernels);
  const auto time = [&](const OperatorCall &call) {
    return measure(kernels, pool, call, CacheState::cold, probing).median;
  };
  for (const KnownOperator &known : limits.known) {
    if (known.kind == OperatorClass::gemm && known.pass == Pass::forward) {
      const auto side = static_cast<double>(probed_product);
      OperatorCall call{.kind = known.kind, .format = known.format, .flops = {}, .bytes = {}};
      call.shape = {1, probed_product, probed_product, probed_product};
      call.flops = 2 * side * side * side * units::flop;
      limits.speed.products[static_cast<std::size_t>(known.format)] = call.flops / time(call);
    }
    if (known.kind == OperatorClass::elementwise && known.pass == Pass::forward) {
      const OperatorCall large = sum_of(probed_rows, probed_columns, known.format);
      limits.speed.memory = std::max(limits.speed.memory, large.bytes / time(large));
      limits.speed.launch = time(sum_of(16, 64, known.format));
    }
  }
  limits.speed.timing = timing_cost(kernels);
  return limits;
}

} // namespace flopcast
