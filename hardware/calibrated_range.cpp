// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibrated_range.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace flopcast {
namespace {

double real(std::int64_t side) { return static_cast<double>(side); }

SideRange side(RangeSide which, const MatrixShape &from, const MatrixShape &to,
               std::int64_t MatrixShape::*member) {
  return {which, real(from.*member), real(to.*member)};
}

/// Rows, columns and depth of a product, as in_measured_range() looks at them.
std::vector<SideRange> sides_of(const GemmModel &model) {
  const MatrixShape &from = model.measured_from;
  const MatrixShape &to = model.measured_to;
  return {side(RangeSide::rows, from, to, &MatrixShape::rows),
          side(RangeSide::columns, from, to, &MatrixShape::columns),
          side(RangeSide::depth, from, to, &MatrixShape::depth)};
}

std::vector<SideRange> sides_of(const GroupedModel &model) {
  std::vector<SideRange> sides = sides_of(model.product);
  sides.insert(sides.begin(), side(RangeSide::groups, model.product.measured_from,
                                   model.product.measured_to, &MatrixShape::batch));
  return sides;
}

std::vector<SideRange> sides_of(const AttentionModel &model) {
  const MatrixShape &from = model.measured_from;
  const MatrixShape &to = model.measured_to;
  return {side(RangeSide::groups, from, to, &MatrixShape::batch),
          side(RangeSide::rows, from, to, &MatrixShape::rows),
          side(RangeSide::columns, from, to, &MatrixShape::columns),
          side(RangeSide::depth, from, to, &MatrixShape::depth)};
}

std::vector<SideRange> sides_of(const StreamModel &model) {
  return {side(RangeSide::rows, model.measured_from, model.measured_to, &MatrixShape::rows),
          side(RangeSide::columns, model.measured_from, model.measured_to, &MatrixShape::columns),
          {RangeSide::bytes, model.measured_from_bytes.in(units::byte),
           model.measured_to_bytes.in(units::byte)}};
}

double value_of(const OperatorCall &call, RangeSide side) {
  switch (side) {
  case RangeSide::groups:
    return real(call.shape.batch);
  case RangeSide::rows:
    return real(call.shape.rows);
  case RangeSide::columns:
    return real(call.shape.columns);
  case RangeSide::depth:
    return real(call.shape.depth);
  case RangeSide::bytes:
    break;
  }
  return call.bytes.in(units::byte);
}

CallCoverage within(const std::vector<SideRange> &sides, const OperatorCall &call) {
  CallCoverage found{Coverage::inside, {}};
  for (const SideRange &one : sides) {
    const double value = value_of(call, one.side);
    if (value < one.from)
      found.outside.push_back({one.side, value, one.from});
    else if (value > one.to)
      found.outside.push_back({one.side, value, one.to});
  }
  if (!found.outside.empty())
    found.coverage = Coverage::outside;
  return found;
}

CallCoverage no_range(Coverage coverage) { return {coverage, {}}; }

class Ranges {
public:
  explicit Ranges(const Calibration &calibration) : calibration_(&calibration) {}

  /// `format` is absent for classes whose formats are fitted as one.
  template <class Model>
  void add(OperatorClass kind, Pass pass, std::optional<NumberFormat> format,
           const std::optional<Model> &model) {
    if (!model)
      return;
    MeasuredRange range{.kind = kind,
                        .pass = pass,
                        .format = format.value_or(NumberFormat::bf16),
                        .sides = sides_of(*model)};
    const auto errors = std::ranges::find_if(calibration_->errors, [&](const ClassErrors &one) {
      return one.kind == kind && one.pass == pass && (!format || one.format == *format);
    });
    if (errors != calibration_->errors.end()) {
      range.format = errors->format;
      range.samples = errors->fitted.samples + errors->held_back.samples;
    }
    found_.push_back(std::move(range));
  }

  std::vector<MeasuredRange> take() { return std::move(found_); }

private:
  const Calibration *calibration_;
  std::vector<MeasuredRange> found_;
};

} // namespace

std::vector<MeasuredRange> measured_ranges(const Calibration &calibration) {
  Ranges ranges(calibration);
  const auto of_formats = [&](OperatorClass kind, const auto &models) {
    for (std::size_t i = 0; i < number_format_count; ++i)
      ranges.add(kind, Pass::forward, static_cast<NumberFormat>(i), models[i]);
  };
  of_formats(OperatorClass::gemm, calibration.gemm);
  of_formats(OperatorClass::batched_gemm, calibration.batched_gemm);
  of_formats(OperatorClass::grouped_gemm, calibration.grouped_gemm);
  of_formats(OperatorClass::convolution, calibration.convolution);
  for (std::size_t i = 0; i < number_format_count; ++i)
    for (const Pass pass : {Pass::forward, Pass::backward})
      ranges.add(OperatorClass::fused_attention, pass, static_cast<NumberFormat>(i),
                 calibration.attention_of(static_cast<NumberFormat>(i), pass));
  for (std::size_t i = 0; i < operator_class_count; ++i)
    for (const Pass pass : {Pass::forward, Pass::backward})
      ranges.add(static_cast<OperatorClass>(i), pass, std::nullopt,
                 calibration.stream_of(static_cast<OperatorClass>(i), pass));
  return ranges.take();
}

std::string_view to_text(Coverage coverage) {
  constexpr std::array<std::string_view, 4> names{"inside", "outside", "stand_in", "unmeasured"};
  return names[static_cast<std::size_t>(coverage)];
}

CallCoverage coverage_of(const Calibration &calibration, const OperatorCall &call) {
  if (call.kind == OperatorClass::grouped_gemm)
    if (const GroupedModel *grouped = calibration.grouped_model(call.format))
      return call.pass == Pass::forward ? within(sides_of(*grouped), call)
                                        : no_range(Coverage::stand_in);
  if (const GemmModel *product = calibration.gemm_model(call.kind, call.format)) {
    const bool stand_in = call.kind == OperatorClass::grouped_gemm ||
                          (call.kind == OperatorClass::convolution &&
                           product == calibration.gemm_model(OperatorClass::gemm, call.format));
    return stand_in ? no_range(Coverage::stand_in) : within(sides_of(*product), call);
  }
  if (call.kind == OperatorClass::fused_attention) {
    if (const AttentionModel *model = calibration.attention_model(call.format, call.pass))
      return within(sides_of(*model), call);
  } else if (!multiplies_matrices(call.kind)) {
    if (const StreamModel *model = calibration.stream_model(call.kind, call.pass))
      return streams_as_elementwise(calibration, call.kind, call.pass)
                 ? no_range(Coverage::stand_in)
                 : within(sides_of(*model), call);
  }
  return no_range(Coverage::unmeasured);
}

} // namespace flopcast
