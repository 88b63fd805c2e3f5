// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// Fits every class of operators that the samples hold enough of, over what `base` has for the
/// rest, and power where samples have it. Shapes for which is_held_back() is true are not fitted;
/// errors on both parts go into `errors`.
[[nodiscard]] Calibration fit_calibration(const Calibration &base, const Device &device,
                                          const std::vector<KernelSample> &samples);

/// What samples with power tell about the device: fitted like the classes, but to all formats
/// together. Empty where they tell too little or the device's thermal design power is not known.
[[nodiscard]] std::optional<MeteredPower>
fit_metered_power(const Device &device, const std::vector<KernelSample> &samples);

/// How far a calibration is from held-back samples of one class, for kernels of one decade of size.
struct ValidationRow {
  OperatorClass kind = OperatorClass::gemm;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16;
  std::string size; ///< "below 50 us", "50 to 500 us", …, "all above 50 us"
  ErrorSummary errors;
};

/// Predicts the samples that were held back, by class and size. Rows come in the order of classes,
/// sizes ascending; a class ends with its row "all above 50 us".
[[nodiscard]] std::vector<ValidationRow>
validate_calibration(const Calibration &calibration, const Device &device,
                     const std::vector<KernelSample> &samples);

/// A kernel as it was measured and as it is predicted.
struct Agreement {
  OperatorCall call;
  Pass pass = Pass::forward;                ///< of the class that it is judged with, as in
  NumberFormat format = NumberFormat::bf16; ///< ValidationRow
  bool held_back = false;
  Seconds measured;
  Seconds predicted;

  [[nodiscard]] double error() const { return predicted / measured - 1; }
};

/// All samples, in their order within the order of classes of validate_calibration().
[[nodiscard]] std::vector<Agreement> agreement(const Calibration &calibration, const Device &device,
                                               const std::vector<KernelSample> &samples);
/// The held-back ones.
[[nodiscard]] std::vector<Agreement> held_back_agreement(const Calibration &calibration,
                                                         const Device &device,
                                                         const std::vector<KernelSample> &samples);

/// Below this a kernel's time is mostly launch, and its spread mostly noise: accuracy is judged
/// above.
inline constexpr Seconds judged_from = 50.0 * units::microsecond;

} // namespace flopcast
