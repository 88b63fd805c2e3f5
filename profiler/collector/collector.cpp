// SPDX-License-Identifier: Apache-2.0
// Measures a GPU for Flopcast within a time that is given, the most important first:
//   flopcast-collect FOLDER SECONDS [DEVICE]
#include "profiler/collector/checks.hpp"
#include "profiler/collector/tables.hpp"
#include "profiler/cuda_collectives.hpp"
#include "profiler/cuda_kernels.hpp"
#include "profiler/measuring/collective_runs.hpp"
#include "profiler/measuring/shape_plan.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <span>

namespace {

using namespace flopcast;
namespace fs = std::filesystem;

// Samples of what a step is made of come first; steps that predictions are held against next; then
// as many more samples as there is time for.
constexpr double collectives_until = 0.15; ///< of the time, on machines of several GPUs
constexpr double samples_until = 0.40;
constexpr double steps_until = 0.75;

class Deadline {
public:
  explicit Deadline(double seconds) : seconds_(seconds) {}
  [[nodiscard]] double spent() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] bool past(double share) const { return spent() > share * seconds_; }

private:
  double seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void say(const Deadline &deadline, const std::string &text) {
  std::cout << "[" << static_cast<int>(deadline.spent()) << " s] " << text << std::endl;
}

/// Sizes of GPT-2 and GPT-3, the small ones first: the largest may not fit.
std::vector<GptShape> step_shapes() {
  struct Size {
    std::int64_t layers, hidden, heads;
  };
  constexpr Size m125{12, 768, 12}, m350{24, 1024, 16}, m760{24, 1536, 16}, b1_3{24, 2048, 16},
      b2_7{32, 2560, 32}, b6_7{32, 4096, 32};
  const auto shape = [](const Size &size, std::int64_t sequence, std::int64_t batch) {
    return GptShape{.layers = size.layers,
                    .hidden = size.hidden,
                    .heads = size.heads,
                    .sequence = sequence,
                    .micro_batch = batch,
                    .vocabulary = 50304,
                    .tied = true};
  };
  return {shape(m125, 1024, 16), shape(m350, 2048, 8), shape(m760, 2048, 4), shape(b1_3, 2048, 4),
          shape(b2_7, 2048, 2),  shape(b6_7, 2048, 1), shape(m125, 4096, 4), shape(b1_3, 4096, 2),
          shape(m350, 1024, 8),  shape(m760, 1024, 8), shape(b2_7, 4096, 1), shape(b6_7, 1024, 2)};
}

void measure_samples(Kernels &kernels, const ShapePlan &plan, GrowingTable &table,
                     const Deadline &deadline, double until) {
  OperandPool pool(kernels);
  std::size_t measured = 0, failed = 0, skipped = 0;
  for (const PlannedOperator &planned : plan.operators) {
    if (deadline.past(until))
      break;
    // Tables hold cold operands: a sample of the same call with warm ones would pass for a repeat.
    if (planned.cache != CacheState::cold || table.holds(sample_key(planned.call))) {
      ++skipped;
      continue;
    }
    try {
      const MeasuredOperator one = measure(kernels, pool, planned.call, planned.cache, plan.rule);
      // The fit takes every row of fused attention for one kernel.
      if (one.unfused)
        throw MeasurementError("the device has no fused kernel for it");
      table.append(sample_row(one));
      ++measured;
    } catch (const MeasurementError &error) {
      ++failed;
      say(deadline, "not measured: " + sample_key(planned.call) + ": " + error.what());
    }
  }
  say(deadline, std::to_string(measured) + " samples, " + std::to_string(failed) + " failed, " +
                    std::to_string(skipped) + " there already or left out, of " +
                    std::to_string(plan.operators.size()));
}

void measure_steps(Kernels &kernels, const fs::path &folder, const Deadline &deadline) {
  GrowingTable table(folder / "measured_steps.csv", step_head(), 1);
  const StopRule rule{
      .relative_error = 0.01, .fewest_runs = 6, .most_runs = 20, .most_time = 6.0 * units::second};
  for (const GptShape &shape : step_shapes()) {
    const std::string name = step_key(shape, NumberFormat::bf16);
    if (deadline.past(steps_until))
      break;
    if (table.holds(name))
      continue;
    try {
      const MeasuredStep step = measure_step(kernels, shape, NumberFormat::bf16, rule);
      table.append(step_row(step, kernels.describe()));
      say(deadline, name + ": " + std::to_string(step.step.in(units::second)*1e3) + " ms");
    } catch (const MeasurementError &error) {
      say(deadline, name + " was not measured: " + error.what());
    }
  }
}

void measure_collectives(const fs::path &folder, const Deadline &deadline) {
  const StopRule rule{.relative_error = 0.02,
                      .fewest_runs = 6,
                      .most_runs = 30,
                      .most_time = 50.0 * units::millisecond};
  try {
    const std::unique_ptr<CollectiveRunner> runner = make_cuda_collectives();
    GrowingTable table(folder / "collectives.csv", collective_head(), collective_key_columns);
    for (const PlannedCollective &planned :
         collective_plan(runner->devices(), runner->most_data())) {
      if (deadline.past(collectives_until))
        break;
      if (!table.holds(collective_key(*runner, planned)))
        table.append(collective_row(*runner, measure_collective(*runner, planned, rule)));
    }
  } catch (const MeasurementError &error) {
    say(deadline, error.what());
  }
}

void collect(const fs::path &folder, double seconds, int device) {
  const Deadline deadline(seconds);
  fs::create_directories(folder);
  const std::unique_ptr<Kernels> kernels = make_cuda_kernels(device);
  const DeviceDescription description = kernels->describe();
  say(deadline, description.name + ", " + description.software);
  std::ofstream(folder / "device.json") << environment_json(description);
  // A rerun keeps the checks that were made.
  if (!fs::exists(folder / "checks.json")) {
    const std::string checks = run_checks(*kernels, device);
    std::ofstream(folder / "checks.json") << checks;
    say(deadline, "checks:\n" + checks);
  }
  measure_collectives(folder, deadline);
  GrowingTable samples(folder / "samples.csv", sample_head(description), sample_key_columns);
  const ShapeLimits limits = shape_limits(*kernels);
  measure_samples(*kernels, quick_shapes(limits), samples, deadline, samples_until);
  measure_steps(*kernels, folder, deadline);
  measure_samples(*kernels, full_shapes(limits), samples, deadline, 1);
  say(deadline, "done; at the end: " + kernels->describe().software);
}

} // namespace

int main(int count, char **values) {
  const std::span arguments(values, static_cast<std::size_t>(count));
  if (arguments.size() < 3 || arguments.size() > 4) {
    std::cerr << "usage: flopcast-collect FOLDER SECONDS [DEVICE]\n";
    return 2;
  }
  try {
    collect(arguments[1], std::atof(arguments[2]),
            arguments.size() == 4 ? std::atoi(arguments[3]) : 0);
  } catch (const std::exception &error) {
    std::cerr << "flopcast-collect: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
