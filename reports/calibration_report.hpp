// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration.hpp"
#include "hardware/calibration_fit.hpp"
#include "hardware/link_calibration.hpp"
#include "reports/report.hpp"

#include <string>
#include <vector>

namespace flopcast {

/// What a calibration knows, where it was measured and how far it is off.
[[nodiscard]] Report calibration_report(const Calibration &calibration);
[[nodiscard]] std::string calibration_json(const Calibration &calibration);
/// The errors, a line for the samples that the fit saw and one for those held back.
[[nodiscard]] std::string calibration_csv(const Calibration &calibration);

/// Errors on held-back samples: of kernels by class and size, of collectives by kind and size.
struct Validation {
  std::vector<ValidationRow> kernels;
  std::vector<LinkValidationRow> collectives;
};

[[nodiscard]] Report validation_report(const Calibration &calibration, const Device &device,
                                       const Validation &validation);
[[nodiscard]] std::string validation_json(const Calibration &calibration,
                                          const Validation &validation);
[[nodiscard]] std::string validation_csv(const Validation &validation);

} // namespace flopcast
