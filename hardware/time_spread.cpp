// SPDX-License-Identifier: Apache-2.0
#include "hardware/time_spread.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace flopcast {
namespace {

// Half of the middle four fifths of a normal distribution, in standard deviations.
constexpr double p90_sigmas = 1.2815515655446004;

// Fewer samples of one duration tell no quantile of a tenth.
constexpr std::int64_t least_samples = 30;

/// Whether the model of dense products times the call for want of its own.
bool is_product_stand_in(const Calibration &calibration, const OperatorCall &call) {
  return (call.kind == OperatorClass::convolution &&
          calibration.gemm_model(call.kind, call.format) ==
              calibration.gemm_model(OperatorClass::gemm, call.format)) ||
         (call.kind == OperatorClass::grouped_gemm && !calibration.grouped_model(call.format));
}

/// The entry whose model times the call, as gemm_model() and its like choose it.
const ClassErrors *errors_of(const Calibration &calibration, const OperatorCall &call) {
  const bool products = multiplies_matrices(call.kind);
  const bool stand_in = streams_as_elementwise(calibration, call.kind, call.pass);
  OperatorClass kind = stand_in ? OperatorClass::elementwise : call.kind;
  if (is_product_stand_in(calibration, call))
    kind = OperatorClass::gemm;
  const Pass pass =
      stand_in || (products && kind != OperatorClass::fused_attention) ? Pass::forward : call.pass;
  const ClassErrors *other = nullptr;
  for (const ClassErrors &errors : calibration.errors) {
    if (errors.kind != kind || errors.pass != pass)
      continue;
    if (!products || errors.format == call.format)
      return &errors;
    const auto half = [](NumberFormat f) {
      return f == NumberFormat::fp16 || f == NumberFormat::bf16;
    };
    if (half(errors.format) && half(call.format))
      other = &errors;
  }
  return other;
}

/// Of the class at that duration, else the nearest duration that has enough samples, else the
/// fewer ones that there are.
std::optional<ErrorSpread> measured_spread(const std::array<ErrorSpread, duration_count> &spread,
                                           std::size_t duration) {
  const ErrorSpread *best = nullptr;
  std::size_t best_distance = duration_count;
  for (std::size_t i = 0; i < duration_count; ++i) {
    const std::size_t distance = i > duration ? i - duration : duration - i;
    if (spread[i].samples >= least_samples && distance < best_distance) {
      best = &spread[i];
      best_distance = distance;
    }
  }
  if (best)
    return *best;
  const auto *const most = std::ranges::max_element(spread, {}, &ErrorSpread::samples);
  return most->samples > 0 ? std::optional(*most) : std::nullopt;
}

// Standard deviations, as P90 of the error over 1.645, the root of the mean square over the
// transfers in docs/calibration.md: products 15.8, 8.3, 11.9 and 23.8 %; attention 64.7, 12.1 and
// 37.2 %. Memory-bound operators: no pair was measured, taken as products.
constexpr double transferred_products = 0.10;
constexpr double transferred_attention = 0.27;

// What dense products miss of grouped ones: medians of 27 and 14 % on H100, a median being 0.67
// standard deviations. Stand-ins of memory-bound classes are assumed to be as far off.
constexpr double stand_in = 0.30;

// Of an octave beyond what was measured. Assumed.
constexpr double per_octave = 0.05;

double octaves_beyond(double value, double from, double to) {
  if (value <= 0 || from <= 0 || to <= 0)
    return 0;
  return std::max({std::log2(from / value), std::log2(value / to), 0.0});
}

double octaves_beyond(const MatrixShape &shape, const MatrixShape &from, const MatrixShape &to) {
  const auto side = [&](std::int64_t MatrixShape::*of) {
    return octaves_beyond(static_cast<double>(shape.*of), static_cast<double>(from.*of),
                          static_cast<double>(to.*of));
  };
  return side(&MatrixShape::rows) + side(&MatrixShape::columns) + side(&MatrixShape::depth);
}

double octaves_beyond_measured(const Calibration &calibration, const OperatorCall &call) {
  if (call.kind == OperatorClass::grouped_gemm)
    if (const GroupedModel *grouped = calibration.grouped_model(call.format))
      return octaves_beyond(call.shape, grouped->product.measured_from,
                            grouped->product.measured_to);
  if (const GemmModel *product = calibration.gemm_model(call.kind, call.format))
    return octaves_beyond(call.shape, product->measured_from, product->measured_to);
  if (call.kind == OperatorClass::fused_attention) {
    const AttentionModel *model = calibration.attention_model(call.format, call.pass);
    return model ? octaves_beyond(call.shape, model->measured_from, model->measured_to) : 0;
  }
  if (const StreamModel *model = calibration.stream_model(call.kind, call.pass))
    return octaves_beyond(call.bytes.in(units::byte), model->measured_from_bytes.in(units::byte),
                          model->measured_to_bytes.in(units::byte));
  return 0;
}

bool is_stand_in(const Calibration &calibration, const OperatorCall &call) {
  return is_product_stand_in(calibration, call) ||
         streams_as_elementwise(calibration, call.kind, call.pass);
}

/// Of classes that no model knows, for which one share of the datasheet's rate stands: how far that
/// was from the medians of what was measured on A100, GH200, H100 and B200, kernels above 50 us
/// (see docs/calibration.md, "How far a time may be off").
ErrorSpread default_spread(OperatorClass kind) {
  switch (kind) {
  case OperatorClass::gemm:
  case OperatorClass::grouped_gemm:
  case OperatorClass::convolution:
    return {.samples = 0, .p10 = -0.19, .p50 = -0.05, .p90 = 0.25};
  case OperatorClass::batched_gemm:
    return {.samples = 0, .p10 = -0.48, .p50 = -0.13, .p90 = 0.30};
  case OperatorClass::fused_attention:
    return {.samples = 0, .p10 = -0.25, .p50 = 0.20, .p90 = 1.0};
  case OperatorClass::softmax:
  case OperatorClass::normalization:
    return {.samples = 0, .p10 = 0.15, .p50 = 0.52, .p90 = 0.70};
  case OperatorClass::elementwise:
    return {.samples = 0, .p10 = -0.20, .p50 = -0.12, .p90 = 0.08};
  default:
    return {.samples = 0, .p10 = -0.30, .p50 = -0.15, .p90 = 0.60};
  }
}

} // namespace

