// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/nvml.hpp"

#include <dlfcn.h>

#include <array>
#include <utility>

namespace flopcast::cuda {
namespace {

// NVML's header is no part of every toolkit: what is used of it, from NVIDIA's NVML API reference.
constexpr int success = 0;
constexpr int clock_of_multiprocessors = 1;
constexpr unsigned long long power_cap = 0x4, hardware_slowdown = 0x8, software_thermal = 0x20,
                             hardware_thermal = 0x40, power_brake = 0x80, sync_boost = 0x10;

} // namespace

std::string to_text(const ThrottleReasons &reasons) {
  std::string text;
  const auto add = [&](bool holds, const char *name) {
    if (holds)
      text.append(text.empty() ? "" : ", ").append(name);
  };
  add(reasons.power, "power");
  add(reasons.thermal, "thermal");
  add(reasons.other, "other");
  return text;
}

/// Loaded for as long as this lives.
struct Nvml::Functions {
  Functions() : library(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    find(start, "nvmlInit_v2");
    find(stop, "nvmlShutdown");
    find(by_bus, "nvmlDeviceGetHandleByPciBusId_v2");
    find(driver, "nvmlSystemGetDriverVersion");
    find(power, "nvmlDeviceGetPowerUsage");
    find(limit, "nvmlDeviceGetEnforcedPowerLimit");
    find(clock, "nvmlDeviceGetClockInfo");
    find(throttle, "nvmlDeviceGetCurrentClocksThrottleReasons");
    started = whole && start() == success;
  }
  ~Functions() {
    if (started)
      (void)stop();
    if (library)
      (void)dlclose(library);
  }
  Functions(const Functions &) = delete;
  Functions &operator=(const Functions &) = delete;

  template <class Function> void find(Function *&function, const char *name) {
    function = library ? reinterpret_cast<Function *>(dlsym(library, name)) : nullptr;
    whole = whole && function != nullptr;
  }

  void *library;
  bool whole = true;
  bool started = false;
  int (*start)() = nullptr;
  int (*stop)() = nullptr;
  int (*by_bus)(const char *, void **) = nullptr;
  int (*driver)(char *, unsigned) = nullptr;
  int (*power)(void *, unsigned *) = nullptr;      ///< mW
  int (*limit)(void *, unsigned *) = nullptr;      ///< mW
  int (*clock)(void *, int, unsigned *) = nullptr; ///< MHz
  int (*throttle)(void *, unsigned long long *) = nullptr;
};

std::unique_ptr<Nvml> Nvml::open(const std::string &bus) {
  auto functions = std::make_unique<Functions>();
  void *device = nullptr;
  if (!functions->started || functions->by_bus(bus.c_str(), &device) != success)
    return nullptr;
  return std::unique_ptr<Nvml>(new Nvml(std::move(functions), device));
}

Nvml::Nvml(std::unique_ptr<Functions> functions, void *device)
    : functions_(std::move(functions)), device_(device) {}

Nvml::~Nvml() = default;

std::string Nvml::driver() const {
  std::array<char, 96> text{};
  return functions_->driver(text.data(), text.size()) == success ? text.data() : "";
}

std::optional<double> Nvml::power_watts() const {
  unsigned milliwatts = 0;
  if (functions_->power(device_, &milliwatts) != success)
    return std::nullopt;
  return milliwatts * 1e-3;
}

std::optional<double> Nvml::power_limit_watts() const {
  unsigned milliwatts = 0;
  if (functions_->limit(device_, &milliwatts) != success)
    return std::nullopt;
  return milliwatts * 1e-3;
}

std::optional<double> Nvml::clock_hertz() const {
  unsigned megahertz = 0;
  if (functions_->clock(device_, clock_of_multiprocessors, &megahertz) != success)
    return std::nullopt;
  return megahertz * 1e6;
}

std::optional<ThrottleReasons> Nvml::throttle() const {
  unsigned long long reasons = 0;
  if (functions_->throttle(device_, &reasons) != success)
    return std::nullopt;
  return ThrottleReasons{.power = (reasons & power_cap) != 0,
                         .thermal = (reasons & (software_thermal | hardware_thermal)) != 0,
                         .other = (reasons & (hardware_slowdown | power_brake | sync_boost)) != 0};
}

} // namespace flopcast::cuda
