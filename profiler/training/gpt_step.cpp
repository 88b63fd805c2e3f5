// SPDX-License-Identifier: Apache-2.0
#include "profiler/training/gpt_step.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

namespace flopcast {
namespace {

constexpr int warm_up_steps = 2;
constexpr int part_steps = 5;

/// Tokens to learn by heart: which they are does not matter to the time.
void set_random_batch(GptModel &model, const GptShape &shape) {
  std::mt19937 random(1); // the same batch every time. NOLINT(bugprone-random-generator-seed)
  std::uniform_int_distribution<std::int32_t> word(0,
                                                   static_cast<std::int32_t>(shape.vocabulary - 1));
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(shape.tokens()));
  std::vector<std::int32_t> targets(tokens.size());
  std::ranges::generate(tokens, [&] { return word(random); });
  std::ranges::generate(targets, [&] { return word(random); });
  model.set_batch(tokens, targets);
}

struct Parts {
  std::vector<double> forward, backward, optimizer;
};

} // namespace

MeasuredStep measure_step(Kernels &kernels, const GptShape &shape, NumberFormat format,
                          const StopRule &rule) {
  GptModel model(kernels, shape, format);
  set_random_batch(model, shape);
  AdamSettings settings{.learning_rate = 3e-4, .step = 0};
  const auto step = [&] {
    ++settings.step;
    model.forward();
    model.backward();
    model.update(settings);
  };
  MeasuredStep result;
  result.shape = shape;
  result.format = format;
  result.parameters = parameter_count(shape);
  result.allocated_bytes = model.allocated_bytes();
  for (int i = 0; i < warm_up_steps; ++i) {
    (void)kernels.time(step);
    if (i == 0)
      result.loss_before = model.loss();
  }

  const auto clock_before = kernels.describe().clock_hertz;
  std::vector<double> spans, busy, host;
  const auto start = std::chrono::steady_clock::now();
  const auto spent = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() *
           units::second;
  };
  while (!enough(rule, spans, spent())) {
    const RunTimes times = kernels.time(step);
    spans.push_back(times.span_seconds);
    busy.push_back(times.device_seconds);
    host.push_back(times.host_seconds);
    result.kernels = times.kernels;
  }
  const auto clock_after = kernels.describe().clock_hertz;

  Parts parts;
  for (int i = 0; i < part_steps; ++i) {
    ++settings.step;
    parts.forward.push_back(kernels.time([&] { model.forward(); }).span_seconds);
    parts.backward.push_back(kernels.time([&] { model.backward(); }).span_seconds);
    parts.optimizer.push_back(kernels.time([&] { model.update(settings); }).span_seconds);
  }
  result.loss_after = model.loss();

  result.step = median(spans) * units::second;
  result.relative_error = relative_error(spans);
  result.runs = static_cast<std::int64_t>(spans.size());
  result.outliers = outlier_count(spans);
  result.busy = median(busy) * units::second;
  result.host = median(host) * units::second;
  result.forward = median(parts.forward) * units::second;
  result.backward = median(parts.backward) * units::second;
  result.optimizer = median(parts.optimizer) * units::second;
  result.tokens_per_second = static_cast<double>(shape.tokens()) * units::token / result.step;
  if (clock_before && clock_after) {
    result.clock_hertz = std::min(*clock_before, *clock_after);
    result.throttled = *clock_after < throttled_below * *clock_before;
  }
  return result;
}

} // namespace flopcast
