// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_fit.hpp"

#include "hardware/efficiency/attention_fit.hpp"
#include "hardware/efficiency/gemm_fit.hpp"
#include "hardware/efficiency/grouped_fit.hpp"
#include "hardware/efficiency/power_fit.hpp"
#include "hardware/efficiency/stream_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

namespace flopcast {
namespace {

/// Samples of one class that are fitted together. The speed of a memory-bound operator follows from
/// its bytes: all formats are fitted as one, under the first.
using ClassKey = std::tuple<OperatorClass, Pass, NumberFormat>;

std::map<ClassKey, std::vector<KernelSample>> by_class(const std::vector<KernelSample> &samples) {
  std::map<ClassKey, std::vector<KernelSample>> classes;
  std::map<std::pair<OperatorClass, Pass>, NumberFormat> stream_formats;
  for (const KernelSample &sample : samples) {
    const OperatorCall &call = sample.call;
    // A gradient alone is a product like any other, of its own shape.
    const bool one_product =
        (call.kind == OperatorClass::gemm || call.kind == OperatorClass::batched_gemm) &&
        call.kernels == 1;
    const NumberFormat format =
        multiplies_matrices(call.kind)
            ? call.format
            : stream_formats.try_emplace({call.kind, call.pass}, call.format).first->second;
    classes[{call.kind, one_product ? Pass::forward : call.pass, format}].push_back(sample);
  }
  return classes;
}

std::vector<KernelSample> part_of(const std::vector<KernelSample> &samples, bool held_back) {
  std::vector<KernelSample> part;
  std::ranges::copy_if(samples, std::back_inserter(part), [&](const KernelSample &sample) {
    return is_held_back(sample.call) == held_back;
  });
  return part;
}

ErrorSummary judged_errors(const Calibration &calibration, const Device &device,
                           const std::vector<KernelSample> &samples) {
  std::vector<double> errors;
  for (const KernelSample &sample : samples)
    if (sample.time > judged_from)
      errors.push_back(operator_time(device, calibration, sample.call) / sample.time - 1);
  return summarize(std::move(errors));
}

/// Of the part of the held-back samples that tells it.
std::array<ErrorSpread, duration_count> measured_spread(const Calibration &calibration,
                                                        const Device &device,
                                                        const std::vector<KernelSample> &samples) {
  std::array<std::vector<double>, duration_count> errors;
  for (const KernelSample &sample : samples)
    if (tells_spread(sample.call)) {
      const Seconds predicted = operator_time(device, calibration, sample.call);
      errors[duration_class(predicted)].push_back(std::log(sample.time / predicted));
    }
  std::array<ErrorSpread, duration_count> spread;
  std::ranges::transform(errors, spread.begin(),
                         [](std::vector<double> &each) { return spread_of(std::move(each)); });
  return spread;
}

/// Fewer shapes than this cannot tell a dozen parameters.
constexpr std::size_t least_samples = 100;

using GemmModels = std::array<std::optional<GemmModel>, number_format_count>;

/// Where the models of a class of products are kept; null for others.
GemmModels *product_models(Calibration &calibration, OperatorClass kind) {
  switch (kind) {
  case OperatorClass::gemm:
    return &calibration.gemm;
  case OperatorClass::batched_gemm:
    return &calibration.batched_gemm;
  case OperatorClass::convolution:
    return &calibration.convolution;
  default:
    return nullptr;
  }
}

/// Puts the class's model into the calibration; false where no model serves the class.
bool fit_class(Calibration &calibration, const Device &device, const ClassKey &key,
               const std::vector<KernelSample> &samples) {
  const auto [kind, pass, format] = key;
  const auto rates = device_rates(device, format);
  if (!rates)
    return false;
  if (GemmModels *models = product_models(calibration, kind); models && pass == Pass::forward) {
    std::vector<GemmSample> products;
    products.reserve(samples.size());
    for (const KernelSample &sample : samples)
      products.push_back({sample.call.shape, sample.time});
    const bool converts = format == NumberFormat::fp8 || format == NumberFormat::fp4;
    (*models)[static_cast<std::size_t>(format)] =
        fit_gemm(products, *rates, element_bytes(format), converts);
    return true;
  }
  if (kind == OperatorClass::grouped_gemm && pass == Pass::forward) {
    calibration.grouped_gemm[static_cast<std::size_t>(format)] =
        fit_grouped(samples, *rates, element_bytes(format));
    return true;
  }
  if (kind == OperatorClass::fused_attention) {
    calibration.attention_of(format, pass) = fit_attention(samples, *rates);
    return true;
  }
  if (!multiplies_matrices(kind)) {
    calibration.stream_of(kind, pass) = fit_stream(samples, device.memory_bandwidth);
    return true;
  }
  return false;
}

/// Fewer gradients of one duration than this do not tell their median.
constexpr std::size_t least_gradients = 30;

/// What gradients take over the forward model's time for them, by duration: the median of the
/// samples, each of two products, that errors are judged by. Durations of too few take their
/// neighbour's.
void fit_gradient_time(GemmModel &model, const Calibration &calibration, const Device &device,
                       const std::vector<KernelSample> &samples) {
  std::array<std::vector<double>, gradient_durations.size()> ratios; // logarithms
  static_assert(duration_count == gradient_durations.size());
  for (const KernelSample &sample : samples) {
    const Seconds one = operator_time(device, calibration, sample.call) / 2.0;
    if (one > judged_from)
      ratios[duration_class(one)].push_back(std::log(sample.time / (2.0 * one)));
  }
  const auto tells = [](const std::vector<double> &each) { return each.size() >= least_gradients; };
  const auto *const first = std::ranges::find_if(ratios, tells);
  if (first == ratios.end())
    return;
  double share = std::exp(spread_of(*first).p50);
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    if (tells(ratios[i]))
      share = std::exp(spread_of(ratios[i]).p50);
    model.gradient_time[i] = share;
  }
}

struct SizeClass {
  const char *name;
  Seconds from;
  Seconds to;
};

const std::array size_classes{
    SizeClass{"below 50 us", Seconds{}, judged_from},
    SizeClass{"50 to 500 us", judged_from, 500.0 * units::microsecond},
    SizeClass{"0.5 to 5 ms", 500.0 * units::microsecond, 5.0 * units::millisecond},
    SizeClass{"above 5 ms", 5.0 * units::millisecond, 1e9 * units::second},
    SizeClass{"all above 50 us", judged_from, 1e9 * units::second},
};

} // namespace

