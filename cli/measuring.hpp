// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"
#include "hardware/provenance.hpp"
#include "profiler/kernels/kernels.hpp"

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace flopcast {

/// Which device measures, and where what it measured is kept.
struct MeasuringOptions {
  std::string back_end = "cpu";
  int device = 0;
  int threads = 0; ///< of the CPU back end; 0: one for each that the process may run on
  std::string store;

  void add_to(CLI::App &command);
  /// Throws InputError, in one sentence, where the back end has no device.
  [[nodiscard]] std::unique_ptr<Kernels> make_kernels() const;
  [[nodiscard]] std::filesystem::path store_path() const;
};

/// Today, UTC.
[[nodiscard]] Date today();

/// The id that presets of a measured device have: that of a shipped device of its name, else one
/// made of name and threads.
[[nodiscard]] std::string measured_device_id(CommandContext &context,
                                             const DeviceDescription &description,
                                             const std::string &back_end);

/// Requests a stop when the user interrupts (SIGINT, SIGTERM), or after a time. One at a time.
class InterruptibleWork {
public:
  InterruptibleWork();
  InterruptibleWork(const InterruptibleWork &) = delete;
  InterruptibleWork &operator=(const InterruptibleWork &) = delete;
  ~InterruptibleWork();

  /// Whether the user interrupted.
  [[nodiscard]] static bool interrupted();
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  /// To be called now and then: turns a signal into a request to stop.
  void poll();
  void stop() { source_.request_stop(); }

private:
  std::stop_source source_;
};

} // namespace flopcast
