// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace flopcast::cuda {

/// Why a GPU runs below its full clocks.
struct ThrottleReasons {
  bool power = false;   ///< at its power limit
  bool thermal = false; ///< too hot
  bool other = false;   ///< held back from outside
};

/// "power, thermal"; "" without any.
[[nodiscard]] std::string to_text(const ThrottleReasons &reasons);

/// What the driver's management library tells of one GPU; whatever it refuses is absent.
class Nvml {
public:
  /// Null where the library or the GPU is not there. `bus`: PCI address, "0000:1b:00.0".
  [[nodiscard]] static std::unique_ptr<Nvml> open(const std::string &bus);
  ~Nvml();
  Nvml(const Nvml &) = delete;
  Nvml &operator=(const Nvml &) = delete;

  [[nodiscard]] std::string driver() const;
  [[nodiscard]] std::optional<double> power_watts() const;
  [[nodiscard]] std::optional<double> power_limit_watts() const;
  [[nodiscard]] std::optional<double> clock_hertz() const; ///< of the multiprocessors
  [[nodiscard]] std::optional<ThrottleReasons> throttle() const;

private:
  struct Functions;
  Nvml(std::unique_ptr<Functions> functions, void *device);
  std::unique_ptr<Functions> functions_;
  void *device_;
};

} // namespace flopcast::cuda
