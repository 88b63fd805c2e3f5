// SPDX-License-Identifier: Apache-2.0
#include "hardware/device.hpp"

#include "hardware/preset_fields.hpp"

#include <algorithm>

namespace flopcast {
namespace {

std::array<std::optional<FlopRate>, number_format_count> read_rates(TableReader table) {
  std::array<std::optional<FlopRate>, number_format_count> rates;
  for (const auto &[name, format] : number_format_names())
    rates[static_cast<std::size_t>(format)] =
        table.quantity(name, sane::least_rate, sane::most_rate);
  (void)read_provenance(table);
  table.finish();
  return rates;
}

} // namespace

Device read_device(const InputValue &root_value, const std::string &id, Diagnostics &diagnostics) {
  using namespace units;
  TableReader root(root_value, "", diagnostics);
  Device device;
  device.id = id;
  device.name = required_text(root, "name", "the device's full name");
  device.vendor = required_text(root, "vendor", "who makes it");
  device.architecture = required_text(root, "architecture", "such as \"Hopper\"");
  device.form_factor = required_text(root, "form_factor", "such as \"SXM5\"");
  device.released = root.date("released").value_or(Date{});
  device.provenance = read_provenance(root);
  device.unverified = root.texts("unverified");
  device.caveats = root.texts("caveats");
  (void)root.text("note");

  device.peak = read_rates(root.table("peak"));
  if (std::ranges::none_of(device.peak, [](const auto &rate) { return rate.has_value(); }))
    root.report("peak", "no rate is given; expected at least one such as bf16 = \"312 TFLOP/s\"");
  if (root.has("measured"))
    device.measured_peak = read_rates(root.table("measured"));

  TableReader memory = root.table("memory");
  device.memory_capacity =
      required_quantity(memory, "capacity", sane::least_bytes, sane::most_bytes);
  device.memory_bandwidth =
      required_quantity(memory, "bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  device.l2_cache = memory.quantity("l2_cache", sane::least_bytes, sane::most_bytes);
  (void)read_provenance(memory);
  memory.finish();

  if (root.has("compute")) {
    TableReader compute = root.table("compute");
    device.multiprocessors = compute.integer("multiprocessors", 1, 1'000'000);
    device.boost_clock = compute.quantity("boost_clock", 1.0 / second, 1e12 / second);
    (void)read_provenance(compute);
    compute.finish();
  }
  if (root.has("power")) {
    TableReader power = root.table("power");
    device.thermal_design_power =
        power.quantity("thermal_design_power", 0.001 * watt, sane::most_power);
    (void)read_provenance(power);
    power.finish();
  }
  if (root.has("link")) {
    TableReader link = root.table("link");
    device.link_name = required_text(link, "name", "such as \"NVLink4 (18 links)\"");
    device.link_bandwidth =
        link.quantity("bandwidth_per_direction", sane::least_bandwidth, sane::most_bandwidth);
    (void)read_provenance(link);
    link.finish();
  }
  if (root.has("pcie")) {
    TableReader pcie = root.table("pcie");
    device.pcie_generation = pcie.integer("generation", 1, 20);
    (void)read_provenance(pcie);
    pcie.finish();
  }
  if (root.has("host_link")) {
    TableReader link = root.table("host_link");
    device.host_link_bandwidth =
        link.quantity("bandwidth_per_direction", sane::least_bandwidth, sane::most_bandwidth);
    (void)read_provenance(link);
    link.finish();
  }
  if (root.has("purchase")) {
    TableReader purchase = root.table("purchase");
    device.purchase_price = purchase.quantity("price", 0.01 * usd / gpu, 1e9 * usd / gpu);
    (void)read_provenance(purchase);
    purchase.finish();
  }
  root.finish();
  return device;
}

} // namespace flopcast
