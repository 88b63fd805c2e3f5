// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_file.hpp"

#include "hardware/kernels_file.hpp"
#include "hardware/links_file.hpp"

#include <fmt/format.h>

namespace flopcast {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

} // namespace

std::string calibration_toml(const Calibration &calibration) {
  const std::string text =
      fmt::format("name = {}\norigin = \"{}\"\ndevice = {}\nsoftware = {}\n"
                  "source = {}\ndate = {}\n",
                  quoted(calibration.name), to_text(calibration.origin), quoted(calibration.device),
                  quoted(calibration.software), quoted(calibration.provenance.source),
                  to_text(calibration.provenance.date));
  return text + kernels_text(calibration) + links_text(calibration);
}

} // namespace flopcast
