// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_file.hpp"

#include "hardware/kernels_file.hpp"
#include "hardware/links_file.hpp"
#include "hardware/power_file.hpp"

#include <fmt/format.h>

namespace flopcast {
std::string calibration_toml(const Calibration &calibration) {
  const std::string text =
      fmt::format("name = {}\norigin = \"{}\"\ndevice = {}\nsoftware = {}\n"
                  "source = {}\ndate = {}\n",
                  quoted_toml(calibration.name), to_text(calibration.origin),
                  quoted_toml(calibration.device), quoted_toml(calibration.software),
                  quoted_toml(calibration.provenance.source), to_text(calibration.provenance.date));
  return text + kernels_text(calibration) + links_text(calibration) + power_text(calibration);
}

} // namespace flopcast
