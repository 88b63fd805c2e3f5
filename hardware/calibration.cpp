// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

double flop_efficiency(const Calibration &calibration, const OperatorCall &call) {
  switch (call.kind) {
  case OperatorClass::gemm:
  case OperatorClass::grouped_gemm:
  case OperatorClass::convolution:
    return calibration.gemm_efficiency;
  case OperatorClass::batched_gemm:
    return calibration.batched_gemm_efficiency;
  case OperatorClass::fused_attention:
    return call.pass == Pass::forward ? calibration.attention_forward_efficiency
                                      : calibration.attention_backward_efficiency;
  default:
    return 1.0;
  }
}

} // namespace

std::string_view to_text(LinkLevel level) {
  return level == LinkLevel::scale_up ? "scale_up" : "scale_out";
}

namespace {

/// The first model that find() has for the format, or for the other 16-bit one.
template <class Find> auto of_format(NumberFormat format, Find find) {
  auto model = find(format);
  if (model == nullptr && format == NumberFormat::fp16)
    model = find(NumberFormat::bf16);
  if (model == nullptr && format == NumberFormat::bf16)
    model = find(NumberFormat::fp16);
  return model;
}

template <class Model> const Model *pointer(const std::optional<Model> &model) {
  return model ? &*model : nullptr;
}

} // namespace

const GemmModel *Calibration::gemm_model(OperatorClass kind, NumberFormat format) const {
  // What is asked for most, first.
  if (kind == OperatorClass::gemm)
    if (const auto &own = gemm[static_cast<std::size_t>(format)])
      return &*own;
  if (!multiplies_matrices(kind) || kind == OperatorClass::fused_attention)
    return nullptr;
  if (kind == OperatorClass::convolution)
    if (const GemmModel *own = of_format(format, [&](NumberFormat f) {
          return pointer(convolution[static_cast<std::size_t>(f)]);
        }))
      return own;
  const auto &models = kind == OperatorClass::batched_gemm ? batched_gemm : gemm;
  return of_format(format,
                   [&](NumberFormat f) { return pointer(models[static_cast<std::size_t>(f)]); });
}

const GroupedModel *Calibration::grouped_model(NumberFormat format) const {
  return of_format(
      format, [&](NumberFormat f) { return pointer(grouped_gemm[static_cast<std::size_t>(f)]); });
}

const AttentionModel *Calibration::attention_model(NumberFormat format, Pass pass) const {
  return of_format(format, [&](NumberFormat f) { return pointer(attention_of(f, pass)); });
}

std::size_t duration_class(Seconds time) {
  using units::microsecond;
  return time <= 50.0 * microsecond     ? 0
         : time <= 500.0 * microsecond  ? 1
         : time <= 5000.0 * microsecond ? 2
                                        : 3;
}

bool streams_as_elementwise(const Calibration &calibration, OperatorClass kind, Pass pass) {
  switch (kind) {
  case OperatorClass::rotary:
  case OperatorClass::embedding:
  case OperatorClass::cross_entropy:
  case OperatorClass::optimizer:
    return !calibration.stream_of(kind, pass) &&
           calibration.stream_of(OperatorClass::elementwise, Pass::forward);
  default:
    return false;
  }
}

const StreamModel *Calibration::stream_model(OperatorClass kind, Pass pass) const {
  return pointer(streams_as_elementwise(*this, kind, pass)
                     ? stream_of(OperatorClass::elementwise, Pass::forward)
                     : stream_of(kind, pass));
}

namespace {

/// Null where the device has none.
const FlopRate *peak_or_stand_in(const Device &device, NumberFormat format) {
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
  if (const auto &own = device.peak[static_cast<std::size_t>(format)])
    return &*own;
  for (const NumberFormat candidate : stand_ins[static_cast<std::size_t>(format)])
    if (const auto &peak = device.peak[static_cast<std::size_t>(candidate)])
      return &*peak;
  return nullptr;
}

} // namespace

std::optional<FlopRate> usable_peak(const Device &device, NumberFormat format) {
  const FlopRate *peak = peak_or_stand_in(device, format);
  return peak != nullptr ? std::optional(*peak) : std::nullopt;
}

std::optional<DeviceRates> device_rates(const Device &device, NumberFormat format) {
  const FlopRate *peak = peak_or_stand_in(device, format);
  if (peak == nullptr || !device.multiprocessors)
    return std::nullopt;
  return DeviceRates{.peak = *peak,
                     .memory_bandwidth = device.memory_bandwidth,
                     .multiprocessors = *device.multiprocessors};
}

ElementBytes element_bytes(NumberFormat format) {
  switch (format) {
  case NumberFormat::fp64:
    return {8, 8, 8};
  case NumberFormat::fp32:
  case NumberFormat::tf32:
    return {4, 4, 4};
  case NumberFormat::fp16:
  case NumberFormat::bf16:
    return {2, 2, 2};
  case NumberFormat::fp8:
  case NumberFormat::int8:
    return {1, 1, 2};
  case NumberFormat::fp4:
    return {0.5, 0.5, 2};
  }
  return {};
}

