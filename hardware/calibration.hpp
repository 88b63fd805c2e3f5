// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/efficiency/attention_model.hpp"
#include "hardware/efficiency/gemm_model.hpp"
#include "hardware/efficiency/grouped_model.hpp"
#include "hardware/efficiency/link_model.hpp"
#include "hardware/efficiency/power_model.hpp"
#include "hardware/efficiency/sample.hpp"
#include "hardware/efficiency/stream_model.hpp"
#include "hardware/operator_call.hpp"
#include "hardware/provenance.hpp"
#include "hardware/units/quantity.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Kernels of like duration: below 50 us, to 500 us, to 5 ms, longer.
inline constexpr std::size_t duration_count = 4;
[[nodiscard]] std::size_t duration_class(Seconds time);

/// How well a class of operators was met: on what the fit saw, and on whole shapes held back from
/// it.
struct ClassErrors {
  OperatorClass kind = OperatorClass::gemm;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16;
  ErrorSummary fitted = {};
  ErrorSummary held_back = {};
  /// Of the held-back shapes for which tells_spread(), by duration_class() of the predicted time.
  std::array<ErrorSpread, duration_count> spread = {};
  /// The same for backward calls of products: both gradients by the forward model and its
  /// gradient_time.
  std::array<ErrorSpread, duration_count> backward_spread = {};
};

/// Links inside a scale-up domain, and those of the network between domains.
enum class LinkLevel { scale_up, scale_out };

[[nodiscard]] std::string_view to_text(LinkLevel level);

/// How well a kind of collective was met, for data of at least 1 MiB: at the sizes that the fit
/// saw, and at whole octaves of sizes held back from it.
struct LinkErrors {
  LinkLevel level = LinkLevel::scale_up;
  Collective collective = Collective::all_reduce;
  ErrorSummary fitted;
  ErrorSummary held_back;
};

/// Electric power as it was metered on a device, with the errors of power while a kernel runs.
struct MeteredPower {
  PowerModel model;
  std::string device;   ///< id of the device that was metered
  std::string software; ///< that the kernels came from
  Provenance provenance;
  ErrorSummary fitted;
  ErrorSummary held_back;
};

/// How fast the kernels of a device really are, relative to its datasheet, and how sure that is.
struct Calibration {
  std::string id;
  std::string name;
  Origin origin = Origin::defaulted;
  Provenance provenance;
  std::string device;         ///< id of the device that was measured; "" for the defaults
  std::string software;       ///< that the kernels came from
  std::string transferred_to; ///< id of a relative that stands in for it unmeasured, else ""

  // One share a class where no model below knows the shape.
  double gemm_efficiency = 0;
  double batched_gemm_efficiency = 0;
  double attention_forward_efficiency = 0;
  double attention_backward_efficiency = 0;
  double memory_efficiency = 0;
  /// Share of the traffic of fp32 sums that a weight gradient adds to which its product does not
  /// hide: it reads and writes 4 bytes an element, in place of writing 2.
  double accumulation_traffic = 0;
  Seconds launch;                  ///< of a kernel by the host
  double scale_up_efficiency = 0;  ///< of the links inside a scale-up domain
  double scale_out_efficiency = 0; ///< of the network

  std::array<std::optional<GemmModel>, number_format_count> gemm; ///< by NumberFormat
  /// Of the products of unfused attention, by NumberFormat.
  std::array<std::optional<GemmModel>, number_format_count> batched_gemm;
  /// Of convolutions, as products, by NumberFormat.
  std::array<std::optional<GemmModel>, number_format_count> convolution;
  /// Of the products of experts, by NumberFormat.
  std::array<std::optional<GroupedModel>, number_format_count> grouped_gemm;
  /// Of fused attention, by NumberFormat and Pass.
  std::array<std::array<std::optional<AttentionModel>, 2>, number_format_count> attention;
  /// Of memory-bound operators, by OperatorClass and Pass.
  std::array<std::array<std::optional<StreamModel>, 2>, operator_class_count> stream;
  std::vector<ClassErrors> errors;

  // Absent: an efficiency of the bandwidth above and the datasheet's latencies.
  std::optional<LinkModel> scale_up_links;
  std::optional<LinkModel> scale_out_links;
  std::vector<LinkErrors> link_errors;

  std::optional<MeteredPower> power; ///< absent: unknown

  /// The model for products in a format; fp16 and bf16 stand in for each other. That of dense ones
  /// serves convolutions that nobody measured, and grouped products where grouped_model() is null:
  /// a stand-in, for which in_calibrated_range() is false. Null if there is none.
  [[nodiscard]] const GemmModel *gemm_model(OperatorClass kind, NumberFormat format) const;
  /// The same for products of experts.
  [[nodiscard]] const GroupedModel *grouped_model(NumberFormat format) const;
  /// The same for fused attention.
  [[nodiscard]] const AttentionModel *attention_model(NumberFormat format, Pass pass) const;

  /// The model for a memory-bound class. Where nobody measured rotary embedding, embedding, cross
  /// entropy or the optimizer, that of forward element-wise operators of the device: a stand-in,
  /// for which in_calibrated_range() is false. Null if there is none.
  [[nodiscard]] const StreamModel *stream_model(OperatorClass kind, Pass pass) const;

  [[nodiscard]] std::optional<AttentionModel> &attention_of(NumberFormat format, Pass pass) {
    return attention[static_cast<std::size_t>(format)][static_cast<std::size_t>(pass)];
  }
  [[nodiscard]] const std::optional<AttentionModel> &attention_of(NumberFormat format,
                                                                  Pass pass) const {
    return attention[static_cast<std::size_t>(format)][static_cast<std::size_t>(pass)];
  }
  [[nodiscard]] std::optional<StreamModel> &stream_of(OperatorClass kind, Pass pass) {
    return stream[static_cast<std::size_t>(kind)][static_cast<std::size_t>(pass)];
  }
  [[nodiscard]] const std::optional<StreamModel> &stream_of(OperatorClass kind, Pass pass) const {
    return stream[static_cast<std::size_t>(kind)][static_cast<std::size_t>(pass)];
  }
};

/// Time of an operator on a device.
/// With a model: the longer of gemm_time(), grouped_time(), attention_time() or stream_time() and
/// the host's launches. Others: launches + max(FLOPs / (peak × efficiency), bytes / (bandwidth ×
/// efficiency)), the peak being usable_peak().
[[nodiscard]] Seconds operator_time(const Device &device, const Calibration &calibration,
                                    const OperatorCall &call);

/// Whether a class without a model of its own is timed as a sum of two tensors would be that moves
/// as many bytes: what one fused kernel takes.
[[nodiscard]] bool streams_as_elementwise(const Calibration &calibration, OperatorClass kind,
                                          Pass pass);

/// Whether the operator's shape was measured, on its own class; true too for classes without any
/// model, which know none.
[[nodiscard]] bool in_calibrated_range(const Calibration &calibration, const OperatorCall &call);

/// The device's rates in a format. Empty where it has no usable peak.
[[nodiscard]] std::optional<DeviceRates> device_rates(const Device &device, NumberFormat format);

/// What operands and results of a product in a format take: narrow operands give 16-bit results.
[[nodiscard]] ElementBytes element_bytes(NumberFormat format);

/// The peak at which products in `format` are counted: the device's own, or, where its matrix units
/// do not know the format, that of the nearest format of at least its width. Empty if there is
/// none.
[[nodiscard]] std::optional<FlopRate> usable_peak(const Device &device, NumberFormat format);

} // namespace flopcast