double TimeSpread::sigma() const { return (p90 - p10) / (2 * p90_sigmas); }

TimeSpread operator_time_spread(const Calibration &calibration, const OperatorCall &call,
                                Seconds predicted) {
  const ClassErrors *errors = errors_of(calibration, call);
  std::optional<ErrorSpread> measured;
  if (errors) {
    const std::size_t duration = duration_class(predicted);
    if (call.pass == Pass::backward && call.kernels == 2 && errors->pass == Pass::forward)
      measured = measured_spread(errors->backward_spread, duration);
    if (!measured)
      measured = measured_spread(errors->spread, duration);
  }
  const ErrorSpread base = measured.value_or(default_spread(call.kind));
  double besides = 0; // variance
  const auto add = [&](double sigma) { besides += sigma * sigma; };
  if (errors) {
    if (!calibration.transferred_to.empty())
      add(call.kind == OperatorClass::fused_attention ? transferred_attention
                                                      : transferred_products);
    if (is_stand_in(calibration, call))
      add(stand_in);
    add(per_octave * octaves_beyond_measured(calibration, call));
  }
  if (besides == 0)
    return {.p10 = base.p10, .p50 = base.p50, .p90 = base.p90};
  const double wider = p90_sigmas * p90_sigmas * besides;
  const auto widened = [&](double side) { return std::sqrt(side * side + wider); };
  return {.p10 = base.p50 - widened(base.p50 - base.p10),
          .p50 = base.p50,
          .p90 = base.p50 + widened(base.p90 - base.p50)};
}

} // namespace flopcast
