// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/node.hpp"

#include <cstdint>

namespace flopcast {

/// The machine that trains: equal nodes of equal devices, and how fast they really are.
struct Cluster {
  Device device;
  Node node;
  std::int64_t gpus = 1;
  Calibration calibration;
};

} // namespace flopcast