Calibration fit_calibration(const Calibration &base, const Device &device,
                            const std::vector<KernelSample> &samples) {
  Calibration calibration = base;
  calibration.device = device.id;
  calibration.origin = Origin::calibrated;
  calibration.errors.clear();
  const auto classes = by_class(samples);
  for (const auto &[key, all] : classes) {
    const std::vector<KernelSample> seen = part_of(all, false);
    if (seen.size() < least_samples || !fit_class(calibration, device, key, seen))
      continue;
    const auto [kind, pass, format] = key;
    const auto backward = classes.find({kind, Pass::backward, format});
    GemmModels *models = pass == Pass::forward && backward != classes.end()
                             ? product_models(calibration, kind)
                             : nullptr;
    if (models)
      fit_gradient_time(*(*models)[static_cast<std::size_t>(format)], calibration, device,
                        part_of(backward->second, false));
    calibration.errors.push_back(
        {.kind = kind,
         .pass = pass,
         .format = format,
         .fitted = judged_errors(calibration, device, seen),
         .held_back = judged_errors(calibration, device, part_of(all, true)),
         .spread = measured_spread(calibration, device, all)});
    if (models)
      calibration.errors.back().backward_spread =
          measured_spread(calibration, device, backward->second);
  }
  calibration.power = fit_metered_power(device, samples);
  return calibration;
}

std::optional<MeteredPower> fit_metered_power(const Device &device,
                                              const std::vector<KernelSample> &samples) {
  if (!device.thermal_design_power)
    return std::nullopt;
  const std::vector<KernelSample> seen = part_of(samples, false);
  const auto model = fit_power(seen, *device.thermal_design_power);
  if (!model)
    return std::nullopt;
  MeteredPower power;
  power.model = *model;
  power.device = device.id;
  power.fitted = power_errors(*model, seen);
  power.held_back = power_errors(*model, part_of(samples, true));
  return power;
}

std::vector<Agreement> agreement(const Calibration &calibration, const Device &device,
                                 const std::vector<KernelSample> &samples) {
  std::vector<Agreement> pairs;
  pairs.reserve(samples.size());
  for (const auto &[key, all] : by_class(samples))
    for (const KernelSample &sample : all)
      pairs.push_back({.call = sample.call,
                       .pass = std::get<Pass>(key),
                       .format = std::get<NumberFormat>(key),
                       .held_back = is_held_back(sample.call),
                       .measured = sample.time,
                       .predicted = operator_time(device, calibration, sample.call)});
  return pairs;
}

std::vector<Agreement> held_back_agreement(const Calibration &calibration, const Device &device,
                                           const std::vector<KernelSample> &samples) {
  return agreement(calibration, device, part_of(samples, true));
}

std::vector<ValidationRow> validate_calibration(const Calibration &calibration,
                                                const Device &device,
                                                const std::vector<KernelSample> &samples) {
  std::vector<ValidationRow> rows;
  for (const auto &[key, all] : by_class(part_of(samples, true))) {
    const auto [kind, pass, format] = key;
    for (const SizeClass &size : size_classes) {
      std::vector<double> errors;
      for (const KernelSample &sample : all)
        if (sample.time > size.from && sample.time <= size.to)
          errors.push_back(operator_time(device, calibration, sample.call) / sample.time - 1);
      if (!errors.empty())
        rows.push_back({kind, pass, format, size.name, summarize(std::move(errors))});
    }
  }
  return rows;
}

} // namespace flopcast
