// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration.hpp"

#include "hardware/preset_fields.hpp"

#include <algorithm>

namespace flopcast {
namespace {

double required_share(TableReader &table, std::string_view key) {
  const auto share = table.number(key, 0.001, 1.0);
  if (!share && !table.has(key))
    table.report_missing(key, "a share between 0.001 and 1");
  return share.value_or(1.0);
}

double flop_efficiency(const Calibration &calibration, const OperatorCall &call) {
  switch (call.kind) {
  case OperatorClass::gemm:
    return calibration.gemm_efficiency;
  case OperatorClass::batched_gemm:
    return calibration.batched_gemm_efficiency;
  case OperatorClass::fused_attention:
    return call.pass == Pass::forward ? calibration.attention_forward_efficiency
                                      : calibration.attention_backward_efficiency;
  case OperatorClass::memory_bound:
    break;
  }
  return 1.0;
}

} // namespace

Calibration read_calibration(const InputValue &root_value, const std::string &id,
                             Diagnostics &diagnostics) {
  using namespace units;
  constexpr std::array origins{
      Spelled<Origin>{"measured", Origin::measured},
      Spelled<Origin>{"calibrated", Origin::calibrated},
      Spelled<Origin>{"default", Origin::defaulted},
  };
  TableReader root(root_value, "", diagnostics);
  Calibration calibration;
  calibration.id = id;
  calibration.name = required_text(root, "name", "what was calibrated");
  calibration.origin = root.choice<Origin>("origin", origins).value_or(Origin::defaulted);
  calibration.provenance = read_provenance(root);
  (void)root.text("note");

  TableReader compute = root.table("compute");
  calibration.gemm_efficiency = required_share(compute, "gemm");
  calibration.batched_gemm_efficiency = required_share(compute, "batched_gemm");
  calibration.attention_forward_efficiency = required_share(compute, "attention_forward");
  calibration.attention_backward_efficiency = required_share(compute, "attention_backward");
  (void)read_provenance(compute);
  compute.finish();

  TableReader memory = root.table("memory");
  calibration.memory_efficiency = required_share(memory, "bandwidth");
  (void)read_provenance(memory);
  memory.finish();

  TableReader launch = root.table("launch");
  calibration.launch = required_quantity(launch, "kernel", 0.0 * second, sane::most_latency);
  (void)read_provenance(launch);
  launch.finish();

  TableReader network = root.table("network");
  calibration.scale_up_efficiency = required_share(network, "scale_up");
  calibration.scale_out_efficiency = required_share(network, "scale_out");
  (void)read_provenance(network);
  network.finish();
  root.finish();
  return calibration;
}

std::optional<FlopRate> usable_peak(const Device &device, NumberFormat format) {
  using enum NumberFormat;
  // Wider formats that can stand in, nearest first.
  static constexpr std::array<std::array<NumberFormat, 4>, number_format_count> stand_ins{{
      {fp64, fp64, fp64, fp64},
      {fp32, tf32, fp64, fp64},
      {tf32, fp32, fp64, fp64},
      {fp16, bf16, tf32, fp32},
      {bf16, fp16, tf32, fp32},
      {fp8, bf16, fp16, fp32},
      {fp4, fp8, bf16, fp16},
      {int8, fp8, bf16, fp16},
  }};
  for (const NumberFormat candidate : stand_ins[static_cast<std::size_t>(format)])
    if (const auto peak = device.peak_of(candidate))
      return peak;
  return std::nullopt;
}

Seconds operator_time(const Device &device, const Calibration &calibration,
                      const OperatorCall &call) {
  const Seconds memory = call.bytes / (device.memory_bandwidth * calibration.memory_efficiency);
  Seconds compute;
  if (call.flops > FlopCount{})
    if (const auto peak = usable_peak(device, call.format))
      compute = call.flops / (*peak * flop_efficiency(calibration, call));
  return static_cast<double>(call.kernels) * calibration.launch + std::max(compute, memory);
}

} // namespace flopcast
