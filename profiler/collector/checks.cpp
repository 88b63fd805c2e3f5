// SPDX-License-Identifier: Apache-2.0
#include "profiler/collector/checks.hpp"

#include "profiler/cuda/counters.hpp"
#include "profiler/cuda/device_rates.hpp"
#include "profiler/measuring/measure.hpp"
#include "profiler/measuring/prepared_operator.hpp"

#include <cstdio>
#include <sstream>
#include <vector>

namespace flopcast {
namespace {

std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      (void)std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// The members of one JSON object.
class Members {
public:
  Members &add(const std::string &name, double value) {
    std::ostringstream number;
    number.precision(9);
    number << value;
    return raw(name, number.str());
  }
  Members &add(const std::string &name, const std::string &value) {
    return raw(name, quoted(value));
  }
  Members &raw(const std::string &name, const std::string &json) {
    text_.append(text_.empty() ? "\n  " : ",\n  ").append(quoted(name)).append(": ").append(json);
    return *this;
  }
  [[nodiscard]] std::string object() const { return "{" + text_ + "\n}"; }

private:
  std::string text_;
};

constexpr std::int64_t side = 8192;

OperatorCall large_product() {
  OperatorCall call{
      .kind = OperatorClass::gemm, .format = NumberFormat::bf16, .flops = {}, .bytes = {}};
  constexpr double n = static_cast<double>(side);
  call.shape = {.batch = 1, .rows = side, .columns = side, .depth = side};
  call.flops = 2 * n * n * n * units::flop;
  call.bytes = 3 * n * n * 2 * units::byte;
  return call;
}

const StopRule rule{
    .relative_error = 0.005, .fewest_runs = 20, .most_runs = 200, .most_time = 4.0 * units::second};

void check_product(Kernels &kernels, Members &out) {
  const MeasuredOperator measured = measure(kernels, large_product(), CacheState::cold, rule);
  out.add("gemm_bf16_8192_seconds", measured.median.in(units::second));
  out.add("gemm_bf16_8192_tflops",
          measured.call.flops.in(units::flop) / measured.median.in(units::second)*1e-12);
  out.add("gemm_bf16_8192_relative_error", measured.relative_error);
  if (measured.power_watts)
    out.add("gemm_bf16_8192_watts", *measured.power_watts);
  if (measured.clock_hertz)
    out.add("gemm_bf16_8192_megahertz", *measured.clock_hertz * 1e-6);
}

/// Two tensors of 2 GiB and a copy between them, far larger than any cache.
struct Streams {
  explicit Streams(Kernels &kernels)
      : memory{kernels.allocate(bytes), kernels.allocate(bytes), kernels.allocate(bytes)} {
    for (const auto &each : memory) {
      tensors.push_back({each.get(), NumberFormat::bf16, static_cast<std::int64_t>(bytes / 2)});
      kernels.fill_random(tensors.back(), 1, tensors.size());
    }
    kernels.finish();
  }
  static constexpr std::size_t bytes = std::size_t{2} << 30U;
  std::vector<std::shared_ptr<void>> memory;
  std::vector<Tensor> tensors;
};

void check_streams(Kernels &kernels, int device, Members &out) {
  const Streams s(kernels);
  const double bytes = static_cast<double>(Streams::bytes);
  const auto copy = [&] { kernels.copy(s.tensors[0], s.tensors[1]); };
  const auto triad = [&] { kernels.triad(s.tensors[0], s.tensors[1], 0.5, s.tensors[2]); };
  const auto stream = [&](const std::string &name, double moved, const auto &work) {
    std::vector<double> times;
    for (int i = 0; i < 20; ++i)
      times.push_back(kernels.time(work).device_seconds);
    out.add(name + "_terabytes_per_second", moved / median(std::move(times)) * 1e-12);
    const cuda::CounterReading reading = cuda::count(device, NumberFormat::fp32, [&] {
      work();
      kernels.finish();
    });
    if (reading.dram_bytes)
      out.add(name + "_dram_bytes_counted_over_ours", *reading.dram_bytes / moved);
    else
      out.add(name + "_counters", reading.refusal);
  };
  stream("copy", 2 * bytes, copy);
  stream("triad", 3 * bytes, triad);
}

void check_flops(Kernels &kernels, int device, Members &out) {
  OperandPool pool(kernels);
  const OperatorCall call = large_product();
  PreparedOperator prepared(kernels, pool, call, CacheState::warm);
  prepared.run();
  kernels.finish();
  const cuda::CounterReading reading = cuda::count(device, call.format, [&] {
    prepared.run();
    kernels.finish();
  });
  if (reading.tensor_flops)
    out.add("gemm_bf16_8192_flops_counted_over_ours",
            *reading.tensor_flops / call.flops.in(units::flop));
  else
    out.add("gemm_bf16_8192_counters", reading.refusal.empty() ? "bytes only" : reading.refusal);
}

} // namespace

std::string run_checks(Kernels &kernels, int device) {
  Members out;
  const auto attempt = [&](const std::string &name, const auto &check) {
    try {
      check();
    } catch (const MeasurementError &error) {
      out.add(name + "_failed", error.what());
    }
  };
  attempt("product", [&] { check_product(kernels, out); });
  attempt("launches", [&] {
    const cuda::LaunchCosts costs = cuda::launch_costs();
    out.add("launch_microseconds", costs.launch_seconds * 1e6);
    out.add("graph_node_microseconds", costs.graph_node_seconds * 1e6);
  });
  attempt("copies", [&] {
    const cuda::CopyRates rates = cuda::copy_rates();
    out.add("host_to_device_gigabytes_per_second", rates.to_device * 1e-9);
    out.add("device_to_host_gigabytes_per_second", rates.from_device * 1e-9);
    out.add("device_to_device_terabytes_per_second", rates.on_device * 1e-12);
  });
  // Last: counters could disturb how kernels are timed.
  attempt("streams", [&] { check_streams(kernels, device, out); });
  attempt("flops", [&] { check_flops(kernels, device, out); });
  return out.object() + "\n";
}

std::string environment_json(const DeviceDescription &device) {
  Members out;
  out.add("device", device.name).add("driver", device.driver).add("software", device.software);
  out.add("multiprocessors", static_cast<double>(device.multiprocessors));
  out.add("memory_bytes", static_cast<double>(device.memory_bytes));
  out.add("cache_bytes", static_cast<double>(device.cache_bytes));
  if (device.clock_hertz)
    out.add("clock_hertz_at_start", *device.clock_hertz);
  if (device.power_limit_watts)
    out.add("power_limit_watts", *device.power_limit_watts);
  return out.object() + "\n";
}

} // namespace flopcast
