// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/cpu_description.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace flopcast::cpu {
namespace {

constexpr const char *caches = "/sys/devices/system/cpu/cpu0/cache";

std::string first_line(const std::filesystem::path &path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

/// "32768K" as sysfs writes it; 0 for anything else.
std::int64_t bytes_of(const std::string &text) {
  std::istringstream stream(text);
  std::int64_t value = 0;
  char unit = 'B';
  stream >> value >> unit;
  return value * (unit == 'K' ? 1024 : unit == 'M' ? 1024 * 1024 : 1);
}

/// Of the highest level.
std::int64_t last_cache_bytes() {
  std::error_code none;
  std::int64_t level = 0;
  std::int64_t bytes = 0;
  for (const auto &entry : std::filesystem::directory_iterator(caches, none)) {
    const std::int64_t at = bytes_of(first_line(entry.path() / "level"));
    if (at > level) {
      level = at;
      bytes = bytes_of(first_line(entry.path() / "size"));
    }
  }
  return bytes;
}

} // namespace

DeviceDescription describe_processor(int threads) {
  DeviceDescription description;
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos)
      continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name") && description.name.empty())
      description.name = value;
    if (line.starts_with("cpu MHz")) {
      // The busiest core's: idle ones clock down.
      const double hertz = 1e6 * std::strtod(value.c_str(), nullptr);
      description.clock_hertz = std::max(description.clock_hertz.value_or(0), hertz);
    }
  }
  utsname system{};
  if (uname(&system) == 0)
    description.driver = std::string(system.sysname) + " " + system.release;
  description.multiprocessors = threads;
  description.memory_bytes = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  description.cache_bytes = last_cache_bytes();
  return description;
}

} // namespace flopcast::cpu