namespace {

/// A sum of two 16-bit tensors in rows of 4,096 that moves the call's bytes. Its own rows and
/// columns say nothing of an element-wise kernel: an optimizer's rows are one parameter each.
OperatorCall as_elementwise(const OperatorCall &call) {
  constexpr double element_bytes = 6;
  constexpr std::int64_t columns = 4096;
  OperatorCall sum = call;
  sum.kind = OperatorClass::elementwise;
  const double rows = call.bytes.in(units::byte) / (element_bytes * static_cast<double>(columns));
  sum.shape = {.batch = 1,
               .rows = std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(rows)), 1),
               .columns = columns,
               .depth = 1};
  return sum;
}

/// What adding a weight gradient to sums in fp32 takes beyond writing it.
Seconds accumulation_time(const Device &device, const Calibration &calibration,
                          const OperatorCall &call) {
  if (!call.accumulates)
    return {};
  constexpr Bytes more = 6.0 * units::byte; // 4 read, 4 written, less the 2 of the product's own
  // Of both gradients the shape is the forward product's, whose right operand the weights are; the
  // weights' gradient by itself has their shape.
  const auto weights = static_cast<double>(call.shape.batch) *
                       static_cast<double>(call.shape.columns) *
                       static_cast<double>(call.kernels == 2 ? call.shape.depth : call.shape.rows);
  return calibration.accumulation_traffic * weights * more / device.memory_bandwidth;
}

std::optional<Seconds> modelled_time(const Device &device, const Calibration &calibration,
                                     const OperatorCall &call) {
  if (call.kind == OperatorClass::grouped_gemm)
    if (const GroupedModel *grouped = calibration.grouped_model(call.format)) {
      const auto rates = device_rates(device, call.format);
      return rates ? std::optional(grouped_time(*grouped, *rates, call, element_bytes(call.format)))
                   : std::nullopt;
    }
  if (const GemmModel *product = calibration.gemm_model(call.kind, call.format)) {
    const auto rates = device_rates(device, call.format);
    if (!rates)
      return std::nullopt;
    const auto time = [&](const MatrixShape &shape) {
      return call.pass == Pass::backward
                 ? gradient_product_time(*product, *rates, shape, element_bytes(call.format))
                 : gemm_time(*product, *rates, shape, element_bytes(call.format));
    };
    const auto &[batch, m, n, k] = call.shape;
    // Two kernels backward are the gradients of the input and of the weights.
    if (call.pass == Pass::backward && call.kernels == 2)
      return time({batch, m, k, n}) + time({batch, k, n, m}) +
             accumulation_time(device, calibration, call);
    if (call.expert_width > 0)
      return time(call.shape) + time({batch, m, k, call.expert_width});
    return time(call.shape) + accumulation_time(device, calibration, call);
  }
  if (call.kind == OperatorClass::fused_attention) {
    if (const AttentionModel *model = calibration.attention_model(call.format, call.pass))
      if (const auto rates = device_rates(device, call.format))
        return attention_time(*model, *rates, call);
  } else if (!multiplies_matrices(call.kind)) {
    if (const StreamModel *model = calibration.stream_model(call.kind, call.pass))
      return stream_time(
          *model, device.memory_bandwidth,
          streams_as_elementwise(calibration, call.kind, call.pass) ? as_elementwise(call) : call);
  }
  return std::nullopt;
}

} // namespace

Seconds operator_time(const Device &device, const Calibration &calibration,
                      const OperatorCall &call) {
  const Seconds launches = static_cast<double>(call.kernels) * calibration.launch;
  if (const auto modelled = modelled_time(device, calibration, call))
    return std::max(launches, *modelled);
  const Seconds memory = call.bytes / (device.memory_bandwidth * calibration.memory_efficiency);
  Seconds compute;
  if (call.flops > FlopCount{})
    if (const auto peak = usable_peak(device, call.format))
      compute = call.flops / (*peak * flop_efficiency(calibration, call));
  return launches + std::max(compute, memory);
}

bool in_calibrated_range(const Calibration &calibration, const OperatorCall &call) {
  if (call.kind == OperatorClass::grouped_gemm)
    if (const GroupedModel *grouped = calibration.grouped_model(call.format))
      return in_measured_range(*grouped, call);
  if (const GemmModel *product = calibration.gemm_model(call.kind, call.format)) {
    const bool stand_in = call.kind == OperatorClass::grouped_gemm ||
                          (call.kind == OperatorClass::convolution &&
                           product == calibration.gemm_model(OperatorClass::gemm, call.format));
    return !stand_in && in_measured_range(*product, call.shape);
  }
  if (call.kind == OperatorClass::fused_attention) {
    if (const AttentionModel *model = calibration.attention_model(call.format, call.pass))
      return in_measured_range(*model, call);
  } else if (!multiplies_matrices(call.kind)) {
    if (const StreamModel *model = calibration.stream_model(call.kind, call.pass))
      return !streams_as_elementwise(calibration, call.kind, call.pass) &&
             in_measured_range(*model, call);
  }
  return true;
}

} // namespace flopcast
