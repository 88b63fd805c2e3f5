// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_file.hpp"

#include "hardware/kernels_file.hpp"
#include "hardware/links_file.hpp"
#include "hardware/power_file.hpp"
#include "hardware/preset_fields.hpp"

#include <array>

namespace flopcast {
namespace {

using namespace units;

/// A share of the datasheet's rate; absent: what `value` holds, unless it is required.
void read_share(TableReader &table, std::string_view key, bool required, double &value) {
  const auto share = table.number(key, 0.001, 1.0);
  if (!share && required && !table.has(key))
    table.report_missing(key, "a share between 0.001 and 1");
  value = share.value_or(required ? 1.0 : value);
}

} // namespace

Calibration read_calibration(const InputValue &root_value, const std::string &id,
                             const Calibration *base, Diagnostics &diagnostics) {
  constexpr std::array origins{
      Spelled<Origin>{"measured", Origin::measured},
      Spelled<Origin>{"calibrated", Origin::calibrated},
      Spelled<Origin>{"default", Origin::defaulted},
  };
  TableReader root(root_value, "", diagnostics);
  Calibration calibration = base == nullptr ? Calibration{} : *base;
  const bool whole = base == nullptr;
  calibration.id = id;
  calibration.name = required_text(root, "name", "what was calibrated");
  calibration.origin = root.choice<Origin>("origin", origins).value_or(Origin::defaulted);
  calibration.provenance = read_provenance(root);
  calibration.device = root.text("device").value_or("");
  calibration.software = root.text("software").value_or("");
  (void)root.text("note");

  const auto section = [&](std::string_view key, auto read) {
    if (!whole && !root.has(key))
      return;
    TableReader table = root.table(key);
    read(table);
    (void)read_provenance(table);
    table.finish();
  };
  section("compute", [&](TableReader &table) {
    read_share(table, "gemm", whole, calibration.gemm_efficiency);
    read_share(table, "batched_gemm", whole, calibration.batched_gemm_efficiency);
    read_share(table, "attention_forward", whole, calibration.attention_forward_efficiency);
    read_share(table, "attention_backward", whole, calibration.attention_backward_efficiency);
    calibration.accumulation_traffic =
        table.number("accumulation_traffic", 0, 2).value_or(calibration.accumulation_traffic);
  });
  section("memory", [&](TableReader &table) {
    read_share(table, "bandwidth", whole, calibration.memory_efficiency);
  });
  section("launch", [&](TableReader &table) {
    calibration.launch = required_quantity(table, "kernel", 0.0 * second, sane::most_latency);
  });
  section("network", [&](TableReader &table) {
    read_share(table, "scale_up", whole, calibration.scale_up_efficiency);
    read_share(table, "scale_out", whole, calibration.scale_out_efficiency);
  });
  read_kernels(root, calibration);
  if (root.has("links"))
    read_links(root.table("links"), calibration);
  if (root.has("power"))
    calibration.power = read_power(root.table("power"));
  root.finish();
  return calibration;
}

} // namespace flopcast
