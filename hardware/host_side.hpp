// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"

#include <optional>

namespace flopcast {

/// What one GPU has of the host that it hangs on, while all GPUs of the node use it.
struct HostSide {
  Bandwidth link;              ///< per direction, as copies reach it
  Bandwidth memory_bandwidth;  ///< as an optimizer's update on the host reaches it
  std::optional<Bytes> memory; ///< absent: not known
};

/// Bandwidth of 16 lanes of PCIe, per direction, before what packets cost: 8 GT/s a lane in
/// generation 3, twice that in each one after; below 3 half of it and 8 bits in 10, from 3 on 128
/// in 130, from 6 on 242 in 256.
/// Source: PCI Express Base Specifications 1.1 to 6.0.
[[nodiscard]] Bandwidth pcie_bandwidth(std::int64_t generation);

/// Share of a link's bandwidth that copies from pinned memory reach: packets' headers leave 0.8 to
/// 0.9 of PCIe's. An assumption: no table here measures it.
inline constexpr double host_copy_efficiency = 0.8;

/// Share of the host memory's bandwidth that a vectorised Adam reaches on all its cores: 10 billion
/// parameters of 30 bytes take 2.57 s on a DGX-2, whose two sockets have 256 GB/s together.
/// Source: Ren et al. 2021 (ZeRO-Offload), table 4.
inline constexpr double host_update_efficiency = 0.45;

/// Taken for a node whose preset does not say: two sockets with eight channels of DDR4-3200 each,
/// as a DGX A100 has. An assumption.
inline constexpr auto usual_host_memory_bandwidth = 409.6 * units::gigabyte / units::second;

/// The link is the device's own to its host, else PCIe of its generation. Absent where neither is
/// known.
[[nodiscard]] std::optional<HostSide> host_side(const Cluster &cluster);

} // namespace flopcast
