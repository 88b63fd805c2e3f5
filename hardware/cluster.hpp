// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/device.hpp"
#include "hardware/node.hpp"
#include "hardware/topology/fabric.hpp"

#include <cstdint>
#include <optional>

namespace flopcast {

/// The machine that trains: equal nodes of equal devices, and how fast they really are.
struct Cluster {
  Device device;
  Node node;
  std::int64_t gpus = 1;
  Calibration calibration;
  /// The network between the domains. Absent: each GPU has all of its NIC, whatever lies between.
  std::optional<Fabric> fabric;
};

} // namespace flopcast
