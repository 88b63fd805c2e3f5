// SPDX-License-Identifier: Apache-2.0
#include "profiler/measured_device.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/calibration_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

namespace flopcast {
namespace {

using namespace units;

std::string provenance_lines(const Provenance &provenance) {
  return fmt::format("source = {}\ndate = {}\n", quoted_toml(provenance.source),
                     to_text(provenance.date));
}

} // namespace

std::string preset_id(std::string_view name) {
  std::string id;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) != 0)
      id += static_cast<char>(std::tolower(letter));
    else if (!id.empty() && id.back() != '-')
      id += '-';
  }
  while (!id.empty() && id.back() == '-')
    id.pop_back();
  constexpr std::size_t longest = 60;
  return id.substr(0, longest);
}

Device measured_device(const DeviceDescription &description,
                       std::span<const MeasuredOperator> measured, const Provenance &provenance) {
  Device device;
  device.id = preset_id(description.name);
  device.name = description.name;
  device.vendor = description.name.substr(0, description.name.find(' '));
  device.architecture = "as measured";
  device.form_factor = "host";
  device.provenance = provenance;
  device.memory_capacity = static_cast<double>(description.memory_bytes) * byte;
  if (description.cache_bytes > 0)
    device.l2_cache = static_cast<double>(description.cache_bytes) * byte;
  device.multiprocessors = description.multiprocessors;
  for (const MeasuredOperator &one : measured) {
    const OperatorCall &call = one.call;
    if (multiplies_matrices(call.kind)) {
      auto &peak = device.peak[static_cast<std::size_t>(call.format)];
      const FlopRate rate = call.flops / one.median;
      peak = std::max(peak.value_or(rate), rate);
    } else if (one.cache == CacheState::cold) {
      device.memory_bandwidth = std::max(device.memory_bandwidth, call.bytes / one.median);
    }
  }
  if (device.memory_bandwidth <= Bandwidth{} ||
      std::ranges::none_of(device.peak, [](const auto &peak) { return peak.has_value(); }))
    throw MeasurementError("too little was measured to describe the device: no product or no "
                           "memory-bound operator");
  return device;
}

std::string device_toml(const Device &device) {
  const std::string provenance = provenance_lines(device.provenance);
  std::string text =
      fmt::format("name = {}\nvendor = {}\narchitecture = {}\nform_factor = {}\n{}"
                  "note = \"Peaks and bandwidth are the best that was measured.\"\n\n[peak]\n",
                  quoted_toml(device.name), quoted_toml(device.vendor),
                  quoted_toml(device.architecture), quoted_toml(device.form_factor), provenance);
  for (const auto &[name, format] : number_format_names())
    if (const auto peak = device.peak_of(format))
      text += fmt::format("{} = \"{:.6g} GFLOP/s\"\n", name, peak->in(gigaflop / second));
  text += fmt::format("{}\n[memory]\ncapacity = \"{:.6g} GB\"\nbandwidth = \"{:.6g} GB/s\"\n",
                      provenance, device.memory_capacity.in(gigabyte),
                      device.memory_bandwidth.in(gigabyte / second));
  if (device.l2_cache)
    text += fmt::format("l2_cache = \"{:.6g} MB\"\n", device.l2_cache->in(megabyte));
  text += provenance;
  if (device.multiprocessors)
    text +=
        fmt::format("\n[compute]\nmultiprocessors = {}\n{}", *device.multiprocessors, provenance);
  return text;
}

std::string measured_calibration_toml(const Calibration &calibration) {
  return calibration_toml(calibration) + fmt::format("\n[launch]\nkernel = \"{:.6g} us\"\n{}",
                                                     calibration.launch.in(microsecond),
                                                     provenance_lines(calibration.provenance));
}

std::vector<KernelSample> fitted_samples(std::span<const MeasuredOperator> measured) {
  std::vector<KernelSample> samples;
  samples.reserve(measured.size());
  for (const MeasuredOperator &one : measured) {
    // What comes from the cache is faster than a step, whose tensors do not fit, would be.
    // Copies and triads tell the memory's bandwidth; no operator of a step is one.
    const bool bandwidth =
        one.call.variant == OperatorVariant::copy || one.call.variant == OperatorVariant::triad;
    if (one.cache == CacheState::cold && !one.unfused && !bandwidth)
      samples.push_back({one.call, one.median});
  }
  return samples;
}

Calibration measured_calibration(const Calibration &base, const Device &device,
                                 std::span<const MeasuredOperator> measured) {
  Seconds launch = std::numeric_limits<double>::infinity() * second;
  for (const MeasuredOperator &one : measured)
    launch = std::min(launch, one.host);
  Calibration calibration = fit_calibration(base, device, fitted_samples(measured));
  if (!measured.empty())
    calibration.launch = launch;
  calibration.id = device.id;
  calibration.name = device.name;
  return calibration;
}

} // namespace flopcast
