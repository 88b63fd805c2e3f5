// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace flopcast {

/// Formats that matrix units multiply. int8 peaks count an integer operation as a FLOP.
enum class NumberFormat : std::size_t { fp64, fp32, tf32, fp16, bf16, fp8, fp4, int8 };

inline constexpr std::size_t number_format_count = 8;

[[nodiscard]] std::span<const Spelled<NumberFormat>> number_format_names();
[[nodiscard]] std::string_view to_text(NumberFormat format);

/// An accelerator as its datasheet states it. A TPU's numbers are those of one chip.
struct Device {
  std::string id;
  std::string name;
  std::string vendor;
  std::string architecture;
  std::string form_factor;
  Date released;
  Provenance provenance;

  std::array<std::optional<FlopRate>, number_format_count> peak;          ///< dense, never sparse
  std::array<std::optional<FlopRate>, number_format_count> measured_peak; ///< best measured GEMM

  Bytes memory_capacity;
  Bandwidth memory_bandwidth;
  std::optional<Bytes> l2_cache;

  std::optional<std::int64_t> multiprocessors;
  std::optional<Frequency> boost_clock;
  std::optional<Power> thermal_design_power;

  std::string link_name;
  std::optional<Bandwidth> link_bandwidth; ///< per direction, all links of one GPU together
  std::optional<std::int64_t> pcie_generation;
  /// To its host, per direction, where that is not PCIe (NVLink-C2C).
  std::optional<Bandwidth> host_link_bandwidth;
  std::optional<PurchasePrice> purchase_price;

  std::vector<std::string> unverified; ///< keys recalled from a datasheet, not seen in a source
  std::vector<std::string> caveats;

  [[nodiscard]] std::optional<FlopRate> peak_of(NumberFormat format) const {
    return peak[static_cast<std::size_t>(format)];
  }
};

/// Reads a device preset. Problems go to `diagnostics`.
[[nodiscard]] Device read_device(const InputValue &root, const std::string &id,
                                 Diagnostics &diagnostics);

} // namespace flopcast
