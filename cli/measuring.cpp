// SPDX-License-Identifier: Apache-2.0
#include "cli/measuring.hpp"

#include "profiler/cpu/cpu_kernels.hpp"
#include "profiler/cuda_kernels.hpp"
#include "profiler/measured_device.hpp"
#include "store/database.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <sched.h>

namespace flopcast {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

void remember_signal(int signal) {
  signal_seen = signal;
  // A second one ends the process: nothing that was acknowledged is lost.
  std::signal(signal, SIG_DFL);
}

/// Processors that this process may run on: fewer than the machine has in a container.
int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

} // namespace

void MeasuringOptions::add_to(CLI::App &command) {
  command.add_option("--backend", back_end, "cpu or cuda: what runs the kernels; default: cpu")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->option_text("BACKEND");
  command.add_option("--device", device, "which GPU, from 0; default: 0")
      ->check(CLI::Range(0, 1023))
      ->option_text("N");
  command
      .add_option("--threads", threads,
                  "of the CPU back end; default: as many as the process may run on")
      ->check(CLI::Range(1, 4096))
      ->option_text("N");
  command
      .add_option("--store", store,
                  "keep what is measured in FILE; default: the user's store (docs/store.md)")
      ->option_text("FILE");
}

std::unique_ptr<Kernels> MeasuringOptions::make_kernels() const {
  try {
    if (back_end == "cuda")
      return make_cuda_kernels(device);
    return make_cpu_kernels(threads > 0 ? threads : usable_processors());
  } catch (const MeasurementError &error) {
    throw InputError({"--backend", 0, 0}, error.what());
  }
}

std::filesystem::path MeasuringOptions::store_path() const {
  return store.empty() ? default_store_path() : std::filesystem::path(store);
}

Date today() {
  const std::chrono::year_month_day day{
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
  return {static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
          static_cast<int>(static_cast<unsigned>(day.day()))};
}

std::string measured_device_id(CommandContext &context, const DeviceDescription &description,
                               const std::string &back_end) {
  if (back_end == "cpu") // a part of its processor is another device
    return fmt::format("{}-{}-threads", preset_id(description.name), description.multiprocessors);
  const std::string shipped = context.catalog().resolve("devices", description.name);
  return shipped.empty() ? preset_id(description.name) : shipped;
}

InterruptibleWork::InterruptibleWork() {
  signal_seen = 0;
  std::signal(SIGINT, remember_signal);
  std::signal(SIGTERM, remember_signal);
}

InterruptibleWork::~InterruptibleWork() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool InterruptibleWork::interrupted() { return signal_seen != 0; }

void InterruptibleWork::poll() {
  if (interrupted())
    stop();
}

} // namespace flopcast
